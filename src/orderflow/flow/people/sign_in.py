"""Somebody signs in with address and password."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from orderflow.domain.access import Role
from orderflow.domain.errors import OrderFlowError
from orderflow.flow.ports import Actor, Audit

FREE = 5
"""Wrong passwords for one account from one place that cost no waiting; each further one doubles the seconds."""

LONGEST_WAIT = 900
"""Seconds that somebody has to wait at most before the next attempt from the same place."""

STRANGERS = 100
"""Wrong passwords for one account within an hour, from places where nobody signed in to it before."""

STRANGERS_WAIT = 10
"""Seconds between any two attempts from such places, from then on."""

KNOWN_FOR = 90 * 86_400
"""Seconds for which a place is known where somebody signed in: from there the right password always gets in."""


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
class AnswerSender:
    """An ERP that may send answers to one connection; `token_hash` None: only what is signed."""

    org_id: UUID
    token_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Account:
    """Whom credentials belong to: a user, or an API key (then `email` is its name).

    Attributes:
        version: Changes whenever the tokens given out so far cease to count.
        cap: Role of the user whom an API key belongs to; the key may do what both roles may.
        owner_id: That user, or the user themself; None for a key from before keys belonged to somebody.
        scopes: What a key may do at most, by the names of permissions; None: all that its role may.
        second_factor: A user shows a code beside their password.
        second_factor_required: Their organization wants it of all users.
    """

    id: UUID
    org_id: UUID
    email: str
    role: Role
    active: bool
    version: int
    password_hash: str = field(repr=False)
    cap: Role | None = None
    owner_id: UUID | None = None
    scopes: frozenset[str] | None = None
    second_factor: bool = False
    second_factor_required: bool = False


class Accounts(Protocol):
    """Finds accounts in all organizations."""

    def by_email(self, email: str) -> Account | None:
        """Return the user with this address, in any spelling."""


class Verifier(Protocol):
    """Hashes and verifies passwords."""

    def hash(self, password: str) -> str:
        """Return the hash to store."""

    def verify(self, stored: str | None, password: str) -> bool:
        """Return whether they belong together; None takes as long as a wrong password."""

    def outdated(self, stored: str) -> bool:
        """Return whether the hash should be made anew."""


class Sources(Protocol):
    """Counts attempts by account and by where they come from, whether or not there is such an account.

    Accounts are never locked: that would let anybody keep their owners out.
    """

    def begin(self, email: str, source: str) -> float:
        """Count an attempt as failed until `succeed`; returns the seconds to wait if it comes too soon, else 0."""

    def succeed(self, email: str, source: str) -> None:
        """Note that the right password came from there."""


class SignIns(Protocol):
    """What is noted about sign-ins."""

    def note_success(self, user_id: UUID) -> bool:
        """Note a sign-in; False if the account is not active."""


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


def begin_attempt(sources: Sources, email: str, source: str) -> None:
    """Count an attempt to prove that one knows a password.

    Args:
        source: Where it comes from; what is the same for one customer of a network.

    Raises:
        RateLimitedError: It comes too soon after others that failed. The same for an address that nobody has.
    """
    if wait := sources.begin(email, source):
        raise RateLimitedError("Too many wrong passwords.", math.ceil(wait))


def sign_in(
    store: SignInStore,
    accounts: Accounts,
    passwords: Verifier,
    sources: Sources,
    email: str,
    password: str,
    source: str,
    request_id: str | None,
    second_step: Callable[[Account, Actor], None],
) -> Account:
    """Return the account.

    Args:
        second_step: Raises AuthRequiredError unless whoever knows the password shows their second factor too.

    Raises:
        AuthRequiredError: The same for an unknown address, a wrong password, and an account that is not active:
            nobody learns which addresses exist.
        RateLimitedError: As `begin_attempt`.
    """
    begin_attempt(sources, email, source)
    account = accounts.by_email(email)
    right = passwords.verify(account.password_hash if account else None, password)
    if right and account and account.active and account.second_factor:
        sources.succeed(email, source)  # whatever becomes of the second factor, whose failures count by themselves
        second_step(account, Actor(account.email, request_id))
    if account is None or not _noted(store, account, Actor(account.email, request_id), right=right):
        raise AuthRequiredError(
            "The e-mail address or the password is wrong.",
            code="SIGN_IN_REFUSED",
            hint=f"After {FREE} wrong passwords each further attempt has to wait longer; "
            "an administrator can set a new password.",
        )
    sources.succeed(email, source)
    return account


def _noted(store: SignInStore, account: Account, actor: Actor, *, right: bool) -> bool:
    with store.work(account.org_id) as work:
        if right and work.users.note_success(account.id):
            work.audit.add("LOGIN_SUCCEEDED", actor, "app_user", [account.id])
            return True
        work.audit.add("LOGIN_FAILED", actor, "app_user", [account.id])
        return False
