"""How orders stand that are to be recalled, counted by all that decides what would become of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.domain.states import ARRIVED, ERPExportStatus, OrderStatus
from orderflow.flow.delivery.recall_outlook import RecallWay, Standing, outlooks
from orderflow.flow.ports import Wiring, Work
from orderflow.storage.tables.states import among, given_back, in_doubt, on_hold, quoted, tells_order, unsent
from orderflow.storage.views.chosen import Chosen
from orderflow.storage.views.problem import Problem
from orderflow.storage.views.view import View
from orderflow.storage.work.clock import unleased

MOST_COUNTED = 100_000
"""Orders that are looked at, the oldest of those chosen."""

_FAILED_FOR_SURE = f"e.status = {quoted(ERPExportStatus.FAILED)} AND (e.answered_at IS NOT NULL OR {unsent('e')})"
# As `flow.delivery.change.standing` finds it, and `recall_outlook.Standing` tells it.
_STANDINGS = f"""
    SELECT o.status, o.waits_for IS NOT NULL AS waits, {on_hold("o.id")} AS on_hold, s.connection_id,
           COALESCE(s.arrived, false) AS arrived, COALESCE(s.in_doubt, false) AS in_doubt,
           COALESCE(l.unsent, false) AS unsent, count(*) AS orders
    FROM (SELECT id FROM ({{found}}) chosen ORDER BY place, id LIMIT :most) f JOIN draft_order o ON o.id = f.id
    LEFT JOIN LATERAL (
        SELECT e.connection_id, {among(ARRIVED, "e.status")} AS arrived, {in_doubt("e")} AS in_doubt FROM erp_export e
        WHERE e.draft_order_id = o.id AND {tells_order("e")} AND NOT ({_FAILED_FOR_SURE})
          AND NOT {given_back("e")}
        ORDER BY e.created_at DESC LIMIT 1
    ) s ON true
    LEFT JOIN LATERAL (
        SELECT e.status = {quoted(ERPExportStatus.PENDING)} AND {unsent("e")} AND {unleased("e")} AS unsent
        FROM erp_export e WHERE e.draft_order_id = o.id AND {tells_order("e")} ORDER BY e.created_at DESC LIMIT 1
    ) l ON true
    GROUP BY 1, 2, 3, 4, 5, 6, 7
"""  # noqa: S608  # built from constants
_NAMES = text("SELECT id, name, connector_type FROM erp_connection WHERE org_id = :org_id AND id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class RecallOutlook:
    """What would become of some of the orders if they were recalled now."""

    way: Annotated[
        RecallWay,
        Field(
            description="`withdrawn`: nothing of them was sent: they are taken back for sure. `taken_back`: each file "
            "is renamed away, unless the ERP took it before; which of the two, is known at once. `asked`: the ERP is "
            "asked, and decides. `refused`: they are not recalled; `error` says why"
        ),
    ]
    orders: int
    connection_id: UUID | None = None
    connection_name: str | None = None
    connector_type: str | None = None
    error: Problem | None = None


def recall_outlook(wiring: Wiring, work: Work, view: View, chosen: Chosen) -> list[RecallOutlook]:
    """Return what would become of orders that were recalled now, most first; changes nothing."""
    found = outlooks(wiring, work, _standings(view, chosen))
    ids = [outlook.connection_id for outlook, _ in found if outlook.connection_id]
    rows = view.connection.execute(_NAMES, {"org_id": view.org_id, "ids": ids})
    names = {row.id: (row.name, row.connector_type) for row in rows}
    told = []
    for outlook, orders in found:
        there = outlook.connection_id
        name, kind = names.get(there, (None, None)) if there else (None, None)
        why = outlook.reason
        error = Problem(code=why.code, message=why.message, hint=why.hint) if why else None
        told.append(RecallOutlook(outlook.way, orders, there, name, kind, error))
    return told


def _standings(view: View, chosen: Chosen) -> Mapping[Standing, int]:
    found = chosen.found(view)
    query = text(_STANDINGS.format(found=found.query))
    rows = view.connection.execute(query, {**found.values, "most": MOST_COUNTED}).mappings()
    counted: dict[Standing, int] = {}
    for row in rows:
        stands = {name: row[name] for name in row if name not in ("status", "orders")}
        counted[Standing(OrderStatus(row["status"]), **stands)] = row["orders"]
    return counted
