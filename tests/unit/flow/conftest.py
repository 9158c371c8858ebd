"""An organization on the store in memory, with an API and a dropzone to deliver to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from orderflow.domain import clock
from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.retry import RetryPolicy
from orderflow.domain.states import ConnectionStatus, OrderStatus
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.request import request_push
from orderflow.flow.ports import Actor, Batch, OpenTarget, Wiring
from orderflow.testing.engine import an_order
from orderflow.testing.memory import MemoryApi, MemoryDropzone
from orderflow.testing.store_in_memory import MemoryStore
from orderflow.testing.store_in_memory.store import MemoryWork
from orderflow.testing.store_in_memory.tables import ConnectionRow, ExportRow, OrderRow, changed

ANNA = Actor("anna")


class Clock:
    """The time of all, which stands still until it is put forward."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def forward(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class Keeper:
    """Keeps leases that nobody contests."""

    @contextmanager
    def keep(self, org_id: UUID, lease: object) -> Iterator[None]:
        yield


class House:
    """What a step is handed, and what it leaves behind.

    Attributes:
        api, dropzone: What is behind the connections.
        to_api, to_dropzone: The connections; the first is the default.
    """

    def __init__(self) -> None:
        self.org_id, self.clock = new_id(), Clock()
        self.store = MemoryStore(self.org_id, self.clock)
        self.tables = self.store.tables
        self.api, self.dropzone = MemoryApi(), MemoryDropzone()
        self.connectors: dict[str, ERPConnectorPort] = {"MEMORY_API": self.api, "MEMORY_DROPZONE": self.dropzone}
        self.wiring = Wiring(
            self.store, self.store.documents, self._connector, Keeper(), RetryPolicy(3, jitter=0.0), batch_size=10
        )
        self.to_api = self.connect("MEMORY_API", is_default=True)
        self.to_dropzone = self.connect("MEMORY_DROPZONE")

    def connect(self, connector_type: str, *, is_default: bool = False) -> UUID:
        row = ConnectionRow(new_id(), connector_type, {}, self.clock.now(), is_default=is_default)
        self.tables.connections[row.id] = changed(row, status=ConnectionStatus.ACTIVE)
        return row.id

    @contextmanager
    def work(self) -> Iterator[MemoryWork]:
        with self.store.work(self.org_id) as work:
            yield work

    def order(self, status: OrderStatus = OrderStatus.APPROVED, **changes: object) -> DraftOrder:
        """Return an order that is stored."""
        order = an_order(status=status, org_id=self.org_id, **changes)
        self.store.add_order(order)
        return order

    def pushed(self, connection_id: UUID | None = None) -> DraftOrder:
        """Return an order whose push is asked for."""
        order = self.order()
        request_push(self.store, self.org_id, order.id, ANNA, connection_id=connection_id)
        return order

    def request(self, order: DraftOrder, not_before: datetime | None = None) -> None:
        """Ask for the push of an order."""
        request_push(self.store, self.org_id, order.id, ANNA, not_before=not_before)

    def open(self, connection_id: UUID | None = None) -> OpenTarget:
        to = open_target(self.wiring, self.org_id, connection_id or self.to_api)
        assert to is not None
        return to

    def connection(self, connection_id: UUID | None = None) -> ConnectionRow:
        return self.tables.connections[connection_id or self.to_api]

    def change_connection(self, connection_id: UUID, **columns: object) -> None:
        self.tables.connections[connection_id] = changed(self.connection(connection_id), **columns)

    def row(self, order: DraftOrder) -> OrderRow:
        return self.tables.orders[order.id]

    def status(self, order: DraftOrder) -> OrderStatus:
        return self.row(order).status

    def export(self, order: DraftOrder) -> ExportRow:
        """Return the newest delivery of an order."""
        return self.tables.exports_of(order.id)[-1]

    def change_export(self, order: DraftOrder, **columns: object) -> None:
        row = self.export(order)
        self.tables.exports[row.id] = changed(row, **columns)

    def actions(self) -> list[str]:
        """Return what the audit log tells."""
        return [entry["action"] for entry in self.tables.audit]

    def _connector(self, connector_type: str) -> ERPConnectorPort:
        if connector_type not in self.connectors:
            raise ValueError(f"Unknown connector type: {connector_type}")
        return self.connectors[connector_type]


def outcomes(batch: Batch) -> list[object]:
    return [attempt.outcome for attempt in batch.attempts]


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    with clock.running_by(house.clock):
        yield house
