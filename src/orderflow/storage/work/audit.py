"""The audit log in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from orderflow.domain.ids import new_id
from orderflow.flow.ports import Actor
from orderflow.storage.fast.statements import later_rows

_INSERT = """
    INSERT INTO audit_log (id, org_id, actor, action, entity_type, entity_id, before, after, request_id)
    SELECT id, org_id, actor, action, entity_type, entity_id, before, after, request_id
    FROM jsonb_populate_recordset(NULL::audit_log, CAST(%(rows)s AS jsonb))
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
