"""What a person does to exports, in PostgreSQL: confirm, decide a doubt, stop, move to another connection.

No statement here touches an export that a worker holds, or waits for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from orderflow.domain.states import AttemptStatus, AttemptStep, ExportStep, Kind
from orderflow.flow.ports import Export
from orderflow.storage.records import as_json
from orderflow.storage.tables.states import becomes, in_doubt, is_order, may, on_hold, quoted, unsent
from orderflow.storage.work.clock import UNLEASED

_CONFIRM = text(f"""
    UPDATE erp_export
    SET status = {becomes(ExportStep.CONFIRM)}, answered_at = now(), confirmed_by = :by, error_json = NULL,
        unreadable_answer = NULL, updated_at = now()
    WHERE id = :id AND {may(ExportStep.CONFIRM)}
    RETURNING id
""")  # noqa: S608  # built from constants
# What may have arrived and nobody works on. A worker's rows are passed by: it locks its exports before their orders.
_DOUBTFUL = f"""
    SELECT id FROM erp_export WHERE id = :id AND {in_doubt()} AND {UNLEASED} AND {{}} FOR UPDATE SKIP LOCKED
"""  # noqa: S608  # built from constants
_DECIDED = """
    held_at = NULL, asking = false, begun_at = NULL, doubt_since = NULL, lease_token = NULL, lease_until = NULL,
    unreadable_answer = NULL, updated_at = now()
"""
_UNSENT = f"{_DECIDED}, staged_at = NULL, staged_path = NULL"
_NOTE_DELIVERED = text(f"""
    UPDATE erp_export SET status = {becomes(ExportStep.NOTE_DELIVERED)}, sent_at = now(), inferred = true,
        error_json = NULL, {_DECIDED}
    WHERE id IN ({_DOUBTFUL.format(may(ExportStep.NOTE_DELIVERED))}) RETURNING id
""")  # noqa: S608  # built from constants
_SEND_AGAIN = text(f"""
    UPDATE erp_export SET attempts_spent = 0, next_attempt_at = now(),
        on_hold = {on_hold("erp_export.draft_order_id")}, {_UNSENT}
    WHERE id IN ({_DOUBTFUL.format(may(ExportStep.SEND_AGAIN))}) RETURNING id
""")  # noqa: S608  # built from constants
_NOTE_FAILED = text(f"""
    UPDATE erp_export SET status = {becomes(ExportStep.NOTE_FAILED)}, error_json = CAST(:error AS jsonb), {_UNSENT}
    WHERE id IN ({_DOUBTFUL.format(may(ExportStep.NOTE_FAILED))}) RETURNING id
""")  # noqa: S608  # built from constants
_DROP = text(f"""
    UPDATE erp_export SET status = {becomes(ExportStep.DROP)}, answered_at = now(), error_json = CAST(:error AS jsonb),
        {_DECIDED}
    WHERE id = :id AND {may(ExportStep.DROP)} RETURNING id
""")  # noqa: S608  # built from constants
_WAITS = f"SELECT id FROM erp_export WHERE id = :id AND {unsent()} AND {UNLEASED} AND {{}} FOR UPDATE SKIP LOCKED"  # noqa: S608  # built from constants
_STOP = text(f"""
    UPDATE erp_export SET status = {becomes(ExportStep.STOP)}, error_json = CAST(:error AS jsonb), {_DECIDED}
    WHERE id IN ({_WAITS.format(may(ExportStep.STOP))}) RETURNING id
""")  # noqa: S608  # built from constants
_CLOSE_LOG = text(f"""
    UPDATE erp_push_log SET status = {quoted(AttemptStatus.FAILED)}, error_message = COALESCE(error_message, :message)
    WHERE erp_export_id = :id AND {may(AttemptStep.END)}
""")  # noqa: S608  # built from constants
NOT_BUILT = """
    filename = NULL, export_storage_key = NULL, document_sha256 = NULL, document_size = NULL,
    export_format_version = NULL, export_media_type = NULL, control_number = NULL, last_begun_at = NULL,
    receipt_check = NULL, erp_order_id = NULL
"""
"""What of an export goes where it becomes one of another kind: its document, and what attempts to send that left.

Not `refusals`: it is part of an AS2 Message-ID, which would be that of a refused message once the export came back.
"""

ANEW = f"""
    next_attempt_at = GREATEST(now(), not_before), attempts_spent = 0, error_json = NULL,
    lease_token = NULL, lease_until = NULL, updated_at = now(), {NOT_BUILT}
"""
"""Likewise where its connection changes."""

_MOVE = text(f"""
    UPDATE erp_export e
    SET connection_id = :target, route = NULL, route_version = NULL, fallback_id = NULL, {ANEW}
    FROM (
        SELECT id FROM erp_export
        WHERE connection_id = :source AND {may(ExportStep.MOVE)} AND {unsent()} AND {UNLEASED}
          AND {is_order()} AND (CAST(:ids AS uuid[]) IS NULL OR id = ANY(:ids))
        FOR UPDATE SKIP LOCKED
    ) waiting
    WHERE e.id = waiting.id
    RETURNING e.id, e.draft_order_id
""")  # noqa: S608  # built from a constant
_MAKE_CHANGE = text(f"""
    UPDATE erp_export SET kind = {quoted(Kind.CHANGE)}, follows = :there, connection_id = :connection,
        route = NULL, route_version = NULL, fallback_id = NULL, {ANEW}
    WHERE id IN ({_WAITS.format(may(ExportStep.MOVE))}) RETURNING id
""")  # noqa: S608  # built from constants


class SqlInterventions:
    """The part of `flow.ports.Exports` that people use."""

    _connection: Connection

    def confirm(self, export_id: UUID, by: str) -> bool:
        """Note who confirmed a SENT export in its ERP's place; False if it is not SENT."""
        return self._connection.execute(_CONFIRM, {"id": export_id, "by": by}).first() is not None

    def note_delivered(self, export_id: UUID) -> bool:
        """Note that an export in doubt had arrived; False if it is not in doubt, or a worker is at it."""
        return self._decide(_NOTE_DELIVERED, export_id)

    def send_again(self, export_id: UUID) -> bool:
        """Make an export in doubt due, its doubt forgotten, name and bytes kept; False as for `note_delivered`."""
        return self._decide(_SEND_AGAIN, export_id)

    def note_failed(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """Note that an export in doubt never arrived, and end it; False as for `note_delivered`."""
        return self._decide(_NOTE_FAILED, export_id, error)

    def drop(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """End what was SENT and need not be answered any more; False if it is not SENT."""
        return self._decide(_DROP, export_id, error)

    def stop(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """End a PENDING export of which nothing was sent; False if something was, or a worker is at it."""
        return self._decide(_STOP, export_id, error)

    def make_change_of(self, export_id: UUID, there: Export) -> bool:
        """Make a PENDING export a change of `there`, over its connection; False as for `stop`."""
        values = {"id": export_id, "there": there.id, "connection": there.connection_id}
        return self._connection.execute(_MAKE_CHANGE, values).first() is not None

    def _decide(self, statement: TextClause, export_id: UUID, error: dict[str, Any] | None = None) -> bool:
        values: dict[str, Any] = {"id": export_id}
        values |= {"error": as_json(error)} if error else {}
        decided = self._connection.execute(statement, values).first() is not None
        if decided:
            message = error["message"] if error else "A person decided how it ended."
            self._connection.execute(_CLOSE_LOG, {"id": export_id, "message": message})
        return decided

    def move(self, source: UUID, target: UUID, export_ids: Sequence[UUID] | None) -> dict[UUID, UUID]:
        """Move waiting exports of which nothing was sent, all of `source`'s or those named, to `target`.

        Their documents are built anew, for the other connection may write another format.

        Returns:
            The order of each export that was moved, by export.
        """
        ids = None if export_ids is None else list(export_ids)
        rows = self._connection.execute(_MOVE, {"source": source, "target": target, "ids": ids})
        return {row.id: row.draft_order_id for row in rows}
