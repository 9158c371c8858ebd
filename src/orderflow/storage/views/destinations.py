"""Where orders would go if they were pushed now, for a person to see before they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.domain.typed import typed
from orderflow.storage.views.view import View

_DESTINATIONS = """
    SELECT c.id AS connection_id, c.connector_type, c.name AS connection_name, count(*) AS orders,
           bound.id IS NOT NULL AS bound,
           COALESCE(bound.id <> CAST(:named AS uuid) OR c.status <> 'ACTIVE', false) AS stays
    FROM draft_order o
    LEFT JOIN LATERAL (
        SELECT e.connection_id AS id, e.answered_at IS NULL
               AND (e.begun_at IS NOT NULL OR e.staged_at IS NOT NULL OR e.held_at IS NOT NULL) AS may_have_arrived
        FROM erp_export e
        WHERE e.draft_order_id = o.id AND e.kind = 'order' ORDER BY e.created_at DESC LIMIT 1
    ) bound ON bound.may_have_arrived
    LEFT JOIN erp_connection c ON c.id = COALESCE(bound.id, CAST(:free AS uuid))
    WHERE o.org_id = :org_id AND o.id = ANY(:ids) AND o.status = ANY(:statuses)
    GROUP BY c.id, bound.id
    ORDER BY count(*) DESC, c.id
"""
"""`may_have_arrived` is `Export.never_arrived`, turned round."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where some of the orders would go."""

    connection_id: UUID
    connector_type: str
    connection_name: str | None
    orders: int
    bound: Annotated[bool, Field(description="They may have arrived there before, so they can go nowhere else")]
    stays: Annotated[
        bool,
        Field(description="They would be refused: bound, and another connector is named, or it is DISABLED"),
    ]


@dataclass(frozen=True, slots=True)
class OrdersToPush:
    """Those of some orders that are in a state that the action starts from."""

    ids: Collection[UUID]
    statuses: Collection[str]


def destinations(
    view: View, orders: OrdersToPush, free: UUID | None, named: UUID | None
) -> tuple[int, list[Destination]]:
    """Return how many of the orders would go, and which of them where, or would stay.

    Args:
        free: Where those go that surely arrived nowhere; None: they go nowhere, and only their number is asked for.
        named: The connection that was asked for, if any: orders that may have arrived elsewhere are refused then.
    """
    values = {"org_id": view.org_id, "ids": list(orders.ids), "statuses": list(orders.statuses)}
    rows = view.connection.execute(text(_DESTINATIONS), values | {"free": free, "named": named}).mappings().all()
    going = sum(row["orders"] for row in rows if not row["stays"])
    return going, [] if free is None else typed([dict(row) for row in rows], list[Destination])


def joined(found: Collection[Destination]) -> list[Destination]:
    """Return each destination once, that of the most orders first."""
    orders: dict[Destination, int] = defaultdict(int)
    for one in found:
        orders[replace(one, orders=0)] += one.orders
    return sorted((replace(one, orders=count) for one, count in orders.items()), key=lambda one: -one.orders)
