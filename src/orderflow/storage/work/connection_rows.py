"""Connections in PostgreSQL as people set them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text, update

from orderflow.domain.opening_hours.hours import Period
from orderflow.domain.states import ExportStep
from orderflow.flow.ports import CHANGEABLE
from orderflow.flow.refusals import (
    MOST_BYTES,
    MOST_CONNECTIONS,
    configurations_too_large,
    default_not_active,
    exports_wait,
    name_taken,
    no_connection,
    too_many_connections,
    type_active,
)
from orderflow.secrets.encryption import EncryptionService, bind
from orderflow.storage.records import columns
from orderflow.storage.tables.models import ERPConnection
from orderflow.storage.tables.states import may
from orderflow.storage.work.clock import CLOSED

_ADD = text("""
    INSERT INTO erp_connection (id, org_id, connector_type, name, config_encrypted, key_id, status, restricted)
    VALUES (:id, :org_id, :connector_type, :name, :config, :key_id, 'DISABLED', :restricted)
""")
_REPLACE_CONFIG = text("""
    UPDATE erp_connection
    SET config_encrypted = :config, key_id = :key_id, version = version + 1, updated_at = now(),
        restricted = COALESCE(:restricted, restricted), last_test_at = NULL, test_error = NULL, delivered_at = NULL
    WHERE id = :id
""")
_SIZE = text("""
    SELECT COALESCE(sum(octet_length(config_encrypted)), 0) FROM erp_connection WHERE deleted_at IS NULL AND id <> :id
""")
_LOCK_ALL = text(f"""
    SELECT {columns(ERPConnection, "c")} FROM erp_connection c WHERE c.deleted_at IS NULL ORDER BY c.id
    FOR NO KEY UPDATE
""")  # noqa: S608  # built from constants
# Of the locks above, none keeps a push from naming the connection in its export; this one does.
_LOCK_WHOLE = text("SELECT FROM erp_connection WHERE id = :id FOR UPDATE")
_ENABLE = text("""
    UPDATE erp_connection SET status = 'ACTIVE', is_default = :is_default, version = version + 1, updated_at = now()
    WHERE id = :id
""")
_DISABLE = text("""
    UPDATE erp_connection SET status = 'DISABLED', is_default = false, version = version + 1, updated_at = now()
    WHERE id = :id
""")
# Of several nobody inherits: what was meant for one ERP would go to another.
_HEIR = text("""
    UPDATE erp_connection SET is_default = true, version = version + 1, updated_at = now()
    WHERE status = 'ACTIVE' AND deleted_at IS NULL AND NOT is_default
      AND (SELECT count(*) FROM erp_connection WHERE status = 'ACTIVE' AND deleted_at IS NULL) = 1
""")
_HOURS = text("SELECT opening_hours, now() FROM erp_connection WHERE id = :id AND deleted_at IS NULL")
_NOTE_OPEN = text(f"""
    UPDATE erp_connection c
    SET closed_until = COALESCE(CAST(:opens_at AS timestamptz), CASE WHEN NOT {CLOSED} THEN c.closed_until END, now()),
        open_until = CAST(:closes_at AS timestamptz), open_times = CAST(:open_times AS tstzmultirange),
        hours_seen_at = now()
    WHERE id = :id
""")  # noqa: S608  # built from a constant
_WAITING = text(f"SELECT count(*) FROM erp_export WHERE connection_id = :id AND {may(ExportStep.WORK)}")  # noqa: S608  # built from a constant
_DELETE = text("""
    DELETE FROM erp_connection c
    WHERE id = :id AND NOT EXISTS (SELECT FROM erp_export e WHERE e.connection_id = :id)
    RETURNING id
""")
_BURY = text("""
    UPDATE erp_connection
    SET deleted_at = now(), status = 'DISABLED', is_default = false, config_encrypted = :config, key_id = :key_id,
        breaker_state = 'CLOSED', breaker_error = NULL, poll_error = NULL, answer_token_hash = NULL,
        version = version + 1, updated_at = now()
    WHERE id = :id
""")
_CALLED = text("""
    SELECT id FROM erp_connection WHERE deleted_at IS NULL AND id <> :id AND lower(name) = lower(CAST(:name AS text))
""")
_NO_DEFAULT = text("UPDATE erp_connection SET is_default = false, version = version + 1 WHERE is_default")
_DEFAULT = text("""
    UPDATE erp_connection SET is_default = true, version = version + 1, updated_at = now() WHERE id = :id
""")


class SqlConnectionRows:
    """The part of `flow.ports.Connections` that people use."""

    _connection: Connection
    _org_id: UUID
    _encryption: EncryptionService

    def add(
        self,
        connection_id: UUID,
        connector_type: str,
        config: dict[str, Any],
        name: str | None,
        *,
        restricted: bool = False,
    ) -> None:
        """Insert a DISABLED connection; `restricted`: it is held to what the operator allows.

        Raises:
            StateError: Another one has this name, or the organization has as many, or as large ones, as it may have.
        """
        if len(self._lock_all()) >= MOST_CONNECTIONS:
            raise too_many_connections()
        self._refuse_name(connection_id, name)
        parameters = {"id": connection_id, "org_id": self._org_id, "connector_type": connector_type, "name": name}
        parameters["restricted"] = restricted
        sealed = self._sealed(connection_id, connector_type, config)
        self._find_room(connection_id, sealed, b"")
        self._connection.execute(_ADD, parameters | sealed)

    def type_of(self, connection_id: UUID) -> str:
        """Lock the connection and return its type. Raises NotFoundError."""
        return str(self._lock(connection_id)["connector_type"])

    def version(self, connection_id: UUID) -> int:
        """Lock the connection and return its version: how often people have changed it. Raises NotFoundError."""
        return int(self._lock(connection_id)["version"])

    def replace_config(self, connection_id: UUID, config: dict[str, Any], *, restricted: bool | None = None) -> None:
        """Overwrite the configuration, and whether it is held to what the operator allows, unless that is None.

        What proved the former one is forgotten.

        Raises:
            NotFoundError: There is no such connection.
            StateError: It is larger than before, and more than there is room for.
        """
        before = self._lock(connection_id)
        sealed = self._sealed(connection_id, before["connector_type"], config)
        self._find_room(connection_id, sealed, before["config_encrypted"])
        self._connection.execute(_REPLACE_CONFIG, {"id": connection_id, "restricted": restricted} | sealed)

    def _find_room(self, connection_id: UUID, sealed: Mapping[str, Any], before: bytes) -> None:
        """Raise StateError if the configurations grow beyond what they may be; what is there may stay."""
        others = self._connection.execute(_SIZE, {"id": connection_id}).scalar_one()
        if len(sealed["config"]) > len(before) and others + len(sealed["config"]) > MOST_BYTES:
            raise configurations_too_large(MOST_BYTES)

    def change(self, connection_id: UUID, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Overwrite some of `CHANGEABLE`; returns what they were.

        Raises:
            NotFoundError: There is no such connection.
            StateError: Another one has this name; or without one it would be the second of its type that is ACTIVE.
        """
        rows = self._lock_all()
        before = self._in(rows, connection_id)
        self._refuse_name(connection_id, columns.get("name"))
        if "name" in columns and columns["name"] is None and before["status"] == "ACTIVE":
            _refuse_second_without_name(rows, before)
        changes = {name: value for name, value in columns.items() if before[name] != value}
        if unknown := columns.keys() - CHANGEABLE:
            raise TypeError(f"not to be changed like this: {sorted(unknown)}")
        if "in_doubt" in columns:  # whatever it was before an upgrade: now a person has chosen
            changes["in_doubt_before"] = None
        if changes:
            changes["version"] = ERPConnection.version + 1
            self._connection.execute(update(ERPConnection).where(ERPConnection.id == connection_id).values(**changes))
        return {name: before[name] for name in changes if name in columns}

    def opening_hours(self, connection_id: UUID) -> tuple[dict[str, Any] | None, datetime]:
        """Return when it is open, as it was saved, and the store's time; None: at all hours. Raises NotFoundError."""
        found = self._connection.execute(_HOURS, {"id": connection_id}).first()
        if found is None:
            raise no_connection(connection_id)
        return found[0], found[1]

    def note_open(
        self, connection_id: UUID, period: Period, lately: Sequence[tuple[datetime, datetime | None]] = ()
    ) -> None:
        """Note when it is open now or next, and lately; of one that is open now, since when stays as it was known."""
        values: dict[str, Any] = {"id": connection_id, "opens_at": period.opens_at, "closes_at": period.closes_at}
        values["open_times"] = _multirange(lately) if lately else None
        self._connection.execute(_NOTE_OPEN, values)

    def delete(self, connection_id: UUID) -> bool:
        """Remove it; False if its exports refer to it, so that only its configuration and its use are gone.

        Raises:
            NotFoundError: There is no such connection.
            StateError: Exports wait for it.
        """
        kind = self.type_of(connection_id)
        self._connection.execute(_LOCK_WHOLE, {"id": connection_id})
        if waiting := self._connection.execute(_WAITING, {"id": connection_id}).scalar_one():
            raise exports_wait(waiting)
        gone = self._connection.execute(_DELETE, {"id": connection_id}).first() is not None
        if not gone:
            self._connection.execute(_BURY, {"id": connection_id} | self._sealed(connection_id, kind, {}))
        self._connection.execute(_HEIR)
        return gone

    def enable(self, connection_id: UUID) -> dict[str, Any]:
        """Make it ACTIVE, the default if it is the only one; returns its use before.

        Raises:
            NotFoundError: There is no such connection.
            StateError: It has no name, and nor has another ACTIVE one of its type.
        """
        rows = self._lock_all()
        before = self._in(rows, connection_id)
        if before["name"] is None:
            _refuse_second_without_name(rows, before)
        is_default = before["is_default"] or not _active_beside(rows, connection_id)
        self._connection.execute(_ENABLE, {"id": connection_id, "is_default": is_default})
        return _use(before)

    def disable(self, connection_id: UUID) -> dict[str, Any]:
        """Make it DISABLED, and the only ACTIVE one left the default; returns its use. Raises NotFoundError."""
        before = self._lock(connection_id)
        self._connection.execute(_DISABLE, {"id": connection_id})
        self._connection.execute(_HEIR)
        return _use(before)

    def make_default(self, connection_id: UUID) -> dict[str, Any]:
        """Make it the default instead of any other; returns its use before. Raises NotFoundError, StateError."""
        before = self._lock(connection_id)
        if before["status"] != "ACTIVE":
            raise default_not_active()
        self._connection.execute(_NO_DEFAULT)
        self._connection.execute(_DEFAULT, {"id": connection_id})
        return _use(before)

    def _refuse_name(self, connection_id: UUID, name: str | None) -> None:
        """Raise StateError if another one is called so; PostgreSQL says what are small letters, as for its index."""
        other = self._connection.execute(_CALLED, {"id": connection_id, "name": name}).scalar()
        if name is not None and other is not None:
            raise name_taken(name, other)

    def _lock(self, connection_id: UUID) -> Any:
        return self._in(self._lock_all(), connection_id)

    def _lock_all(self) -> dict[UUID, Any]:
        return {row["id"]: row for row in self._connection.execute(_LOCK_ALL).mappings()}

    def _in(self, rows: dict[UUID, Any], connection_id: UUID) -> Any:
        if connection_id not in rows:
            raise no_connection(connection_id)
        return rows[connection_id]

    def _sealed(self, connection_id: UUID, connector_type: str, config: dict[str, Any]) -> dict[str, Any]:
        place = bind(self._org_id, connection_id, connector_type)
        return {"config": self._encryption.encrypt_config(config, place), "key_id": self._encryption.key_id}


def _multirange(times: Sequence[tuple[datetime, datetime | None]]) -> str:
    spans = (f"[{begins.isoformat()},{ends.isoformat() if ends else ''})" for begins, ends in times)
    return f"{{{','.join(spans)}}}"


def _active_beside(rows: Mapping[UUID, Any], connection_id: UUID) -> list[Any]:
    return [row for row in rows.values() if row["id"] != connection_id and row["status"] == "ACTIVE"]


def _refuse_second_without_name(rows: Mapping[UUID, Any], one: Any) -> None:
    for row in _active_beside(rows, one["id"]):
        if row["name"] is None and row["connector_type"] == one["connector_type"]:
            raise type_active(row["connector_type"], row["id"])


def _use(row: Any) -> dict[str, Any]:
    return {"status": row["status"], "is_default": row["is_default"]}
