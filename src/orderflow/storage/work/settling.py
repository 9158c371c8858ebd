"""Settling and the ERP's answers in PostgreSQL: one statement for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.answers import refusal
from orderflow.domain.delivery import Ack, ExportResult
from orderflow.domain.errors import ConnectorError
from orderflow.domain.states import ARRIVED, OPEN, AttemptStep, ERPExportStatus, ExportStep, OrderEvent, OrderStatus
from orderflow.flow.ports import Batch, DecidedAnswer, Settlement
from orderflow.storage.records import as_json, records
from orderflow.storage.tables.states import among, becomes, fitting, may, quoted

LONGEST_RESPONSE = 16_384
"""Characters of a connector's answer that are kept in the log."""

# The file's name is how the ERP knows the order until it has given it a number.
_FILE = "CASE WHEN o.erp_order_id IS NULL OR o.erp_order_id_source = 'filename' THEN r.file END"
_ACKED, _REFUSED = quoted(ERPExportStatus.ACKED), quoted(ERPExportStatus.FAILED)
_SAID = f"CASE WHEN r.acked THEN {_ACKED} ELSE {_REFUSED} END"
_SETTLE = text(f"""
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            export_id uuid, order_id uuid, log_id uuid, export_status text, order_status text, log_status text,
            delay float8, spent int, sent bool, hold bool, asking bool, in_doubt bool, keep bool, error jsonb,
            response jsonb, message text, path text, file text, erp_order_id text, inferred bool, latency_ms int)
    ), held AS (
        SELECT id FROM erp_export
        WHERE id IN (SELECT export_id FROM r) AND lease_token = :token AND {may(ExportStep.SETTLE)}
        ORDER BY id FOR UPDATE
    ), e AS (
        UPDATE erp_export e
        SET status = r.export_status,
            attempts_spent = e.attempts_spent + r.spent,
            -- What need not wait keeps its place in the queue, so that all goes out in order of age.
            next_attempt_at = CASE WHEN r.delay > 0 THEN now() + make_interval(secs => r.delay)
                              ELSE e.next_attempt_at END,
            lease_token = CASE WHEN r.keep THEN e.lease_token END,
            lease_until = CASE WHEN r.keep THEN e.lease_until END,
            begun_at = CASE WHEN r.in_doubt THEN COALESCE(e.begun_at, now()) END,
            -- The last of a slow batch may have been sent long after its batch began.
            last_begun_at = CASE WHEN r.in_doubt AND r.sent THEN now() ELSE e.last_begun_at END,
            doubt_since = CASE WHEN r.in_doubt THEN LEAST(COALESCE(e.doubt_since, now()), now()) END,
            held_at = CASE WHEN r.hold THEN COALESCE(e.held_at, now()) END,
            asking = r.hold AND r.asking,
            error_json = r.error,
            dropzone_path = COALESCE(r.path, e.dropzone_path),
            erp_order_id = COALESCE(r.erp_order_id, e.erp_order_id),
            inferred = e.inferred OR r.inferred,
            sent_at = CASE WHEN {among(ARRIVED, "r.export_status")} THEN now() END,
            answered_at = CASE WHEN r.export_status = {_ACKED} THEN now() END,
            unreadable_answer = CASE WHEN r.export_status <> {_ACKED} THEN e.unreadable_answer END
        FROM r JOIN held ON held.id = r.export_id WHERE e.id = held.id
        RETURNING e.id
    ), o AS (
        UPDATE draft_order o
        SET status = r.order_status,
            erp_order_id = COALESCE(r.erp_order_id, {_FILE}, o.erp_order_id),
            erp_order_id_source = CASE WHEN r.erp_order_id IS NOT NULL THEN 'erp' WHEN {_FILE} IS NOT NULL
                                  THEN 'filename' ELSE o.erp_order_id_source END,
            error_json = CASE WHEN r.order_status = {quoted(OrderStatus.ERROR)} THEN r.error END,
            updated_at = now()
        FROM r JOIN e ON e.id = r.export_id
        WHERE o.id = r.order_id AND r.order_status IS NOT NULL AND {may(OrderEvent.SETTLE, "o.status")}
    ), l AS (
        UPDATE erp_push_log l
        SET status = r.log_status, response_json = r.response, error_message = r.message, latency_ms = r.latency_ms
        FROM r JOIN e ON e.id = r.export_id WHERE l.id = r.log_id
    )
    SELECT id FROM e
""")  # noqa: S608  # built from a constant
_ANSWER = text(f"""
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            export_id uuid, order_id uuid, acked bool, settle_first bool, erp_order_id text, source text, error jsonb)
    ), e AS (
        UPDATE erp_export e
        SET status = {_SAID},
            erp_order_id = COALESCE(r.erp_order_id, e.erp_order_id),
            error_json = r.error,
            answered_at = now(),
            sent_at = COALESCE(e.sent_at, now()),
            unreadable_answer = NULL,
            inferred = e.inferred OR r.settle_first,
            lease_token = NULL, lease_until = NULL, held_at = NULL, asking = false, begun_at = NULL, doubt_since = NULL
        FROM r WHERE e.id = r.export_id AND {may(ExportStep.ANSWER, "e.status")}
        RETURNING e.id
    ), l AS (
        UPDATE erp_push_log l SET status = {becomes(AttemptStep.ANSWER)}, response_json = '{{"settled_by": "answer"}}',
            error_message = NULL
        FROM e CROSS JOIN LATERAL (
            SELECT a.id FROM erp_push_log a WHERE a.erp_export_id = e.id
            ORDER BY a.attempt_no DESC LIMIT 1) last
        WHERE l.id = last.id AND {may(AttemptStep.ANSWER, "l.status")}
    )
    UPDATE draft_order o
    SET status = {fitting(_SAID)},
        erp_order_id = COALESCE(r.erp_order_id, o.erp_order_id),
        erp_order_id_source = CASE WHEN r.erp_order_id IS NULL THEN o.erp_order_id_source ELSE r.source END,
        error_json = r.error,
        updated_at = now()
    FROM r JOIN e ON e.id = r.export_id WHERE o.id = r.order_id AND {may(OrderEvent.ANSWER, "o.status")}
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


def settle(connection: Connection, batch: Batch, settlements: Sequence[Settlement]) -> set[UUID]:
    """Write export, order and log for each; returns the ids that the batch's lease still held."""
    rows = records(_settle_row(item) for item in settlements)
    return set(connection.execute(_SETTLE, {"rows": rows, "token": batch.lease.token}).scalars())


def record_answers(connection: Connection, answers: Sequence[DecidedAnswer]) -> None:
    """Write the answers that change something to exports, orders and logs."""
    rows = [_answer_row(answer) for answer in answers if answer.verdict in ("acknowledge", "refuse")]
    if rows:
        connection.execute(_ANSWER, {"rows": records(rows)})


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


def _unreadable_row(ack: Ack) -> dict[str, Any]:
    answer = {"file": ack.source, "reason": ack.message, "excerpt": ack.excerpt, "digest": ack.digest}
    return {"export_id": ack.export_id, "answer": answer}


def _settle_row(item: Settlement) -> dict[str, Any]:
    attempt, outcome = item.attempt, item.attempt.outcome
    row: dict[str, Any] = {
        "export_id": attempt.export_id,
        "order_id": attempt.order.id,
        "log_id": attempt.log_id,
        "export_status": item.export_status,
        "order_status": item.order_status,
        "log_status": item.log_status,
        "delay": item.delay,
        "spent": int(item.spent),
        "sent": attempt.sent,
        "hold": item.hold,
        "asking": item.asking,
        "in_doubt": item.still_in_doubt,
        "keep": item.keep_lease,
        "latency_ms": attempt.latency_ms,
        "inferred": False,
    }
    if isinstance(outcome, ExportResult):
        return row | _result_columns(outcome)
    if isinstance(outcome, ConnectorError):
        return row | {"error": outcome.as_json(), "response": outcome.as_json(), "message": outcome.message}
    return row


def _result_columns(result: ExportResult) -> dict[str, Any]:
    return {
        "response": _capped(result.connector_metadata | ({"inferred": True} if result.inferred else {})),
        "path": result.dropzone_path,
        "file": result.dropzone_path.rpartition("/")[2] if result.dropzone_path else None,
        "erp_order_id": result.erp_order_id,
        "inferred": result.inferred,
    }


def _capped(metadata: dict[str, Any]) -> dict[str, Any]:
    encoded = as_json(metadata)
    return metadata if len(encoded) <= LONGEST_RESPONSE else {"cut": encoded[:LONGEST_RESPONSE]}


def _answer_row(answer: DecidedAnswer) -> dict[str, Any]:
    ack = answer.ack
    acked = answer.verdict == "acknowledge"
    return {
        "export_id": answer.export.id,
        "order_id": answer.export.draft_order_id,
        "acked": acked,
        "settle_first": answer.settle_first,
        "erp_order_id": ack.erp_order_id,
        "source": "erp",
        "error": None if acked else refusal(ack.error_code, ack.message),
    }
