"""`flow.ports.Audit` in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from orderflow.flow.ports import Actor
from orderflow.testing.store_in_memory.tables import Tables


class MemoryAudit:
    """The organization's audit log."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(
        self,
        action: str,
        actor: Actor,
        entity_type: str | None = None,
        entity_ids: Iterable[UUID | None] = (None,),
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Write one row per entity."""
        for entity_id in entity_ids:
            entry = {"action": action, "actor": actor.name, "entity_type": entity_type, "entity_id": entity_id}
            self._tables.audit.append(entry | {"before": before, "after": after})
