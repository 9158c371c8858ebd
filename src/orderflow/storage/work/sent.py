"""The deliveries that brought orders to their ERPs, for what follows them, and where doubtful ones were sent."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.delivery import Sent
from orderflow.storage.tables.states import is_order

_SENT = text(f"""
    SELECT DISTINCT ON (e.draft_order_id) e.draft_order_id, e.id, e.created_at, e.filename, e.staged_path,
           e.dropzone_path, e.control_number,
           COALESCE(e.erp_order_id, CASE WHEN o.erp_order_id_source <> 'filename' THEN o.erp_order_id END) AS number,
           (SELECT l.request_json ->> 'destination' FROM erp_push_log l
            WHERE l.erp_export_id = e.id AND l.created_at <= e.last_begun_at
            ORDER BY l.attempt_no DESC LIMIT 1) AS led_to
    FROM erp_export e JOIN draft_order o ON o.id = e.draft_order_id
    WHERE e.draft_order_id = ANY(:ids) AND {is_order("e")} AND e.filename IS NOT NULL
    ORDER BY e.draft_order_id, e.created_at DESC
""")  # noqa: S608  # built from a constant


_BEGUN_TO = text("""
    SELECT DISTINCT ON (e.id) e.id, l.request_json ->> 'destination' AS destination
    FROM erp_export e JOIN erp_push_log l ON l.erp_export_id = e.id AND l.created_at <= e.begun_at
    WHERE e.id = ANY(:ids)
    ORDER BY e.id, l.attempt_no DESC
""")


def begun_to(connection: Connection, export_ids: Sequence[UUID]) -> dict[UUID, str | None]:
    """Return where the attempts led with which the doubts began, by export; None: an older release did not note it."""
    return {row.id: row.destination for row in connection.execute(_BEGUN_TO, {"ids": list(export_ids)})}


def sent(connection: Connection, order_ids: Sequence[UUID]) -> dict[UUID, Sent]:
    """Return the newest delivery of each order that has one, by order."""
    rows = connection.execute(_SENT, {"ids": list(order_ids)})
    return {
        row.draft_order_id: Sent(
            row.id,
            row.created_at,
            row.filename,
            row.staged_path,
            row.dropzone_path,
            row.number,
            row.control_number or 0,
            row.led_to,
        )
        for row in rows
    }
