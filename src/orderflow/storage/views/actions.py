"""What may be done with an order as it stands, by the table of `orderflow.domain.states`."""

from __future__ import annotations

from typing import Any

from orderflow.domain.states import DOUBT_MATTERS, OrderAction, OrderStatus, actions_of
from orderflow.storage.tables.states import among, differs, in_doubt, is_order
from orderflow.storage.views.holds import PLACED_BY
from orderflow.storage.views.view import Sql, View
from orderflow.storage.work.clock import unleased

_DELIVERY_IS = f"WHEN NOT {unleased('e')} THEN 'UNDER_WAY' WHEN {in_doubt('e')} THEN 'IN_DOUBT' END"
# What may be done depends on the delivery in a few states only, and lists are long.
_NEWEST_IS = f"""
    ARRAY[CASE WHEN o.waits_for IS NOT NULL THEN 'NO_ROUTE' WHEN {differs("o")} THEN 'DIFFERS'
    WHEN {among(DOUBT_MATTERS, "o.status")} THEN (
        SELECT CASE {_DELIVERY_IS} FROM erp_export e WHERE e.draft_order_id = o.id AND {is_order("e")}
        ORDER BY e.created_at DESC LIMIT 1)
    END] || {PLACED_BY.format("o.id")}
"""  # noqa: S608  # built from constants
_NEWER = f"""
    SELECT FROM erp_export n
    WHERE n.draft_order_id = e.draft_order_id AND n.created_at > e.created_at AND {is_order("n")}
"""
_THIS_IS = f"""
    ARRAY[CASE WHEN EXISTS ({_NEWER}) THEN 'SUPERSEDED' WHEN {differs("o")} THEN 'DIFFERS' {_DELIVERY_IS}]
    || {PLACED_BY.format("o.id")}
"""


def _actions(view: View, row: dict[Any, Any], name: str) -> list[OrderAction]:
    (delivery_is, *holders), status = row[name], OrderStatus(row.get("order_status") or row["status"])
    if delivery_is == "SUPERSEDED":
        return []
    possible = actions_of(
        status,
        in_doubt=delivery_is == "IN_DOUBT",
        under_way=delivery_is == "UNDER_WAY",
        differs=delivery_is == "DIFFERS",
    )
    if delivery_is == "NO_ROUTE":
        possible.append(OrderAction.WITHDRAW)
    if any(map(view.may_release, holders)):
        possible.append(OrderAction.RELEASE)
    return [action for action in possible if view.may(action)]


OF_ORDER = Sql(_NEWEST_IS, _actions)
"""The actions of an order, by what is known of its newest delivery, and by who placed holds on it."""

OF_EXPORT = Sql(_THIS_IS, _actions)
"""The actions of an export's order; none once there is a newer one."""
