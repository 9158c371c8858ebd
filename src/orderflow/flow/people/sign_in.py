"""Somebody signs in with address and password."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from orderflow.domain.access import Role
from orderflow.domain.errors import OrderFlowError
from orderflow.flow.ports import Actor, Audit

LOCK_AFTER = 5
"""Wrong passwords in a row until an account is locked."""

LOCK_SECONDS = 900.0
"""Seconds for which it is locked."""


class AuthRequiredError(OrderFlowError):
    """Nobody is signed in, or no longer."""

    code = "NO_CREDENTIALS"
    hint = "Sign in at /api/v1/auth/login, or send an API key, as `Authorization: Bearer …`."
    default_message = "Sign in first."


class RateLimitedError(OrderFlowError):
    """Too many attempts.

    Args:
        retry_after: Whole seconds to wait.
    """

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, hint=f"Wait {retry_after} seconds, then try again.")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Account:
    """Whom credentials belong to: a user, or an API key (then `email` is its name).

    Attributes:
        version: Changes whenever the tokens given out so far cease to count.
    """

    id: UUID
    org_id: UUID
    email: str
    role: Role
    active: bool
    version: int
    password_hash: str = field(repr=False)


class Accounts(Protocol):
    """Finds accounts in all organizations."""

    def by_email(self, email: str) -> Account | None:
        """Return the user with this address, in any spelling."""


class Verifier(Protocol):
    """Hashes and verifies passwords."""

    def hash(self, password: str) -> str:
        """Return the hash to store."""

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether they belong together; None takes as long as a wrong password."""

    def outdated(self, stored: str) -> bool:
        """Tell whether the hash should be made anew."""


class SignIns(Protocol):
    """What is noted about sign-ins."""

    def note_failure(self, user_id: UUID, limit: int, seconds: float) -> None:
        """Count a wrong password; the `limit`-th in a row locks the account for `seconds`."""

    def note_success(self, user_id: UUID) -> bool:
        """Note a sign-in; False if the account is locked or not active."""


class SignInWork(Protocol):
    """One transaction in the account's organization."""

    @property
    def users(self) -> SignIns:
        """Its users."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class SignInStore(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[SignInWork]:
        """Open a transaction in an organization."""


def sign_in(
    store: SignInStore, accounts: Accounts, passwords: Verifier, email: str, password: str, request_id: str | None
) -> Account:
    """Return the account.

    Raises:
        AuthRequiredError: The same for an unknown address, a wrong password, and an account that is locked or
            not active: nobody learns which addresses exist.
    """
    account = accounts.by_email(email)
    right = passwords.verify(account.password_hash if account else None, password)
    if account is None or not _noted(store, account, Actor(account.email, request_id), right=right):
        raise AuthRequiredError(
            "The e-mail address or the password is wrong.",
            code="SIGN_IN_REFUSED",
            hint=f"After {LOCK_AFTER} wrong passwords an account is locked for {LOCK_SECONDS / 60:.0f} minutes; "
            "an administrator can set a new password.",
        )
    return account


def _noted(store: SignInStore, account: Account, actor: Actor, *, right: bool) -> bool:
    with store.work(account.org_id) as work:
        if right and work.users.note_success(account.id):
            work.audit.add("LOGIN_SUCCEEDED", actor, "app_user", [account.id])
            return True
        if not right:
            work.users.note_failure(account.id, LOCK_AFTER, LOCK_SECONDS)
        work.audit.add("LOGIN_FAILED", actor, "app_user", [account.id])
        return False
