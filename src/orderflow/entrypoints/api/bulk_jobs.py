"""Bulk jobs: one action on any number of orders, done by the engine, with its progress and each order's result."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from orderflow.bootstrap import App
from orderflow.domain.bulk import BulkAction, BulkOutcome, BulkStatus
from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.deps import Caller, app_of
from orderflow.entrypoints.api.errors import MOST_PROBLEMS, answers
from orderflow.entrypoints.api.headers import note_location
from orderflow.entrypoints.api.languages import told_here
from orderflow.entrypoints.api.looking import allowed_for_many, looking, seen_by
from orderflow.entrypoints.api.order_schemas import BulkJobBody, BulkJobPreview, OrderToConfirm
from orderflow.entrypoints.api.orders import PageSize, Pusher, Reader
from orderflow.entrypoints.api.routing import BASE, ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, Text, UpdatedSince
from orderflow.entrypoints.api.work import Shares, Work, slow
from orderflow.entrypoints.csv_lines import csv_line
from orderflow.flow.delivery.recall_outlook import RecallWay
from orderflow.flow.order.bulk import begin, cancel, work_on
from orderflow.flow.ports import BulkJob as Job
from orderflow.flow.ports import Work as StoredWork
from orderflow.storage.views.bulk_jobs import (
    BulkJobPage,
    BulkJobReport,
    BulkJobResult,
    BulkResultPage,
    ResultFilter,
    find_jobs,
    find_results,
    one_job,
)
from orderflow.storage.views.chosen import MOST_LOOKED_AT, Chosen, found_by, where_they_go
from orderflow.storage.views.recalls import recall_outlook
from orderflow.storage.views.references import orders_called
from orderflow.storage.views.view import Ask, View

AT_ONCE_SECONDS = 1.0
"""A request that begins a job works at it for so long itself, so that a small one is answered when it has ended."""

COLUMNS = ("order_id", "external_order_number", "order_status", "outcome", "code", "message", "hint")
_LINES = f"One order a line: {', '.join(COLUMNS)}"
_CSV = {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": _LINES}
OutcomeQuery = Annotated[BulkOutcome | None, Query(description="Only those")]
router = ApiRouter("/bulk-jobs", "Bulk jobs")


@router.post("", status_code=201, responses=answers(404, 409))
@slow(Work.IMPORT)
def create_bulk_job(request: Request, caller: Pusher, body: BulkJobBody) -> BulkJobReport:
    """Begin to do something to many orders, each for itself; what a filter finds later is not among them.

    A small job has ended when this is answered. Any other goes on by itself: ask for it again.
    """
    allowed_for_many(caller, body.action)
    numbers = _numbers(request, caller, body.confirmations or ())
    asked = (body.connection_id, body.reason, body.not_before, body.chosen(), numbers)
    job = Job(new_id(), body.action, caller.actor, caller.acts_as, *asked)
    begin_job(app_of(request), caller, job, _meant(body, numbers))
    with suppress(OrderFlowError):  # it is noted, and goes on by itself
        work_on(app_of(request).store, caller.org_id, job.id, AT_ONCE_SECONDS)
    note_location(request, f"{BASE}/bulk-jobs/{job.id}")
    return get_bulk_job(request, caller, job.id)


@router.post("/preview", responses=answers(404, 409))
@slow(Work.IMPORT)
def preview_bulk_job(request: Request, caller: Pusher, body: BulkJobBody) -> BulkJobPreview:
    """Tell how many orders a job would be about, and where they would go, given the same body. Nothing is done."""
    chosen = _meant(body, _numbers(request, caller, body.confirmations or ()))
    with app_of(request).store.work(caller.org_id) as work:
        view = seen_by(caller, work)
        if body.action is BulkAction.RECALL:
            return _recall_preview(app_of(request), work, view, chosen)
        total, oldest = found_by(view, chosen, MOST_LOOKED_AT)
        going = where_they_go(work, view, body.action, oldest, body.connection_id)
    return BulkJobPreview(total=total, looked_at=len(oldest), **going._asdict())


def _recall_preview(app: App, work: StoredWork, view: View, chosen: Chosen) -> BulkJobPreview:
    total, _ = found_by(view, chosen, 1)
    recall = recall_outlook(app.wiring, work, view, chosen)
    looked_at = sum(one.orders for one in recall)
    going = looked_at - sum(one.orders for one in recall if one.way is RecallWay.REFUSED)
    return BulkJobPreview(total=total, looked_at=looked_at, orders=going, destinations=[], recall=recall)


@router.get("")
def list_bulk_jobs(
    request: Request,
    caller: Reader,
    status: Annotated[BulkStatus | None, Query(description="Only these")] = None,
    updated_since: UpdatedSince = None,
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> BulkJobPage:
    """List bulk jobs, newest first."""
    with looking(request, caller) as view:
        return find_jobs(view, status, Ask(limit, cursor), updated_since)


@router.get("/{job_id}", responses=answers(404))
def get_bulk_job(request: Request, caller: Reader, job_id: UUID) -> BulkJobReport:
    """Read one bulk job: how far it is, and why orders were refused."""
    with looking(request, caller) as view:
        return one_job(view, job_id)


@router.get("/{job_id}/results", responses=answers(404))
def list_bulk_results(
    request: Request,
    caller: Reader,
    job_id: UUID,
    *,
    outcome: OutcomeQuery = None,
    error_code: Annotated[Text | None, Query(description="Refused for this reason")] = None,
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> BulkResultPage:
    """List what became of each order, the oldest order first."""
    with looking(request, caller) as view:
        one_job(view, job_id)
        return find_results(view, ResultFilter(job_id, outcome, error_code), Ask(limit, cursor))


@router.get("/{job_id}/results.csv", response_class=StreamingResponse, responses={**answers(404), 200: _CSV})
def download_bulk_results(
    request: Request, caller: Reader, job_id: UUID, outcome: OutcomeQuery = None
) -> StreamingResponse:
    """Download what became of each order."""
    get_bulk_job(request, caller, job_id)
    lines = _csv(request, caller, ResultFilter(job_id, outcome))
    disposition = {"Content-Disposition": f'attachment; filename="bulk-job-{job_id}.csv"'}
    return StreamingResponse(lines, media_type="text/csv", headers=disposition)


@router.post("/{job_id}/cancel", responses=answers(404, 409))
def cancel_bulk_job(request: Request, caller: Pusher, job_id: UUID) -> BulkJobReport:
    """End a job after the orders that it has in hand. What it did stays; the rest is left as it is."""
    with app_of(request).store.work(caller.org_id) as work:
        allowed_for_many(caller, one_job(seen_by(caller, work), job_id).action)
        cancel(work, job_id, caller.actor)
        return one_job(seen_by(caller, work), job_id)


def _meant(body: BulkJobBody, numbers: Mapping[UUID, str]) -> Chosen:
    return body.asked() if body.confirmations is None else Chosen(list(numbers))


def _numbers(request: Request, caller: Caller, given: Sequence[OrderToConfirm]) -> dict[UUID, str]:
    """Return the number in the ERP of each order. Raises InputError: a line names none, several, or one once more."""
    if not given:
        return {}
    with looking(request, caller) as view:
        called = orders_called(view, [one.order for one in given])
    numbers: dict[UUID, str] = {}
    wrong: list[dict[str, str]] = []
    for at, one in enumerate(given):
        meant = called.get(one.order, [])
        if len(meant) == 1 and meant[0] not in numbers:
            numbers[meant[0]] = one.erp_order_id
        else:
            wrong.append({"field": f"confirmations.{at}.order", "message": _why(one.order, meant)})
    if wrong:
        raise InputError(
            f"{len(wrong)} of {len(given)} lines do not name an order. Nothing was confirmed.",
            code="ORDERS_UNKNOWN",
            hint="Correct those lines or leave them out; an order whose number others have too is named by its id.",
            details={"fields": wrong[:MOST_PROBLEMS]},
        )
    return numbers


def _why(order: str, meant: Sequence[UUID]) -> str:
    if not meant:
        return f"there is no order {order}"
    return f"{order} is named twice" if len(meant) == 1 else f"{len(meant)} orders are called {order}"


def begin_job(app: App, caller: Caller, job: Job, chosen: Chosen) -> None:
    """Note a job, in a transaction of its own. Raises as `flow.order.bulk.begin`."""
    with app.store.work(caller.org_id) as work:
        begin(work, job, lambda: work.bulk_jobs.choose_found(job.id, chosen.found(seen_by(caller, work))))


async def _csv(request: Request, caller: Caller, wanted: ResultFilter) -> AsyncIterator[str]:
    """Yield the lines, some at a time; each time counts as a request of the organization's, however long it takes."""
    shares: Shares = request.app.state.workload.shares[Work.REQUEST]
    yield csv_line(COLUMNS)
    ask = Ask(200)
    while True:
        async with shares.taken(caller.org_id):
            lines, cursor = await run_in_threadpool(_lines_of, app_of(request), caller, wanted, ask)
        yield lines
        if cursor is None:
            return
        ask = Ask(200, cursor)


def _lines_of(app: App, caller: Caller, wanted: ResultFilter, ask: Ask) -> tuple[str, str | None]:
    """Return the next lines, and where those after them begin."""
    with app.store.work(caller.org_id) as work:
        page = find_results(seen_by(caller, work), wanted, ask)
    return "".join(map(_row, page.items)), page.next_cursor


def _row(result: BulkJobResult) -> str:
    problem = result.error
    said = [text and told_here(text) for text in (problem.message, problem.hint)] if problem else [None, None]
    why = (problem and problem.code, *said)
    return csv_line((result.order_id, result.external_order_number, result.order_status, result.outcome, *why))
