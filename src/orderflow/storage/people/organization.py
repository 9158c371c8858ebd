"""The organization's own row in PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.storage.records import as_json

_GET = text("""
    SELECT id, slug, name, settings, created_at, version, second_factor_required,
           deliveries_paused_at IS NOT NULL
           AND (deliveries_paused_until IS NULL OR deliveries_paused_until > now()) AS deliveries_paused,
           deliveries_paused_at, deliveries_paused_until
    FROM organization WHERE id = :id FOR UPDATE
""")
_CHANGE = text("""
    UPDATE organization SET name = COALESCE(:name, name), settings = COALESCE(CAST(:settings AS jsonb), settings),
        second_factor_required = COALESCE(:second_factor, second_factor_required),
        version = version + 1
    WHERE id = :id
""")
_PAUSE = text("""
    UPDATE organization SET deliveries_paused_at = now(), deliveries_paused_until = :until, version = version + 1
    WHERE id = :id
""")
_RESUME = text("""
    UPDATE organization SET deliveries_paused_at = NULL, deliveries_paused_until = NULL, version = version + 1
    WHERE id = :id
""")
_ACTIVE = text("SELECT id FROM erp_connection WHERE status = 'ACTIVE'")


class SqlOrganization:
    """One organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def get(self) -> dict[str, Any]:
        """Return and lock its row, and whether deliveries are paused now."""
        return dict(self._connection.execute(_GET, {"id": self._org_id}).mappings().one())

    def version(self) -> int:
        """Lock its row and return its version: how often people have changed it."""
        return int(self.get()["version"])

    def change(
        self, name: str | None, settings: dict[str, Any] | None, second_factor_required: bool | None = None
    ) -> None:
        """Change what is given."""
        parameters: dict[str, Any] = {"id": self._org_id, "name": name, "second_factor": second_factor_required}
        parameters["settings"] = None if settings is None else as_json(settings)
        self._connection.execute(_CHANGE, parameters)

    def pause(self, until: datetime | None) -> None:
        """Deliver nothing from now on, or until then."""
        self._connection.execute(_PAUSE, {"id": self._org_id, "until": until})

    def resume(self) -> None:
        """Deliver again."""
        self._connection.execute(_RESUME, {"id": self._org_id})

    def active_connections(self) -> list[UUID]:
        """Return the ids of the connections that deliver."""
        return list(self._connection.execute(_ACTIVE).scalars())
