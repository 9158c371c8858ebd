"""A store that is a few dictionaries, for as much as the delivery steps ask of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from orderflow.domain.delivery import Ack, Delivery, ExportResult, Lease, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import BreakerState, ConnectionStatus, ERPExportStatus, OrderStatus
from orderflow.flow.ports import Answer, Attempt, Batch, Export, Settlement, Target


@dataclass
class Delivered:
    """An export as it stands.

    Attributes:
        export, order: As the steps see them.
        outcomes: What the connector said, attempt by attempt.
        staged_path: Where the file was staged.
        leased: A worker holds it.
        due: When the next attempt may begin; this and the others are seconds of the store's clock.
        asking: It is held, and asked about on.
        begun: When the last attempt began that sent anything.
        doubtful: Since when nobody knows how it ended.
    """

    export: Export
    order: DraftOrder
    outcomes: list[ExportResult | ConnectorError] = field(default_factory=list)
    staged_path: str | None = None
    leased: bool = False
    storage_key: str | None = None
    sha256: str | None = None
    media_type: str | None = None
    format_version: str | None = None
    due: float = 0.0
    asking: bool = False
    begun: float | None = None
    doubtful: float | None = None

    @property
    def status(self) -> ERPExportStatus:
        """PENDING, SENT, ACKED or FAILED."""
        return self.export.status

    def attempt(self, lease: Lease, now: float) -> Attempt:
        """Take it under a lease."""
        self.leased = True
        export = self.export
        self.order.delivery = Delivery(
            export.id,
            export.created_at,
            in_doubt=export.begun,
            last_begun_at=None if self.begun is None else export.created_at + timedelta(seconds=self.begun),
            staged_path=self.staged_path,
            lease=lease,
        )
        return Attempt(
            export.id,
            self.order,
            stored=self.sha256 is not None,
            attempts_spent=export.attempts_spent,
            requested_at=export.created_at,
            storage_key=self.storage_key,
            document_sha256=self.sha256,
            filename=export.filename,
            media_type=self.media_type,
            format_version=self.format_version,
            held=export.held,
            begun_ago=None if self.begun is None else now - self.begun,
            doubt_age=None if self.doubtful is None else now - self.doubtful,
        )

    def begin(self, attempt: Attempt, now: float, *, begins: bool) -> None:
        """Note the document and the attempt."""
        self.export.filename, self.storage_key = attempt.filename, attempt.storage_key
        self.sha256, self.media_type, self.format_version = (
            attempt.document_sha256,
            attempt.media_type,
            attempt.format_version,
        )
        if begins:
            self.mark_begun(now)

    def mark_begun(self, now: float) -> None:
        """Note that it is about to be sent."""
        self.export.begun, self.begun = True, now

    def settle(self, settlement: Settlement, now: float) -> None:
        """Note how an attempt went."""
        outcome, export = settlement.attempt.outcome, self.export
        export.status, export.held, self.leased = settlement.export_status, settlement.hold, False
        export.begun, self.asking, self.due = settlement.still_in_doubt, settlement.asking, now + settlement.delay
        self.doubtful = (now if self.doubtful is None else self.doubtful) if settlement.still_in_doubt else None
        export.attempts_spent += settlement.spent
        if isinstance(outcome, ExportResult):
            export.erp_order_id = outcome.erp_order_id
        elif outcome is not None:
            export.error = outcome.as_json()
        if outcome is not None:
            self.outcomes.append(outcome)

    def waiting(self) -> WaitingExport:
        """Return it as an ack poller sees it."""
        export = self.export
        return WaitingExport(export.id, self.order.id, export.filename or "", datetime.now(UTC), export.erp_order_id)


class MemoryStore:
    """Orders, exports, one connection, an audit log and the documents, all in this process.

    It stands for every port of `flow.ports` that claim, deliver, settle and poll_acks use; one object for all,
    since there is nothing to keep apart.

    Args:
        target: Returns the connection as it is now.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.now = 0.0
        self.resting = 0.0
        self.by_order: dict[UUID, Delivered] = {}
        self.known: dict[UUID, DraftOrder] = {}
        self.log: list[tuple[str, Any]] = []
        self.contents: dict[str, bytes] = {}
        self.orders = self.exports = self.connections = self
        self.audit = _Audit(self.log)

    @contextmanager
    def work(self, org_id: UUID) -> Iterator[Any]:
        """Open a transaction that cannot roll back."""
        yield self

    def waiting(self, org_id: UUID, connection_id: UUID) -> Waiting:
        """Return the exports that the ERP may still answer."""
        return _Waiting(self)

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Wake nobody: `MemoryEngine.run` is called by hand."""

    def keep(self, org_id: UUID, lease: Lease) -> AbstractContextManager[None]:
        """Keep a lease that nobody contests."""
        return nullcontext()

    def put_many(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Store documents."""
        self.contents.update(items)

    def get(self, key: str) -> bytes:
        """Return a document."""
        return self.contents[key]

    def lock_status(self, order_id: UUID) -> OrderStatus:
        """Return an order's state."""
        return self.known[order_id].status

    def set_status(self, order_id: UUID, status: OrderStatus, **columns: Any) -> None:
        """Change an order's state."""
        self.known[order_id].status = status

    def by_idempotency_key(self, order_id: UUID, key: str) -> None:
        """Know no keys."""

    def latest(self, order_id: UUID) -> Export | None:
        """Return the order's newest export."""
        return self.by_order[order_id].export if order_id in self.by_order else None

    def add(self, export: Export, **_: Any) -> None:
        """Take an export in."""
        self.by_order[export.draft_order_id] = Delivered(export, self.known[export.draft_order_id])

    def revive(self, export_id: UUID) -> None:
        """Make a failed export pending again."""
        item = self.find(export_id)
        item.export.status, item.export.attempts_spent, item.due = ERPExportStatus.PENDING, 0, self.now

    def lease(self, connection_id: UUID, lease: Lease, seconds: float, limit: int, **_: Any) -> list[Attempt]:
        """Take what is due."""
        due = [item for item in self.waits_for_a_worker() if item.due <= self.now]
        return [item.attempt(lease, self.now) for item in due[:limit]]

    def waits_for_a_worker(self) -> list[Delivered]:
        """Return what is to be attempted now or later."""
        pending = [item for item in self.by_order.values() if item.status is ERPExportStatus.PENDING]
        return [item for item in pending if not item.leased and (item.asking or not item.export.held)]

    def pass_time(self) -> bool:
        """Let the time pass until something that is not held is due; False if nothing will ever be."""
        times = [item.due for item in self.waits_for_a_worker() if not item.export.held]
        if times:
            self.now = max(self.now, self.resting, min(times))
            self.target.rests_for = None
        return bool(times)

    def take_lane(self, connection_id: UUID, lease: Lease, seconds: float, most: int) -> bool:
        """Let everybody deliver."""
        return True

    def leave_lane(self, connection_id: UUID, lease: Lease) -> None:
        """Note nothing: no lane was taken."""

    def spend(self, connection_id: UUID, wanted: int) -> int:
        """Let everything be taken: no minute passes here."""
        return wanted

    def give_back(self, connection_id: UUID, unused: int) -> None:
        """Note nothing: nothing was counted."""

    def release(self, lease: Lease, export_ids: Sequence[UUID], delay: float, error: dict[str, Any]) -> None:
        """Give exports back."""
        for export_id in export_ids:
            self.find(export_id).leased = False

    def begin(self, batch: Batch) -> None:
        """Note documents and attempts."""
        for attempt in batch.attempts:
            item, delivery = self.find(attempt.export_id), attempt.order.delivery
            begins = not (batch.to.stages or delivery.in_doubt or attempt.outcome)
            item.begin(attempt, self.now, begins=begins)
            delivery.attempt_no = len(item.outcomes) + 1

    def mark_begun(self, lease: Lease, export_ids: Sequence[UUID]) -> set[UUID]:
        """Note what is about to be sent again."""
        for export_id in export_ids:
            self.find(export_id).mark_begun(self.now)
        return set(export_ids)

    def mark_staged(self, lease: Lease, paths: Mapping[UUID, str]) -> set[UUID]:
        """Note staged files."""
        for export_id, path in paths.items():
            item = self.find(export_id)
            item.staged_path, item.export.staged = path, True
        return set(paths)

    def settle(self, batch: Batch, settlements: Sequence[Settlement]) -> set[UUID]:
        """Note how a batch went."""
        for settlement in settlements:
            self.find(settlement.attempt.export_id).settle(settlement, self.now)
            if settlement.order_status:
                self.known[settlement.attempt.order.id].status = settlement.order_status
        return {settlement.attempt.export_id for settlement in settlements}

    def for_answers(self, export_ids: Sequence[UUID]) -> dict[UUID, tuple[Export, bool]]:
        """Return exports; none has a newer one here."""
        return {export_id: (self.find(export_id).export, False) for export_id in export_ids}

    def note_unreadable(self, acks: Sequence[Ack]) -> list[Ack]:
        """Tell all as news."""
        return list(acks)

    def count_unreadable(self, connection_id: UUID) -> int:
        """Keep no count."""
        return 0

    def record_answers(self, answers: Sequence[Answer]) -> None:
        """Note what the ERP said."""
        for answer in answers:
            item = self.find(answer.export.id)
            if answer.verdict == "acknowledge":
                item.export.status, item.order.status = ERPExportStatus.ACKED, OrderStatus.CONFIRMED
                item.export.erp_order_id = answer.ack.erp_order_id or item.export.erp_order_id
            elif answer.verdict == "refuse":
                item.export.status, item.order.status = ERPExportStatus.FAILED, OrderStatus.ERROR
                item.export.answered = True
                item.export.error = {"code": answer.ack.error_code, "message": answer.ack.message}

    def for_push(self, connection_id: UUID | None) -> UUID:
        """Return the one connection."""
        return self.target.connection_id

    def open(self, connection_id: UUID) -> Target:
        """Return the one connection."""
        return self.target

    def set_breaker(self, connection_id: UUID, state: BreakerState, error: Any, probe_in: float | None) -> bool:
        """Change the breaker."""
        changed = self.target.breaker_state is not state
        self.target.breaker_state = state
        return changed

    def disable_unreadable(self, connection_id: UUID, error: dict[str, Any]) -> None:
        """Disable the one connection."""
        self.target.status, self.target.breaker_state = ConnectionStatus.DISABLED, BreakerState.PAUSED

    def rest(self, connection_id: UUID, seconds: float, error: dict[str, Any]) -> bool:
        """Let the connection rest."""
        told, self.target.rest_told = self.target.rest_told, True
        self.target.rests_for, self.resting = seconds, self.now + seconds
        return not told

    def end_rest(self, connection_id: UUID) -> None:
        """Note that the target takes orders again."""
        self.target.rests_for, self.target.rest_told = None, False

    def note_test(self, connection_id: UUID, error: dict[str, Any] | None = None) -> None:
        """Note nothing: nobody asks."""

    def lease_poll(self, connection_id: UUID, token: UUID, seconds: float) -> bool:
        """Let everybody poll."""
        return True

    def end_poll(self, connection_id: UUID, token: UUID, next_in: float, error: dict[str, Any] | None) -> None:
        """Note what a poll could not read."""
        if error:
            self.log.append(("POLL_FAILED", error))

    def find(self, export_id: UUID) -> Delivered:
        """Return an export by its id."""
        return next(item for item in self.by_order.values() if item.export.id == export_id)


class _Audit:
    def __init__(self, log: list[tuple[str, Any]]) -> None:
        self._log = log

    def add(self, action: str, *arguments: Any) -> None:
        self._log.append((action, arguments[-1]))


class _Waiting(Waiting):
    def __init__(self, store: MemoryStore) -> None:
        super().__init__()
        self._store = store

    def __iter__(self) -> Iterator[WaitingExport]:
        sent = [item for item in self._store.by_order.values() if item.status is ERPExportStatus.SENT]
        return (item.waiting() for item in sent)

    def match(self, references: Iterable[str]) -> dict[str, WaitingExport]:
        names = set(references)
        items = [item.waiting() for item in self._store.by_order.values()]
        return {item.reference: item for item in items if item.reference in names}
