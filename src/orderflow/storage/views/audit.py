"""The audit log as people see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from orderflow.storage.tables.models.organization import OF_EVERY_ORDER, OF_FEW
from orderflow.storage.views.conditions import common, equal
from orderflow.storage.views.view import Ask, Condition, NextCursor, Sql, Stored, Table, View

_NAME = """
    CASE a.entity_type
        WHEN 'draft_order' THEN (SELECT o.external_order_number FROM draft_order o WHERE o.id = a.entity_id)
        WHEN 'erp_connection' THEN
            (SELECT COALESCE(c.name, c.connector_type) FROM erp_connection c WHERE c.id = a.entity_id)
        WHEN 'app_user' THEN (SELECT u.email FROM app_user u WHERE u.id = a.entity_id)
        WHEN 'api_key' THEN (SELECT k.name FROM api_key k WHERE k.id = a.entity_id)
    END
"""
_AUDIT_LOG = Table("a", "FROM audit_log a")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change; secrets never."""

    id: UUID
    created_at: datetime
    actor: Annotated[
        str, Field(description="Address of the user, `key:` and the name of an API key, or a part of OrderFlow")
    ]
    action: Annotated[str, Field(examples=["DRAFT_APPROVED"])]
    entity_type: Annotated[str | None, Field(examples=["draft_order"])]
    entity_id: UUID | None
    entity_name: Annotated[
        str | None,
        Sql(_NAME),
        Field(description="Number of the order, name of the connector, address of the user"),
    ]
    before: Stored | None
    after: Stored | None
    request_id: Annotated[str | None, Field(description="The request that caused it")]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Changes, newest first."""

    items: list[AuditEntry]
    next_cursor: NextCursor = None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which changes; what is not given does not matter."""

    action: str | None = None
    actor: str | None = None
    entity_type: str | None = None
    entity_id: UUID | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_from: datetime | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield what the filter asks for. An entry is never changed."""
        yield from common("a", (), self.created_from, self.created_to)
        if self.updated_from:
            yield "a.created_at >= :updated_from", {"updated_from": self.updated_from}
        yield from equal("a.action", self.action)
        if self.action is not None and self.action not in OF_EVERY_ORDER:
            yield f"a.{OF_FEW}", {}
        yield from equal("a.actor", self.actor)
        yield from equal("a.entity_type", self.entity_type)
        yield from equal("a.entity_id", self.entity_id)


def find_changes(view: View, wanted: AuditFilter, ask: Ask) -> AuditPage:
    """Return a page of the audit log. Raises InputError for a cursor that is not of this list."""
    return AuditPage(*_AUDIT_LOG.page(view, AuditEntry, wanted.conditions(), ask.of(view, wanted)))


def changes_of(view: View, ids: Sequence[UUID], limit: int) -> list[AuditEntry]:
    """Return what was changed of the things with these ids, the oldest first."""
    query = f"{_AUDIT_LOG.select(AuditEntry)} WHERE a.org_id = :org_id AND a.entity_id = ANY(:ids)"
    return view.rows(
        AuditEntry, f"{query} ORDER BY a.created_at, a.id LIMIT :limit", {"ids": list(ids), "limit": limit}
    )
