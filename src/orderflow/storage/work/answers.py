"""The ERP's answers in PostgreSQL: one statement for all that have the same verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from orderflow.domain.answer_details import Details, Level
from orderflow.domain.answers import refusal
from orderflow.domain.confirmations import Difference
from orderflow.domain.delivery import Ack
from orderflow.domain.states import OPEN, UPDATED, AttemptStep, ERPExportStatus, ExportStep, OrderEvent, OrderStatus
from orderflow.domain.typed import typed
from orderflow.flow.ports import Confirmed, DecidedAnswer
from orderflow.storage.records import records
from orderflow.storage.tables.states import among, becomes, changed_since, fitting, may, quoted, tells_order
from orderflow.storage.work import proofs
from orderflow.storage.work.revisions import CURRENT
from orderflow.storage.work.waiting import awaits

_ACKED, _REFUSED = quoted(ERPExportStatus.ACKED), quoted(ERPExportStatus.FAILED)
_SAID = f"CASE WHEN r.acked THEN {_ACKED} ELSE {_REFUSED} END"
_ROWS = """
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            export_id uuid, order_id uuid, acked bool, settle_first bool, erp_order_id text, source text, error jsonb,
            understood bool, refused bool, confirmation text, details jsonb, differences jsonb)
    )
"""
# What the ERP says of an order that is being recalled is kept; what becomes of the order, the recall's end says.
_RECALLING = f"o.status = {quoted(OrderStatus.RECALLING)}"
# What an attempt that nobody had settled proves to have been: it arrived.
_SETTLED = f"""
    UPDATE erp_push_log l SET status = {becomes(AttemptStep.ANSWER)}, response_json = '{{"settled_by": "answer"}}',
        error_message = NULL
    FROM e CROSS JOIN LATERAL (
        SELECT a.id FROM erp_push_log a WHERE a.erp_export_id = e.id
        ORDER BY a.attempt_no DESC LIMIT 1) last
    WHERE l.id = last.id AND {may(AttemptStep.ANSWER, "l.status")}
"""  # noqa: S608  # built from constants
# It moves the order, unless what the order says now went its own way, or is not what was answered.
_IS_SAID = f"COALESCE(e.revision = ({CURRENT} WHERE o.id = e.draft_order_id), true)"
_MOVES = f"{tells_order('e')} AND NOT {changed_since('e')} AND {_IS_SAID}"
_KEPT = """
    INSERT INTO draft_order_confirmation (draft_order_id, org_id, export_id, details, differences, answered_at)
    SELECT r.order_id, e.org_id, r.export_id, r.details, r.differences, now()
    FROM r JOIN e ON e.id = r.export_id JOIN o ON o.id = r.order_id WHERE r.details IS NOT NULL
    ON CONFLICT (draft_order_id) DO UPDATE
    SET export_id = EXCLUDED.export_id, details = EXCLUDED.details, differences = EXCLUDED.differences,
        answered_at = EXCLUDED.answered_at
"""
_ANSWER = text(f"""
    {_ROWS}, e AS (
        UPDATE erp_export e
        SET status = {_SAID},
            erp_order_id = COALESCE(r.erp_order_id, e.erp_order_id),
            error_json = r.error,
            answered_at = now(),
            sent_at = COALESCE(e.sent_at, now()),
            unreadable_answer = NULL,
            refusals = e.refusals + CAST(r.refused AS int),
            inferred = e.inferred OR r.settle_first,
            lease_token = NULL, lease_until = NULL, held_at = NULL, asking = false, begun_at = NULL, doubt_since = NULL
        FROM r WHERE e.id = r.export_id AND {may(ExportStep.ANSWER, "e.status")}
        RETURNING e.id, e.org_id, e.kind, e.draft_order_id, e.created_at, e.revision
    ), l AS ({_SETTLED}), o AS (
        UPDATE draft_order o
        SET status = CASE WHEN {_RECALLING} THEN o.status ELSE {fitting(_SAID)} END,
            erp_order_id = COALESCE(r.erp_order_id, o.erp_order_id),
            erp_order_id_source = CASE WHEN r.erp_order_id IS NULL THEN o.erp_order_id_source ELSE r.source END,
            error_json = CASE WHEN {_RECALLING} THEN o.error_json ELSE r.error END,
            confirmation = r.confirmation, differences_accepted_at = NULL, differences_accepted_by = NULL,
            updated_at = now()
        FROM r JOIN e ON e.id = r.export_id AND {_MOVES}
        WHERE o.id = r.order_id AND ({may(OrderEvent.ANSWER, "o.status")} OR {_RECALLING})
        RETURNING o.id
    ) {_KEPT}
""")  # noqa: S608  # built from constants
# A person may be looking at what was confirmed before: the version tells them that it is another now.
_UPDATE = text(f"""
    {_ROWS}, e AS (
        UPDATE erp_export e SET erp_order_id = COALESCE(e.erp_order_id, r.erp_order_id)
        FROM r WHERE e.id = r.export_id AND e.status = {_ACKED}
        RETURNING e.id, e.org_id, e.kind, e.draft_order_id, e.created_at, e.revision
    ), former AS (
        SELECT c.draft_order_id, c.differences FROM draft_order_confirmation c JOIN r ON r.order_id = c.draft_order_id
    ), o AS (
        UPDATE draft_order o
        SET erp_order_id = CASE WHEN o.erp_order_id_source IN ('erp', 'file') THEN o.erp_order_id
                           ELSE COALESCE(r.erp_order_id, o.erp_order_id) END,
            erp_order_id_source = CASE WHEN o.erp_order_id_source IN ('erp', 'file') OR r.erp_order_id IS NULL
                                  THEN o.erp_order_id_source ELSE r.source END,
            confirmation = r.confirmation,
            differences_accepted_at = CASE WHEN former.differences = r.differences THEN o.differences_accepted_at END,
            differences_accepted_by = CASE WHEN former.differences = r.differences THEN o.differences_accepted_by END,
            version = o.version + 1, updated_at = now()
        FROM r JOIN e ON e.id = r.export_id AND {_MOVES} LEFT JOIN former ON former.draft_order_id = r.order_id
        WHERE o.id = r.order_id AND {among(UPDATED, "o.status")}
        RETURNING o.id
    ) {_KEPT}
""")  # noqa: S608  # built from constants
_NOTE = text(f"""
    {_ROWS}, e AS (
        UPDATE erp_export e
        SET status = {becomes(ExportStep.NOTE_LEVEL)},
            received_at = COALESCE(e.received_at, now()),
            understood_at = CASE WHEN r.understood THEN COALESCE(e.understood_at, now()) ELSE e.understood_at END,
            sent_at = COALESCE(e.sent_at, now()),
            inferred = e.inferred OR r.settle_first,
            error_json = NULL,
            lease_token = NULL, lease_until = NULL, held_at = NULL, asking = false, begun_at = NULL, doubt_since = NULL
        FROM r WHERE e.id = r.export_id AND {may(ExportStep.NOTE_LEVEL, "e.status")}
        RETURNING e.id, e.kind, e.draft_order_id, e.created_at, e.revision
    ), l AS ({_SETTLED})
    UPDATE draft_order o
    SET status = {quoted(OrderStatus.PUSHED)}, error_json = NULL, updated_at = now()
    FROM r JOIN e ON e.id = r.export_id AND {_MOVES}
    WHERE o.id = r.order_id AND {may(OrderEvent.SETTLE, "o.status")}
""")  # noqa: S608  # built from constants
_UNREADABLE = text(f"""
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(export_id uuid, answer jsonb)
    )
    UPDATE erp_export e SET unreadable_answer = r.answer || jsonb_build_object('read_at', now())
    FROM r WHERE e.id = r.export_id AND {may(ExportStep.NOTE_UNREADABLE, "e.status")}
      AND e.unreadable_answer - 'read_at' IS DISTINCT FROM r.answer
    RETURNING e.id
""")  # noqa: S608  # built from constants
_COUNT_UNREADABLE = text(f"""
    SELECT count(*) FROM erp_export
    WHERE connection_id = :id AND unreadable_answer IS NOT NULL AND {among(OPEN)}
""")  # noqa: S608  # built from constants
_AWAITED = text(f"SELECT {awaits(':id')}")  # built from constants
_CONFIRMED = text("SELECT details, differences FROM draft_order_confirmation WHERE export_id = :id")
_BY_VERDICT = (
    (_NOTE, ("note",)),
    (_ANSWER, ("acknowledge", "refuse")),
    (_UPDATE, ("update",)),
)


def record_answers(connection: Connection, answers: Sequence[DecidedAnswer]) -> None:
    """Write the answers that change something to exports, orders and logs."""
    for statement, verdicts in _BY_VERDICT:
        rows = [_row(answer) for answer in answers if answer.verdict in verdicts]
        if rows:
            connection.execute(statement, {"rows": records(rows)})
    if kept := {answer.export.id: answer.ack.proof for answer in answers if answer.ack.proof}:
        proofs.keep(connection, kept)


def confirmed(connection: Connection, export_id: UUID) -> Confirmed | None:
    """Return what the ERP said about the lines of an export until now."""
    row = connection.execute(_CONFIRMED, {"id": export_id}).mappings().first()
    return confirmed_in(row) if row else None


def confirmed_in(row: Mapping[Any, Any]) -> Confirmed:
    """Return what a row says that the ERP confirmed."""
    return Confirmed(typed(row["details"], Details), typed(row["differences"], tuple[Difference, ...]))


def note_unreadable(connection: Connection, acks: Sequence[Ack]) -> list[Ack]:
    """Keep what cannot be read; the same answer is news once. Returns the news, and what belongs to no export."""
    rows = {ack.export_id: _unreadable_row(ack) for ack in acks if ack.export_id}
    if not rows:
        return list(acks)
    noted = set(connection.execute(_UNREADABLE, {"rows": records(rows.values())}).scalars())
    return [ack for ack in acks if ack.export_id is None or ack.export_id in noted]


def count_unreadable(connection: Connection, connection_id: UUID) -> int:
    """Count the connection's open exports whose answer cannot be read."""
    return int(connection.execute(_COUNT_UNREADABLE, {"id": connection_id}).scalar_one())


def awaited(connection: Connection, connection_id: UUID) -> bool:
    """Return whether an export of the connection is unanswered, or in doubt, so that an answer may decide it."""
    return bool(connection.execute(_AWAITED, {"id": connection_id}).scalar())


def _unreadable_row(ack: Ack) -> dict[str, Any]:
    answer = {"file": ack.source, "reason": ack.message, "excerpt": ack.excerpt, "digest": ack.digest}
    return {"export_id": ack.export_id, "answer": answer}


def _row(answer: DecidedAnswer) -> dict[str, Any]:
    ack, confirmed = answer.ack, answer.confirmed
    row: dict[str, Any] = {
        "export_id": answer.export.id,
        "order_id": answer.export.draft_order_id,
        "acked": answer.verdict == "acknowledge",
        "settle_first": answer.settle_first,
        "erp_order_id": ack.erp_order_id,
        "source": "erp",
        "error": refusal(ack.error_code, ack.message, answer.export.kind) if answer.verdict == "refuse" else None,
        "understood": ack.level is Level.UNDERSTOOD,
        "refused": ack.proof is not None and ack.proof.refused,
    }
    if confirmed is None:
        return row
    kept = {"details": confirmed.details, "differences": confirmed.differences}
    return (
        row | {"confirmation": confirmed.confirmation} | {name: msgspec.to_builtins(one) for name, one in kept.items()}
    )
