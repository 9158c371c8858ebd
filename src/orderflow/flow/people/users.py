"""The people of an organization, what they may do, and their passwords."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.access import Role
from orderflow.domain.errors import InputError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.people.sign_in import Sources, Verifier, begin_attempt
from orderflow.flow.ports import Actor, Audit

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 512
DIFFERENT_CHARACTERS = 5
"""Characters; NIST SP 800-63B §5.1.1.2 asks for at least 8, and to allow 64 and more."""


@dataclass(slots=True)
class User:
    """A person, without the password."""

    id: UUID
    email: str
    role: Role
    name: str | None = None
    active: bool = True
    locked_until: datetime | None = None
    last_login_at: datetime | None = None
    created_at: datetime | None = None
    version: int = 1


class Users(Protocol):
    """The users of one organization."""

    def add(self, user: User, password_hash: str) -> None:
        """Insert a user. Raises StateError if the address is taken."""

    def get(self, user_id: UUID) -> User:
        """Return and lock one user. Raises NotFoundError."""

    def password_hash(self, user_id: UUID) -> str:
        """Return the stored hash."""

    def change(self, user_id: UUID, *, end_sessions: bool = False, **columns: Any) -> None:
        """Change columns; with `end_sessions` no token that was given out before counts any more."""

    def lock_admins(self) -> set[UUID]:
        """Lock the active administrators and return their ids."""


class UserWork(Protocol):
    """One transaction in one organization."""

    @property
    def users(self) -> Users:
        """Its users."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""


class UserStore(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[UserWork]:
        """Open a transaction in an organization."""


class Failures(Protocol):
    """Wrong passwords, by account."""

    def forget_failures(self, email: str) -> int:
        """Forget those for an account, so that nobody waits; returns from how many places they came."""


def create_user(
    store: UserStore,
    passwords: Verifier,
    org_id: UUID,
    actor: Actor,
    *,
    email: str,
    password: str,
    role: Role,
    name: str | None = None,
    user_id: UUID | None = None,
) -> User:
    """Add a user, by default under a new id.

    Raises:
        InputError: The address is none, or the password is too short or too long.
        StateError: The address is taken.
    """
    user = User(user_id or new_id(), _address(email), role, name)
    hashed = passwords.hash(_fit(password))
    with store.work(org_id) as work:
        work.users.add(user, hashed)
        after = {"email": user.email, "role": role}
        work.audit.add("USER_CREATED", actor, "app_user", [user.id], None, after)
        return work.users.get(user.id)


def change_user(store: UserStore, org_id: UUID, user_id: UUID, actor: Actor, **changes: Any) -> User:
    """Change a user's `name`, `role` or `active`; another role, or an end, ends their sessions.

    Raises:
        NotFoundError: There is no such user.
        StateError: They are the last active administrator, and would not be any more.
    """
    with store.work(org_id) as work:
        admins = work.users.lock_admins()
        before = work.users.get(user_id)
        if _stops_being_admin(changes) and admins == {user_id}:
            raise StateError(
                "This is the last active administrator.",
                code="LAST_ADMIN",
                hint="Make somebody else an administrator first.",
            )
        if not changes:
            return before
        work.users.change(user_id, end_sessions=bool({"role", "active"} & changes.keys()), **changes)
        was = {name: getattr(before, name) for name in changes}
        work.audit.add("USER_CHANGED", actor, "app_user", [user_id], was, changes)
        return work.users.get(user_id)


def set_password(
    store: UserStore, passwords: Verifier, org_id: UUID, user_id: UUID, actor: Actor, password: str
) -> None:
    """Give a user another password, and end their sessions.

    Raises:
        InputError: The password is too short or too long.
        NotFoundError: There is no such user.
    """
    hashed = passwords.hash(_fit(password))
    with store.work(org_id) as work:
        work.users.get(user_id)
        work.users.change(user_id, end_sessions=True, password_hash=hashed)
        work.audit.add("PASSWORD_SET", actor, "app_user", [user_id])


def unlock(store: UserStore, failures: Failures, org_id: UUID, user_id: UUID, actor: Actor) -> int:
    """Let a user, and whoever tries to be them, sign in without waiting; returns from how many places was tried.

    Raises:
        NotFoundError: There is no such user.
    """
    with store.work(org_id) as work:
        email = work.users.get(user_id).email
        work.audit.add("SIGN_IN_UNLOCKED", actor, "app_user", [user_id])
    return failures.forget_failures(email)


def change_own_password(
    store: UserStore,
    passwords: Verifier,
    org_id: UUID,
    user_id: UUID,
    actor: Actor,
    old: str,
    new: str,
    *,
    sources: Sources | None = None,
    source: str = "",
) -> None:
    """Change one's own password; sign in again afterwards.

    Args:
        sources: Counts the attempt, as a sign-in of the actor from `source`.

    Raises:
        RateLimitedError: As `begin_attempt`.
        InputError: The old one is wrong, or the new one too short or too long.
    """
    prove_password(store, passwords, org_id, user_id, actor, old, sources=sources, source=source)
    set_password(store, passwords, org_id, user_id, actor, new)


def prove_password(
    store: UserStore,
    passwords: Verifier,
    org_id: UUID,
    user_id: UUID,
    actor: Actor,
    password: str,
    *,
    sources: Sources | None = None,
    source: str = "",
    field: str = "old_password",
) -> None:
    """Have a user who is signed in show that it is they.

    Args:
        sources: Counts the attempt, as a sign-in of the actor from `source`.
        field: What the password is called where it was typed.

    Raises:
        RateLimitedError: As `begin_attempt`.
        InputError: It is not their password.
    """
    if sources is not None:
        begin_attempt(sources, actor.name, source)
    with store.work(org_id) as work:
        stored = work.users.password_hash(user_id)
    if not passwords.verify(stored, password):
        fields = [{"field": field, "message": "is not your password"}]
        what = "The old password is wrong." if field == "old_password" else "The password is wrong."
        raise InputError(what, code="PASSWORD_WRONG", details={"fields": fields})


def _stops_being_admin(changes: dict[str, Any]) -> bool:
    return changes.get("role", Role.ADMIN) != Role.ADMIN or changes.get("active") is False


def _address(email: str) -> str:
    email = email.strip()
    name, _, domain = email.rpartition("@")
    if not name or not domain or not email.isprintable() or " " in email or len(email) > 254:
        fields = [{"field": "email", "message": "must be an e-mail address"}]
        raise InputError("The e-mail address cannot be used.", details={"fields": fields})
    return email


def _fit(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        message = f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
        fields = [{"field": "password", "message": message}]
        raise InputError(f"The password {message}.", code="PASSWORD_UNFIT", details={"fields": fields})
    if len(set(password.casefold())) < DIFFERENT_CHARACTERS or password.casefold() in _RUNS:
        fields = [{"field": "password", "message": "is too easy to guess"}]
        raise InputError(
            "The password is too easy to guess.",
            code="PASSWORD_WEAK",
            hint="Use several words, or what a password manager makes.",
            details={"fields": fields},
        )
    return password


def _runs() -> Iterator[str]:
    """Yield what hands type who want to be done: rows of keys, digits and letters, from everywhere in them."""
    for row in (
        "0123456789" * 3,
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
        "qwertzuiopasdfghjkl",
    ):
        for run in (row, row[::-1]):
            for start in range(len(run)):
                for end in range(start + SHORTEST_PASSWORD, len(run) + 1):
                    yield run[start:end]


_RUNS = frozenset(_runs())
