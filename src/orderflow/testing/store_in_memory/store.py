"""The database and the object store in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from orderflow.domain.answer_files import Reference
from orderflow.domain.delivery import Waiting, WaitingExport
from orderflow.domain.errors import ObjectStoreError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import ExportStep
from orderflow.flow.refusals import older_release
from orderflow.testing.store_in_memory.audit import MemoryAudit
from orderflow.testing.store_in_memory.bulk_jobs import MemoryBulkJobs
from orderflow.testing.store_in_memory.connections import MemoryConnections
from orderflow.testing.store_in_memory.exports import MemoryExports
from orderflow.testing.store_in_memory.holds import MemoryHolds
from orderflow.testing.store_in_memory.inbound import MemoryInbound
from orderflow.testing.store_in_memory.order_keys import MemoryOrderKeys
from orderflow.testing.store_in_memory.orders import MemoryOrders
from orderflow.testing.store_in_memory.routes import MemoryRoutes
from orderflow.testing.store_in_memory.tables import Clock, ExportRow, Tables, WallClock


class MemoryWork:
    """One transaction in one organization."""

    def __init__(self, tables: Tables) -> None:
        self.org_id = tables.org_id
        self.slug = tables.slug
        self.orders = MemoryOrders(tables)
        self.order_keys = MemoryOrderKeys(tables)
        self.holds = MemoryHolds(tables)
        self.exports = MemoryExports(tables)
        self.connections = MemoryConnections(tables)
        self.routes = MemoryRoutes(tables)
        self.bulk_jobs = MemoryBulkJobs(tables)
        self.inbound = MemoryInbound(tables)
        self.audit = MemoryAudit(tables)
        self._tables = tables

    def refuse_beside_older_release(self) -> None:
        """Raise StateError (OLDER_RELEASE) while `tables.older_process` names a process."""
        if self._tables.older_process:
            raise older_release(self._tables.older_process)


class MemoryStore:
    """`flow.ports.Store` for one organization.

    Args:
        org_id: The organization.
        clock: The database's clock.

    Attributes:
        tables: All that is stored.
        documents: The object store.
    """

    def __init__(self, org_id: UUID, clock: Clock | None = None) -> None:
        self.tables = Tables(org_id, clock or WallClock())
        self.documents = MemoryDocuments()
        self._work = MemoryWork(self.tables)

    @contextmanager
    def work(self, org_id: UUID) -> Iterator[MemoryWork]:
        """Open a transaction; what it changed is undone if its block ends with an exception."""
        kept = self.tables.kept()
        try:
            yield self._work
        except BaseException:
            self.tables.put_back(kept)
            raise

    def waiting(self, org_id: UUID, connection_id: UUID, destination: str = "") -> Waiting:
        """Return the exports of a connection that its ERP may still answer."""
        return MemoryWaiting(self.tables, connection_id, destination)

    def extend_leases(self, org_id: UUID, tokens: Sequence[UUID], seconds: float) -> set[UUID]:
        """Extend leases that have not ended; returns the tokens that still hold something."""
        return self._work.exports.extend(tokens, seconds)

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Wake nobody: whoever uses this store looks of their own accord."""

    def add_order(self, order: DraftOrder) -> None:
        """Insert an order in whatever state it is in."""
        self._work.orders.add_many([order])


@dataclass
class MemoryDocuments:
    """`flow.ports.Documents` as a dictionary."""

    def __post_init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def put_many(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Store documents by key."""
        self.contents.update(items)

    def get(self, key: str) -> bytes:
        """Return one document. Raises ObjectStoreError."""
        if key not in self.contents:
            raise ObjectStoreError(f"There is no document {key}.")
        return self.contents[key]


class MemoryWaiting(Waiting):
    """The exports of one connection, as an ack poller sees them."""

    def __init__(self, tables: Tables, connection_id: UUID, destination: str) -> None:
        super().__init__(destination=destination)
        self._tables = tables
        self._connection_id = connection_id

    def _unanswered(self) -> Iterator[WaitingExport]:
        sent = [row for row in self._rows() if row.status in ExportStep.CONFIRM.change.starts]
        return map(self._waiting, sorted(sent, key=lambda row: row.sent_at or row.created_at + timedelta(days=1)))

    def _called(self, _names: Collection[Reference]) -> Iterable[WaitingExport]:
        sent = sorted((row for row in self._rows() if row.filename), key=lambda row: row.created_at)
        return map(self._waiting, sent)

    def _rows(self) -> list[ExportRow]:
        return [row for row in self._tables.exports.values() if row.connection_id == self._connection_id]

    def _waiting(self, row: ExportRow) -> WaitingExport:
        order = self._tables.orders[row.draft_order_id].content
        return WaitingExport(
            row.id,
            row.draft_order_id,
            row.filename or "",
            row.sent_at,
            row.erp_order_id,
            order.external_order_number,
            row.control_number,
            row.receipt_check,
            row.refusals,
            row.kind,
            row.led_to,
            row.sent_again,
        )
