"""The push log: every attempt, with what was asked and what was answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request

from orderflow.domain.errors import NotFoundError
from orderflow.domain.states import AttemptStatus
from orderflow.entrypoints.api.delivery_schemas import AttemptDetail, AttemptPage
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.orders import PageSize
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, Moment, Text, decode_cursor, page
from orderflow.storage.views.search import AttemptFilter, SqlSearch

Reader = Annotated[Caller, Depends(require(Permission.READ))]
router = ApiRouter("/push-log", "Deliveries")


@router.get("", response_model=AttemptPage)
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
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> Any:
    """List attempts, newest first. Every filter narrows; `since` is included, `until` is not."""
    wanted = AttemptFilter(status or (), connection_id, order_id, export_id, error_code, since, until)
    with app_of(request).store.work(caller.org_id) as work:
        rows = SqlSearch(work.connection, caller.org_id).attempts(wanted, decode_cursor(cursor), limit + 1)
    return page(rows, limit)


@router.get("/{attempt_id}", response_model=AttemptDetail, responses=answers(404))
def get_push_log_entry(request: Request, caller: Reader, attempt_id: UUID) -> Any:
    """Read one attempt with its request and response."""
    with app_of(request).store.work(caller.org_id) as work:
        row = SqlSearch(work.connection, caller.org_id).attempt(attempt_id)
    if row is None:
        raise NotFoundError(f"There is no attempt {attempt_id} in this organization.")
    return dict(row)
