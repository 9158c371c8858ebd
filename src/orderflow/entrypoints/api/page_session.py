"""Signing in to the page: a session for all tabs of a browser, kept where no script reads it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from orderflow.entrypoints.api import page_cookie
from orderflow.entrypoints.api.authentication import Authenticator
from orderflow.entrypoints.api.errors import ForbiddenError, answers, request_id_of
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import Out
from orderflow.entrypoints.api.session_tokens import PAGE, Claims, Tokens
from orderflow.entrypoints.api.sign_in import Credentials, end_session, signed_in
from orderflow.flow.people.sign_in import Account, AuthRequiredError
from orderflow.flow.ports import Actor

router = ApiRouter("/auth/session", "Sign-in")


class PageSession(Out):
    """The session of this browser."""

    user_id: UUID | None = Field(description="null: nobody is signed in")
    email: str | None
    expires_at: datetime | None = Field(description="If nothing is asked for until then")


@router.get("")
async def get_page_session(request: Request) -> PageSession:
    """Return who is signed in in this browser. For the page; programs send a token or an API key."""
    account, session = await _present(request)
    if account is None or session is None:
        return PageSession(user_id=None, email=None, expires_at=None)
    return PageSession(user_id=account.id, email=account.email, expires_at=session.expires_at)


@router.post("", responses=answers(401, 403, 429))
async def begin_page_session(request: Request, response: Response, body: Credentials) -> PageSession:
    """Sign in with address and password, in this browser: the answer sets a cookie, and ends the session before it.

    Refused are requests from the pages of other sites, and over plain HTTP unless it is to this machine. How wrong
    passwords are slowed down, `/auth/login` says.
    """
    page_cookie.require_own_page(request)
    secure, tokens = page_cookie.is_secure(request), _tokens(request)
    account = await signed_in(request, body)
    before, session = await _present(request)
    if before and session:
        await run_in_threadpool(_end, request, before, session)
    token = tokens.issue_for_page(account)
    page_cookie.drop(response)
    page_cookie.keep(response, token, secure=secure)
    return PageSession(user_id=account.id, email=account.email, expires_at=tokens.read(token, PAGE).expires_at)


@router.delete("", status_code=204, responses=answers(403))
async def end_page_session(request: Request, response: Response) -> None:
    """Sign out of this browser, all tabs of it. The session ends on the server too."""
    page_cookie.require_own_page(request)
    account, session = await _present(request)
    if account and session:
        await run_in_threadpool(_end, request, account, session)
    page_cookie.drop(response)


async def _present(request: Request) -> tuple[Account | None, Claims | None]:
    authenticator: Authenticator = request.app.state.authenticator
    try:
        kept = page_cookie.token_in(request)
        if kept is None:
            return None, None
        session = _tokens(request).read(kept, PAGE)
        return await authenticator.by_session(session), session
    except (AuthRequiredError, ForbiddenError):
        return None, None


def _end(request: Request, account: Account, session: Claims) -> None:
    end_session(request, account.org_id, session, Actor(account.email, request_id_of(request), restricted=True))


def _tokens(request: Request) -> Tokens:
    tokens: Tokens = request.app.state.tokens
    return tokens
