"""Where adapters meet ports: settings in, a wired application out. Nothing else in the package does this."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from orderflow.connectors.registry import ConnectorRegistry
from orderflow.documents.object_store import ObjectStore
from orderflow.domain.ids import new_id
from orderflow.domain.retry import LONGEST_WAIT, RetryPolicy
from orderflow.domain.text import checked_name
from orderflow.flow.delivery.clean_up import clean_up
from orderflow.flow.delivery.reroute import look_again
from orderflow.flow.notify import Channel, notify
from orderflow.flow.people.notices import Way
from orderflow.flow.people.tell_people import Send, tell_people
from orderflow.flow.ports import Wiring
from orderflow.flow.tell import tell
from orderflow.flow.watch import Trouble, require_key, standing_still, troubles_everywhere
from orderflow.formats.ubl import rules
from orderflow.net.addresses import refuse_private_addresses
from orderflow.net.allowed import refusal, set_rules
from orderflow.postgres.embedded import EmbeddedPostgres
from orderflow.schematron.rule_sets import RuleSets
from orderflow.secrets.encryption import EncryptionService
from orderflow.secrets.passwords import Passwords
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.lease_keeper import LeaseKeeper
from orderflow.storage.people.accounts import SqlAccounts
from orderflow.storage.people.notices import SqlNoticeOutbox
from orderflow.storage.people.second_factors import SqlCodeLimits
from orderflow.storage.people.sign_in_sources import SqlSignInSources
from orderflow.storage.store import SqlStore
from orderflow.storage.system.due import SqlSystem
from orderflow.storage.system.leftovers import SqlLeftovers
from orderflow.storage.system.notifications import SqlOutbox
from orderflow.storage.system.older_orders import SqlOlderOrders
from orderflow.storage.system.processes import SqlProcesses
from orderflow.storage.system.retention import Pruned, prune
from orderflow.storage.tables.migrations import ensure_current, upgrade
from orderflow.storage.wake import Waker
from orderflow.storage.work.webhooks import SqlWebhookOutbox

if TYPE_CHECKING:
    from orderflow.notices.mail import MailServer

log = structlog.get_logger(__name__)


@dataclass
class App:
    """A wired application. Close it; it stops the embedded PostgreSQL if no other process uses it."""

    settings: Settings
    database: Database
    encryption: EncryptionService
    documents: ObjectStore
    embedded: EmbeddedPostgres | None = None

    @cached_property
    def waker(self) -> Waker:
        """Sends wake-ups to the engines."""
        return Waker(self.database, _report("wake-up not sent"))

    @cached_property
    def store(self) -> SqlStore:
        """The database, as the steps see it."""
        return SqlStore(self.database, self.encryption, self.waker.wake)

    @cached_property
    def system(self) -> SqlSystem:
        """What sees across organizations."""
        return SqlSystem(self.database)

    @cached_property
    def older_orders(self) -> SqlOlderOrders:
        """Orders from before there were revisions."""
        return SqlOlderOrders(self.database)

    @cached_property
    def processes(self) -> SqlProcesses:
        """The processes at work on this database."""
        return SqlProcesses(self.database)

    def standing(self) -> list[Trouble]:
        """Return what of the whole installation stands still. Raises DatabaseError."""
        return standing_still(self.processes, datetime.now(UTC))

    def trouble_codes(self) -> set[str]:
        """Return codes of what stands still, and of what the processes at work cannot do. Raises DatabaseError."""
        of_processes = {trouble.code for process in self.processes.alive() for trouble in process.troubles}
        return of_processes | {trouble.code for trouble in self.standing()}

    def require_key(self) -> None:
        """Make sure that this process may serve or deliver. Raises KeyMismatchError, DatabaseError."""
        require_key(self.processes, self.encryption.known_key_ids)

    @cached_property
    def rules(self) -> RuleSets:
        """The rules that the operator brought, by which documents are tried before they are sent."""
        return RuleSets(self.documents)

    @cached_property
    def accounts(self) -> SqlAccounts:
        """Whom credentials belong to."""
        return SqlAccounts(self.database)

    @cached_property
    def code_limits(self) -> SqlCodeLimits:
        """How codes of second factors go, by user."""
        return SqlCodeLimits(self.database)

    @cached_property
    def sources(self) -> SqlSignInSources:
        """Counts attempts to sign in."""
        return SqlSignInSources(self.database)

    @cached_property
    def passwords(self) -> Passwords:
        """Hashes passwords. Raises SettingsError if there is no pepper."""
        return Passwords(self.settings.pepper())

    @cached_property
    def keeper(self) -> LeaseKeeper:
        """The heartbeat of leases."""
        return LeaseKeeper(self.store.extend_leases, self.settings.lease_seconds, _report("leases not extended"))

    @cached_property
    def wiring(self) -> Wiring:
        """What the steps work with."""
        settings = self.settings
        return Wiring(
            store=self.store,
            documents=self.documents,
            connector=ConnectorRegistry.get,
            keeper=self.keeper,
            retry=RetryPolicy(settings.retry_max_attempts, settings.retry_base_seconds, settings.retry_cap_seconds),
            lease_seconds=settings.lease_seconds,
            batch_size=settings.batch_size,
            lanes=settings.lanes_per_connection,
            poll_seconds=settings.ack_poll_seconds,
            poll_lease_seconds=settings.poll_lease_seconds,
            refusal=refusal,
            withheld=frozenset() if settings.offer_mock else frozenset({"MOCK"}),
        )

    def session(self, org_id: UUID) -> Session:
        """Return an ORM session in which only this organization exists."""
        return self.database.sessions(org_id, encryption=self.encryption, wiring=self.wiring)

    def create_organization(self, slug: str, name: str | None = None) -> UUID:
        """Add an organization and return its id. Raises `sqlalchemy.exc.IntegrityError` if the slug is taken."""
        org_id = new_id()
        self.system.add_organization(org_id, checked_name(slug, "slug"), checked_name(name or slug))
        return org_id

    @cached_property
    def channels(self) -> list[Channel]:
        """The ways to the people who look after connections."""
        return list(notification_channels(self.settings))

    def clean_up(self, org_id: UUID, connection_id: UUID) -> int:
        """Remove what dead attempts left at a connection's target. Raises ConnectorError, DatabaseError."""
        return clean_up(self.wiring, SqlLeftovers(self.database).abandoned, org_id, connection_id)

    def route(self) -> bool:
        """Look again at what waits since rules or connections changed; True if there is more. Raises DatabaseError."""
        return max((look_again(self.store, org_id) for org_id in self.system.unrouted()), default=False)

    def tell(self, org_id: UUID, endpoint_id: UUID, stopped: Callable[[], bool]) -> bool:
        """Send what is due to a webhook; True if there is more. Raises DatabaseError."""
        from orderflow.notices.events import event_sender  # with it comes an HTTP client

        return tell(SqlWebhookOutbox(self.database, self.encryption), event_sender, org_id, endpoint_id, stopped)

    @cached_property
    def ways_to_people(self) -> dict[Way, Send]:
        """How users can be told of what needs them: by e-mail only where a mail server is set."""
        from orderflow.notices.people import ways_to_people  # with it comes an HTTP client

        return dict(ways_to_people(mail_server(self.settings), self.settings.app_base_url))

    def tell_people(self, org_id: UUID, stopped: Callable[[], bool]) -> int:
        """Tell the users of an organization what is due; returns how many notices were taken. Raises DatabaseError."""
        outbox = SqlNoticeOutbox(self.database, self.encryption)
        return tell_people(outbox, self.ways_to_people, org_id, stopped)

    def upkeep(self) -> None:
        """Do what the sweep does beside looking for work: put times right, and tell what changed.

        Raises:
            DatabaseError: The database is away; the next sweep does it.
        """
        settings = self.settings
        longest_wait = max(settings.retry_cap_seconds, LONGEST_WAIT)
        self.system.put_clock_right(longest_wait, max(settings.ack_poll_seconds, LONGEST_WAIT))
        self.notify()

    def notify(self) -> None:
        """Tell what changed to those who look after the installation. Raises DatabaseError."""
        troubles = troubles_everywhere(self.processes, datetime.now(UTC))
        down_after = self.settings.notify_down_after_seconds
        for problem in notify(SqlOutbox(self.database), self.channels, down_after, troubles):
            log.warning("notification not sent", code=problem.code, error=problem.message)

    def prune(self) -> Generator[Pruned, None, None]:
        """Delete what is kept no longer, a batch at a time. Raises as `orderflow.storage.system.retention.prune`."""
        settings = self.settings
        return prune(self.database, self.documents, settings.retention_days, event_days=settings.event_retention_days)

    def revive(self) -> None:
        """Start the embedded PostgreSQL if it was killed; a database of one's own is somebody else's to start.

        Raises:
            DatabaseError: It cannot be started.
        """
        if self.embedded is not None:
            self.embedded.start()

    def close(self) -> None:
        """Send the last wake-ups, close all connections, and stop an embedded PostgreSQL that nobody else uses."""
        self.waker.close()
        ConnectorRegistry.close()
        self.rules.close()
        self.keeper.stop()
        self.database.close()
        if self.embedded is not None:
            self.embedded.stop_if_unused()


def open_app(settings: Settings | None = None) -> App:
    """Wire an application from settings, by default those of the environment.

    The embedded PostgreSQL is started and brought up to date; a database of one's own has to be up to date.

    Raises:
        OrderFlowError: A setting is wrong, the database cannot be reached or is not up to date, or the
            encryption key is missing. The message says what to do.
    """
    if not structlog.is_configured():  # a program that embeds us may have its own ideas; its output is never ours
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = settings or Settings.load()
    refuse_private_addresses(refuse=settings.refuse_private_addresses)
    set_rules(settings.rules())
    embedded = None if settings.database_url else EmbeddedPostgres(settings.orderflow_home)
    if embedded is not None:
        upgrade(embedded.start())
        database = Database(embedded.url("orderflow_app"), pool_size=settings.pool_size)
    else:
        database = Database(
            settings.app_url, settings.admin_url, pool_size=settings.pool_size, pgbouncer=settings.pgbouncer
        )
        ensure_current(database)
    app = App(settings, database, settings.encryption(), ObjectStore(**settings.object_store()), embedded)
    rules.use(app.rules)
    return app


def notification_channels(settings: Settings) -> Iterator[Channel]:
    """Yield the channels that the settings name."""
    if settings.notify_webhook_url and settings.notify_webhook_secret:
        from orderflow.notices.webhook import Webhook  # with it comes an HTTP client

        secret = settings.notify_webhook_secret.get_secret_value()
        yield Webhook(settings.notify_webhook_url, secret, settings.app_base_url)
    if settings.notify_email_to and (mail := mail_server(settings)):
        from orderflow.notices.mail import Mail

        yield Mail(*mail, settings.notify_email_to)


def mail_server(settings: Settings) -> tuple[MailServer, str] | None:
    """Return the mail server that the settings name, and the sender; None: this installation sends no mail."""
    if not (settings.smtp_host and settings.notify_email_from):
        return None
    from orderflow.notices.mail import MailServer

    server = MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_username,
        settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        settings.smtp_encryption,
        str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
    )
    return server, settings.notify_email_from


_default: App | None = None
_default_lock = Lock()


def default_app() -> App:
    """Return this process's application, wired from the environment on first use."""
    global _default  # noqa: PLW0603  # one application per process, made when it is first needed
    with _default_lock:
        if _default is None:
            app = open_app()
            app.wiring  # noqa: B018  # made while one thread has it: from Python 3.12 on, `cached_property` has no lock
            _default = app
            atexit.register(close_default_app)  # a clean end stops the embedded PostgreSQL
        return _default


def close_default_app() -> None:
    """Close this process's application, if it was ever made; the next use makes a new one."""
    global _default  # noqa: PLW0603  # as above
    with _default_lock:
        if _default is not None:
            _default.close()
            _default = None


def open_session(org_id: UUID) -> Session:
    """Return an ORM session on the environment's database, in which only this organization exists.

    Raises:
        OrderFlowError: As for `open_app`.
    """
    return default_app().session(org_id)


def _report(what: str) -> Callable[[Exception], None]:
    def report(error: Exception) -> None:
        log.warning(what, error=type(error).__name__)

    return report
