"""Who sends a request, and whether they may.

What the database says of an account is remembered for a few seconds, so that a request costs no query of its own.
A change made through this process counts at once, one made through another process within `REMEMBERED` seconds.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from orderflow.engine.tracing import current_traceparent
from orderflow.entrypoints.api import page_cookie
from orderflow.entrypoints.api.deps import Caller
from orderflow.entrypoints.api.errors import ForbiddenError, request_id_of
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.session_tokens import PAGE, Claims, Tokens
from orderflow.flow.people.api_keys import MARK, hash_key
from orderflow.flow.people.sign_in import Account, AuthRequiredError
from orderflow.flow.ports import Actor
from orderflow.storage.people.accounts import SqlAccounts

REMEMBERED = 5.0
"""Seconds."""

_MOST = 10_000
Credentials = tuple[UUID, UUID] | bytes
"""A user and a session, or the hash of an API key."""

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")


class Recent(Generic[Key, Found]):
    """What the database said of those who sent something lately. Threads may share it."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[float, Found]] = {}
        self._changes = 0
        self._lock = Lock()

    async def get(self, key: Key, find: Callable[[], Awaitable[Found | None]]) -> Found | None:
        """Return what is remembered, or what is found now; only what was found is remembered."""
        since, known = self._found.get(key, (0.0, None))
        if known is not None and time.monotonic() - since < REMEMBERED:
            return known
        asked_at, changes = time.monotonic(), self._changes
        found = await find()
        if found is not None:
            self._remember(key, asked_at, changes, found)
        return found

    def forget(self) -> None:
        """Ask again about everybody, since something has changed; what is being asked now may be from before that."""
        with self._lock:
            self._changes += 1
            self._found.clear()

    def _remember(self, key: Key, asked_at: float, changes: int, found: Found) -> None:
        with self._lock:
            if changes != self._changes:
                return
            if len(self._found) >= _MOST:
                self._found.clear()
            self._found[key] = (asked_at, found)


class Authenticator:
    """Finds the account that a token or an API key belongs to."""

    def __init__(self, accounts: SqlAccounts) -> None:
        self._accounts = accounts
        self._recent: Recent[Credentials, Account] = Recent()

    async def by_key(self, key: str) -> Account:
        """Return the account of an API key. Raises AuthRequiredError if it does not count, or no longer."""
        account = await self._look_up(hash_key(key))
        if account is None or not account.active:
            raise AuthRequiredError(
                "The API key is not valid.", code="KEY_INVALID", hint="It was revoked, has expired, or never was."
            )
        return account

    async def by_session(self, session: Claims) -> Account:
        """Return the account of a session. Raises AuthRequiredError if it was ended."""
        account = await self._look_up((session.user_id, session.session_id))
        if account is None or not account.active or account.version != session.version:
            raise AuthRequiredError("The session was ended.", code="SESSION_ENDED", hint="Sign in again.")
        return account

    def forget(self) -> None:
        """Ask the database again about everybody: an account has changed."""
        self._recent.forget()

    async def _look_up(self, credentials: Credentials) -> Account | None:
        return await self._recent.get(credentials, lambda: run_in_threadpool(self._find, credentials))

    def _find(self, credentials: Credentials) -> Account | None:
        if isinstance(credentials, bytes):
            return self._accounts.by_key(credentials)
        return self._accounts.by_session(*credentials)


def session_of(request: Request) -> Claims:
    """Return what the caller's token says, sent in a header or kept by a browser.

    Raises:
        AuthRequiredError: There is none, or an API key.
        ForbiddenError: Another site's page had a browser send it.
    """
    tokens: Tokens = request.app.state.tokens
    if sent := _sent(request):
        return tokens.read(sent)
    if kept := page_cookie.token_in(request):
        return tokens.read(kept, PAGE)
    raise AuthRequiredError


async def authorize(request: Request, permission: Permission) -> Caller:
    """Return the caller.

    Raises:
        AuthRequiredError: There are no credentials, or they do not count.
        ForbiddenError: The caller's role lacks the permission.
    """
    account, is_user = await _identify(request)
    if account.second_factor_required and not account.second_factor and permission is not Permission.OWN_ACCOUNT:
        raise ForbiddenError(
            "Your organization requires a second factor, and you have none yet.",
            code="SECOND_FACTOR_NEEDED",
            hint="Set it up in the page, under Settings, Your account; programs use an API key.",
        )
    name = account.email if is_user else f"key:{account.email}"
    caller = Caller(
        account.org_id,
        account.id if is_user else None,
        account.email,
        account.role,
        Actor(name, request_id_of(request), current_traceparent(), restricted=True),
        account.cap,
        account.owner_id,
        account.scopes,
    )
    caller.must_be_allowed(permission)
    return caller


async def _identify(request: Request) -> tuple[Account, bool]:
    """Return the account, and whether it is a user's; a browser's session slides."""
    authenticator: Authenticator = request.app.state.authenticator
    sent = _sent(request)
    if sent and sent.startswith(MARK):
        return await authenticator.by_key(sent), False
    session = session_of(request)
    account = await authenticator.by_session(session)
    if not sent and page_cookie.is_due(session):
        request.state.session_token = request.app.state.tokens.issue_for_page(account, session)
    return account, True


def _sent(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return request.headers.get("x-api-key") or None
