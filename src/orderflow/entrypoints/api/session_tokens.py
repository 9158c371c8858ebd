"""Tokens: JWTs (RFC 7519) signed with HS256.

A program's is good for an hour, or until the account's sessions are ended. That of the page slides: whoever works gets
the next one of the same session, until the session itself is over.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import jwt

from orderflow.domain.ids import new_id
from orderflow.flow.people.sign_in import Account, AuthRequiredError

LIFETIME = 3600
"""Seconds."""

PAGE_LIFETIME = 12 * 3600
"""Seconds after the last request that somebody is signed in to the page."""

LONGEST_SESSION = 7 * 86_400
"""Seconds after which somebody signs in to the page again, however busy they were."""

LEEWAY = 60
"""Seconds by which the clocks of two API servers may differ: what one has just made, the other takes.

So a token may count for as long after its end. One that was ended before, by signing out or with the account's
sessions, does not: that is looked up each time, and kept for longer (`storage/people/users.py`).
"""

ISSUER, AUDIENCE, PAGE = "orderflow", "orderflow-api", "orderflow-page"
"""Who makes these tokens, and what they are for: a secret shared by mistake makes no token of another service count,
and what is in a cookie is no token for a header, nor the other way round."""

_ALGORITHM = "HS256"
_REQUIRED = ("sub", "exp", "ver", "iss", "aud", "jti")


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a token names, and which version of their account it was made for.

    Attributes:
        began_at: When they signed in.
        ends_at: From when on no token of this session can count, but for `LEEWAY`.
    """

    user_id: UUID
    version: int
    session_id: UUID
    expires_at: datetime
    began_at: datetime
    ends_at: datetime


class Tokens:
    """Makes and reads tokens.

    Args:
        secret: At least 32 characters, the same in every process.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "Tokens(…)"

    def issue(self, account: Account) -> str:
        """Return a token for a user's program."""
        now = int(time.time())
        return self._sign(account, AUDIENCE, new_id(), now, now + LIFETIME)

    def issue_for_page(self, account: Account, session: Claims | None = None) -> str:
        """Return a token for a user's browser: of a new session, or the next one of a session."""
        now = int(time.time())
        began = int(session.began_at.timestamp()) if session else now
        session_id = session.session_id if session else new_id()
        return self._sign(account, PAGE, session_id, began, min(now + PAGE_LIFETIME, began + LONGEST_SESSION))

    def _sign(self, account: Account, audience: str, session_id: UUID, began: int, expires: int) -> str:
        claims = {
            "sub": str(account.id),
            "org": str(account.org_id),
            "role": account.role.value,
            "ver": account.version,
            "iss": ISSUER,
            "aud": audience,
            "jti": str(session_id),
            "iat": int(time.time()),
            "auth_time": began,  # as OpenID Connect Core 1.0, section 2, has it
            "exp": expires,
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str, audience: str = AUDIENCE) -> Claims:
        """Return what a token says.

        Raises:
            AuthRequiredError: It expired longer than `LEEWAY` ago, was not made here, or not for this.
        """
        options = {"require": [*_REQUIRED, *(["auth_time"] if audience == PAGE else [])]}
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options=options,  # type: ignore[arg-type]  # a TypedDict
                issuer=ISSUER,
                audience=audience,
                leeway=LEEWAY,
            )
            return _claims(claims, audience)
        except jwt.ExpiredSignatureError:
            raise AuthRequiredError("The token has expired.", code="TOKEN_EXPIRED", hint="Sign in again.") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            raise AuthRequiredError("The token is not valid.", code="TOKEN_INVALID", hint="Sign in again.") from None


def _claims(claims: dict[str, str | int], audience: str) -> Claims:
    expires = datetime.fromtimestamp(int(claims["exp"]), UTC)
    began = datetime.fromtimestamp(int(claims.get("auth_time", claims["exp"])), UTC)
    ends = datetime.fromtimestamp(int(claims["auth_time"]) + LONGEST_SESSION, UTC) if audience == PAGE else expires
    return Claims(UUID(str(claims["sub"])), int(claims["ver"]), UUID(str(claims["jti"])), expires, began, ends)
