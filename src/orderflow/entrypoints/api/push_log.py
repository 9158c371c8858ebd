"""The push log: every attempt, with what was asked and what was answered."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from orderflow.domain.states import AttemptStatus
from orderflow.entrypoints.api.deps import Caller, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.looking import looking
from orderflow.entrypoints.api.orders import PageSize
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, Moment, Text, UpdatedSince
from orderflow.storage.views.deliveries import AttemptDetail, AttemptFilter, AttemptPage, find_attempts, one_attempt
from orderflow.storage.views.view import Ask

Reader = Annotated[Caller, Depends(require(Permission.READ))]
router = ApiRouter("/push-log", "Deliveries")


@router.get("")
def list_push_log(
    request: Request,
    caller: Reader,
    *,
    status: Annotated[list[AttemptStatus] | None, Query(description="Any of these")] = None,
    connection_id: UUID | None = None,
    order_id: UUID | None = None,
    export_id: UUID | None = None,
    error_code: Annotated[Text | None, Query(description="Failed with this code")] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    updated_since: UpdatedSince = None,
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> AttemptPage:
    """List attempts, newest first. Every filter narrows; `since` is included, `until` is not.

    `updated_since` finds those too that began up to 15 minutes earlier, for they may have ended since.
    """
    wanted = AttemptFilter(status or (), connection_id, order_id, export_id, error_code, since, until, updated_since)
    with looking(request, caller) as view:
        return find_attempts(view, wanted, Ask(limit, cursor))


@router.get("/{attempt_id}", responses=answers(404))
def get_push_log_entry(request: Request, caller: Reader, attempt_id: UUID) -> AttemptDetail:
    """Read one attempt with its request and response."""
    with looking(request, caller) as view:
        return one_attempt(view, attempt_id)
