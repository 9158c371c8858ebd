"""API keys in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from orderflow.domain.access import Role
from orderflow.domain.errors import NotFoundError
from orderflow.flow.people.api_keys import KeyInfo
from orderflow.storage.tables.models import ApiKey

_keys = ApiKey.__table__
_SHOWN = [_keys.c[name] for name in KeyInfo.__dataclass_fields__]


class SqlApiKeys:
    """The API keys of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def add(self, key: KeyInfo, key_hash: bytes) -> KeyInfo:
        """Insert a key and return it as stored."""
        values = {name: getattr(key, name) for name in ("id", "name", "role", "prefix", "created_by", "expires_at")}
        query = insert(ApiKey).values(org_id=self._org_id, key_hash=key_hash, **values).returning(*_SHOWN)
        return _key(self._connection.execute(query).mappings().one())

    def all(self) -> list[KeyInfo]:
        """Return every key, revoked ones too, newest first."""
        query = select(*_SHOWN).order_by(_keys.c.created_at.desc(), _keys.c.id.desc())
        return [_key(row) for row in self._connection.execute(query).mappings()]

    def revoke(self, key_id: UUID) -> KeyInfo:
        """Revoke a key; one that is revoked already stays as it is. Raises NotFoundError."""
        changed = {"revoked_at": func.coalesce(_keys.c.revoked_at, func.now())}
        query = update(ApiKey).where(_keys.c.id == key_id).values(changed).returning(*_SHOWN)
        row = self._connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFoundError(f"There is no API key {key_id} in this organization.")
        return _key(row)


def _key(row: Mapping[Any, Any]) -> KeyInfo:
    return KeyInfo(**{**row, "role": Role(row["role"])})
