"""Changes of orders that were sent, in PostgreSQL: what they change."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from orderflow.domain.states import ARRIVED, Kind
from orderflow.flow.ports import Attempt
from orderflow.storage.tables.states import among, given_back, quoted, tells_order
from orderflow.storage.work import revisions

_BEFORE = text(f"""
    SELECT DISTINCT ON (e.id) e.id, e.draft_order_id, b.revision
    FROM erp_export e JOIN erp_export b ON b.draft_order_id = e.draft_order_id AND b.created_at < e.created_at
    WHERE e.id = ANY(:ids) AND {tells_order("b")} AND {among(ARRIVED, "b.status")} AND NOT {given_back("b")}
    ORDER BY e.id, b.created_at DESC
""")  # noqa: S608  # built from constants
_AS_ORDER = text(f"UPDATE erp_export SET kind = {quoted(Kind.ORDER)} WHERE id = ANY(:ids)")  # noqa: S608  # likewise


def name_what_is_changed(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Give each change the order as its ERP has it. What never arrived, or was given
    back, is not changed: it is an order from here on.
    """
    rows = {row.id: row for row in connection.execute(_BEFORE, {"ids": [attempt.export_id for attempt in attempts]})}
    places = [(row.draft_order_id, row.revision) for row in rows.values() if row.revision is not None]
    orders = revisions.orders(connection, places) if places else {}
    never_arrived = [attempt for attempt in attempts if attempt.export_id not in rows and not attempt.stored]
    for attempt in attempts:
        if row := rows.get(attempt.export_id):
            attempt.order.delivery.before = orders.get((row.draft_order_id, row.revision))
    for attempt in never_arrived:
        attempt.order.delivery.kind = Kind.ORDER
    if never_arrived:
        connection.execute(_AS_ORDER, {"ids": [attempt.export_id for attempt in never_arrived]})
