"""Signing in, and one's own account."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import Field, SecretStr
from starlette.concurrency import run_in_threadpool

from orderflow.domain.access import Role
from orderflow.domain.errors import StateError
from orderflow.entrypoints.api.authentication import session_of
from orderflow.entrypoints.api.deps import Caller, app_of, client_of, require
from orderflow.entrypoints.api.errors import answers, request_id_of
from orderflow.entrypoints.api.permissions import Permission, PermissionName
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import In, Out, Text
from orderflow.entrypoints.api.session_tokens import LIFETIME, Claims
from orderflow.entrypoints.api.work import Work, Workload, slow
from orderflow.flow.people.second_factor import prove
from orderflow.flow.people.sign_in import Account, AuthRequiredError, sign_in
from orderflow.flow.people.users import LONGEST_PASSWORD, SHORTEST_PASSWORD, change_own_password
from orderflow.flow.ports import Actor

router = ApiRouter("", "Sign-in")
Myself = Annotated[Caller, Depends(require(Permission.OWN_ACCOUNT))]
Given = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]
Code = Annotated[str, Field(min_length=6, max_length=40, examples=["492039"])]
Chosen = Annotated[SecretStr, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]

REFUSED_AFTER = 0.5
"""Seconds until a sign-in is refused, so that no answer tells by its time what was looked up and noted for it."""


class Credentials(In):
    """Address and password."""

    email: Annotated[Text, Field(min_length=1, max_length=254, examples=["ops@acme.example"])]
    password: Annotated[Given, Field(examples=["correct horse battery"])]
    code: Code | None = Field(None, description="Of the second factor, for who has one: the app's, or a recovery code")


class Token(Out):
    """Send it as `Authorization: Bearer …`."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105  # the scheme's name (RFC 6750), not a token
    expires_in: Annotated[int, Field(description="Seconds")] = LIFETIME


class Me(Out):
    """The caller."""

    user_id: UUID | None = Field(description="null for an API key")
    email: str = Field(description="Address, or an API key's name")
    role: Role
    org_id: UUID
    org_slug: str
    org_name: str
    permissions: list[PermissionName] = Field(description="What the role may do")
    second_factor_needed: bool = Field(description="Nothing else is allowed before a second factor is set up")


class NewOwnPassword(In):
    """The old password proves that it is you."""

    old_password: Given
    new_password: Chosen


@router.post("/auth/login", responses=answers(401, 429))
async def login(request: Request, body: Credentials) -> Token:
    """Sign in with address and password; the token is good for an hour. Who has a second factor sends a `code` too.

    No account is ever locked. After five wrong passwords for it from one place, each further attempt from there has to
    wait: one second, then two, up to 15 minutes (429, `Retry-After`). Where somebody signed in during the last 90 days
    the right password always gets in. The answer is the same for an unknown address, and takes as long.
    """
    account = await signed_in(request, body)
    return Token(access_token=request.app.state.tokens.issue(account))


@router.post("/auth/logout", status_code=204, responses=answers(409))
def logout(request: Request, caller: Myself) -> None:
    """End the session whose token is sent. Others of the same user go on."""
    if caller.user_id is None:
        raise StateError("An API key has no session.", code="NOT_A_USER", hint="Revoke it where it is not needed.")
    end_session(request, caller.org_id, session_of(request), caller.actor)


async def signed_in(request: Request, body: Credentials) -> Account:
    """Return the account whose password was sent.

    Raises:
        AuthRequiredError: As `sign_in`.
        RateLimitedError: As `sign_in`.
    """
    app, source, refused_at = app_of(request), client_of(request), time.monotonic() + REFUSED_AFTER
    given = body.email.strip(), body.password.get_secret_value(), source, request_id_of(request)
    workload: Workload = request.app.state.workload

    def second_step(account: Account, actor: Actor) -> None:
        prove(app.store, app.code_limits, account, body.code, source, actor)

    request.app.state.password_checks.check(source)
    try:
        async with workload.shares[Work.PASSWORD].taken(source):
            return await run_in_threadpool(
                sign_in, app.store, app.accounts, app.passwords, app.sources, *given, second_step=second_step
            )
    except AuthRequiredError:
        await asyncio.sleep(refused_at - time.monotonic())
        raise


def end_session(request: Request, org_id: UUID, session: Claims, actor: Actor) -> None:
    """End a session on the server: no token of it counts any more, wherever it is kept."""
    with app_of(request).store.work(org_id) as work:
        work.users.end_session(session.user_id, session.session_id, session.ends_at)
        work.audit.add("LOGGED_OUT", actor, "app_user", [session.user_id])
    request.app.state.authenticator.forget()


@router.get("/me")
def me(request: Request, caller: Myself) -> Me:
    """Return who is calling, and what they may do."""
    with app_of(request).store.work(caller.org_id) as work:
        organization = work.organization.get()
        factor = work.second_factors.get(caller.user_id) if caller.user_id else None
    has_factor = caller.user_id is None or (factor is not None and factor.confirmed)
    return Me(
        user_id=caller.user_id,
        email=caller.email,
        role=caller.role,
        org_id=caller.org_id,
        org_slug=organization["slug"],
        org_name=organization["name"],
        permissions=[permission.name for permission in Permission if caller.may(permission)],
        second_factor_needed=organization["second_factor_required"] and not has_factor,
    )


@router.post("/me/password", status_code=204, responses=answers(409, 429))
@slow(Work.PASSWORD)
def change_my_password(request: Request, caller: Myself, body: NewOwnPassword) -> None:
    """Change one's own password. Every session ends; sign in again."""
    if caller.user_id is None:
        raise StateError("An API key has no password.", code="NOT_A_USER", hint="Sign in with address and password.")
    app, old, new = app_of(request), body.old_password.get_secret_value(), body.new_password.get_secret_value()
    place = client_of(request)
    request.app.state.password_checks.check(place)
    change_own_password(
        app.store,
        app.passwords,
        caller.org_id,
        caller.user_id,
        caller.actor,
        old,
        new,
        sources=app.sources,
        source=f"own password, {place}",  # of its own: signing in from there does not make guesses free
    )
    request.app.state.authenticator.forget()
