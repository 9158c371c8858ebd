"""The deliveries that brought orders to their ERPs, for what follows them, and where doubtful ones were sent."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.delivery import Sent
from orderflow.domain.states import ARRIVED, Kind
from orderflow.storage.tables.states import among, in_doubt, is_order, quoted


def _led_to_at(begun: str) -> str:
    """SQL for: where the attempt at the export `e` led that began at a time which the export keeps.

    It has that very time, unless the export is of an older release or the time was noted after it began: then it is the
    last before. Beside it another may seem to be earlier, where the database's clock was put back.
    """
    return f"""(
        SELECT l.request_json ->> 'destination' FROM erp_push_log l
        WHERE l.erp_export_id = e.id AND l.created_at <= e.{begun}
        ORDER BY l.created_at = e.{begun} DESC, l.attempt_no DESC LIMIT 1
    )"""  # noqa: S608  # built from names of columns


LED_TO = f"CASE WHEN e.staged_path IS NULL THEN {_led_to_at('last_begun_at')} END"
"""SQL for: where the export `e` was sent, as a digest; NULL: that is not known, or it was staged."""
_CHANGED = f"""EXISTS (
        SELECT FROM erp_export n
        WHERE n.draft_order_id = e.draft_order_id AND n.kind = {quoted(Kind.CHANGE)} AND n.created_at > e.created_at
          AND ({among(ARRIVED, "n.status")} OR ({in_doubt("n")})))"""
_SENT = text(f"""
    SELECT DISTINCT ON (e.draft_order_id) e.draft_order_id, e.id, e.created_at, e.filename, e.staged_path,
           e.dropzone_path, e.control_number,
           COALESCE(e.erp_order_id, CASE WHEN o.erp_order_id_source <> 'filename' THEN o.erp_order_id END) AS number,
           {LED_TO} AS led_to, {_CHANGED} AS changed
    FROM erp_export e JOIN draft_order o ON o.id = e.draft_order_id
    WHERE e.draft_order_id = ANY(:ids) AND {is_order("e")} AND e.filename IS NOT NULL
    -- What was refused, or not sent yet, the ERP does not have, though it be newer than the one that it confirmed.
    ORDER BY e.draft_order_id, {among(ARRIVED, "e.status")} OR ({in_doubt("e")}) DESC, e.created_at DESC
""")  # noqa: S608  # built from constants
_BEGUN_TO = text(f"""
    SELECT e.id, {_led_to_at("begun_at")} AS destination FROM erp_export e WHERE e.id = ANY(:ids)
""")  # noqa: S608  # built from a constant


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
            row.changed,
        )
        for row in rows
    }
