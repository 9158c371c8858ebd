"""What may be done to many orders: each action is one step for one order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from orderflow.domain.access import Role
from orderflow.domain.bulk import BulkAction, BulkOutcome
from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.domain.states import OrderAction
from orderflow.flow.answers.accept_differences import accept_differences
from orderflow.flow.delivery.move import move_order
from orderflow.flow.delivery.recall import recall_or_withdraw
from orderflow.flow.delivery.request import request_or_wait, withdraw_in
from orderflow.flow.delivery.reroute import route_anew
from orderflow.flow.order.approve import approve_order, reject_order
from orderflow.flow.order.confirm import confirm_order
from orderflow.flow.order.hold import hold_order, release_order
from orderflow.flow.ports import BulkJob, BulkResult, Work


def take_step(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    """Do to one order what the job does to each; what its state forbids changes nothing, and stops no other."""
    try:
        return STEPS[job.action](work, order_id, job)
    except OrderFlowError as error:
        return BulkResult(order_id, BulkOutcome.REFUSED, error=error)


def _approve(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    approve_order(work, order_id, job.actor)
    return BulkResult(order_id)


def _reject(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    reject_order(work, order_id, job.actor, job.reason)
    return BulkResult(order_id)


def _push(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    meant = (OrderAction(job.action),)
    export = request_or_wait(
        work, order_id, job.actor, connection_id=job.connection_id, meant=meant, not_before=job.not_before
    )
    return _gone(order_id, export.connection_id if export else None)


def _hold(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    hold_order(work, order_id, job.reason or "", job.actor)
    return BulkResult(order_id)


def _release(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    export = release_order(work, order_id, job.actor, of_others=job.role in (None, Role.ADMIN))
    return BulkResult(order_id, connection_id=export.connection_id if export else None)


def _withdraw(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    withdraw_in(work, order_id, job.actor)
    return BulkResult(order_id)


def _move(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    assert job.connection_id is not None  # `bulk.begin` sees to it
    move_order(work, order_id, job.connection_id, job.actor)
    return _gone(order_id, job.connection_id)


def _reroute(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    return _gone(order_id, route_anew(work, order_id, job.actor))


def _accept_differences(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    accept_differences(work, order_id, job.actor)
    return BulkResult(order_id)


def _recall(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    export = recall_or_withdraw(work, order_id, job.reason or "", job.actor)
    return BulkResult(order_id, connection_id=export.connection_id if export else None)


def _confirm(work: Work, order_id: UUID, job: BulkJob) -> BulkResult:
    if order_id not in job.numbers:
        raise InputError("It has no number of the ERP.", hint="Give the number that the order has there.")
    confirm_order(work, order_id, job.numbers[order_id], job.actor)
    return BulkResult(order_id)


def _gone(order_id: UUID, connection_id: UUID | None) -> BulkResult:
    outcome = BulkOutcome.DONE if connection_id else BulkOutcome.WAITING
    return BulkResult(order_id, outcome, connection_id=connection_id)


STEPS: Mapping[BulkAction, Callable[[Work, UUID, BulkJob], BulkResult]] = {
    BulkAction.APPROVE: _approve,
    BulkAction.REJECT: _reject,
    BulkAction.PUSH: _push,
    BulkAction.RETRY: _push,
    BulkAction.HOLD: _hold,
    BulkAction.RELEASE: _release,
    BulkAction.WITHDRAW: _withdraw,
    BulkAction.MOVE: _move,
    BulkAction.REROUTE: _reroute,
    BulkAction.ACCEPT_DIFFERENCES: _accept_differences,
    BulkAction.RECALL: _recall,
    BulkAction.CONFIRM: _confirm,
}
