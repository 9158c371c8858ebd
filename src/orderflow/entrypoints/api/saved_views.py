"""Lists that people keep under a name."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field, StringConstraints

from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.looking import looking
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.rendering import Rendering
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import In, Name
from orderflow.flow.people.saved_views import delete_view, save_view
from orderflow.storage.views.saved_views import SavedViews, saved_views

router = ApiRouter("/saved-views", "Overview")
Self = Annotated[Caller, Depends(require(Permission.OWN_ACCOUNT))]
Query = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[!-~]*$")]


class NewView(In):
    """A list to keep."""

    page: Literal["orders"]
    name: Name
    query: Annotated[Query, Field(examples=["status=ERROR&sort=-number"])]
    shared: Annotated[bool, Field(strict=True, description="Everybody of the organization sees it")] = False


@router.get("")
def list_saved_views(request: Request, caller: Self) -> SavedViews:
    """List one's own views, and those that others share, by name."""
    with looking(request, caller) as view:
        return saved_views(view, caller.owner_id)


@router.post("", responses=answers(409))
def save_list(request: Request, caller: Self, body: NewView) -> SavedViews:
    """Keep a list under a name; one's own of the same name becomes this one. All views are answered."""
    answer = Rendering(request, lambda work: saved_views(work.view, caller.owner_id))
    store = answer.within(app_of(request).store)
    save_view(store, caller.org_id, caller.owner_id, caller.actor, **body.model_dump())
    return answer.made


@router.delete("/{view_id}", responses=answers(404))
def delete_saved_view(request: Request, caller: Self, view_id: UUID) -> SavedViews:
    """Delete one's own view; as an ADMIN also one that somebody shares. Those left are answered."""
    answer = Rendering(request, lambda work: saved_views(work.view, caller.owner_id))
    of_others = caller.may(Permission.USERS_MANAGE)
    store = answer.within(app_of(request).store)
    delete_view(store, caller.org_id, caller.owner_id, view_id, caller.actor, of_others=of_others)
    return answer.made
