"""Exports in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain import clock
from orderflow.domain.delivery import Ack
from orderflow.domain.states import ERPExportStatus, ExportStep, Kind
from orderflow.flow.ports import Actor, Batch, Confirmed, DecidedAnswer, Export, Route, Settlement
from orderflow.flow.refusals import no_export
from orderflow.storage.fast.holding import Holding
from orderflow.storage.fast.statements import later_rows, run
from orderflow.storage.records import columns
from orderflow.storage.tables.models import ERPExport
from orderflow.storage.tables.states import (
    becomes,
    changed_since,
    is_order,
    may,
    on_hold,
    perhaps_sent_at,
    quoted,
    tells_order,
    unsent,
)
from orderflow.storage.work import answers as stored_answers
from orderflow.storage.work import outages, revisions, settling
from orderflow.storage.work.clock import unleased
from orderflow.storage.work.interventions import NOT_BUILT, SqlInterventions
from orderflow.storage.work.leases import SqlLeases
from orderflow.storage.work.revisions import CURRENT

_NEWEST = f"AND {tells_order('e')} ORDER BY e.created_at DESC LIMIT 1"
_COLUMNS = (
    f"{columns(ERPExport, 'e')}, NOT {unleased('e')} AS lease_is_live, {changed_since('e')} AS changed_since,"
    f" {perhaps_sent_at('e')} AS perhaps_sent_at"
)
_RECALLS = f"""
    SELECT {_COLUMNS} FROM erp_export e
    WHERE e.draft_order_id = %(id)s AND e.kind = {quoted(Kind.RECALL)} ORDER BY e.created_at DESC
"""  # noqa: S608  # built from constants
_DELIVERIES = f"""
    SELECT {_COLUMNS} FROM erp_export e
    WHERE e.draft_order_id = %(id)s AND {tells_order("e")} ORDER BY e.created_at DESC
"""  # noqa: S608  # built from constants
_CREATED = "SELECT created_at FROM erp_export WHERE draft_order_id = %(id)s"
_ADD = f"""
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, created_at, idempotency_key,
                            request_digest, requested_by, request_id, traceparent, route, route_version, fallback_id,
                            not_before, kind, reason, follows, next_attempt_at, revision, priority, on_hold)
    SELECT id, org_id, draft_order_id, connection_id, {quoted(ERPExportStatus.PENDING)}, created_at, idempotency_key,
           request_digest, requested_by, request_id, traceparent, route, route_version, fallback_id, not_before, kind,
           reason, follows, GREATEST(now(), not_before), ({CURRENT} WHERE o.id = r.draft_order_id),
           COALESCE((SELECT o.priority FROM draft_order o WHERE o.id = r.draft_order_id), 0),
           {on_hold("r.draft_order_id")}
    FROM jsonb_populate_recordset(NULL::erp_export, CAST(%(rows)s AS jsonb)) r
"""  # noqa: S608  # built from a constant
_REVIVE = text(f"""
    UPDATE erp_export
    SET status = {becomes(ExportStep.REVIVE)}, not_before = :not_before, attempts_spent = 0, error_json = NULL,
        next_attempt_at = GREATEST(now(), CAST(:not_before AS timestamptz)), held_at = NULL,
        asking = false, doubt_since = NULL, idempotency_key = COALESCE(:key, idempotency_key),
        request_digest = CASE WHEN CAST(:key AS text) IS NULL THEN request_digest ELSE :digest END
    WHERE id = :id AND {may(ExportStep.REVIVE)}
""")  # noqa: S608  # built from constants
_HOLD_FAILED = text(f"""
    UPDATE erp_export
    SET status = {becomes(ExportStep.REVIVE)}, attempts_spent = 0, held_at = now(), asking = false,
        doubt_since = COALESCE(doubt_since, now())
    WHERE id = :id AND {may(ExportStep.REVIVE)}
""")  # noqa: S608  # built from constants
# After a restored backup something may have been sent of which the log knows nothing: it is held.
_WITHDRAW = text(f"""
    DELETE FROM erp_export WHERE id IN (
        SELECT id FROM erp_export e
        WHERE id = :id AND {may(ExportStep.WITHDRAW)} AND {unsent("e")} AND {unleased("e")}
          AND NOT EXISTS (SELECT FROM erp_push_log l WHERE l.erp_export_id = e.id)
        FOR UPDATE SKIP LOCKED)
    RETURNING id
""")  # noqa: S608  # built from constants
_SEND_ANEW_AFTER = text(f"""
    UPDATE erp_export
    SET kind = {quoted(Kind.ORDER)}, follows = :recall_id, attempts_spent = 0, updated_at = now(), {NOT_BUILT}
    WHERE id = :id AND {may(ExportStep.WORK)}
""")  # noqa: S608  # built from constants
_TAKE_OVER = text(f"""
    UPDATE erp_export
    SET status = {becomes(ExportStep.TAKE_OVER)}, sent_at = COALESCE(sent_at, now()), answered_at = now(),
        confirmed_by = :by, error_json = NULL, unreadable_answer = NULL, inferred = true, updated_at = now()
    WHERE id = :id AND {may(ExportStep.TAKE_OVER)} AND (answered_at IS NOT NULL OR ({unsent()}))
    RETURNING id
""")  # noqa: S608  # built from constants
_FOR_ANSWERS = text(f"""
    SELECT {_COLUMNS}, EXISTS (
        SELECT FROM erp_export n
        WHERE n.draft_order_id = e.draft_order_id AND n.created_at > e.created_at AND {is_order("n")}) AS newer
    FROM erp_export e WHERE e.id = ANY(:ids)
    ORDER BY e.id
    FOR UPDATE OF e SKIP LOCKED
""")  # noqa: S608  # built from a constant


class SqlExports(SqlLeases, SqlInterventions):
    """The exports of one organization, in one transaction.

    Args:
        holding: The orders that the transaction is about, and has locked before their exports are asked for; what is
            not known of them is asked one by one.
    """

    def __init__(self, connection: Connection, org_id: UUID, holding: Holding | None = None) -> None:
        super().__init__(connection, org_id)
        self._holding = holding or Holding(connection, org_id)

    def add(self, export: Export, *, idempotency_key: str | None, actor: Actor) -> None:
        """Insert a PENDING export, due at once, or when it asks to be."""
        row = {
            "id": export.id,
            "org_id": self._org_id,
            "draft_order_id": export.draft_order_id,
            "connection_id": export.connection_id,
            "created_at": export.created_at,
            "idempotency_key": idempotency_key,
            "request_digest": export.request_digest,
            "requested_by": actor.name,
            "request_id": actor.request_id,
            "traceparent": actor.traceparent,
            "not_before": export.not_before,
            "kind": export.kind,
            "reason": export.reason,
            "follows": export.follows,
        }
        if export.route is not None:
            routed = {"route_version": export.route.version, "fallback_id": export.route.fallback_id}
            row |= {"route": export.route.decision, **routed}
        later_rows(self._connection, _ADD, [row], reads="draft_order_id")  # its revision may be kept just before
        self._holding.note_export(export.draft_order_id)

    def get(self, export_id: UUID) -> Export:
        """Return and lock one export. Raises NotFoundError."""
        found = self._one("WHERE e.id = %(id)s FOR UPDATE OF e", {"id": export_id})
        if found is None:
            raise no_export(export_id)
        return found

    def find(self, export_id: UUID) -> Export | None:
        """Return one export, without locking it; None if there is no such export."""
        return self._one("WHERE e.id = %(id)s", {"id": export_id})

    def latest(self, order_id: UUID) -> Export | None:
        """Return the newest export that told the ERP what the order says."""
        if self._holding.never_exported(order_id):
            return None
        return self._one(
            f"WHERE e.draft_order_id = %(id)s {_NEWEST}",
            {"id": order_id},
        )

    def recalls_of(self, order_id: UUID) -> list[Export]:
        """Return the order's recalls, the newest first; not locked, since a worker that has one waits for the order."""
        if self._holding.never_exported(order_id):
            return []
        return [export_in(row) for row in run(self._connection, _RECALLS, {"id": order_id})]

    def next_time(self, order_id: UUID) -> datetime:
        """Return the time, later than that of each export of an order."""
        if self._holding.never_exported(order_id):
            return clock.now()
        created: list[datetime] = [row["created_at"] for row in run(self._connection, _CREATED, {"id": order_id})]
        return max([clock.now(), *(at + timedelta(microseconds=1) for at in created)])

    def by_idempotency_key(self, order_id: UUID, key: str) -> Export | None:
        """Return the export that was asked for under `key` in the last 24 hours, or that is under way; no recall."""
        if self._holding.never_exported(order_id):
            return None
        return self._one(
            "WHERE e.draft_order_id = %(id)s AND e.idempotency_key = %(key)s"
            f" AND (e.created_at > now() - interval '24 hours' OR {may(ExportStep.WORK, 'e.status')}) {_NEWEST}",
            {"id": order_id, "key": key},
        )

    def revive(
        self,
        export_id: UUID,
        idempotency_key: str | None,
        not_before: datetime | None = None,
        digest: int | None = None,
    ) -> None:
        """Make a FAILED export PENDING again, asked for under a key by this request: same name, same bytes."""
        asked = {"key": idempotency_key, "digest": digest, "not_before": not_before}
        self._connection.execute(_REVIVE, {"id": export_id} | asked)

    def hold_failed(self, export_id: UUID) -> None:
        """Make a FAILED export PENDING again that may have arrived, held until a person says whether it has."""
        self._connection.execute(_HOLD_FAILED, {"id": export_id})

    def deliveries_of(self, order_id: UUID) -> list[Export]:
        """Return all that told the ERP what the order says, the newest first; not locked."""
        if self._holding.never_exported(order_id):
            return []
        return [export_in(row) for row in run(self._connection, _DELIVERIES, {"id": order_id})]

    def pin(self, export_id: UUID) -> None:
        """Say of an export of an older release which revision of its order it is made from; the order is locked."""
        if found := self.find(export_id):
            revisions.pin(self._connection, {export_id: found.draft_order_id})

    def send_anew_after(self, export_id: UUID, recall_id: UUID) -> None:
        """Make of a change the delivery of the order as it is now, which waits for that recall."""
        self._connection.execute(_SEND_ANEW_AFTER, {"id": export_id, "recall_id": recall_id})

    def take_over(self, export_id: UUID, by: str) -> bool:
        """Note who made a change in the ERP that this export asked for in vain; False if it has not FAILED for sure."""
        return self._connection.execute(_TAKE_OVER, {"id": export_id, "by": by}).first() is not None

    def withdraw(self, export_id: UUID) -> bool:
        """Delete a PENDING export of which no attempt began; False if one had."""
        return self._connection.execute(_WITHDRAW, {"id": export_id}).first() is not None

    def settle(self, batch: Batch, settlements: Sequence[Settlement]) -> Mapping[UUID, bool]:
        """Write export, order and log for each, in bulk; returns the ids that `batch.lease` still held, and whose
        order went along.
        """
        return settling.settle(self._connection, batch, settlements)

    def waiting_for_longer(self, connection_id: UUID, seconds: int, limit: int) -> list[UUID]:
        """Lock exports of the connection of which nothing was sent and that were requested longer ago, oldest first."""
        return outages.waiting_for_longer(self._connection, connection_id, seconds, limit)

    def give_up(self, export_ids: Sequence[UUID], error: dict[str, Any]) -> list[UUID]:
        """End exports of which nothing was sent, and their orders with them, in bulk; returns the orders."""
        return outages.give_up(self._connection, export_ids, error)

    def for_answers(self, export_ids: Sequence[UUID]) -> dict[UUID, tuple[Export, bool]]:
        """Lock exports, but for what a worker has locked; tell of each whether a newer one asks to take the order."""
        ids = {"ids": list(export_ids)}
        self._connection.execute(
            text(
                "SELECT FROM draft_order WHERE id IN (SELECT draft_order_id FROM erp_export WHERE id = ANY(:ids))"
                " ORDER BY id FOR UPDATE"
            ),
            ids,
        )
        rows = self._connection.execute(_FOR_ANSWERS, ids).mappings()
        return {row["id"]: (export_in(row), row["newer"]) for row in rows}

    def confirmed(self, export_id: UUID) -> Confirmed | None:
        """Return what the ERP said about the lines of an export until now."""
        return stored_answers.confirmed(self._connection, export_id)

    def record_answers(self, answers: Sequence[DecidedAnswer]) -> None:
        """Write decided answers to exports and orders, in bulk."""
        stored_answers.record_answers(self._connection, answers)

    def note_unreadable(self, acks: Sequence[Ack]) -> list[Ack]:
        """Keep answers that cannot be read with their exports; returns those that are news."""
        return stored_answers.note_unreadable(self._connection, acks)

    def count_unreadable(self, connection_id: UUID) -> int:
        """Count the connection's open exports whose answer cannot be read."""
        return stored_answers.count_unreadable(self._connection, connection_id)

    def awaits_answers(self, connection_id: UUID) -> bool:
        """Return whether an export of the connection is unanswered, or in doubt, so that an answer may decide it."""
        return stored_answers.awaited(self._connection, connection_id)

    def _one(self, where: str, parameters: dict[str, Any]) -> Export | None:
        query = f"SELECT {_COLUMNS} FROM erp_export e {where}"  # noqa: S608  # `where` is a text of this class
        row = run(self._connection, query, parameters).fetchone()
        return export_in(row) if row is not None else None


def route_in(row: Mapping[Any, Any]) -> Route | None:
    """Return what the rules decided for an export, as its row says."""
    if row["route_version"] is None:
        return None
    return Route(row["connection_id"], row["route_version"], row["route"], row["fallback_id"])


def export_in(row: Mapping[Any, Any]) -> Export:
    """Return the export of a row."""
    return Export(
        id=row["id"],
        draft_order_id=row["draft_order_id"],
        connection_id=row["connection_id"],
        status=ERPExportStatus(row["status"]),
        created_at=row["created_at"],
        not_before=row["not_before"],
        kind=Kind(row["kind"]),
        filename=row["filename"],
        attempts_spent=row["attempts_spent"],
        lease_is_live=row["lease_is_live"],
        begun=row["begun_at"] is not None,
        staged=row["staged_at"] is not None,
        answered=row["answered_at"] is not None,
        held=row["held_at"] is not None,
        erp_order_id=row["erp_order_id"],
        error=row["error_json"],
        route=route_in(row),
        unreadable=row["unreadable_answer"],
        revision=row["revision"],
        reason=row["reason"],
        follows=row["follows"],
        changed_since=row.get("changed_since", False),
        perhaps_sent_at=row.get("perhaps_sent_at"),
        request_digest=row["request_digest"],
    )
