"""Tokens: JWTs (RFC 7519) signed with HS256, good for an hour or until the account's sessions are ended."""

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

ISSUER, AUDIENCE = "orderflow", "orderflow-api"
"""Who makes these tokens, and what they are for: a secret shared by mistake makes no token of another service count."""

_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a token names, and which version of their account it was made for."""

    user_id: UUID
    version: int
    session_id: UUID
    expires_at: datetime


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
        """Return a token for a user."""
        now = int(time.time())
        claims = {
            "sub": str(account.id),
            "org": str(account.org_id),
            "role": account.role.value,
            "ver": account.version,
            "iss": ISSUER,
            "aud": AUDIENCE,
            "jti": str(new_id()),
            "iat": now,
            "exp": now + LIFETIME,
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> Claims:
        """Return what a token says.

        Raises:
            AuthRequiredError: It has expired, or was not made here.
        """
        options = {"require": ["sub", "exp", "ver", "iss", "aud", "jti"]}
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options=options,  # type: ignore[arg-type]  # a TypedDict
                issuer=ISSUER,
                audience=AUDIENCE,
            )
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            return Claims(UUID(claims["sub"]), int(claims["ver"]), UUID(claims["jti"]), expires_at)
        except jwt.ExpiredSignatureError:
            raise AuthRequiredError("The token has expired.", code="TOKEN_EXPIRED", hint="Sign in again.") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            raise AuthRequiredError("The token is not valid.", code="TOKEN_INVALID", hint="Sign in again.") from None
