"""What needs a person now, and what people note about it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.looking import looking
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.rendering import Rendering
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import In, Moment, Text
from orderflow.flow.people.needs import mark_need
from orderflow.storage.views.needs import Needs, needs
from orderflow.storage.views.visits import People, Visit, people, visit

router = ApiRouter("/needs", "Overview")
Reader = Annotated[Caller, Depends(require(Permission.READ))]
Marker = Annotated[Caller, Depends(require(Permission.NEEDS_MARK))]
Self = Annotated[Caller, Depends(require(Permission.OWN_ACCOUNT))]


class NeedChange(In):
    """What is left out stays; null takes it back."""

    key: Annotated[Text, Field(examples=["FAILED UNKNOWN_SKU"])]
    assigned_to: Annotated[Text | None, Field(max_length=254, description="The address of a user")] = None
    note: Annotated[Text | None, Field(max_length=1_000)] = None
    snoozed_until: Moment | None = None


@router.get("")
def list_needs(request: Request, caller: Reader) -> Needs:
    """List what needs a person, the most urgent first; what is solved is not there any more."""
    with looking(request, caller) as view:
        return needs(view)


@router.post("/mark", responses=answers(400, 404))
def mark(request: Request, caller: Marker, body: NeedChange) -> Needs:
    """Note who takes care of a group, why it waits, or until when it is put off. All groups are answered."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True, exclude={"key"})
    answer = Rendering(request, lambda work: needs(work.view))
    mark_need(answer.within(app_of(request).store), caller.org_id, caller.actor, body.key, changes)
    return answer.made


@router.get("/people")
def list_people(request: Request, caller: Reader) -> People:
    """List who may take care of something, by address."""
    with looking(request, caller) as view:
        return people(view)


@router.post("/visit")
def note_visit(request: Request, caller: Self) -> Visit:
    """Note that the caller looks now; answers what happened since the visit before, half an hour ago at least."""
    with looking(request, caller) as view:
        return visit(view, caller.user_id)
