"""The audit log in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.ids import new_id
from orderflow.flow.ports import Actor
from orderflow.storage.fast.statements import later_rows

_INSERT = """
    INSERT INTO audit_log (id, org_id, actor, action, entity_type, entity_id, before, after, request_id)
    SELECT id, org_id, actor, action, entity_type, entity_id, before, after, request_id
    FROM jsonb_populate_recordset(NULL::audit_log, CAST(%(rows)s AS jsonb))
"""
_FILTERS = {
    "action": "action = :action",
    "actor": "actor = :actor",
    "entity_type": "entity_type = :entity_type",
    "entity_id": "entity_id = :entity_id",
    "since": "created_at >= :since",
    "until": "created_at < :until",
    "after": "(created_at, id) < (:after, :after_id)",
}


_NAME = """
    CASE entity_type
        WHEN 'draft_order' THEN (SELECT o.external_order_number FROM draft_order o WHERE o.id = entity_id)
        WHEN 'erp_connection' THEN
            (SELECT COALESCE(c.name, c.connector_type) FROM erp_connection c WHERE c.id = entity_id)
        WHEN 'app_user' THEN (SELECT u.email FROM app_user u WHERE u.id = entity_id)
        WHEN 'api_key' THEN (SELECT k.name FROM api_key k WHERE k.id = entity_id)
    END
"""


class SqlAudit:
    """The audit log of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def add(
        self,
        action: str,
        actor: Actor,
        entity_type: str | None = None,
        entity_ids: Iterable[UUID | None] = (None,),
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Write one row per entity. `before` and `after` never hold secrets: the caller sees to that."""
        same = {
            "org_id": self._org_id,
            "actor": actor.name,
            "action": action,
            "entity_type": entity_type,
            "before": before,
            "after": after,
            "request_id": actor.request_id,
        }
        rows = ({**same, "id": new_id(), "entity_id": entity_id} for entity_id in entity_ids)
        later_rows(self._connection, _INSERT, rows)

    def list(self, *, limit: int, **filters: Any) -> Sequence[Mapping[Any, Any]]:
        """Return entries, newest first, each with the `entity_name` by which people know what was changed.

        Args:
            filters: `action`, `actor`, `entity_type`, `entity_id`, `since`, `until`, and the place `after` and
                `after_id` to go on from; None for any.
        """
        wanted = {name: value for name, value in filters.items() if value is not None}
        where = " AND ".join(["org_id = :org_id", *(_FILTERS[name] for name in wanted if name in _FILTERS)])
        newest = "ORDER BY created_at DESC, id DESC LIMIT :limit"
        query = text(f"SELECT a.*, {_NAME} AS entity_name FROM audit_log a WHERE {where} {newest}")  # noqa: S608  # constants
        rows = self._connection.execute(query, wanted | {"org_id": self._org_id, "limit": limit})
        return rows.mappings().all()
