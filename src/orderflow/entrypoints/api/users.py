"""The users of the caller's organization."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import ForbiddenError, answers
from orderflow.entrypoints.api.headers import note_location
from orderflow.entrypoints.api.permissions import Permission, may
from orderflow.entrypoints.api.rendering import Rendering
from orderflow.entrypoints.api.routing import BASE, ApiRouter
from orderflow.entrypoints.api.schemas import VERSION, In, Name, Out, Text, left_out
from orderflow.entrypoints.api.sign_in import Chosen
from orderflow.entrypoints.api.versions import CONDITIONAL, editing, note_version
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.people.second_factor import reset
from orderflow.flow.people.users import User, change_user, create_user, set_password
from orderflow.storage.store import SqlWork

router = ApiRouter("/users", "Users")
Admin = Annotated[Caller, Depends(require(Permission.USERS_MANAGE))]


class NewUser(In):
    """A user to be."""

    email: Annotated[Text, Field(min_length=3, max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+$")] = Field(
        examples=["ops@acme.example"]
    )
    password: Annotated[Chosen, Field(examples=["correct horse battery"])]
    role: Role
    name: Name | None = None


class UserChange(In):
    """What is left out stays."""

    role: Role = left_out()
    active: Annotated[bool, Field(strict=True)] = left_out()
    name: Name | None = None


class NewPassword(In):
    """A password set by an administrator."""

    password: Annotated[Chosen, Field(examples=["correct horse battery"])]


class UserView(Out):
    """A user."""

    id: UUID
    email: str
    name: str | None
    role: Role
    active: bool
    locked_until: datetime | None = Field(
        description="Always null: accounts are slowed down by place, not locked", deprecated=True
    )
    last_login_at: datetime | None
    second_factor: bool = Field(description="Shows a code beside the password")
    created_at: datetime
    version: int = VERSION


class UserList(Out):
    """All users, by address."""

    items: list[UserView]


@router.get("")
def list_users(request: Request, caller: Admin) -> UserList:
    """List all users."""
    with app_of(request).store.work(caller.org_id) as work:
        having = work.second_factors.users()
        return UserList(items=[_view(user, having) for user in work.users.all()])


@router.post("", status_code=201, responses=answers(409))
@slow(Work.PASSWORD)
def create_user_account(request: Request, caller: Admin, body: NewUser) -> UserView:
    """Add a user, who can sign in at once."""
    _check_scopes(caller, body.role)
    app, user_id = app_of(request), new_id()
    answer = _answer(request, user_id)
    create_user(
        answer.within(app.store),
        app.passwords,
        caller.org_id,
        caller.actor,
        email=body.email,
        password=body.password.get_secret_value(),
        role=body.role,
        name=body.name,
        user_id=user_id,
    )
    note_location(request, f"{BASE}/users/{user_id}")
    return answer.made


@router.get("/{user_id}", responses=answers(404))
def get_user(request: Request, caller: Admin, user_id: UUID) -> UserView:
    """Return one user."""
    with app_of(request).store.work(caller.org_id) as work:
        return _one(request, work, user_id)


@router.patch("/{user_id}", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def update_user(request: Request, caller: Admin, user_id: UUID, body: UserChange) -> UserView:
    """Change name or role, or take the account out of use. Another role, or the end, ends the user's sessions."""
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    if changes.get("active"):
        _check_scopes_of(request, caller, user_id)
    _check_role(request, caller, user_id, changes)
    version_of, current = lambda work: work.users.version(user_id), lambda: _current(request, caller, user_id)
    answer = _answer(request, user_id)
    with editing(request, app_of(request).store, version_of, current) as store:
        change_user(answer.within(store), caller.org_id, user_id, caller.actor, **changes)
    request.app.state.authenticator.forget()
    return answer.made


@router.post("/{user_id}/password", status_code=204, responses=answers(404))
@slow(Work.PASSWORD)
def reset_password(request: Request, caller: Admin, user_id: UUID, body: NewPassword) -> None:
    """Set a user's password and end the user's sessions."""
    _check_scopes_of(request, caller, user_id)
    app = app_of(request)
    set_password(app.store, app.passwords, caller.org_id, user_id, caller.actor, body.password.get_secret_value())
    request.app.state.authenticator.forget()


@router.delete("/{user_id}/second-factor", status_code=204, responses=answers(404))
def reset_second_factor(request: Request, caller: Admin, user_id: UUID) -> None:
    """Take a user's second factor away, for who has lost phone and recovery codes; the user's sessions end."""
    _check_scopes_of(request, caller, user_id)
    app = app_of(request)
    reset(app.store, caller.org_id, user_id, caller.actor)
    app.code_limits.forget_failures(user_id)
    request.app.state.authenticator.forget()


def _check_role(request: Request, caller: Caller, user_id: UUID, changes: dict[str, Any]) -> None:
    """Check a role that is given to a user; the one that they have is no change, and is taken out of `changes`."""
    if caller.scopes is None or "role" not in changes:
        return
    with app_of(request).store.work(caller.org_id) as work:
        if work.users.get(user_id).role == changes["role"]:
            del changes["role"]
        else:
            _check_scopes(caller, changes["role"])


def _check_scopes_of(request: Request, caller: Caller, user_id: UUID) -> None:
    if caller.scopes is not None:
        with app_of(request).store.work(caller.org_id) as work:
            _check_scopes(caller, work.users.get(user_id).role)


def _check_scopes(caller: Caller, role: Role) -> None:
    """Raise ForbiddenError if whoever is or becomes a user of that role may more than the key was made for."""
    if caller.scopes is not None and not all(caller.may(each) for each in Permission if may(role, each)):
        raise ForbiddenError(
            f"A key with scopes lets nobody in as {role}, who may more than it was made for.", code="SCOPE_MISSING"
        )


def _answer(request: Request, user_id: UUID) -> Rendering[UserView]:
    return Rendering(request, lambda work: _one(request, work, user_id))


def _current(request: Request, caller: Caller, user_id: UUID) -> dict[str, Any]:
    with app_of(request).store.work(caller.org_id) as work:
        return _view(work.users.get(user_id), work.second_factors.users()).model_dump(mode="json")


def _one(request: Request, work: SqlWork, user_id: UUID) -> UserView:
    user = work.users.get(user_id)
    note_version(request, user.version)
    return _view(user, work.second_factors.users())


def _view(user: User, having: Collection[UUID]) -> UserView:
    return UserView(**{**asdict(user), "second_factor": user.id in having})
