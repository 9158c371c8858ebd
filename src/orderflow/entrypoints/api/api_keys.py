"""API keys: how programs sign in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field

from orderflow.domain.access import Role
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import ForbiddenError, answers
from orderflow.entrypoints.api.headers import note_location
from orderflow.entrypoints.api.permissions import Permission, PermissionName
from orderflow.entrypoints.api.routing import BASE, ApiRouter
from orderflow.entrypoints.api.schemas import In, Moment, Name, Out
from orderflow.flow.people.api_keys import assign_key, create_key, revoke_key

router = ApiRouter("/api-keys", "API keys")
Admin = Annotated[Caller, Depends(require(Permission.KEYS_MANAGE))]


class NewKey(In):
    """A key to be."""

    name: Annotated[Name, Field(examples=["webshop"])]
    role: Role
    expires_at: Moment | None = Field(None, examples=["2031-01-01T00:00:00Z"])
    scopes: Annotated[list[PermissionName], Field(min_length=1, max_length=len(Permission))] | None = Field(
        None, description="What it may do of what its role may; null: all of it", examples=[["READ", "ORDERS_IMPORT"]]
    )


class KeyView(Out):
    """A key, without its secret."""

    id: UUID
    name: str
    role: Role
    prefix: str = Field(description="The eight characters after `ofk_`, to tell keys apart")
    created_by: str | None
    created_at: datetime
    last_used_at: datetime | None = Field(description="To the minute")
    expires_at: datetime | None
    revoked_at: datetime | None
    scopes: list[PermissionName] | None = Field(description="What it may do of what its role may; null: all of it")
    user_id: UUID | None = Field(description="Whom it belongs to: it may do no more than they may, and ends with them")
    user_email: str | None = Field(description="Their address; null: a key from before keys belonged to somebody")
    ended: bool = Field(description="Its user is not active any more, so it does not count")


class KeyAssignment(In):
    """Whom a key is to belong to."""

    user_id: UUID


class CreatedKey(KeyView):
    """A new key; `key` is shown this once."""

    key: str = Field(description="Send it as `Authorization: Bearer …` or `X-API-Key`. It cannot be had again")


class KeyList(Out):
    """All keys, newest first; revoked ones too."""

    items: list[KeyView]


@router.get("")
def list_api_keys(request: Request, caller: Admin) -> KeyList:
    """List all keys."""
    with app_of(request).store.work(caller.org_id) as work:
        return KeyList(items=[KeyView.model_validate(key) for key in work.api_keys.all()])


@router.post("", status_code=201)
def create_api_key(request: Request, caller: Admin, body: NewKey) -> CreatedKey:
    """Make a key. It is shown in this answer and never again. It belongs to you, and ends with you."""
    _check_scopes(caller, body.scopes)
    store = app_of(request).store
    given = (body.name, body.role, body.expires_at, caller.owner_id, body.scopes)
    info, key = create_key(store, caller.org_id, caller.actor, *given)
    note_location(request, f"{BASE}/api-keys/{info.id}")
    return CreatedKey(key=key, **KeyView.model_validate(info).model_dump())


def _check_scopes(caller: Caller, scopes: Collection[str] | None) -> None:
    """Return if the caller may have a key work with these scopes. Raises ForbiddenError: it may do less itself."""
    if caller.scopes is not None and not (scopes and caller.scopes.issuperset(scopes)):
        raise ForbiddenError("A key with scopes makes keys only for what it may do itself.", code="SCOPE_MISSING")


@router.patch("/{key_id}", responses=answers(404, 409))
def assign_api_key(request: Request, caller: Admin, key_id: UUID, body: KeyAssignment) -> KeyView:
    """Let a key belong to a user. Keys from before belong to nobody: nobody's end ends them."""
    with app_of(request).store.work(caller.org_id) as work:
        found = next((key for key in work.api_keys.all() if key.id == key_id), None)
    if found is not None:
        _check_scopes(caller, found.scopes)
    assigned = assign_key(app_of(request).store, caller.org_id, key_id, body.user_id, caller.actor)
    request.app.state.authenticator.forget()
    return KeyView.model_validate(assigned)


@router.delete("/{key_id}", responses=answers(404))
def revoke_api_key(request: Request, caller: Admin, key_id: UUID) -> KeyView:
    """Revoke a key for good; it stays in the list."""
    revoked = revoke_key(app_of(request).store, caller.org_id, key_id, caller.actor)
    request.app.state.authenticator.forget()
    return KeyView.model_validate(revoked)
