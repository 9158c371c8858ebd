"""What people call things by: numbers, names and states, and the ids that they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.storage.views.connections import all_connections
from orderflow.storage.views.view import View

_BY_REFERENCE = """
    SELECT id FROM draft_order
    WHERE org_id = :org_id AND (external_order_number = :reference OR id = CAST(:id AS uuid)) LIMIT 10
"""
_BY_REFERENCES = """
    SELECT id, external_order_number FROM draft_order
    WHERE org_id = :org_id AND (external_order_number = ANY(:references) OR id = ANY(CAST(:ids AS uuid[])))
"""
_COUNTS = """
    SELECT status, count(*) AS orders FROM draft_order
    WHERE org_id = :org_id AND (CAST(:all AS boolean) OR id = ANY(:ids)) GROUP BY status
"""


def order_ids(view: View, references: Iterable[str]) -> list[UUID]:
    """Return the id of each order named by its id or by its own number.

    Raises:
        NotFoundError: No order has this id or number.
        StateError: Several orders have this number; their ids are listed.
    """
    return [_order_id(view, reference) for reference in references]


def orders_called(view: View, references: Sequence[str]) -> dict[str, list[UUID]]:
    """Return which orders each reference means, by an order's id or its own number; of those that mean any."""
    ids = [named for reference in references if (named := _uuid(reference))]
    found: dict[str, list[UUID]] = {}
    for row in _rows(view, _BY_REFERENCES, {"references": list(references), "ids": ids}):
        for called in {str(row["id"]), row["external_order_number"]} & set(references):
            found.setdefault(called, []).append(row["id"])
    return found


def status_counts(view: View, ids: Iterable[UUID] | None = None) -> dict[str, int]:
    """Return how many orders are in each state; of those named, or of all."""
    rows = _rows(view, _COUNTS, {"all": ids is None, "ids": list(ids or ())})
    return {row["status"]: row["orders"] for row in rows}


def connection_id(view: View, reference: str) -> UUID:
    """Return the id of the connection named by its id, else by its name in any case, else by its type.

    Raises:
        NotFoundError: There is none.
        StateError: Several are of this type; they are listed.
    """
    known = all_connections(view)
    named = [one.id for one in known if reference == str(one.id) or reference.lower() == (one.name or "").lower()]
    if named:
        return named[0]
    typed = [one for one in known if one.connector_type == reference]
    return _the_one([one.id for one in typed], "connection", reference, [one.name or str(one.id) for one in typed])


def _order_id(view: View, reference: str) -> UUID:
    rows = _rows(view, _BY_REFERENCE, {"reference": reference, "id": _uuid(reference)})
    return _the_one([row["id"] for row in rows], "order", reference)


def _rows(view: View, query: str, parameters: Mapping[str, Any]) -> Sequence[RowMapping]:
    return view.connection.execute(text(query), {"org_id": view.org_id, **parameters}).mappings().all()


def _the_one(ids: list[UUID], what: str, reference: str, called: Sequence[str] = ()) -> UUID:
    if not ids:
        raise NotFoundError(f"There is no {what} {reference!r} in this organization.")
    if len(ids) > 1:
        listed = ", ".join(called or map(str, ids))
        raise StateError(
            f"{len(ids)} {what}s are called {reference!r}: {listed}.",
            code="AMBIGUOUS",
            hint=f"Name the one you mean by its {'name' if called else 'id'}.",
        )
    return ids[0]


def _uuid(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
