"""Users in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from orderflow.domain.access import Role
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.flow.people.users import User
from orderflow.storage.tables.models import AppUser

_users = AppUser.__table__
_SHOWN = [_users.c[name] for name in User.__dataclass_fields__]
_NOTE_SUCCESS = text("""
    UPDATE app_user SET failed_logins = 0, locked_until = NULL, last_login_at = now() WHERE id = :id AND active
    RETURNING id
""")


# A day later: an API server may go by another clock than the database, and takes a token a little after its end.
_FORGET_SESSIONS = text("""
    DELETE FROM ended_session WHERE user_id = :user_id AND expires_at < now() - interval '1 day'
""")
_END_SESSION = text("""
    INSERT INTO ended_session (id, org_id, user_id, expires_at) VALUES (:id, :org_id, :user_id, :expires_at)
    ON CONFLICT DO NOTHING
""")


class SqlUsers:
    """The users of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def add(self, user: User, password_hash: str) -> None:
        """Insert a user. Raises StateError if the address is taken, in whichever organization."""
        values = {"id": user.id, "org_id": self._org_id, "email": user.email, "name": user.name, "role": user.role}
        try:
            self._connection.execute(insert(AppUser).values(password_hash=password_hash, **values))
        except IntegrityError as error:
            raise StateError(
                "A user with this e-mail address exists.",
                code="EMAIL_TAKEN",
                hint="Use another address; an address belongs to one user in one organization.",
            ) from error

    def get(self, user_id: UUID) -> User:
        """Return and lock one user. Raises NotFoundError."""
        query = select(*_SHOWN).where(_users.c.id == user_id).with_for_update()
        row = self._connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFoundError(f"There is no user {user_id} in this organization.")
        return _user(row)

    def all(self) -> list[User]:
        """Return every user, by address."""
        return [_user(row) for row in self._connection.execute(select(*_SHOWN).order_by(_users.c.email)).mappings()]

    def version(self, user_id: UUID) -> int:
        """Lock the user and return their version, in the order in which changes lock. Raises NotFoundError."""
        self.lock_admins()
        return self.get(user_id).version

    def password_hash(self, user_id: UUID) -> str:
        """Return the stored hash."""
        found = self._connection.execute(select(_users.c.password_hash).where(_users.c.id == user_id)).scalar_one()
        return str(found)

    def change(self, user_id: UUID, *, end_sessions: bool = False, **columns: Any) -> None:
        """Change columns: a new version; with `end_sessions` no token that was given out before counts any more."""
        columns["version"] = _users.c.version + 1
        if end_sessions:
            columns["tokens_valid_from"] = text("clock_timestamp()")
        self._connection.execute(update(AppUser).where(_users.c.id == user_id).values(**columns))

    def end_session(self, user_id: UUID, session_id: UUID, expires_at: datetime) -> None:
        """Note that a session was signed out of, until its token expires; what has expired is forgotten."""
        given = {"org_id": self._org_id, "user_id": user_id, "id": session_id, "expires_at": expires_at}
        self._connection.execute(_FORGET_SESSIONS, given)
        self._connection.execute(_END_SESSION, given)

    def lock_admins(self) -> set[UUID]:
        """Lock the active administrators and return their ids, so that two changes at once take turns."""
        query = select(_users.c.id).where(_users.c.role == Role.ADMIN, _users.c.active).order_by(_users.c.id)
        return set(self._connection.execute(query.with_for_update()).scalars())

    def note_success(self, user_id: UUID) -> bool:
        """Note a sign-in; False if the account is not active."""
        return self._connection.execute(_NOTE_SUCCESS, {"id": user_id}).first() is not None


def _user(row: Mapping[Any, Any]) -> User:
    return User(**{**row, "role": Role(row["role"])})
