"""The delivery engine without a database: the real steps, over a store in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult, Lease, TestResult
from orderflow.domain.errors import ConnectorError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.retry import RetryPolicy
from orderflow.domain.states import BreakerState, ConnectionStatus, ERPExportStatus, OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.recall import recall_in
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.ports import Actor, Export, Wiring
from orderflow.flow.setup.probe import test_connection
from orderflow.formats.order_fields import sample_order
from orderflow.testing.store_in_memory import MemoryStore
from orderflow.testing.store_in_memory.tables import ConnectionRow

ACTOR = Actor("test")
MOST_TURNS = 100


def an_order(**changes: Any) -> DraftOrder:
    """Return an approved order with every field and an id of its own; `changes` are fields of `DraftOrder`."""
    order = sample_order()
    order.id, order.delivery, order.status = new_id(), None, OrderStatus.APPROVED
    for name, value in changes.items():
        setattr(order, name, value)
    return order


@dataclass(frozen=True, slots=True)
class Delivered:
    """The newest delivery of an order.

    Attributes:
        export: As the steps see it.
        outcomes: What the connector said, attempt by attempt.
        asking: It is held for a person, and the ERP is asked on.
    """

    export: Export
    outcomes: list[ExportResult | ConnectorError]
    asking: bool = False

    @property
    def status(self) -> ERPExportStatus:
        """PENDING, SENT, ACKED or FAILED."""
        return self.export.status


class MemoryEngine:
    """Carries orders over one connector: `push`, `run`, then look at `order.status` and `delivered(order)`.

    ```python
    engine = MemoryEngine(MyConnector(), {"url": "https://erp.example"})
    order = an_order()
    engine.push(order)
    engine.run()
    assert order.status is OrderStatus.PUSHED
    ```

    `change` and `recall` ask for what the connector's `kinds` name. It leaves out several workers at once,
    organizations, and what else people do (approve, withdraw, resolve).

    Args:
        connector, config: Under test.
        in_doubt: The connection's policy where nobody can tell, `resend` or `hold`.
        commit_within: Seconds; the connector's own if not given.
        attempts: After so many failed ones an export is FAILED. Time passes by itself: `run` waits for nothing.
    """

    def __init__(
        self,
        connector: ERPConnectorPort,
        config: dict[str, Any],
        *,
        in_doubt: str = "hold",
        attempts: int = 4,
        commit_within: int | None = None,
    ) -> None:
        self._orders: dict[UUID, DraftOrder] = {}
        self._org_id, self._connection_id = new_id(), new_id()
        self._clock = _ForwardClock()
        self.store = MemoryStore(self._org_id, self._clock)
        self._tables = self.store.tables
        self._tables.connections[self._connection_id] = ConnectionRow(
            self._connection_id,
            connector.connector_type,
            config,
            self._clock.now(),
            status=ConnectionStatus.ACTIVE,
            is_default=True,
            in_doubt=in_doubt,
            commit_within=commit_within,
        )
        retry = RetryPolicy(attempts, jitter=0.0)
        self.wiring = Wiring(self.store, self.store.documents, lambda _: connector, _NoKeeper(), retry)

    @property
    def breaker(self) -> BreakerState:
        """CLOSED delivers, OPEN waits for the target, PAUSED for a person; a good `test` closes it."""
        return self._tables.connections[self._connection_id].breaker_state

    @property
    def passed(self) -> float:
        """Seconds that have passed for the engine, most of them without anybody waiting."""
        return self._clock.passed()

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._clock.forward(seconds)

    def push(self, *orders: DraftOrder) -> None:
        """Ask for the delivery of approved orders, or again of failed ones."""
        for order in orders:
            if order.id not in self._orders:
                self._orders[order.id] = order
                self.store.add_order(order)
            request_push(self.store, self._org_id, order.id, ACTOR)
        self._show()

    def change(self, order: DraftOrder, **changes: Any) -> None:
        """Change fields of an order that was pushed, approve it and ask for its push."""
        self.wait(1)
        with self.store.work(self._org_id) as work:
            edit_order(work, replace(work.orders.get(order.id), **changes), ACTOR)
        with self.store.work(self._org_id) as work:
            approve_order(work, order.id, ACTOR)
        self.push(order)

    def recall(self, order: DraftOrder, reason: str = "cancelled") -> None:
        """Ask for an order back that was pushed."""
        self.wait(1)
        with self.store.work(self._org_id) as work:
            recall_in(work, order.id, reason, ACTOR)
        self._show()

    def run(self) -> int:
        """Deliver until nothing is left that is not held; returns how many attempts that took.

        The store's clock is put forward to the next retry, question or end of a rest.
        """
        taken = 0
        for _ in range(MOST_TURNS):
            count = push_batch(self.wiring, self._org_id, self._connection_id)
            if not (count or (self.breaker is BreakerState.CLOSED and self._pass_time())):
                break
            taken += count
        self._show()
        return taken

    def crash(self) -> None:
        """Deliver a batch as a worker does that dies before it can write down how it went."""
        to = open_target(self.wiring, self._org_id, self._connection_id)
        if to is not None:
            batch = claim(self.wiring, to, 128)
            deliver(self.wiring, batch)
            self._clock.forward(batch.lease.seconds + 1)

    def poll(self) -> Counter[str]:
        """Read the ERP's answers; returns how many had which verdict."""
        verdicts = poll_acks(self.wiring, self._org_id, self._connection_id)
        self._show()
        return verdicts

    def test(self) -> TestResult:
        """Test the connection; a good test closes the breaker."""
        return test_connection(self.wiring, self._org_id, self._connection_id, ACTOR)

    def delivered(self, order: DraftOrder) -> Delivered:
        """Return the newest delivery of an order."""
        row = self._tables.exports_of(order.id)[-1]
        outcomes = [attempt.outcome for attempt in self._tables.attempts_of(row.id) if attempt.outcome is not None]
        with self.store.work(self._org_id) as work:
            return Delivered(work.exports.get(row.id), outcomes, row.asking)

    def _pass_time(self) -> bool:
        """Let the time pass until something that is not held is due; False if nothing will ever be."""
        pending = [row for row in self._tables.exports.values() if row.status is ERPExportStatus.PENDING]
        times = [max(row.next_attempt_at, row.lease_until or row.next_attempt_at) for row in pending if not row.held_at]
        if times:
            rests_until = self._tables.connections[self._connection_id].rests_until
            self._clock.forward_to(max(min(times), rests_until or min(times)))
        return bool(times)

    def _show(self) -> None:
        """Let the author's own orders show how they stand."""
        for order_id, order in self._orders.items():
            row = self._tables.orders[order_id]
            order.status, order.erp_order_id = row.status, row.erp_order_id


class _ForwardClock:
    """The time of this machine, put forward instead of waiting."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._began = self.now()

    def passed(self) -> float:
        return (self.now() - self._began).total_seconds()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    def forward_to(self, moment: datetime) -> None:
        self._ahead += max(moment - self.now(), timedelta()) + timedelta(milliseconds=1)


class _NoKeeper:
    """Keeps leases that nobody contests."""

    @contextmanager
    def keep(self, org_id: UUID, lease: Lease) -> Iterator[None]:
        """Extend nothing."""
        yield
