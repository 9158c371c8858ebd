"""API keys in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from orderflow.domain.access import Role
from orderflow.domain.errors import NotFoundError
from orderflow.flow.people.api_keys import KeyInfo
from orderflow.storage.tables.models import ApiKey, AppUser

_keys = ApiKey.__table__
_users = AppUser.__table__
_FROM = _keys.outerjoin(_users, _users.c.id == _keys.c.user_id)
_SHOWN = [_keys.c[name] for name in KeyInfo.__dataclass_fields__ if name in _keys.c]
_OF_USER = [_users.c.email.label("user_email"), func.coalesce(~_users.c.active, False).label("ended")]


class SqlApiKeys:
    """The API keys of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def add(self, key: KeyInfo, key_hash: bytes) -> KeyInfo:
        """Insert a key and return it as stored."""
        names = ("id", "name", "role", "prefix", "created_by", "user_id", "expires_at", "scopes")
        values = {name: getattr(key, name) for name in names}
        self._connection.execute(insert(ApiKey).values(org_id=self._org_id, key_hash=key_hash, **values))
        return self._get(key.id)

    def all(self) -> list[KeyInfo]:
        """Return every key, revoked ones too, newest first."""
        query = select(*_SHOWN, *_OF_USER).select_from(_FROM).order_by(_keys.c.created_at.desc(), _keys.c.id.desc())
        return [_key(row) for row in self._connection.execute(query).mappings()]

    def revoke(self, key_id: UUID) -> KeyInfo:
        """Revoke a key; one that is revoked already stays as it is. Raises NotFoundError."""
        changed = {"revoked_at": func.coalesce(_keys.c.revoked_at, func.now())}
        self._connection.execute(update(ApiKey).where(_keys.c.id == key_id).values(changed))
        return self._get(key_id)

    def assign(self, key_id: UUID, user_id: UUID) -> KeyInfo:
        """Let a key belong to a user, and end with them. Raises NotFoundError."""
        self._connection.execute(update(ApiKey).where(_keys.c.id == key_id).values(user_id=user_id))
        return self._get(key_id)

    def _get(self, key_id: UUID) -> KeyInfo:
        query = select(*_SHOWN, *_OF_USER).select_from(_FROM).where(_keys.c.id == key_id)
        row = self._connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFoundError(f"There is no API key {key_id} in this organization.")
        return _key(row)


def _key(row: Mapping[Any, Any]) -> KeyInfo:
    return KeyInfo(**{**row, "role": Role(row["role"])})
