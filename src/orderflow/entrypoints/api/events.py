"""Events: what happened to orders and connectors, for programs that follow them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from orderflow.domain.events import EventKind
from orderflow.entrypoints.api.deps import Caller, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.looking import looking
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import Limit
from orderflow.storage.views.events import EventFilter, EventPage, find_events

router = ApiRouter("/events", "Events")
After = Annotated[
    int | None,
    Query(ge=0, lt=2**63, description="The last number that you know; without it, from the oldest that is kept"),
]


@router.get("", responses=answers(409))
def list_events(
    request: Request,
    caller: Annotated[Caller, Depends(require(Permission.READ))],
    after: After = None,
    kind: Annotated[list[EventKind] | None, Query(description="Any of these")] = None,
    order_id: UUID | None = None,
    limit: Limit = 100,
) -> EventPage:
    """List what happened after an event, the oldest first: each once, in one order, none left out.

    Ask again with `after` set to `last`, at once while there are `more`, else every few seconds.
    """
    with looking(request, caller) as view:
        return find_events(view, EventFilter(after, kind or (), order_id), limit)
