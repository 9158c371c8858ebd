"""Claiming, noting and settling in memory: guarded by tokens, by the database's clock, as on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from orderflow.domain.delivery import Delivery, ExportResult, Lease, Sent
from orderflow.domain.errors import ConnectorError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.revisions import RevisionChangedError, not_as_approved
from orderflow.domain.states import (
    ARRIVED,
    CONTENT_KINDS,
    EDITED,
    IN_DOUBT,
    AttemptStatus,
    AttemptStep,
    ERPExportStatus,
    ExportStep,
    Kind,
    OrderEvent,
    OrderStatus,
)
from orderflow.flow.delivery.change import left_by_recalls
from orderflow.flow.ports import Attempt, Batch, Settlement
from orderflow.testing.store_in_memory.lanes import MemoryLanes
from orderflow.testing.store_in_memory.orders import add_revision, approved_order, current_revision
from orderflow.testing.store_in_memory.tables import AttemptRow, ExportRow, Tables, changed

LOST = "The worker stopped before it could say how this attempt ended."


class MemoryLeases(MemoryLanes):
    """The part of `flow.ports.Exports` that a worker uses."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def lease(
        self,
        connection_id: UUID,
        lease: Lease,
        seconds: float,
        limit: int,
        *,
        only: UUID | None = None,
        numbered: bool = False,
    ) -> list[Attempt]:
        """Take up to `limit` due exports of the connection, oldest first, under `lease`; or just the one named."""
        now = self._tables.now()
        due = [row for row in self._due(connection_id) if only in (None, row.id)]
        due.sort(key=lambda row: row.next_attempt_at - timedelta(minutes=row.priority))
        until = self._tables.after(seconds)
        attempts = []
        if numbered:
            self._number(connection_id, [row.id for row in due[:limit]])
        for row in map(self._tables.exports.__getitem__, [row.id for row in due[:limit]]):
            pinned = changed(row, revision=row.revision or self._revision(row.draft_order_id))
            sent = _last_sent(row, now) or row.last_begun_at
            self._tables.exports[row.id] = changed(
                pinned, lease_token=lease.token, lease_until=until, last_begun_at=sent
            )
            attempts.append(self._attempt(self._as_it_is_now(pinned), lease, now))
        return sorted(attempts, key=lambda attempt: attempt.requested_at)

    def begin(self, batch: Batch) -> None:
        """Note documents and a new attempt for each; drop those that are lost, or were put on hold unsent."""
        batch.attempts = [attempt for attempt in batch.attempts if self._may_go_on(attempt.export_id, batch.lease)]
        for attempt in batch.attempts:
            self._begin(attempt, batch)

    def mark_begun(self, lease: Lease, export_ids: Sequence[UUID]) -> set[UUID]:
        """Note which exports in doubt are about to be sent, and return them: not on hold, and held by `lease`."""
        now = self._tables.now()
        ours = {export_id for export_id in export_ids if self._may_begin(export_id, lease)}
        for export_id in ours:
            row = self._tables.exports[export_id]
            doubt_since = row.doubt_since or min(row.last_begun_at or now, now)
            self._set(export_id, begun_at=row.begun_at or now, last_begun_at=now, doubt_since=doubt_since)
        return ours

    def mark_staged(self, lease: Lease, paths: Mapping[UUID, str]) -> set[UUID]:
        """Note that files are staged; returns the ids of those that `lease` still holds."""
        ours = {export_id for export_id in paths if self._held(export_id, lease)}
        for export_id in ours:
            self._set(export_id, staged_at=self._tables.now(), staged_path=paths[export_id])
        return ours

    def release(self, lease: Lease, export_ids: Sequence[UUID], delay: float, error: dict[str, Any]) -> None:
        """Give back exports whose attempt never began because of `error`, due again in `delay` seconds."""
        for export_id in export_ids:
            if self._held(export_id, lease):
                due = self._tables.after(delay)
                self._set(export_id, lease_token=None, lease_until=None, next_attempt_at=due, error_json=error)

    def settle(self, batch: Batch, settlements: Sequence[Settlement]) -> dict[UUID, bool]:
        """Write export, order and log for each; returns what `batch.lease` still held, and whose order went along."""
        ours = [item for item in settlements if self._held(item.attempt.export_id, batch.lease)]
        return {item.attempt.export_id: self._settle(item) for item in ours}

    def extend(self, tokens: Sequence[UUID], seconds: float) -> set[UUID]:
        """Extend leases that have not ended; returns the tokens that still hold something."""
        until, now = self._tables.after(seconds), self._tables.now()
        alive: set[UUID] = set()
        for place, lane in list(self._tables.lanes.items()):
            if lane.token in tokens and lane.until >= now:
                self._tables.lanes[place] = changed(lane, until=until)
        for row in [row for row in self._tables.exports.values() if not is_unleased(row, now)]:
            holder = row.lease_token
            if holder is not None and holder in tokens and row.status in ExportStep.WORK.change.starts:
                self._set(row.id, lease_until=until)
                alive.add(holder)
        return alive

    def _due(self, connection_id: UUID) -> list[ExportRow]:
        now, on_hold = self._tables.now(), {hold.draft_order_id for hold in self._tables.holds.values()}
        due = [row for row in self._tables.exports.values() if _is_due(row, connection_id, now)]
        due = [row for row in due if not self._waits_for_another(row)]
        return [row for row in due if row.draft_order_id not in on_hold or not is_unsent(row)]

    def _waits_for_another(self, row: ExportRow) -> bool:
        other = self._tables.exports.get(row.follows) if row.follows else None
        if other is None:
            return False
        if other.kind is Kind.RECALL:
            return other.status is not ERPExportStatus.ACKED
        return other.status is ERPExportStatus.PENDING or _is_in_doubt(other)

    def _as_it_is_now(self, row: ExportRow) -> ExportRow:
        """Return a change of what never arrived as the order that it is from here on; any other as it is."""
        if row.kind is not Kind.CHANGE or row.document_sha256 or self._before(row):
            return row
        self._set(row.id, kind=Kind.ORDER)
        return changed(row, kind=Kind.ORDER)

    def _before(self, row: ExportRow) -> ExportRow | None:
        """Return the delivery that a change changes: the last before it that arrived, and was not given back."""
        exports = self._tables.exports_of(row.draft_order_id)[::-1]
        deliveries = tell_order(self._tables, row.draft_order_id)[::-1]
        there = left_by_recalls(deliveries, (other for other in exports if other.kind is Kind.RECALL))
        return next((one for one in there if one.status in ARRIVED and one.created_at < row.created_at), None)

    def _order_before(self, row: ExportRow) -> DraftOrder | None:
        before = self._before(row) if row.kind is Kind.CHANGE else None
        if before is None or before.revision is None:
            return None
        return approved_order(self._tables, row.draft_order_id, before.revision)

    def _number(self, connection_id: UUID, taken: Sequence[UUID]) -> None:
        rows = [self._tables.exports[export_id] for export_id in taken]
        fresh = [row for row in rows if row.control_number is None and row.document_sha256 is None]
        for row in sorted(fresh, key=lambda row: (row.created_at, row.id)):
            last = self._tables.control_counters[connection_id] = (
                self._tables.control_counters.get(connection_id, 0) + 1
            )
            self._set(row.id, control_number=last)

    def _held(self, export_id: UUID, lease: Lease) -> bool:
        row = self._tables.exports.get(export_id)
        return row is not None and row.lease_token == lease.token and row.status in ExportStep.WORK.change.starts

    def _may_go_on(self, export_id: UUID, lease: Lease) -> bool:
        if not self._held(export_id, lease):
            return False
        row = self._tables.exports[export_id]
        return not (is_unsent(row) and self._tables.holds_of(row.draft_order_id))

    def _may_begin(self, export_id: UUID, lease: Lease) -> bool:
        order_id = self._tables.exports[export_id].draft_order_id
        return self._held(export_id, lease) and not self._tables.holds_of(order_id)

    def _set(self, export_id: UUID, **columns: Any) -> None:
        self._tables.exports[export_id] = changed(self._tables.exports[export_id], **columns)

    def _attempt(self, row: ExportRow, lease: Lease, now: datetime) -> Attempt:
        order, outcome = self._approved(row)
        begun = _last_sent(row, now)
        order.delivery = Delivery(
            row.id,
            row.created_at,
            kind=row.kind,
            control_number=row.control_number or 0,
            in_doubt=row.begun_at is not None,
            last_begun_at=begun or row.last_begun_at,
            refusals=row.refusals,
            staged_path=row.staged_path,
            orphan_token=row.lease_token if row.staged_at is None else None,
            lease=lease,
            sent=None if row.kind is Kind.ORDER else self._sent(row.draft_order_id),
            reason=row.reason,
            before=self._order_before(row),
        )
        return Attempt(
            row.id,
            order,
            stored=row.document_sha256 is not None,
            attempts_spent=row.attempts_spent,
            requested_at=row.created_at,
            request_id=row.request_id,
            traceparent=row.traceparent,
            storage_key=row.storage_key,
            document_sha256=row.document_sha256,
            filename=row.filename,
            media_type=row.media_type,
            format_version=row.format_version,
            held=row.held_at is not None,
            superseded=self._is_superseded(row),
            begun_to=row.begun_to if row.begun_at else None,
            begun_ago=None if begun is None else (now - begun).total_seconds(),
            doubt_age=None if row.doubt_since is None else (now - row.doubt_since).total_seconds(),
            outcome=outcome,
        )

    def _is_superseded(self, row: ExportRow) -> bool:
        edited = self._tables.orders[row.draft_order_id].status in EDITED
        return row.kind in CONTENT_KINDS and (edited or changed_since(self._tables, row))

    def _sent(self, order_id: UUID) -> Sent | None:
        exports = self._tables.exports_of(order_id)
        rows = [row for row in reversed(exports) if row.kind is Kind.ORDER and row.filename]
        if not rows:
            return None
        row, order = max(rows, key=_is_there), self._tables.orders[order_id]
        number = row.erp_order_id or (order.erp_order_id if order.erp_order_id_source != "filename" else None)
        return Sent(
            row.id,
            row.created_at,
            row.filename or "",
            row.staged_path,
            row.dropzone_path,
            number,
            row.control_number or 0,
            row.led_to,
            any(one.kind is Kind.CHANGE and one.created_at > row.created_at and _is_there(one) for one in exports),
        )

    def _revision(self, order_id: UUID) -> int:
        known = current_revision(self._tables, order_id)
        return known or add_revision(self._tables, self._tables.orders[order_id])

    def _approved(self, row: ExportRow) -> tuple[DraftOrder, ConnectorError | None]:
        order_id = row.draft_order_id
        try:
            return approved_order(self._tables, order_id, row.revision or 0), None
        except RevisionChangedError:
            return DraftOrder(self._tables.org_id, id=order_id), not_as_approved(staged=row.staged_at is not None)

    def _begin(self, attempt: Attempt, batch: Batch) -> None:
        delivery, now = attempt.order.delivery, self._tables.now()
        begins = not attempt.outcome and attempt.order.delivery.begins(batch.to.stages, batch.to.takes_back)
        row = self._tables.exports[attempt.export_id]
        self._set(
            attempt.export_id,
            filename=attempt.filename,
            storage_key=attempt.storage_key,
            document_sha256=attempt.document_sha256,
            media_type=attempt.media_type,
            format_version=attempt.format_version,
            begun_at=now if begins else row.begun_at,
            last_begun_at=now if begins else row.last_begun_at,
            begun_to=(batch.to.destination or None) if begins else row.begun_to,
            receipt_check=(attempt.check or row.receipt_check) if begins else (row.receipt_check or attempt.check),
        )
        self._close_open(attempt.export_id, AttemptStatus.RETRYING, LOST)
        order = self._tables.orders[row.draft_order_id]
        self._tables.orders[row.draft_order_id] = changed(order, attempts=order.attempts + 1)
        delivery.attempt_no = order.attempts + 1
        attempt.log_id = new_id()
        log = AttemptRow(attempt.log_id, row.id, row.draft_order_id, delivery.attempt_no)
        self._tables.attempts[log.id] = log

    def _close_open(self, export_id: UUID, status: AttemptStatus, message: str) -> None:
        for log in self._tables.attempts_of(export_id):
            if log.status in AttemptStep.END.change.starts:
                self._tables.attempts[log.id] = changed(log, status=status, message=message)

    def _settle(self, item: Settlement) -> bool:
        attempt, outcome, now = item.attempt, item.attempt.outcome, self._tables.now()
        row = self._tables.exports[attempt.export_id]
        arrived = item.export_status in ARRIVED
        acked = item.export_status is ERPExportStatus.ACKED
        result = outcome if isinstance(outcome, ExportResult) else None
        error = None if outcome is None or isinstance(outcome, ExportResult) else outcome.as_json()
        number = result.erp_order_id if result else None
        proof = outcome.proof if outcome is not None else None
        begun = attempt.order.delivery.last_begun_at if item.nothing_done else row.last_begun_at
        self._set(
            attempt.export_id,
            status=item.export_status,
            attempts_spent=row.attempts_spent + item.spent,
            next_attempt_at=self._tables.after(item.delay) if item.delay > 0 else row.next_attempt_at,
            lease_token=row.lease_token if item.keep_lease else None,
            lease_until=row.lease_until if item.keep_lease else None,
            begun_at=(row.begun_at or now) if item.still_in_doubt else None,
            last_begun_at=now if item.still_in_doubt and (attempt.sent or row.staged_at) else begun,
            receipt_check=(isinstance(outcome, ConnectorError) and outcome.check) or row.receipt_check,
            refusals=row.refusals + bool(proof and proof.refused),
            doubt_since=(row.doubt_since or now) if item.still_in_doubt else None,
            held_at=(row.held_at or now) if item.hold else None,
            asking=item.hold and item.asking,
            error_json=error,
            erp_order_id=number or row.erp_order_id,
            inferred=row.inferred or (result is not None and result.inferred),
            received_at=row.received_at or (now if result is not None and result.received else None),
            sent_at=now if arrived else None,
            dropzone_path=(result.dropzone_path if result else None) or row.dropzone_path,
            answered_at=now if acked else None,
            unreadable_answer=None if acked else row.unreadable_answer,
        )
        if attempt.log_id in self._tables.attempts:
            log = self._tables.attempts[attempt.log_id]
            message = error["message"] if error else None
            self._tables.attempts[log.id] = changed(log, status=item.log_status, message=message, outcome=outcome)
        order = self._tables.orders[row.draft_order_id]
        if item.order_status is None or changed_since(self._tables, row):
            return False
        if order.status not in OrderEvent.SETTLE.change.starts:
            return False
        file = result.dropzone_path.rpartition("/")[2] if result and result.dropzone_path else None
        self._move_order(row.draft_order_id, item.order_status, number, file, error)
        return True

    def _move_order(
        self, order_id: UUID, status: OrderStatus, number: str | None, file: str | None, error: dict[str, Any] | None
    ) -> None:
        order = self._tables.orders[order_id]
        changes: dict[str, Any] = {"status": status, "error_json": error if status is OrderStatus.ERROR else None}
        if number:
            changes |= {"erp_order_id": number, "erp_order_id_source": "erp"}
        elif file and (order.erp_order_id is None or order.erp_order_id_source == "filename"):
            changes |= {"erp_order_id": file, "erp_order_id_source": "filename"}
        self._tables.orders[order_id] = changed(order, **changes)


def tell_order(tables: Tables, order_id: UUID) -> list[ExportRow]:
    """Return the exports that tell the ERP what the order says, the oldest first."""
    return [row for row in tables.exports_of(order_id) if row.kind in CONTENT_KINDS]


def changed_since(tables: Tables, row: ExportRow) -> bool:
    """Return whether a change of the order was asked for after this export, and was not discarded since."""
    failed = tables.orders[row.draft_order_id].status is OrderStatus.ERROR
    later = [one for one in tables.exports_of(row.draft_order_id) if one.created_at > row.created_at and one.follows]
    return any(failed or one.status is not ERPExportStatus.FAILED for one in later)


def is_unleased(row: ExportRow, now: datetime) -> bool:
    """Return whether no worker holds the export."""
    return row.lease_until is None or row.lease_until < now


def is_unsent(row: ExportRow) -> bool:
    """Return whether nothing of the export was sent that may have arrived."""
    return row.begun_at is None and row.staged_at is None and row.held_at is None


def _is_there(row: ExportRow) -> bool:
    return row.status in ARRIVED or _is_in_doubt(row)


def _is_in_doubt(row: ExportRow) -> bool:
    return row.status in IN_DOUBT and row.answered_at is None and not is_unsent(row)


def _last_sent(row: ExportRow, now: datetime) -> datetime | None:
    """Return when it may have been sent last: a worker that died could do so until its lease ended."""
    if row.begun_at is None:
        return None
    moments = (row.last_begun_at or row.begun_at, row.lease_until or row.begun_at)
    return min(now, max(moments))


def _is_due(row: ExportRow, connection_id: UUID, now: datetime) -> bool:
    return (
        row.connection_id == connection_id
        and row.status in ExportStep.WORK.change.starts
        and (row.held_at is None or row.asking)
        and row.next_attempt_at <= now
        and is_unleased(row, now)
    )
