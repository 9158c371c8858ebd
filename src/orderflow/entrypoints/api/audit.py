"""The audit log: who changed what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import Field

from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, Limit, Moment, Out, Page, Stored, Text, decode_cursor, page

router = ApiRouter("/audit-log", "Audit log")
Filter = Annotated[Text | None, Query(max_length=254)]


class AuditEntry(Out):
    """One change; secrets never."""

    id: UUID
    created_at: datetime
    actor: str = Field(description="Address of the user, `key:` and the name of an API key, or a part of OrderFlow")
    action: str = Field(examples=["DRAFT_APPROVED"])
    entity_type: str | None = Field(examples=["draft_order"])
    entity_id: UUID | None
    entity_name: str | None = Field(description="Number of the order, name of the connector, address of the user")
    before: Stored | None
    after: Stored | None
    request_id: str | None = Field(description="The request that caused it")


@router.get("")
def list_audit_log(
    request: Request,
    caller: Annotated[Caller, Depends(require(Permission.AUDIT_READ))],
    action: Filter = None,
    actor: Filter = None,
    entity_type: Filter = None,
    entity_id: UUID | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[AuditEntry]:
    """List changes, newest first. Every filter narrows; `since` is included, `until` is not."""
    after, after_id = decode_cursor(cursor)
    filters = {"action": action, "actor": actor, "entity_type": entity_type, "entity_id": entity_id}
    with app_of(request).store.work(caller.org_id) as work:
        rows = work.audit.list(**filters, since=since, until=until, after=after, after_id=after_id, limit=limit + 1)
    return Page[AuditEntry].model_validate(page(rows, limit))
