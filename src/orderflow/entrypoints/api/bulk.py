"""`/draft-orders/bulk`: up to 1,000 orders, answered for when all are done; a bulk job that is waited for."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from fastapi import Request

from orderflow.domain.bulk import BulkAction
from orderflow.domain.errors import OrderFlowError, StateError
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.bulk_jobs import begin_job
from orderflow.entrypoints.api.deps import Caller, app_of
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.looking import allowed_for_many, looking, seen_by
from orderflow.entrypoints.api.order_schemas import BulkAnswer, BulkBody, BulkPreview, BulkResult
from orderflow.entrypoints.api.orders import Pusher
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.flow.order.bulk import work_on
from orderflow.flow.ports import BulkJob
from orderflow.storage.views.bulk_jobs import BulkJobResult, ResultFilter, find_results
from orderflow.storage.views.chosen import Chosen, found_by, where_they_go
from orderflow.storage.views.problem import Problem
from orderflow.storage.views.view import Ask

MOST_IN_BULK = 1_000
PATIENCE = 60.0
"""Seconds after which what is not done is told to be under way."""

router = ApiRouter("/draft-orders", "Orders")


@router.post("/bulk", responses=answers(404, 409))
def act_on_orders(request: Request, caller: Pusher, body: BulkBody) -> BulkAnswer:
    """Approve, push or retry up to 1,000 orders, each for itself; for more of them see `/bulk-jobs`."""
    action = BulkAction(body.action)
    allowed_for_many(caller, action)
    total, ids = _found(request, caller, body)
    job = BulkJob(
        new_id(), action, caller.actor, caller.acts_as, body.connection_id, None, body.not_before, body.chosen()
    )
    begin_job(app_of(request), caller, job, Chosen(ids=ids))
    with suppress(OrderFlowError):  # it is noted, and goes on by itself
        work_on(app_of(request).store, caller.org_id, job.id, PATIENCE)
    with looking(request, caller) as view:
        outcomes = find_results(view, ResultFilter(job.id), Ask(MOST_IN_BULK)).items
    results = [_result(job.id, outcome) for outcome in outcomes]
    return BulkAnswer(results=results, succeeded=sum(one.ok for one in results), more=total > MOST_IN_BULK)


@router.post("/bulk/preview", responses=answers(404, 409))
def preview_bulk_action(request: Request, caller: Pusher, body: BulkBody) -> BulkPreview:
    """Tell what an action on many orders would do, given the same body. Nothing is done."""
    total, ids = _found(request, caller, body)
    with app_of(request).store.work(caller.org_id) as work:
        going = where_they_go(work, seen_by(caller, work), BulkAction(body.action), ids, body.connection_id)
    return BulkPreview(more=total > MOST_IN_BULK, **going._asdict())


def _found(request: Request, caller: Caller, body: BulkBody) -> tuple[int, list[UUID]]:
    with looking(request, caller) as view:
        return found_by(view, body.asked(), MOST_IN_BULK)


def _result(job_id: UUID, outcome: BulkJobResult) -> BulkResult:
    if outcome.outcome is None:
        late = StateError(
            f"It is under way yet, in the bulk job {job_id}.",
            code="BULK_JOB_UNDER_WAY",
            hint="It goes on by itself: see /bulk-jobs.",
        )
        return BulkResult(id=outcome.order_id, ok=False, error=Problem(**late.as_json()))
    return BulkResult(id=outcome.order_id, ok=outcome.error is None, error=outcome.error)
