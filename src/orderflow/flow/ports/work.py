"""All of it at once: one transaction of an organization, the stores, and what the steps are wired to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import Lease, Waiting
from orderflow.domain.errors import ConnectorError
from orderflow.domain.ids import new_id
from orderflow.domain.reach import Place, Reach
from orderflow.domain.retry import RetryPolicy
from orderflow.flow.ports.actors import Actor
from orderflow.flow.ports.answers import Inbound
from orderflow.flow.ports.bulk import BulkJobs
from orderflow.flow.ports.connections import Connections
from orderflow.flow.ports.exports import Batch, Exports, Settlement
from orderflow.flow.ports.orders import Holds, OrderKeys, Orders
from orderflow.flow.ports.routes import Routes


class Audit(Protocol):
    """The organization's audit log."""

    def add(
        self,
        action: str,
        actor: Actor,
        entity_type: str | None = None,
        entity_ids: Iterable[UUID | None] = (None,),
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Write one row per entity."""


class Work(Protocol):
    """One transaction in one organization; it commits when its `with` block ends well."""

    @property
    def org_id(self) -> UUID:
        """The organization."""

    @property
    def slug(self) -> str:
        """The organization's short name."""

    @property
    def orders(self) -> Orders:
        """Its orders."""

    @property
    def order_keys(self) -> OrderKeys:
        """What they are known by."""

    @property
    def holds(self) -> Holds:
        """The holds on them."""

    @property
    def exports(self) -> Exports:
        """Its exports."""

    @property
    def connections(self) -> Connections:
        """Its connections."""

    @property
    def routes(self) -> Routes:
        """Its routing rules."""

    @property
    def bulk_jobs(self) -> BulkJobs:
        """What is done to many orders."""

    @property
    def inbound(self) -> Inbound:
        """What came by itself."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""

    def refuse_beside_older_release(self) -> None:
        """Raise StateError (OLDER_RELEASE) while a process is alive whose release knows orders alone."""


class Store(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[Work]:
        """Open a transaction in an organization."""

    def waiting(self, org_id: UUID, connection_id: UUID, destination: str = "") -> Waiting:
        """Return the exports of a connection that its ERP may still answer, read as needed.

        Args:
            destination: As of `Waiting`.
        """

    def extend_leases(self, org_id: UUID, tokens: Sequence[UUID], seconds: float) -> set[UUID]:
        """Extend leases, in a transaction of its own; returns the tokens that still hold something.

        One that ended is not extended any more, even if nobody else has taken what it held.
        """

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Tell workers to look at this connection. May be lost: the sweep looks anyway."""


class Documents(Protocol):
    """The object store."""

    def put_many(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Store documents by key. Raises ObjectStoreError; safe to repeat."""

    def get(self, key: str) -> bytes:
        """Return one document. Raises ObjectStoreError; DocumentMissingError if there is none."""


class Keeper(Protocol):
    """Extends leases while work goes on."""

    def keep(self, org_id: UUID, lease: Lease) -> AbstractContextManager[None]:
        """Extend `lease` until the block ends."""


Observer = Callable[[Batch, Sequence[Settlement]], None]
"""Told of what was settled, after it was; must not raise."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything the steps work with; made once, in `bootstrap`."""

    store: Store
    documents: Documents
    connector: Callable[[str], ERPConnectorPort]
    keeper: Keeper
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease_seconds: float = 60.0
    batch_size: int = 256
    lanes: int = 3
    process: UUID = field(default_factory=new_id)
    poll_seconds: float = 60.0
    poll_lease_seconds: float = 120.0
    observers: list[Observer] = field(default_factory=list)
    withheld: frozenset[str] = frozenset()
    refusal: Callable[[Place, Reach], ConnectorError | None] = lambda *_: None
