"""The database as the steps see it: transactions in one organization, and waking."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.errors import StaleVersionError
from orderflow.domain.orders import DraftOrder
from orderflow.flow.refusals import older_release
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.fast.holding import Holding
from orderflow.storage.people.api_keys import SqlApiKeys
from orderflow.storage.people.needs import SqlNeedMarks
from orderflow.storage.people.notices import SqlNotices
from orderflow.storage.people.organization import SqlOrganization
from orderflow.storage.people.saved_views import SqlSavedViews
from orderflow.storage.people.second_factors import SqlSecondFactors
from orderflow.storage.people.users import SqlUsers
from orderflow.storage.tables.roles import ALIVE
from orderflow.storage.views.view import View
from orderflow.storage.work.audit import SqlAudit
from orderflow.storage.work.bulk_jobs import SqlBulkJobs
from orderflow.storage.work.connections import SqlConnections
from orderflow.storage.work.exports import SqlExports
from orderflow.storage.work.holds import SqlHolds
from orderflow.storage.work.inbound import SqlInbound
from orderflow.storage.work.kept_answers import SqlKeptAnswers
from orderflow.storage.work.leases import EXTEND
from orderflow.storage.work.order_keys import SqlOrderKeys
from orderflow.storage.work.orders import SqlOrders
from orderflow.storage.work.routes import SqlRoutes
from orderflow.storage.work.waiting import SqlWaiting
from orderflow.storage.work.webhooks import SqlWebhooks

_OLDER_PROCESS = text(f"""
    SELECT concat(p.kind, ' of ', p.version) FROM process p
    WHERE p.kinds IS NULL AND p.kind <> 'beat' AND {ALIVE} LIMIT 1
""")  # noqa: S608  # built from a constant
_SLUG = text("SELECT slug FROM organization WHERE id = :id")


class SqlWork:
    """One transaction in one organization."""

    def __init__(
        self,
        connection: Connection,
        org_id: UUID,
        encryption: EncryptionService,
        order_ids: Collection[UUID] | None = None,
        arriving: Collection[DraftOrder] = (),
    ) -> None:
        self.connection = connection
        self.org_id = org_id
        self._encryption = encryption
        self._holding = Holding(connection, org_id, order_ids)
        self._arriving = arriving

    @cached_property
    def orders(self) -> SqlOrders:
        """The orders. Each part is made when a step asks for it: most need one or two."""
        return SqlOrders(self.connection, self.org_id, self._holding)

    @cached_property
    def order_keys(self) -> SqlOrderKeys:
        """What the orders are known by."""
        return SqlOrderKeys(self.connection, self.org_id, self._holding, self._arriving)

    @cached_property
    def holds(self) -> SqlHolds:
        """The holds on them."""
        return SqlHolds(self.connection, self.org_id)

    @cached_property
    def exports(self) -> SqlExports:
        """The deliveries."""
        return SqlExports(self.connection, self.org_id, self._holding)

    @cached_property
    def connections(self) -> SqlConnections:
        """The ways into ERPs."""
        return SqlConnections(self.connection, self.org_id, self._encryption, self._holding)

    @cached_property
    def kept_answers(self) -> SqlKeptAnswers:
        """What was answered to requests that may be sent again."""
        return SqlKeptAnswers(self.connection, self.org_id)

    @cached_property
    def routes(self) -> SqlRoutes:
        """The routing rules."""
        return SqlRoutes(self.connection, self.org_id, self._holding)

    @cached_property
    def bulk_jobs(self) -> SqlBulkJobs:
        """What is done to many orders."""
        return SqlBulkJobs(self.connection, self.org_id)

    @cached_property
    def inbound(self) -> SqlInbound:
        """What came by itself."""
        return SqlInbound(self.connection, self.org_id)

    @cached_property
    def audit(self) -> SqlAudit:
        """Who changed what."""
        return SqlAudit(self.connection, self.org_id)

    def refuse_beside_older_release(self) -> None:
        """Raise StateError (OLDER_RELEASE) while a process is alive whose release knows orders alone."""
        if (process := self.connection.execute(_OLDER_PROCESS).scalar()) is not None:
            raise older_release(process)

    @cached_property
    def organization(self) -> SqlOrganization:
        """The organization's own row."""
        return SqlOrganization(self.connection, self.org_id)

    @cached_property
    def need_marks(self) -> SqlNeedMarks:
        """What people noted about what needs somebody."""
        return SqlNeedMarks(self.connection, self.org_id)

    @cached_property
    def notices(self) -> SqlNotices:
        """What users want to be told."""
        return SqlNotices(self.connection, self.org_id, self._encryption)

    @cached_property
    def saved_views(self) -> SqlSavedViews:
        """Lists that people keep under a name."""
        return SqlSavedViews(self.connection, self.org_id)

    @cached_property
    def users(self) -> SqlUsers:
        """Who signs in."""
        return SqlUsers(self.connection, self.org_id)

    @cached_property
    def second_factors(self) -> SqlSecondFactors:
        """What they show beside their password."""
        return SqlSecondFactors(self.connection, self.org_id, self._encryption)

    @cached_property
    def api_keys(self) -> SqlApiKeys:
        """How programs sign in."""
        return SqlApiKeys(self.connection, self.org_id)

    @cached_property
    def webhooks(self) -> SqlWebhooks:
        """Where its events are sent."""
        return SqlWebhooks(self.connection, self.org_id, self._encryption)

    @cached_property
    def view(self) -> View:
        """What people look at."""
        return View(self.connection, self.org_id)

    @property
    def slug(self) -> str:
        """The organization's short name."""
        return str(self.connection.execute(_SLUG, {"id": self.org_id}).scalar_one())


VersionOf = Callable[[SqlWork], int]
"""Locks something that people edit, and returns its version. Raises NotFoundError."""


def check_version(work: SqlWork, version_of: VersionOf, seen: Collection[int] | None) -> None:
    """Raise StaleVersionError unless the version is one of those seen, or none was asked for."""
    if seen is not None and (present := version_of(work)) not in seen:
        raise StaleVersionError(details={"version": present})


class SqlStore:
    """`flow.ports.Store` on PostgreSQL.

    Args:
        wake: Called after a push was requested, with organization and connection.
        begin, end: Called first and last in each transaction; what they raise undoes it.
    """

    def __init__(
        self,
        database: Database,
        encryption: EncryptionService,
        wake: Callable[[UUID, UUID], None] | None = None,
        begin: Callable[[SqlWork], None] | None = None,
        end: Callable[[SqlWork], None] | None = None,
    ) -> None:
        self.database = database
        self.encryption = encryption
        self._wake = wake
        self._begin = begin
        self._end = end

    def expecting(self, version_of: VersionOf, seen: Collection[int] | None) -> SqlStore:
        """Return this store for a step that edits what somebody has seen: its transactions begin with a look at it.

        A transaction raises StaleVersionError if what is there has none of the versions `seen`.
        """
        begin = partial(check_version, version_of=version_of, seen=seen)
        return SqlStore(self.database, self.encryption, self._wake, begin, self._end)

    def ending(self, end: Callable[[SqlWork], None]) -> SqlStore:
        """Return this store for a step whose transactions end with one thing more; what that raises undoes them."""
        return SqlStore(self.database, self.encryption, self._wake, self._begin, end)

    @contextmanager
    def work(
        self, org_id: UUID, holding: Collection[UUID] | None = None, arriving: Collection[DraftOrder] = ()
    ) -> Iterator[SqlWork]:
        """Open a transaction in an organization; it commits when the block ends well.

        Args:
            holding: The orders that it is about, if they are known: it asks once about all, and waits for none that
                another transaction has locked; `lock_status` raises LockedError for that one.
            arriving: The orders that are to be stored, if they are known: it asks once about the keys of all.
        """
        with self.database.transaction(org_id) as connection:
            work = SqlWork(connection, org_id, self.encryption, holding, arriving)
            if self._begin is not None:
                self._begin(work)
            yield work
            if self._end is not None:
                self._end(work)

    def waiting(self, org_id: UUID, connection_id: UUID, destination: str = "") -> SqlWaiting:
        """Return the exports of a connection that its ERP may still answer."""
        return SqlWaiting(self.database, org_id, connection_id, destination)

    def extend_leases(self, org_id: UUID, tokens: Sequence[UUID], seconds: float) -> set[UUID]:
        """Extend leases that have not ended; returns the tokens that still hold something."""
        with self.database.transaction(org_id) as connection:
            return set(connection.execute(EXTEND, {"tokens": list(tokens), "seconds": seconds}).scalars())

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Tell workers to look at this connection. May be lost: the sweep looks anyway."""
        if self._wake is not None:
            self._wake(org_id, connection_id)
