"""`flow.ports.Exports` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.answer_details import Level
from orderflow.domain.answers import refusal
from orderflow.domain.delivery import Ack
from orderflow.domain.states import (
    CONTENT_KINDS,
    FITTING,
    OPEN,
    UPDATED,
    AttemptStatus,
    AttemptStep,
    ERPExportStatus,
    ExportStep,
    Kind,
    OrderEvent,
    OrderStatus,
)
from orderflow.flow.ports import Actor, Confirmed, DecidedAnswer, Export, Route
from orderflow.flow.refusals import no_export
from orderflow.testing.store_in_memory.leases import MemoryLeases, changed_since, is_unleased, is_unsent, tell_order
from orderflow.testing.store_in_memory.orders import current_revision
from orderflow.testing.store_in_memory.tables import ExportRow, OrderRow, changed

BY_A_PERSON = "A person decided how it ended."
KEYS_KEPT = timedelta(hours=24)
_DECIDED: dict[str, Any] = {
    "held_at": None,
    "asking": False,
    "begun_at": None,
    "doubt_since": None,
    "lease_token": None,
    "lease_until": None,
    "unreadable_answer": None,
}
_UNROUTED: dict[str, Any] = dict.fromkeys(("route", "route_version", "fallback_id"))
_UNSENT = _DECIDED | {"staged_at": None, "staged_path": None}
_NOT_BUILT: dict[str, Any] = dict.fromkeys(
    (
        *("filename", "storage_key", "document_sha256", "media_type", "format_version", "control_number"),
        *("last_begun_at", "begun_to", "receipt_check", "erp_order_id"),
    )
)


class MemoryExports(MemoryLeases):
    """The exports of one organization."""

    def add(self, export: Export, *, idempotency_key: str | None, actor: Actor) -> None:
        """Insert a PENDING export, due at once, or when it asks to be."""
        now = self._tables.now()
        self._tables.exports[export.id] = ExportRow(
            export.id,
            export.draft_order_id,
            export.connection_id,
            export.created_at,
            max(now, export.not_before or now),
            not_before=export.not_before,
            kind=export.kind,
            reason=export.reason,
            follows=export.follows,
            priority=self._tables.orders[export.draft_order_id].content.priority or 0,
            revision=current_revision(self._tables, export.draft_order_id),
            idempotency_key=idempotency_key,
            request_digest=export.request_digest,
            request_id=actor.request_id,
            traceparent=actor.traceparent,
            route=export.route.decision if export.route else None,
            route_version=export.route.version if export.route else None,
            fallback_id=export.route.fallback_id if export.route else None,
        )

    def get(self, export_id: UUID) -> Export:
        """Return one export. Raises NotFoundError."""
        return self._export(self._row(export_id))

    def latest(self, order_id: UUID) -> Export | None:
        """Return the newest export that told the ERP what the order says."""
        rows = tell_order(self._tables, order_id)
        return self._export(rows[-1]) if rows else None

    def deliveries_of(self, order_id: UUID) -> list[Export]:
        """Return all that told the ERP what the order says, the newest first."""
        return [self._export(row) for row in reversed(tell_order(self._tables, order_id))]

    def pin(self, export_id: UUID) -> None:
        """Say of an export of an older release which revision of its order it is made from."""
        self._set(export_id, revision=self._revision(self._row(export_id).draft_order_id))

    def send_anew_after(self, export_id: UUID, recall_id: UUID) -> None:
        """Make of a change the delivery of the order as it is now, which waits for that recall."""
        self._set(export_id, kind=Kind.ORDER, follows=recall_id, attempts_spent=0, **_NOT_BUILT)

    def make_change_of(self, export_id: UUID, there: Export) -> bool:
        """Make a PENDING export a change of `there`, over its connection; False as for `stop`."""
        row, now = self._tables.exports.get(export_id), self._tables.now()
        if row is None or row.status not in ExportStep.MOVE.change.starts:
            return False
        if not is_unsent(row) or not is_unleased(row, now):
            return False
        self._set(export_id, kind=Kind.CHANGE, follows=there.id, **moved_to(there.connection_id, row, now), **_UNROUTED)
        return True

    def take_over(self, export_id: UUID, by: str) -> bool:
        """Note who made a change in the ERP that this export asked for in vain; False if it has not FAILED for sure."""
        row = self._tables.exports.get(export_id)
        if row is None or not self._export(row).failed_for_sure:
            return False
        now = self._tables.now()
        made = {"status": ExportStep.TAKE_OVER.change.end, "sent_at": row.sent_at or now, "answered_at": now}
        self._set(export_id, **made, confirmed_by=by, error_json=None, unreadable_answer=None, inferred=True)
        return True

    def by_idempotency_key(self, order_id: UUID, key: str) -> Export | None:
        """Return the export that was asked for under `key` in the last 24 hours, or that is under way; no recall."""
        since = self._tables.now() - KEYS_KEPT
        rows = [row for row in tell_order(self._tables, order_id) if row.idempotency_key == key]
        known = [row for row in rows if row.created_at > since or row.status is ERPExportStatus.PENDING]
        return self._export(known[-1]) if known else None

    def revive(
        self,
        export_id: UUID,
        idempotency_key: str | None,
        not_before: datetime | None = None,
        digest: int | None = None,
    ) -> None:
        """Make a FAILED export PENDING again, asked for under a key by this request: same name, same bytes."""
        if row := self._failed(export_id):
            now = self._tables.now()
            self._set(
                export_id,
                status=ExportStep.REVIVE.change.end,
                not_before=not_before,
                next_attempt_at=max(now, not_before or now),
                attempts_spent=0,
                error_json=None,
                held_at=None,
                asking=False,
                doubt_since=None,
                idempotency_key=idempotency_key or row.idempotency_key,
                request_digest=digest if idempotency_key else row.request_digest,
            )

    def hold_failed(self, export_id: UUID) -> None:
        """Make a FAILED export PENDING again that may have arrived, held until a person says whether it has."""
        if row := self._failed(export_id):
            now = self._tables.now()
            self._set(
                export_id,
                status=ExportStep.REVIVE.change.end,
                attempts_spent=0,
                held_at=now,
                asking=False,
                doubt_since=row.doubt_since or now,
            )

    def _failed(self, export_id: UUID) -> ExportRow | None:
        row = self._tables.exports.get(export_id)
        return row if row is not None and row.status in ExportStep.REVIVE.change.starts else None

    def withdraw(self, export_id: UUID) -> bool:
        """Delete a PENDING export of which no attempt began; False if one had."""
        row = self._tables.exports.get(export_id)
        if row is None or row.status not in ExportStep.WITHDRAW.change.starts or not is_unsent(row):
            return False
        if not is_unleased(row, self._tables.now()) or self._tables.attempts_of(export_id):
            return False
        del self._tables.exports[export_id]
        return True

    def recalls_of(self, order_id: UUID) -> list[Export]:
        """Return the order's recalls, newest first."""
        recalls = [row for row in self._tables.exports_of(order_id) if row.kind is Kind.RECALL]
        return [self._export(row) for row in reversed(recalls)]

    def next_time(self, order_id: UUID) -> datetime:
        """Return the time, later than that of each export of an order."""
        exports = self._tables.exports_of(order_id)
        return max([clock.now(), *(row.created_at + timedelta(microseconds=1) for row in exports)])

    def drop(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """End what was SENT and need not be answered any more; False if it is not SENT."""
        row = self._tables.exports.get(export_id)
        if row is None or row.status not in ExportStep.DROP.change.starts:
            return False
        ended = {"status": ExportStep.DROP.change.end, "answered_at": self._tables.now(), "error_json": error}
        self._set(export_id, **_DECIDED | ended)
        return True

    def find(self, export_id: UUID) -> Export | None:
        """Return one export; None if there is no such export."""
        row = self._tables.exports.get(export_id)
        return self._export(row) if row else None

    def confirm(self, export_id: UUID, by: str) -> bool:
        """Note who confirmed a SENT export in its ERP's place; False if it is not SENT."""
        row = self._tables.exports.get(export_id)
        if row is None or row.status not in ExportStep.CONFIRM.change.starts:
            return False
        now = self._tables.now()
        acked = {"status": ExportStep.CONFIRM.change.end, "answered_at": now, "confirmed_by": by}
        self._set(export_id, **acked, error_json=None, unreadable_answer=None)
        return True

    def note_delivered(self, export_id: UUID) -> bool:
        """Note that an export in doubt had arrived; False if it is not in doubt, or a worker is at it."""
        sent = {"status": ExportStep.NOTE_DELIVERED.change.end, "sent_at": self._tables.now(), "inferred": True}
        return self._decide(ExportStep.NOTE_DELIVERED, export_id, sent | {"error_json": None} | _DECIDED)

    def send_again(self, export_id: UUID) -> bool:
        """Make an export in doubt due, its doubt forgotten, name and bytes kept; False as for `note_delivered`."""
        due = {"attempts_spent": 0, "next_attempt_at": self._tables.now()}
        return self._decide(ExportStep.SEND_AGAIN, export_id, due | _UNSENT)

    def note_failed(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """Note that an export in doubt never arrived, and end it; False as for `note_delivered`."""
        failed = {"status": ExportStep.NOTE_FAILED.change.end, "error_json": error}
        return self._decide(ExportStep.NOTE_FAILED, export_id, failed | _UNSENT, error["message"])

    def stop(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """End a PENDING export of which nothing was sent; False if something was, or a worker is at it."""
        row = self._tables.exports.get(export_id)
        if row is None:
            return False
        may = row.status in ExportStep.STOP.change.starts and is_unsent(row) and is_unleased(row, self._tables.now())
        if may:
            self._set(export_id, status=ExportStep.STOP.change.end, error_json=error, **_DECIDED)
            self._close_open(export_id, AttemptStatus.FAILED, error["message"])
        return may

    def move(self, source: UUID, target: UUID, export_ids: Sequence[UUID] | None) -> dict[UUID, UUID]:
        """Move waiting exports of which nothing was sent to `target`; returns the order of each, by export."""
        now, moved = self._tables.now(), {}
        for row in list(self._tables.exports.values()):
            waits = row.connection_id == source and row.status in ExportStep.MOVE.change.starts and is_unsent(row)
            if waits and is_unleased(row, now) and _is_wanted(row, export_ids):
                self._set(row.id, **moved_to(target, row, now), **_UNROUTED)
                moved[row.id] = row.draft_order_id
        return moved

    def waiting_for_longer(self, connection_id: UUID, seconds: int, limit: int) -> list[UUID]:
        """Return exports of which nothing was sent and that were requested longer ago, oldest first."""
        since = self._tables.after(-seconds)
        rows = [row for row in self._tables.exports.values() if row.connection_id == connection_id]
        could = [row for row in rows if max(row.created_at, row.not_before or row.created_at) < since]
        late = [row for row in could if self._may_give_up(row)]
        return [row.id for row in sorted(late, key=lambda row: row.created_at)[:limit]]

    def give_up(self, export_ids: Sequence[UUID], error: dict[str, Any]) -> list[UUID]:
        """End exports of which nothing was sent, and their orders with them; returns the orders."""
        rows = [self._tables.exports[export_id] for export_id in export_ids if export_id in self._tables.exports]
        ended = [row for row in rows if self._may_give_up(row)]
        for row in ended:
            failed = {"status": ExportStep.GIVE_UP.change.end, "error_json": error}
            self._set(row.id, **failed, lease_token=None, lease_until=None)
            self._close_open(row.id, AttemptStatus.FAILED, error["message"])
            order = changed(self._tables.orders[row.draft_order_id], error_json=error)
            self._tables.orders[row.draft_order_id] = changed(order, status=OrderEvent.GIVE_UP.change.end)
        return [row.draft_order_id for row in ended]

    def _may_give_up(self, row: ExportRow) -> bool:
        order = self._tables.orders[row.draft_order_id]
        waits = (
            self._moves(row)
            and row.status in ExportStep.GIVE_UP.change.starts
            and order.status in OrderEvent.GIVE_UP.change.starts
        )
        on_hold = bool(self._tables.holds_of(row.draft_order_id))
        return waits and not on_hold and is_unsent(row) and is_unleased(row, self._tables.now())

    def for_answers(self, export_ids: Sequence[UUID]) -> dict[UUID, tuple[Export, bool]]:
        """Return exports, and for each whether a newer one asks to take the order."""
        rows = [self._tables.exports[export_id] for export_id in export_ids if export_id in self._tables.exports]
        return {row.id: (self._export(row), self._has_newer(row)) for row in rows}

    def _asked_to_take(self, order_id: UUID) -> list[ExportRow]:
        return [row for row in self._tables.exports_of(order_id) if row.kind is Kind.ORDER]

    def _has_newer(self, row: ExportRow) -> bool:
        return any(other.created_at > row.created_at for other in self._asked_to_take(row.draft_order_id))

    def confirmed(self, export_id: UUID) -> Confirmed | None:
        """Return what the ERP said about the lines of an export until now."""
        return next((said for of, said in self._tables.confirmed.values() if of == export_id), None)

    def record_answers(self, answers: Sequence[DecidedAnswer]) -> None:
        """Write decided answers to exports and orders."""
        for answer in answers:
            match answer.verdict:
                case "note":
                    self._note_level(answer)
                case "acknowledge" | "refuse":
                    self._record(answer)
                case "update":
                    self._update(answer)

    def note_unreadable(self, acks: Sequence[Ack]) -> list[Ack]:
        """Keep answers that cannot be read with their exports; returns those that are news."""
        last = {ack.export_id: ack for ack in acks if ack.export_id}
        noted = {export_id for export_id, ack in last.items() if self._is_news(ack)}
        return [ack for ack in acks if ack.export_id is None or ack.export_id in noted]

    def count_unreadable(self, connection_id: UUID) -> int:
        """Count the connection's open exports whose answer cannot be read."""
        rows = [row for row in self._tables.exports.values() if row.connection_id == connection_id]
        return sum(row.unreadable_answer is not None and row.status in OPEN for row in rows)

    def awaits_answers(self, connection_id: UUID) -> bool:
        """Return whether an export of the connection is unanswered, or in doubt, so that an answer may decide it."""
        rows = [row for row in self._tables.exports.values() if row.connection_id == connection_id]
        return any(row.status in ExportStep.CONFIRM.change.starts or self._is_in_doubt(row) for row in rows)

    def _is_in_doubt(self, row: ExportRow) -> bool:
        left = row.held_at is not None or is_unleased(row, self._tables.now())
        return row.status in ExportStep.WORK.change.starts and not is_unsent(row) and left

    def _is_news(self, ack: Ack) -> bool:
        answer = {"file": ack.source, "reason": ack.message, "excerpt": ack.excerpt, "digest": ack.digest}
        row = self._tables.exports.get(ack.export_id) if ack.export_id else None
        if row is None or row.status not in OPEN or _told(row.unreadable_answer) == answer:
            return False
        self._set(row.id, unreadable_answer=answer | {"read_at": self._tables.now().isoformat()})
        return True

    def _record(self, answer: DecidedAnswer) -> None:
        acked, ack, row = answer.verdict == "acknowledge", answer.ack, self._row(answer.export.id)
        if row.status not in ExportStep.ANSWER.change.starts:
            return
        said = ERPExportStatus.ACKED if acked else ERPExportStatus.FAILED
        error = None if acked else refusal(ack.error_code, ack.message, row.kind)
        self._set(
            row.id,
            **_DECIDED,
            status=said,
            erp_order_id=ack.erp_order_id or row.erp_order_id,
            error_json=error,
            answered_at=self._tables.now(),
            sent_at=row.sent_at or self._tables.now(),
            refusals=row.refusals + bool(ack.proof and ack.proof.refused),
            inferred=row.inferred or answer.settle_first,
        )
        self._note_arrived(row.id)
        order = self._answered(row)
        if order is None:
            return
        recalling = order.status is OrderStatus.RECALLING
        if recalling or order.status in OrderEvent.ANSWER.change.starts:
            self._keep_confirmed(answer)
            changes = _confirmation(answer)
            if not recalling:  # what becomes of it then, the recall's end says
                changes |= {"status": FITTING[said], "error_json": error}
            if ack.erp_order_id:
                changes |= {"erp_order_id": ack.erp_order_id, "erp_order_id_source": "erp"}
            self._tables.orders[row.draft_order_id] = changed(order, **changes)

    def _note_level(self, answer: DecidedAnswer) -> None:
        row, now = self._row(answer.export.id), self._tables.now()
        if row.status not in ExportStep.NOTE_LEVEL.change.starts:
            return
        understood = now if answer.ack.level is Level.UNDERSTOOD else None
        kept = {"unreadable_answer": row.unreadable_answer}
        self._set(
            row.id,
            **_DECIDED | kept,
            status=ExportStep.NOTE_LEVEL.change.end,
            received_at=row.received_at or now,
            understood_at=row.understood_at or understood,
            sent_at=row.sent_at or now,
            inferred=row.inferred or answer.settle_first,
            error_json=None,
        )
        self._note_arrived(row.id)
        order = self._answered(row)
        if order is not None and order.status in OrderEvent.SETTLE.change.starts:
            self._tables.orders[row.draft_order_id] = changed(order, status=OrderStatus.PUSHED, error_json=None)

    def _update(self, answer: DecidedAnswer) -> None:
        row, number = self._row(answer.export.id), answer.ack.erp_order_id
        order = self._answered(row)
        before = self.confirmed(row.id)
        if row.status is not ERPExportStatus.ACKED:
            return
        self._set(row.id, erp_order_id=row.erp_order_id or number)
        if order is None or order.status not in UPDATED:
            return
        changes = _confirmation(answer)
        if before and answer.confirmed and before.differences == answer.confirmed.differences:
            changes |= {"differences_accepted_by": order.differences_accepted_by}
        if number and order.erp_order_id_source not in ("erp", "file"):
            changes |= {"erp_order_id": number, "erp_order_id_source": "erp"}
        self._keep_confirmed(answer)
        self._tables.orders[row.draft_order_id] = changed(order, **changes)

    def _moves(self, row: ExportRow) -> bool:
        return row.kind in CONTENT_KINDS and not changed_since(self._tables, row)

    def _answered(self, row: ExportRow) -> OrderRow | None:
        """Return the order that an answer to this export moves: one that says what was answered."""
        order = self._tables.orders.get(row.draft_order_id)
        said = current_revision(self._tables, row.draft_order_id) if order else None
        is_said = row.revision == said or None in (row.revision, said)
        return order if is_said and self._moves(row) else None

    def _keep_confirmed(self, answer: DecidedAnswer) -> None:
        if answer.confirmed is not None:
            self._tables.confirmed[answer.export.draft_order_id] = answer.export.id, answer.confirmed

    def _note_arrived(self, export_id: UUID) -> None:
        if attempts := self._tables.attempts_of(export_id):
            last = max(attempts, key=lambda attempt: attempt.attempt_no)
            if last.status in AttemptStep.ANSWER.change.starts:
                self._tables.attempts[last.id] = changed(last, status=AttemptStep.ANSWER.change.end, message=None)

    def _decide(
        self,
        step: ExportStep,
        export_id: UUID,
        columns: dict[str, Any],
        message: str = BY_A_PERSON,
    ) -> bool:
        row = self._tables.exports.get(export_id)
        if row is None:
            return False
        doubtful = row.status in step.change.starts and row.answered_at is None and not is_unsent(row)
        if not doubtful or not is_unleased(row, self._tables.now()):
            return False
        self._set(export_id, **columns)
        self._close_open(export_id, AttemptStatus.FAILED, message)
        return True

    def _row(self, export_id: UUID) -> ExportRow:
        if export_id not in self._tables.exports:
            raise no_export(export_id)
        return self._tables.exports[export_id]

    def _export(self, row: ExportRow) -> Export:
        return Export(
            row.id,
            row.draft_order_id,
            row.connection_id,
            row.status,
            row.created_at,
            not_before=row.not_before,
            kind=row.kind,
            reason=row.reason,
            filename=row.filename,
            attempts_spent=row.attempts_spent,
            lease_is_live=not is_unleased(row, self._tables.now()),
            begun=row.begun_at is not None,
            staged=row.staged_at is not None,
            answered=row.answered_at is not None,
            held=row.held_at is not None,
            erp_order_id=row.erp_order_id,
            error=row.error_json,
            unreadable=row.unreadable_answer,
            route=_route(row),
            revision=row.revision,
            follows=row.follows,
            changed_since=changed_since(self._tables, row),
            perhaps_sent_at=row.perhaps_sent_at,
            request_digest=row.request_digest,
        )


def moved_to(connection_id: UUID, row: ExportRow, now: datetime) -> dict[str, Any]:
    """Return the columns of an export that goes to another connection, where its document is built anew."""
    due = {"next_attempt_at": max(now, row.not_before or now), "attempts_spent": 0, "error_json": None}
    return {"connection_id": connection_id, "lease_token": None, "lease_until": None} | due | _NOT_BUILT


def _is_wanted(row: ExportRow, export_ids: Sequence[UUID] | None) -> bool:
    return row.kind is Kind.ORDER and (export_ids is None or row.id in export_ids)


def _confirmation(answer: DecidedAnswer) -> dict[str, Any]:
    kind = answer.confirmed.confirmation if answer.confirmed else None
    return {"confirmation": kind, "differences_accepted_by": None}


def _route(row: ExportRow) -> Route | None:
    if row.route_version is None or row.route is None:
        return None
    return Route(row.connection_id, row.route_version, row.route, row.fallback_id)


def _told(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what an unreadable answer said, whenever it was read."""
    return answer and {name: value for name, value in answer.items() if name != "read_at"}
