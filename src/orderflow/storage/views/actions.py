"""What may be done with an order as it stands, by the table of `orderflow.domain.states`."""

from __future__ import annotations

from typing import Any

from orderflow.domain.states import (
    DOUBT_MATTERS,
    EDITED,
    PRESENCE_MATTERS,
    ERPExportStatus,
    OrderAction,
    OrderStatus,
    actions_of,
)
from orderflow.storage.tables.states import among, differs, in_doubt, quoted, tells_order
from orderflow.storage.views.holds import PLACED_BY
from orderflow.storage.views.view import Sql, View
from orderflow.storage.work.clock import unleased

_DELIVERY_IS = f"WHEN NOT {unleased('e')} THEN 'UNDER_WAY' WHEN {in_doubt('e')} THEN 'IN_DOUBT' END"
_THERE = f"""
    CASE WHEN {among(PRESENCE_MATTERS, "o.status")} THEN (
        SELECT 'THERE' FROM erp_export t
        WHERE t.draft_order_id = o.id AND {tells_order("t")} AND t.status <> {quoted(ERPExportStatus.FAILED)}
        LIMIT 1) END
"""  # noqa: S608  # built from constants
# What may be done depends on the delivery in a few states only, and lists are long.
_NEWEST_IS = f"""
    ARRAY[CASE WHEN o.waits_for IS NOT NULL THEN 'NO_ROUTE' WHEN {differs("o")} THEN 'DIFFERS'
    WHEN {among(DOUBT_MATTERS, "o.status")} THEN (
        SELECT CASE {_DELIVERY_IS} FROM erp_export e WHERE e.draft_order_id = o.id AND {tells_order("e")}
        ORDER BY e.created_at DESC LIMIT 1)
    END, {_THERE}] || {PLACED_BY.format("o.id")}
"""  # noqa: S608  # built from constants
_NEWER = f"""
    SELECT FROM erp_export n
    WHERE n.draft_order_id = e.draft_order_id AND n.created_at > e.created_at AND {tells_order("n")}
"""
_SUPERSEDED = f"CASE WHEN {in_doubt('e')} THEN 'SUPERSEDED_IN_DOUBT' ELSE 'SUPERSEDED' END"
_THIS_IS = f"""
    ARRAY[CASE WHEN EXISTS ({_NEWER}) THEN {_SUPERSEDED} WHEN {differs("o")} THEN 'DIFFERS' {_DELIVERY_IS}, {_THERE}]
    || {PLACED_BY.format("o.id")}
"""

RESOLVED = (OrderAction.RESOLVE_DELIVERED, OrderAction.RESOLVE_NOT_DELIVERED)
"""What may be said of a delivery in doubt whose order says something else by now."""


def _actions(view: View, row: dict[Any, Any], name: str) -> list[OrderAction]:
    (delivery_is, there, *holders), status = row[name], OrderStatus(row.get("order_status") or row["status"])
    if delivery_is == "SUPERSEDED":
        return []
    if delivery_is == "SUPERSEDED_IN_DOUBT":
        return [action for action in RESOLVED if view.may(action)]
    possible = actions_of(
        status,
        in_doubt=delivery_is == "IN_DOUBT",
        under_way=delivery_is == "UNDER_WAY",
        differs=delivery_is == "DIFFERS",
        there=there is not None,
    )
    if delivery_is == "NO_ROUTE":
        possible.append(OrderAction.WITHDRAW)
    if any(map(view.may_release, holders)):
        possible.append(OrderAction.RELEASE)
    return [action for action in possible if view.may(action)]


def _actions_of_export(view: View, row: dict[Any, Any], name: str) -> list[OrderAction]:
    possible = _actions(view, row, name)
    edited = OrderStatus(row["order_status"]) in EDITED and row[name][0] == "IN_DOUBT"
    return possible + [action for action in RESOLVED if edited and view.may(action)]


OF_ORDER = Sql(_NEWEST_IS, _actions)
"""The actions of an order, by what is known of its newest delivery, and by who placed holds on it."""

OF_EXPORT = Sql(_THIS_IS, _actions_of_export)
"""The actions of an export's order; none once there is a newer one."""
