"""The holds on an order as people see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from orderflow.storage.tables.states import on_hold, unsent
from orderflow.storage.views.view import Sql, View
from orderflow.storage.work.clock import unleased

PLACED_BY = "ARRAY(SELECT h.placed_by FROM order_hold h WHERE h.draft_order_id = {})"
"""SQL for: who placed a hold on the order of an id."""

WAITS_FOR_RELEASE = f"{unsent('e')} AND {unleased('e')} AND {on_hold('e.draft_order_id')}"
"""SQL for: a claim passes the PENDING export `e` by, since its order is on hold."""

_HOLDS = """
    (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', h.id, 'reason', h.reason, 'placed_by', h.placed_by,
                                                  'placed_at', h.placed_at) ORDER BY h.placed_at, h.id), '[]')
     FROM order_hold h WHERE h.draft_order_id = o.id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why an order is not delivered before it is released."""

    id: UUID
    reason: str
    placed_by: Annotated[str, Field(description="Address of the user, or `key:` and the name of an API key")]
    placed_at: datetime
    may_release: Annotated[bool, Field(description="The caller may: who placed it, or an ADMIN")]


def _may_release(view: View, row: dict[Any, Any], name: str) -> list[dict[str, Any]]:
    return [hold | {"may_release": view.may_release(hold["placed_by"])} for hold in row[name]]


OF_ORDER = Sql(_HOLDS, _may_release)
"""The holds on the order `o`, the oldest first."""
