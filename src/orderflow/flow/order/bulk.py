"""A bulk job: one action on many orders, some at a time, each for itself.

The orders are chosen when the job begins, and kept with it: what comes later, or fits only later, is not caught. A
batch is one transaction with its results, and the lock on the job's row, which ends with that transaction however it
ends, is the lease: no two workers do one order twice, and a job whose worker was killed goes on with the batch that is
missing.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from orderflow.domain.bulk import BulkAction, BulkOutcome
from orderflow.domain.errors import InputError, OrderFlowError, StateError
from orderflow.domain.text import checked_name
from orderflow.flow.delivery.request import check_not_before
from orderflow.flow.delivery.route import one_to_push_to
from orderflow.flow.fault_points import reached
from orderflow.flow.order.many import take_step
from orderflow.flow.ports import Actor, BulkJob, BulkProgress, BulkResult, Store, Work

AT_ONCE = 200
"""Orders in one transaction."""

MOST_RUNNING = 100
"""Jobs of one organization."""

PATIENCE = 0.02
"""Seconds between two looks at a job that another worker is at."""


def begin(work: Work, job: BulkJob, choose: Callable[[], int]) -> int:
    """Note a job, and its orders as `choose` keeps them with it; returns how many they are. An engine does the rest.

    Raises:
        InputError: It lacks what its action needs, or nobody can mean its `not_before`.
        NotFoundError, StateError: It names a connection that is not ACTIVE.
        StateError: Too many jobs are running.
    """
    if job.action is BulkAction.MOVE and job.connection_id is None:
        fields = [{"field": "connection_id", "message": "is needed to move orders"}]
        raise InputError("Say where the orders are to be moved: connection_id.", details={"fields": fields})
    if job.action in (BulkAction.HOLD, BulkAction.RECALL):
        checked_name(job.reason or "", "reason")
    check_not_before(job.not_before)
    if job.connection_id is not None:
        one_to_push_to(work, job.connection_id)
    if work.bulk_jobs.running() >= MOST_RUNNING:
        raise StateError(
            f"{MOST_RUNNING} bulk jobs are running already.",
            code="TOO_MANY_BULK_JOBS",
            hint="Wait until some of them have ended, or cancel some; one job may be about any number of orders.",
        )
    work.bulk_jobs.add(job)
    orders = choose()
    noted = {"action": job.action, "orders": orders, "chosen": job.chosen}
    work.audit.add("BULK_JOB_STARTED", job.actor, "bulk_job", [job.id], None, noted)
    return orders


def go_on(store: Store, org_id: UUID, job_id: UUID) -> bool:
    """Do a batch of a job; True if more is left of it, False also if another worker is at it.

    A fault of ours at one order (which would undo its whole batch, again and again) is kept as that order's result.

    Raises:
        DatabaseError: Nothing of the batch was done; whoever looks next does it.
    """
    try:
        return _batch(store, org_id, job_id, AT_ONCE)
    except OrderFlowError:
        raise
    except Exception:  # noqa: BLE001  # found and told below
        return _one_by_one(store, org_id, job_id)


def work_on(store: Store, org_id: UUID, job_id: UUID, seconds: float) -> None:
    """Work on a job, or wait for who does, until it has ended or `seconds` are over. Raises as `go_on`."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if not go_on(store, org_id, job_id):
            with store.work(org_id) as work:
                if not work.bulk_jobs.progress(job_id).is_running:
                    return
            time.sleep(PATIENCE)


def carry_out(store: Store, org_id: UUID, job: BulkJob, order_ids: Sequence[UUID]) -> BulkProgress:
    """Begin a job with the orders named, work it off, and return how it ended. Raises as `begin` and `go_on`."""
    with store.work(org_id) as work:
        begin(work, job, lambda: work.bulk_jobs.choose(job.id, order_ids))
    while go_on(store, org_id, job.id):
        pass
    with store.work(org_id) as work:
        return work.bulk_jobs.progress(job.id)


def cancel(work: Work, job_id: UUID, actor: Actor) -> None:
    """End a job before it is through; what it did stays, and the rest is left as it is.

    Raises:
        NotFoundError: There is no such job.
        StateError: It has ended.
    """
    if not work.bulk_jobs.progress(job_id).is_running or not work.bulk_jobs.cancel(job_id, actor.name):
        raise StateError("The job has ended already.", hint="What it did is told by its results.")
    work.audit.add("BULK_JOB_CANCELLED", actor, "bulk_job", [job_id])


Step = Callable[[Work, UUID, BulkJob], BulkResult]


def _batch(store: Store, org_id: UUID, job_id: UUID, limit: int, step: Step = take_step) -> bool:
    with store.work(org_id) as work:
        turn = work.bulk_jobs.take(job_id, limit)
        if turn is None:
            return False
        # Everybody locks orders in the order of their ids, so that nobody waits in a circle.
        results = [step(work, order_id, turn.job) for order_id in sorted(turn.order_ids)]
        more = work.bulk_jobs.note(turn, results)
        reached("bulk batch")
    _announce(store, org_id, results)
    return more


def _announce(store: Store, org_id: UUID, results: Sequence[BulkResult]) -> None:
    if connection_ids := {result.connection_id for result in results if result.connection_id}:
        reached("requested")
        for connection_id in connection_ids:
            store.wake(org_id, connection_id)


def _one_by_one(store: Store, org_id: UUID, job_id: UUID) -> bool:
    more, tried = True, set[UUID]()

    def step(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
        tried.add(order_id)
        return take_step(work, order_id, job)

    for _ in range(AT_ONCE):
        try:
            more = more and _batch(store, org_id, job_id, 1, step)
        except OrderFlowError:
            raise
        except Exception as fault:  # noqa: BLE001  # whatever it is, it must not stop the others
            more = _batch(store, org_id, job_id, 1, _broken_by(fault, tried))
    return more


def _broken_by(fault: Exception, tried: Collection[UUID]) -> Step:
    """Return a step that refuses what was tried; another worker may have been quicker, and another order be next."""
    where = traceback.extract_tb(fault.__traceback__)[-1]
    kind = type(fault).__name__  # the text of an unknown exception may hold a secret
    logging.getLogger(__name__).error("a step of a bulk job broke in %s:%s: %s", where.filename, where.lineno, kind)
    error = OrderFlowError(
        f"Something went wrong on our side ({kind}).",
        code="INTERNAL_ERROR",
        hint="Nothing was done to this order. Try it alone; if it fails again, report it with the log.",
    )

    def step(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
        if order_id in tried:
            return BulkResult(order_id, BulkOutcome.REFUSED, error=error)
        return take_step(work, order_id, job)

    return step
