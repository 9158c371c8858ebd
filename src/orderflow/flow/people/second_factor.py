"""The second factor: a code of six digits that an app shows for half a minute (TOTP, RFC 6238), or a recovery code."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from base64 import b32encode
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import pyotp
from pyotp.utils import strings_equal

from orderflow.domain.errors import InputError, StateError
from orderflow.flow.people.sign_in import Account, AuthRequiredError, RateLimitedError
from orderflow.flow.people.users import User
from orderflow.flow.ports import Actor, Audit

STEP = 30
"""Seconds for which an app shows a code."""

AROUND = 1
"""Steps by which an app's clock may be off, either way; RFC 6238, section 5.2, advises one."""

RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
"""80 random bits, so that one SHA-256 is enough."""

ISSUER = "OrderFlow Connect"


class CodeNeededError(AuthRequiredError):
    """The password is right, and a code is wanted too."""

    code = "CODE_NEEDED"
    hint = "Send the six digits that your app shows now, or one of your recovery codes, as `code`."
    default_message = "This account has a second factor."


class CodeWrongError(AuthRequiredError):
    """The password is right, and the code is not."""

    code = "CODE_WRONG"
    hint = (
        "Each code counts once and for about a minute: wait for the next, and compare the clock of your phone. Without "
        "your phone use a recovery code; an administrator can take the second factor away."
    )
    default_message = "The code is wrong, or was used before."


@dataclass(slots=True)
class Factor:
    """What is stored of a user's second factor.

    Attributes:
        secret: In base32, as apps take it.
        confirmed: A code of it was shown once; before, it does not count.
        last_step: Of the newest code that was used.
        recovery: The SHA-256 of each recovery code that is left, in hexadecimal.
    """

    secret: str = field(repr=False)
    confirmed: bool = False
    last_step: int | None = None
    recovery: list[str] = field(default_factory=list, repr=False)


class SecondFactors(Protocol):
    """Those of one organization's users."""

    def get(self, user_id: UUID) -> Factor | None:
        """Return and lock what is stored. Raises EncryptionError if its key is not at hand."""

    def put(self, user_id: UUID, factor: Factor) -> None:
        """Store it, in place of what was there."""

    def remove(self, user_id: UUID) -> bool:
        """Remove it; False if there was none."""


class Limits(Protocol):
    """Counts codes by user, and by place where they signed in before."""

    def begin(self, user_id: UUID, source: str) -> float:
        """Count an attempt as failed until `succeed`; returns the seconds to wait if it comes too soon, else 0."""

    def succeed(self, user_id: UUID, source: str) -> None:
        """Note that the right code came from there."""


class Users(Protocol):
    """The users of one organization."""

    def get(self, user_id: UUID) -> User:
        """Return and lock one user. Raises NotFoundError."""

    def change(self, user_id: UUID, *, end_sessions: bool = False) -> None:
        """Give the user a new version; with `end_sessions` no token that was given out before counts any more."""


class Work(Protocol):
    """One transaction in one organization."""

    @property
    def second_factors(self) -> SecondFactors:
        """Those of its users."""

    @property
    def users(self) -> Users:
        """Its users."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class Store(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[Work]:
        """Open a transaction in an organization."""


def begin(store: Store, org_id: UUID, user_id: UUID) -> str:
    """Return a new secret for the user's app; it counts once `confirm` has seen a code of it.

    Raises:
        StateError: There is one that counts.
    """
    with store.work(org_id) as work:
        known = work.second_factors.get(user_id)
        if known and known.confirmed:
            raise StateError(
                "The second factor is on already.", code="SECOND_FACTOR_ON", hint="Take it away first, with a code."
            )
        secret = pyotp.random_base32()
        work.second_factors.put(user_id, Factor(secret))
    return secret


def address(secret: str, email: str) -> str:
    """Return what an app reads from a picture (https://github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def confirm(
    store: Store, limits: Limits, org_id: UUID, user_id: UUID, actor: Actor, code: str, place: str
) -> list[str]:
    """Turn the second factor on, now that its app shows the right code; returns recovery codes, which are shown once.

    Raises:
        StateError: It was not begun, or is on already.
        InputError: The code is wrong.
        RateLimitedError: It comes too soon after others that were wrong.
    """
    _count(limits, user_id, place)
    with store.work(org_id) as work:
        factor = work.second_factors.get(user_id)
        if factor is None or factor.confirmed:
            raise StateError(
                "No second factor waits for its first code.", code="SECOND_FACTOR_NOT_BEGUN", hint="Begin anew."
            )
        if not _uses_step(factor, code):
            raise _wrong()
        factor.confirmed = True
        codes = _renew(factor)
        work.second_factors.put(user_id, factor)
        work.audit.add("SECOND_FACTOR_ON", actor, "app_user", [user_id])
    limits.succeed(user_id, place)
    return codes


def prove(store: Store, limits: Limits, account: Account, code: str | None, place: str, actor: Actor) -> None:
    """Have somebody whose password was right show their second factor, if they have one.

    Raises:
        CodeNeededError: They have one, and sent no code.
        CodeWrongError: The code is wrong, or was used before.
        RateLimitedError: It comes too soon after others that were wrong.
    """
    if not account.second_factor:
        return
    if code is None:
        raise CodeNeededError
    _count(limits, account.id, place)
    with store.work(account.org_id) as work:
        right = _uses(work, account.id, code)
        if not right:
            work.audit.add("CODE_REFUSED", actor, "app_user", [account.id])
    if not right:
        raise CodeWrongError
    limits.succeed(account.id, place)


def recovery_codes(
    store: Store, limits: Limits, org_id: UUID, user_id: UUID, actor: Actor, code: str, place: str
) -> list[str]:
    """Return new recovery codes in place of those from before.

    Raises:
        InputError: The code is wrong.
        RateLimitedError: It comes too soon after others that were wrong.
    """
    _count(limits, user_id, place)
    with store.work(org_id) as work:
        if not _uses(work, user_id, code):
            raise _wrong()
        factor = work.second_factors.get(user_id)
        if factor is None:
            raise _wrong()
        codes = _renew(factor)
        work.second_factors.put(user_id, factor)
        work.audit.add("RECOVERY_CODES_RENEWED", actor, "app_user", [user_id])
    limits.succeed(user_id, place)
    return codes


def take_away(store: Store, limits: Limits, org_id: UUID, user_id: UUID, actor: Actor, code: str, place: str) -> None:
    """Sign in without a code from now on.

    Raises:
        InputError: The code is wrong.
        RateLimitedError: It comes too soon after others that were wrong.
    """
    _count(limits, user_id, place)
    with store.work(org_id) as work:
        if not _uses(work, user_id, code):
            raise _wrong()
        work.second_factors.remove(user_id)
        work.audit.add("SECOND_FACTOR_OFF", actor, "app_user", [user_id])
    limits.succeed(user_id, place)


def reset(store: Store, org_id: UUID, user_id: UUID, actor: Actor) -> None:
    """Take a user's second factor away, for who has lost phone and recovery codes; their sessions end.

    Raises:
        NotFoundError: There is no such user.
    """
    with store.work(org_id) as work:
        work.users.get(user_id)
        if work.second_factors.remove(user_id):
            work.users.change(user_id, end_sessions=True)
            work.audit.add("SECOND_FACTOR_RESET", actor, "app_user", [user_id])


def _count(limits: Limits, user_id: UUID, place: str) -> None:
    if wait := limits.begin(user_id, place):
        raise RateLimitedError("Too many wrong codes.", math.ceil(wait))


def _uses(work: Work, user_id: UUID, code: str) -> bool:
    """Return whether a code counts, and note that it does so no more."""
    factor = work.second_factors.get(user_id)
    if factor is None or not factor.confirmed or not (_uses_step(factor, code) or _uses_recovery(factor, code)):
        return False
    work.second_factors.put(user_id, factor)
    return True


def _uses_step(factor: Factor, code: str) -> bool:
    """A code counts once, and none before it counts any more (RFC 6238, section 5.2)."""
    digits, now, totp = "".join(code.split()), int(time.time()) // STEP, pyotp.TOTP(factor.secret)
    for step in range(now - AROUND, now + AROUND + 1):
        if (factor.last_step is None or step > factor.last_step) and strings_equal(totp.generate_otp(step), digits):
            factor.last_step = step
            return True
    return False


def _uses_recovery(factor: Factor, code: str) -> bool:
    hashed = _hash(code)
    if hashed not in factor.recovery:
        return False
    factor.recovery.remove(hashed)
    return True


def _renew(factor: Factor) -> list[str]:
    codes = [_spaced(b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()) for _ in range(RECOVERY_CODES)]
    factor.recovery = [_hash(code) for code in codes]
    return codes


def _spaced(code: str, each: int = 4) -> str:
    return "-".join(code[at : at + each] for at in range(0, len(code), each))


def _hash(code: str) -> str:
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _wrong() -> InputError:
    fields: Sequence[dict[str, str]] = [{"field": "code", "message": "is wrong, or was used before"}]
    return InputError(
        CodeWrongError.default_message, code="CODE_WRONG", hint=CodeWrongError.hint, details={"fields": fields}
    )
