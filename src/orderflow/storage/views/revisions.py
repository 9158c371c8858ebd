"""What was approved of an order, and what each approval changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.domain import revisions as domain
from orderflow.domain.errors import NotFoundError
from orderflow.domain.orders import CONTENT, LINE_CONTENT, DraftOrder
from orderflow.domain.revisions import RevisionChangedError
from orderflow.domain.states import OrderStatus
from orderflow.flow.order.differences import FieldChange, field_changes
from orderflow.storage.views.view import Sql, Table, View

MOST = 1_000
"""Revisions of one order that are listed, the newest."""

COMPARED = 20
"""Of these the newest are compared: an order may be long."""

MOST_CHANGES = 1_000
"""Changes that are listed between two revisions."""

_REVISIONS = Table("v", "FROM draft_order_revision v")
_CONTENTS = text("""
    SELECT revision, content, sha256, made_at, made_by FROM draft_order_revision
    WHERE org_id = :org_id AND draft_order_id = :id AND revision > :since AND revision <= :until ORDER BY revision
""")
_LINE_NAMES = {"product_description": "description"}

Changes = Annotated[
    list[FieldChange] | None,
    Sql(None),
    Field(
        description=f"What it says and the one before did not, field by field, {MOST_CHANGES} at most; null: there is "
        "none before it, or one of the two cannot be read any more"
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionSummary:
    """One approval of an order."""

    revision: Annotated[int, Field(description="Counts up per order from 1")]
    made_at: datetime
    made_by: str | None
    sha256: Annotated[str, Field(description="Of what was approved, in hex")]
    forgotten: Annotated[bool, Sql("v.content IS NULL"), Field(description="What it said was deleted on request")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRevision(RevisionSummary):
    """One approval, and what it changed."""

    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeRevision(ComparedRevision):
    """One approval, whole."""

    order: Annotated[dict[str, Any] | None, Sql(None), Field(description="As it was approved; null: it was forgotten")]


def revisions_of(view: View, order_id: UUID) -> list[RevisionSummary]:
    """Return what was approved of an order, the first first."""
    newest = f"{_REVISIONS.select(RevisionSummary)} WHERE v.org_id = :org_id AND v.draft_order_id = :id"
    rows = view.rows(RevisionSummary, f"{newest} ORDER BY v.revision DESC LIMIT {MOST}", {"id": order_id})
    return rows[::-1]


def compared_revisions(view: View, order_id: UUID) -> list[ComparedRevision]:
    """Return the same, each with what it changed, as far as they are compared."""
    found = revisions_of(view, order_id)
    last = found[-1].revision if found else 0
    orders = _orders(view, order_id, max(0, last - COMPARED), last) if len(found) > 1 else {}
    changes = {after: _changes(orders[before], orders[after]) for before, after in pairwise(orders)}
    return [_compared(summary, changes.get(summary.revision)) for summary in found]


def one_revision(view: View, order_id: UUID, number: int) -> WholeRevision:
    """Return one revision.

    Raises:
        NotFoundError: There is none of this number, or no such order.
        RevisionChangedError: It is not what was approved.
    """
    where = "WHERE v.org_id = :org_id AND v.draft_order_id = :id AND v.revision = :number"
    query, values = f"{_REVISIONS.select(WholeRevision)} {where}", {"id": order_id, "number": number}
    orders = _orders(view, order_id, number - 2, number)
    order = orders.get(number)
    changes = _changes(orders.get(number - 1), order)
    found = view.one(WholeRevision, query, values, changes=changes, order=order and _content(order))
    if found is None:
        raise NotFoundError(f"There is no revision {number} of this order in this organization.")
    if order is None and not found.forgotten:
        raise RevisionChangedError
    return found


def _orders(view: View, order_id: UUID, since: int, until: int) -> dict[int, DraftOrder | None]:
    """Return the order as its revisions after `since` have it, by number; None where that is not what was approved."""
    values = {"org_id": view.org_id, "id": order_id, "since": since, "until": until}
    return {row.revision: _order(domain.Revision(*row)) for row in view.connection.execute(_CONTENTS, values)}


def _order(revision: domain.Revision) -> DraftOrder | None:
    try:
        return revision.order(OrderStatus.APPROVED, None)
    except RevisionChangedError:
        return None


def _changes(before: DraftOrder | None, after: DraftOrder | None) -> list[FieldChange] | None:
    return field_changes(before, after)[:MOST_CHANGES] if before and after else None


def _compared(summary: RevisionSummary, changes: list[FieldChange] | None) -> ComparedRevision:
    return ComparedRevision(
        revision=summary.revision,
        made_at=summary.made_at,
        made_by=summary.made_by,
        sha256=summary.sha256,
        forgotten=summary.forgotten,
        changes=changes,
    )


def _content(order: DraftOrder) -> dict[str, Any]:
    lines = [{_LINE_NAMES.get(name, name): getattr(line, name) for name in LINE_CONTENT} for line in order.lines]
    return {name: getattr(order, name) for name in CONTENT} | {"lines": lines}
