"""Settling in PostgreSQL: one statement for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import ConnectorError
from orderflow.domain.proof import Proof
from orderflow.domain.states import ARRIVED, ERPExportStatus, ExportStep, OrderEvent, OrderStatus
from orderflow.flow.ports import Batch, Settlement
from orderflow.storage.records import as_json, records
from orderflow.storage.tables.models.exports import AS_PUBLISHED, PUBLISHED
from orderflow.storage.tables.states import among, changed_since, may, quoted
from orderflow.storage.work.proofs import keep

LONGEST_RESPONSE = 16_384
"""Characters of a connector's answer that are kept in the log."""

# After the exports, and in the order of their ids, as everybody locks orders. A statement of its own: what the next one
# sees of changes that were asked for is as old as these locks, however long they were waited for.
_LOCK_ORDERS = text(f"""
    WITH held AS (
        SELECT id, draft_order_id FROM erp_export
        WHERE id = ANY(:ids) AND lease_token = :token AND {may(ExportStep.SETTLE)}
        ORDER BY id FOR UPDATE
    )
    SELECT FROM draft_order WHERE id IN (SELECT draft_order_id FROM held) ORDER BY id FOR NO KEY UPDATE
""")  # noqa: S608  # built from a constant
# The file's name is how the ERP knows the order until it has given it a number.
_FILE = "CASE WHEN o.erp_order_id IS NULL OR o.erp_order_id_source = 'filename' THEN r.file END"
_ACKED = quoted(ERPExportStatus.ACKED)
_SETTLE = text(f"""
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            export_id uuid, order_id uuid, log_id uuid, export_status text, order_status text, log_status text,
            delay float8, spent int, sent bool, hold bool, asking bool, in_doubt bool, keep bool, error jsonb,
            response jsonb, message text, path text, file text, erp_order_id text, inferred bool, received bool,
            refused bool, receipt_check text, latency_ms int, nothing_done bool, begun_before timestamptz)
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
            -- The last of a slow batch may have been sent long after its batch began. What is staged was renamed, or
            -- may have been.
            last_begun_at = CASE WHEN r.in_doubt AND (r.sent OR e.staged_at IS NOT NULL) THEN now()
                                 -- Or another's order of that number would pass later for what this attempt sent.
                                 WHEN r.nothing_done THEN r.begun_before ELSE e.last_begun_at END,
            refusals = e.refusals + CAST(r.refused AS int),
            receipt_check = COALESCE(r.receipt_check, e.receipt_check),
            doubt_since = CASE WHEN r.in_doubt THEN LEAST(COALESCE(e.doubt_since, now()), now()) END,
            held_at = CASE WHEN r.hold THEN COALESCE(e.held_at, now()) END,
            asking = r.hold AND r.asking,
            error_json = r.error,
            dropzone_path = COALESCE(r.path, e.dropzone_path),
            erp_order_id = COALESCE(r.erp_order_id, e.erp_order_id),
            inferred = e.inferred OR r.inferred,
            sent_at = CASE WHEN {among(ARRIVED, "r.export_status")} THEN now() END,
            received_at = CASE WHEN r.received THEN COALESCE(e.received_at, now()) ELSE e.received_at END,
            answered_at = CASE WHEN r.export_status = {_ACKED} THEN now() END,
            unreadable_answer = CASE WHEN r.export_status <> {_ACKED} THEN e.unreadable_answer END
        FROM r JOIN held ON held.id = r.export_id WHERE e.id = held.id
        RETURNING e.id, e.draft_order_id, e.created_at, e.staged_path, e.document_size
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
          AND NOT {changed_since("e")}
        RETURNING o.id
    ), l AS (
        UPDATE erp_push_log l
        SET status = r.log_status, error_message = r.message, latency_ms = r.latency_ms,
            response_json = CASE WHEN r.response = {PUBLISHED} THEN '{AS_PUBLISHED}' ELSE r.response END
        FROM r JOIN e ON e.id = r.export_id WHERE l.id = r.log_id
    )
    SELECT id, draft_order_id IN (SELECT id FROM o) AS went_along FROM e
""")  # noqa: S608  # built from a constant


def settle(connection: Connection, batch: Batch, settlements: Sequence[Settlement]) -> dict[UUID, bool]:
    """Write export, order and log for each; returns what the batch's lease still held, and whose order went along."""
    rows = records(_settle_row(item) for item in settlements)
    ids = [item.attempt.export_id for item in settlements]
    connection.execute(_LOCK_ORDERS, {"ids": ids, "token": batch.lease.token})
    settled = connection.execute(_SETTLE, {"rows": rows, "token": batch.lease.token})
    held = {row.id: row.went_along for row in settled}
    proofs = {item.attempt.export_id: proof for item in settlements if (proof := _proof(item))}
    if proofs:
        keep(connection, {export_id: proof for export_id, proof in proofs.items() if export_id in held})
    return held


def _proof(item: Settlement) -> Proof | None:
    outcome = item.attempt.outcome
    return outcome.proof if outcome is not None else None


def _settle_row(item: Settlement) -> dict[str, Any]:
    attempt, outcome, proof = item.attempt, item.attempt.outcome, _proof(item)
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
        "nothing_done": False,
        "keep": item.keep_lease,
        "latency_ms": attempt.latency_ms,
        "refused": proof is not None and proof.refused,
        "receipt_check": outcome.check if isinstance(outcome, ConnectorError) else None,
        "inferred": False,
        "received": False,
    }
    if isinstance(outcome, ExportResult):
        return row | _result_columns(outcome)
    if isinstance(outcome, ConnectorError):
        undone = {"nothing_done": item.nothing_done, "begun_before": attempt.order.delivery.last_begun_at}
        return row | undone | {"error": outcome.as_json(), "response": outcome.as_json(), "message": outcome.message}
    return row


def _result_columns(result: ExportResult) -> dict[str, Any]:
    return {
        "response": _capped(result.connector_metadata | ({"inferred": True} if result.inferred else {})),
        "path": result.dropzone_path,
        "file": result.dropzone_path.rpartition("/")[2] if result.dropzone_path else None,
        "erp_order_id": result.erp_order_id,
        "inferred": result.inferred,
        "received": result.received,
    }


def _capped(metadata: dict[str, Any]) -> dict[str, Any]:
    encoded = as_json(metadata)
    return metadata if len(encoded) <= LONGEST_RESPONSE else {"cut": encoded[:LONGEST_RESPONSE]}
