"""One history: a few orders, two connections, workers, an operator, ERPs, and what goes wrong between them."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from orderflow.domain import clock, ids
from orderflow.domain.delivery import Delivery, Lease
from orderflow.domain.errors import KeyMismatchError, OrderFlowError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.domain.retry import RetryPolicy
from orderflow.domain.states import OPEN, BreakerState, ConnectionStatus, ERPExportStatus, OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.give_up import give_up
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.ports import Target, Wiring
from orderflow.flow.setup.probe import probe
from orderflow.testing.simulation import people
from orderflow.testing.simulation.accidents import (
    WEATHERS,
    AccidentalDocuments,
    AccidentalStore,
    Accidents,
    DatabaseLostError,
)
from orderflow.testing.simulation.choices import Choices
from orderflow.testing.simulation.erps import ERPS, Books, SimulatedApi, SimulatedDropzone, SimulatedErp
from orderflow.testing.simulation.schedule import Died, Scheduler
from orderflow.testing.store_in_memory import MemoryStore
from orderflow.testing.store_in_memory.connections import MemoryConnections
from orderflow.testing.store_in_memory.tables import ConnectionRow, ExportRow, Tables, changed

LEASE = 10.0
"""Seconds of a worker's lease."""

LONGEST_PAUSE = 30.0
"""Seconds between two looks, once nothing goes wrong any more."""

TROUBLED = 150.0
"""Seconds during which faults happen."""

DRAINED = 30_000.0
"""Seconds after the last fault within which everything comes to its end."""


class World:
    """A world in which one history happens.

    Args:
        choices: Decides everything that is left to chance.
    """

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.scheduler = Scheduler(choices)
        self.clock = self.scheduler.clock
        self.story: list[str] = []
        self.books = Books()
        weather = WEATHERS[choices.below(len(WEATHERS))]
        self.accidents = Accidents(self.scheduler, weather, self.tell, longest_sleep=LEASE * 2)
        self.org_id = UUID(int=1)
        self.store = MemoryStore(self.org_id, self.clock)
        with self.store.work(self.org_id) as work:
            work.connections = _SealedConnections(self.store.tables, self.scheduler)
        self.tables = self.store.tables
        self.sends_allowed: Counter[UUID] = Counter()
        self.kept_back: dict[UUID, int] = {}
        self.seen_there: set[UUID] = set()
        self.missed: dict[UUID, datetime | None] = {}
        self.wrongs: list[str] = []
        self.nothing_new = False
        self.began = 0.0
        self.erps: dict[str, SimulatedErp] = {}
        self.wiring = Wiring(
            AccidentalStore(self.store, self.accidents),
            AccidentalDocuments(self.store.documents, self.accidents),
            self.erps.__getitem__,
            _Heartbeat(self),
            RetryPolicy(3, base=2.0, cap=60.0, jitter=0.0),
            lease_seconds=LEASE,
            batch_size=2,
            lanes=2,
            poll_seconds=5.0,
            poll_lease_seconds=LEASE,
        )

    def tell(self, sentence: str) -> None:
        """Add a sentence to the story."""
        self.story.append(f"{self.clock.seconds:8.1f}  {sentence}")

    def run(self) -> None:
        """Let the history happen, and let everything come to its end after the last fault."""
        with ExitStack() as stack:
            stack.enter_context(clock.running_by(self.clock))
            stack.enter_context(ids.made_by(made_ids()))
            self._furnish()
            self._bring_in(2 + self.choices.below(2))
            self._take_over()
            self._happen()

    def _happen(self) -> None:
        """Let everybody live until all has come to its end."""
        for number in (1, 2):
            self.scheduler.spawn(f"worker {number}", self._as_worker(number), mortal=True)
        self.scheduler.spawn("operator", self._operate)
        self.scheduler.spawn("the ERPs", self._take_files)
        self.scheduler.spawn("peace", self._make_peace)
        self.scheduler.run()

    def erp_of(self, row: ExportRow) -> SimulatedErp:
        """Return the ERP that a delivery goes to."""
        return self.erps[self.tables.connections[row.connection_id].connector_type]

    def is_there(self, row: ExportRow) -> bool:
        """Return what a person sees who looks for a delivery in its ERP."""
        return self.erp_of(row).shows(row)

    def waits(self) -> list[ExportRow]:
        """Return the deliveries that have not come to their end."""
        return [row for row in self.tables.exports.values() if row.status is ERPExportStatus.PENDING]

    def dropzones(self) -> list[SimulatedDropzone]:
        """Return the ERPs that take files."""
        return [erp for erp in self.erps.values() if isinstance(erp, SimulatedDropzone)]

    def _furnish(self) -> None:
        kinds = list(ERPS)
        for number in range(2):
            kind = kinds[self.choices.below(len(kinds))]
            kinds = [other for other in kinds if other is not kind]
            self.erps[kind.connector_type] = kind(self.accidents, self.books, self.tell)
            row = ConnectionRow(
                UUID(int=100 + number),
                kind.connector_type,
                {},
                self.clock.now(),
                status=ConnectionStatus.ACTIVE,
                is_default=number == 0,
                in_doubt="resend" if self.choices.one_in(6) else "hold",
                change_by_recall=bool(self.choices.below(2)),
                give_up_after=60 if self.choices.one_in(4) else None,
            )
            self.tables.connections[row.id] = row

    def _bring_in(self, orders: int) -> None:
        for number in range(orders):
            order = DraftOrder(self.org_id, "acme", str(number), notes="v1", id=UUID(int=0xABC0 + number << 112))
            order.customer, order.currency = Customer("C1"), "EUR"
            order.lines = [DraftOrderLine(1, "A", 1, "PCE")]  # type: ignore[arg-type]  # any quantity will do
            order.status, order.approved_at = OrderStatus.APPROVED, self.clock.now() - timedelta(days=1)
            self.store.add_order(order)
            request_push(self.store, self.org_id, order.id, people.OPERATOR)

    def _take_over(self) -> None:
        """Have an order here that an earlier release gave up on although it may have arrived, as it perhaps did."""
        if not self.choices.one_in(4):
            return
        row = next(iter(self.tables.exports.values()))
        erp = self.erp_of(row)
        if not isinstance(erp, SimulatedApi):
            return
        with self.store.work(self.org_id) as work:
            order = work.orders.get(row.draft_order_id)
            work.orders.set_status(order.id, OrderStatus.ERROR)
        order.delivery = Delivery(row.id, row.created_at)
        order.delivery.document = document = erp.render(order, {})
        key = f"exports/{document.filename}"
        self.store.documents.put_many([(key, document.content)])
        self.tables.exports[row.id] = changed(
            row,
            status=ERPExportStatus.FAILED,
            begun_at=self.clock.now(),
            last_begun_at=self.clock.now(),
            filename=document.filename,
            storage_key=key,
            document_sha256=hashlib.sha256(document.content).hexdigest(),
        )
        self.tell(f"order {order.id.hex[:4]} was given up by an earlier release")
        if self.choices.below(2):
            erp.take(order)

    def _as_worker(self, number: int) -> Callable[[], None]:
        def live() -> None:
            idle = 0
            while not self._ended():
                busy = 0
                try:
                    busy = self._turn()
                except (OrderFlowError, DatabaseLostError) as error:
                    self.tell(f"worker {number} hears: {error}")
                idle = 0 if busy else idle + 1
                self._pause(idle)

        def rise_again() -> None:
            while not self._ended():
                try:
                    live()
                except Died:
                    task = self.scheduler.current()
                    task.dead, task.heartbeat, task.blind_until = False, None, 0.0
                    self.tell(f"worker {number} is started again")
                    self.scheduler.let_others(self.choices.below(int(LEASE * 2)))

        return rise_again

    def _pause(self, idle: int) -> None:
        """Wait for the next turn: in peace ever longer, since nothing is to be missed."""
        if idle == 0:
            self.scheduler.let_others(0.001)
        elif self.accidents.ended:
            self.scheduler.let_others(min(2.0 ** min(idle, 10), LONGEST_PAUSE) + self.choices.below(5))
        else:
            self.scheduler.let_others(2.0 + self.choices.below(5))

    def _turn(self) -> int:
        taken = 0
        for row in list(self.tables.connections.values()):
            if self._due(row):  # as a sweep looks before it opens a connection
                taken += self._push(row)
            if self._due_for_answers(row):
                poll_acks(self.wiring, self.org_id, row.id)
            if row.breaker_state is BreakerState.OPEN:
                give_up(self.wiring.store, self.org_id, row.id)
                probe(self.wiring, self.org_id, row.id)
        return taken

    def _push(self, row: ConnectionRow) -> int:
        """Take a turn; whoever comes to its end has given its lane back, and took nothing while it was closed."""
        task, began_at = self.scheduler.current(), self.clock.now()
        task.token = None
        taken = push_batch(self.wiring, self.org_id, row.id)
        if taken and _closed_all_along(row, self.tables.connections[row.id], began_at, self.clock.now()):
            self.wrongs.append(f"{task.name} took orders of a connection that was closed")
        if any(lane.token == task.token for lane in self.tables.lanes.values()):
            self.wrongs.append(f"{task.name} has ended its turn, and keeps a lane")
        return taken

    def _due_for_answers(self, row: ConnectionRow) -> bool:
        due = row.next_poll_at is None or row.next_poll_at <= self.clock.now()
        return due and any(
            export.connection_id == row.id and export.status in OPEN for export in self.tables.exports.values()
        )

    def _due(self, row: ConnectionRow) -> bool:
        now = self.clock.now()
        return any(export.connection_id == row.id and export.next_attempt_at <= now for export in self.waits())

    def _operate(self) -> None:
        while not self.accidents.ended:
            people.act(self)
            self.scheduler.let_others(2.0 + self.choices.below(20))
        self.nothing_new = True
        while not self._ended():
            people.mend(self)
            self.scheduler.let_others(30.0)

    def _take_files(self) -> None:
        while not self._ended():
            for erp in self.dropzones():
                erp.look()
            self.scheduler.let_others((LONGEST_PAUSE if self.accidents.ended else 1.0) + self.choices.below(15))

    def _make_peace(self) -> None:
        self.scheduler.let_others(TROUBLED)
        self.accidents.ended = True
        self.tell("from here on nothing goes wrong any more")

    def _ended(self) -> bool:
        if not self.nothing_new or self.waits():
            return self.clock.seconds > self.began + TROUBLED + DRAINED
        awaited = {row.filename for row in self.tables.exports.values() if row.status is ERPExportStatus.SENT}
        unread = any(erp.unread(awaited) for erp in self.dropzones())
        return not unread or self.clock.seconds > self.began + TROUBLED + DRAINED


def _closed_all_along(before: ConnectionRow, after: ConnectionRow, since: datetime, until: datetime) -> bool:
    """Return whether a connection was closed from one moment to the other, by hours that nobody changed meanwhile."""
    if (before.closed_until, before.open_until) != (after.closed_until, after.open_until):
        return False
    not_open_yet = after.closed_until is not None and after.closed_until > until
    return not_open_yet or (after.open_until is not None and after.open_until <= since)


class _SealedConnections(MemoryConnections):
    """Connections whose secrets only a process opens that has the key."""

    def __init__(self, tables: Tables, scheduler: Scheduler) -> None:
        super().__init__(tables)
        self._scheduler = scheduler

    def open(self, connection_id: UUID) -> Target:
        """Return the connection. Raises NotFoundError, KeyMismatchError."""
        if self._scheduler.current().blind_until > self._scheduler.clock.seconds:
            raise KeyMismatchError("This process lacks the key.")
        return super().open(connection_id)


@dataclass
class _Heartbeat:
    """Extends leases as the real one does, as long as its process is neither stopped nor dead."""

    world: World
    held: dict[UUID, Lease] = field(default_factory=dict)

    @contextmanager
    def keep(self, org_id: UUID, lease: Lease) -> Iterator[None]:
        """Extend `lease` until the block ends."""
        scheduler = self.world.scheduler
        task = scheduler.current()
        task.heartbeat, task.token = lambda: self._beat(lease), lease.token
        try:
            yield
        finally:
            task.heartbeat = None

    def _beat(self, lease: Lease) -> None:
        asked_at = clock.monotonic()
        alive = self.world.store.extend_leases(self.world.org_id, [lease.token], LEASE)
        if lease.token in alive:
            lease.extend(asked_at, LEASE)
        else:
            lease.revoke()


def made_ids() -> Callable[[], UUID]:
    """Return what makes ids: the same ones in every history."""
    drawing = random.Random(1)  # noqa: S311  # guards nothing
    return lambda: UUID(int=drawing.getrandbits(128), version=4)
