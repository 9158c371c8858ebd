"""The audit log: who changed what."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from orderflow.entrypoints.api.deps import Caller, require
from orderflow.entrypoints.api.looking import looking
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, Limit, Moment, Text, UpdatedSince
from orderflow.storage.views.audit import AuditFilter, AuditPage, find_changes
from orderflow.storage.views.view import Ask

router = ApiRouter("/audit-log", "Audit log")
Filter = Annotated[Text | None, Query(max_length=254)]


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
    updated_since: UpdatedSince = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> AuditPage:
    """List changes, newest first. Every filter narrows; `since` is included, `until` is not."""
    with looking(request, caller) as view:
        wanted = AuditFilter(action, actor, entity_type, entity_id, since, until, updated_since)
        return find_changes(view, wanted, Ask(limit, cursor))
