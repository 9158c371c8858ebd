"""One's own second factor: set up with an app, kept by recovery codes, taken away again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import segno
from fastapi import Depends, Request
from pydantic import Field

from orderflow.domain.errors import StateError
from orderflow.entrypoints.api.deps import Caller, app_of, client_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import In, Out
from orderflow.entrypoints.api.sign_in import Code, Given
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.people.second_factor import address, begin, confirm, recovery_codes, take_away
from orderflow.flow.people.users import prove_password

router = ApiRouter("/me/second-factor", "Sign-in")
Myself = Annotated[Caller, Depends(require(Permission.OWN_ACCOUNT))]


class SecondFactorView(Out):
    """Whether one has a second factor."""

    on: bool = Field(description="It is asked for beside the password")
    required: bool = Field(description="The organization wants it of all users")
    recovery_codes_left: int = Field(description="How many were not used yet")


class PasswordAgain(In):
    """The password proves that it is you, and not who found your screen."""

    password: Given


class CodeBody(In):
    """A code of the app, or a recovery code."""

    code: Code


class PasswordAndCode(PasswordAgain, CodeBody):
    """Both."""


class NewSecondFactor(Out):
    """For an app on a phone; it counts once `confirm` was sent a code of it."""

    secret: str = Field(description="In base32, for typing it in. It cannot be had again")
    uri: str = Field(description="The same for an app, as `otpauth://`")
    picture: str = Field(description="The same as a QR code, an SVG as a `data:` URL")


class RecoveryCodes(Out):
    """Each gets in once without the phone. They cannot be had again."""

    recovery_codes: list[str] = Field(description="Each is good once")


@router.get("", responses=answers(409))
def get_second_factor(request: Request, caller: Myself) -> SecondFactorView:
    """Return whether one has a second factor."""
    user_id = _user(caller)
    with app_of(request).store.work(caller.org_id) as work:
        factor, organization = work.second_factors.get(user_id), work.organization.get()
    on = factor is not None and factor.confirmed
    left = len(factor.recovery) if factor else 0
    return SecondFactorView(on=on, required=organization["second_factor_required"], recovery_codes_left=left)


@router.post("", responses=answers(409))
@slow(Work.PASSWORD)
def begin_second_factor(request: Request, caller: Myself, body: PasswordAgain) -> NewSecondFactor:
    """Begin a second factor: what an app needs to show codes."""
    user_id = _user(caller)
    _prove_password(request, caller, user_id, body)
    secret = begin(app_of(request).store, caller.org_id, user_id)
    uri = address(secret, caller.email)
    return NewSecondFactor(secret=secret, uri=uri, picture=segno.make(uri).svg_data_uri(scale=4))


@router.post("/confirm", responses=answers(409))
def confirm_second_factor(request: Request, caller: Myself, body: CodeBody) -> RecoveryCodes:
    """Turn it on with the first code that the app shows. From then on a code is wanted at each sign-in."""
    app, user_id = app_of(request), _user(caller)
    place = client_of(request)
    codes = confirm(app.store, app.code_limits, caller.org_id, user_id, caller.actor, body.code, place)
    request.app.state.authenticator.forget()
    return RecoveryCodes(recovery_codes=codes)


@router.post("/recovery-codes", responses=answers(409))
@slow(Work.PASSWORD)
def renew_recovery_codes(request: Request, caller: Myself, body: PasswordAndCode) -> RecoveryCodes:
    """Make new recovery codes; those from before count no more."""
    app, user_id = app_of(request), _user(caller)
    _prove_password(request, caller, user_id, body)
    place = client_of(request)
    codes = recovery_codes(app.store, app.code_limits, caller.org_id, user_id, caller.actor, body.code, place)
    return RecoveryCodes(recovery_codes=codes)


@router.post("/off", status_code=204, responses=answers(409))
@slow(Work.PASSWORD)
def end_second_factor(request: Request, caller: Myself, body: PasswordAndCode) -> None:
    """Sign in with the password alone from now on. Where the organization requires one, set up another at once."""
    app, user_id = app_of(request), _user(caller)
    _prove_password(request, caller, user_id, body)
    place = client_of(request)
    take_away(app.store, app.code_limits, caller.org_id, user_id, caller.actor, body.code, place)
    request.app.state.authenticator.forget()


def _user(caller: Caller) -> UUID:
    if caller.user_id is None:
        raise StateError("An API key has no second factor.", code="NOT_A_USER", hint="Sign in as a user.")
    return caller.user_id


def _prove_password(request: Request, caller: Caller, user_id: UUID, body: PasswordAgain) -> None:
    app, place = app_of(request), client_of(request)
    request.app.state.password_checks.check(place)
    prove_password(
        app.store,
        app.passwords,
        caller.org_id,
        user_id,
        caller.actor,
        body.password.get_secret_value(),
        sources=app.sources,
        source=f"own password, {place}",
        field="password",
    )
