"""The orders that a bulk job is to be about, and where they would go, for a person to see before they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from orderflow.domain.bulk import PUSHES, BulkAction
from orderflow.flow.delivery.route import ways_of_many
from orderflow.flow.ports import Work
from orderflow.storage.views.deliveries import ExportFilter, found_orders_of
from orderflow.storage.views.destinations import Destination, OrdersToPush, destinations, joined
from orderflow.storage.views.orders import OrderFilter, found_orders
from orderflow.storage.views.view import Found, View, named

MOST_LOOKED_AT = 1_000
"""Orders that rules are asked about for a preview."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Those named, or all that one of the lists finds."""

    ids: Sequence[UUID] | None = None
    orders: OrderFilter | None = None
    exports: ExportFilter | None = None

    def found(self, view: View) -> Found:
        """Return the query for them."""
        if self.exports is not None:
            return found_orders_of(view, self.exports)
        if self.orders is not None:
            return found_orders(view, self.orders)
        return named(self.ids or ())


class Going(NamedTuple):
    """How many orders would go, where, and how many of those would wait for a route."""

    orders: int
    destinations: list[Destination]
    waiting: int


def found_by(view: View, chosen: Chosen, most: int) -> tuple[int, list[UUID]]:
    """Return how many orders are chosen, and the oldest `most` of them."""
    found = chosen.found(view)
    query = f"SELECT id, count(*) OVER () AS total FROM ({found.query}) found ORDER BY place, id LIMIT :most"  # noqa: S608  # from constants
    rows = view.connection.execute(text(query), {**found.values, "most": most}).all()
    return (rows[0].total if rows else 0), [row.id for row in rows]


def where_they_go(work: Work, view: View, action: BulkAction, ids: list[UUID], connection_id: UUID | None) -> Going:
    """Return where orders would go if they were acted on now.

    Raises:
        NotFoundError, StateError: There is nowhere to push to, or not where it was said.
    """
    ways: dict[UUID | None, list[UUID]] = {None: ids}
    if action in PUSHES:
        ways = ways_of_many(work, ids, connection_id)
    going, waiting, found = 0, 0, list[Destination]()
    for way, some in ways.items():
        go, there = destinations(view, OrdersToPush(some, action.starts), way, connection_id)
        waits = way is None and action in PUSHES
        going, waiting, found = going + (0 if waits else go), waiting + (go if waits else 0), found + there
    return Going(going, joined(found), waiting)
