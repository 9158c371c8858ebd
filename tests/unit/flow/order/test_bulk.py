"""A bulk job: one action on many orders, some at a time, each for itself."""

import pytest

from orderflow.domain.bulk import BulkAction, BulkOutcome, BulkStatus
from orderflow.domain.errors import InputError, NotFoundError, OrderFlowError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import OrderStatus
from orderflow.flow.order import bulk, many
from orderflow.flow.order.bulk import AT_ONCE, MOST_RUNNING, begin, cancel, carry_out, go_on, work_on
from orderflow.flow.ports import BulkJob, BulkResult
from orderflow.testing.store_in_memory.bulk_jobs import MemoryBulkJobs
from tests.unit.flow.conftest import ANNA


def job(action="push", **more):
    return BulkJob(new_id(), BulkAction(action), ANNA, **more)


def begun(house, job, orders):
    with house.work() as work:
        begin(work, job, lambda: work.bulk_jobs.choose(job.id, [order.id for order in orders]))
    return job


def progress(house, job):
    with house.work() as work:
        return work.bulk_jobs.progress(job.id)


def test_one_that_cannot_take_the_step_stops_no_other(house):
    ready, rejected = house.order(OrderStatus.READY), house.order(OrderStatus.REJECTED)
    ended = carry_out(house.store, house.org_id, job("approve"), [ready.id, rejected.id, new_id()])
    assert (ended.status, ended.total, ended.left) == (BulkStatus.ENDED, 3, 0)
    assert ended.counts == {BulkOutcome.DONE: 1, BulkOutcome.REFUSED: 2}
    assert {code: reason["orders"] for code, reason in ended.reasons.items()} == {"CONFLICT": 1, "NOT_FOUND": 1}
    assert (house.status(ready), house.status(rejected)) == (OrderStatus.APPROVED, OrderStatus.REJECTED)


def test_it_is_done_in_batches_and_each_connection_is_woken_once_after_each(house, monkeypatch):
    woken = []
    monkeypatch.setattr(house.store, "wake", lambda org_id, connection_id: woken.append(connection_id))
    orders = [house.order() for _ in range(AT_ONCE + 1)]
    one = begun(house, job(), [*orders, orders[0]])
    assert (progress(house, one).total, progress(house, one).left) == (AT_ONCE + 1, AT_ONCE + 1)
    assert go_on(house.store, house.org_id, one.id)
    assert (woken, progress(house, one).left) == ([house.to_api], 1)
    assert not go_on(house.store, house.org_id, one.id)
    assert not go_on(house.store, house.org_id, one.id)
    assert woken == [house.to_api] * 2
    assert progress(house, one).counts == {BulkOutcome.DONE: AT_ONCE + 1}
    assert {house.status(order) for order in orders} == {OrderStatus.PUSHING}


def test_orders_are_locked_in_the_order_of_their_ids(house, monkeypatch):
    ids, asked = [new_id() for _ in range(3)], []

    def note(work, order_id, job):
        asked.append(order_id)
        return BulkResult(order_id)

    monkeypatch.setattr(many, "STEPS", {BulkAction.PUSH: note})
    carry_out(house.store, house.org_id, job(), ids[::-1])
    assert asked == sorted(ids)


def test_what_comes_later_is_not_caught(house):
    one = begun(house, job(), [house.order()])
    late = house.order()
    work_on(house.store, house.org_id, one.id, 60)
    assert house.status(late) is OrderStatus.APPROVED


def test_a_job_of_no_orders_has_ended(house):
    one = begun(house, job(), [])
    assert progress(house, one).status is BulkStatus.ENDED
    assert not go_on(house.store, house.org_id, one.id)


def test_one_that_is_cancelled_leaves_the_rest(house):
    orders = [house.order() for _ in range(AT_ONCE + 1)]
    one = begun(house, job(), orders)
    go_on(house.store, house.org_id, one.id)
    with house.work() as work:
        cancel(work, one.id, ANNA)
    assert not go_on(house.store, house.org_id, one.id)
    ended = progress(house, one)
    assert (ended.status, ended.left) == (BulkStatus.CANCELLED, 1)
    with house.work() as work, pytest.raises(StateError):
        cancel(work, one.id, ANNA)
    with house.work() as work, pytest.raises(NotFoundError):
        cancel(work, new_id(), ANNA)
    assert [action for action in house.actions() if "BULK" in action] == ["BULK_JOB_STARTED", "BULK_JOB_CANCELLED"]


def test_a_fault_of_ours_at_one_order_is_that_orders_result(house, monkeypatch, caplog):
    orders = [house.order() for _ in range(4)]
    push = many.STEPS[BulkAction.PUSH]

    def broken(work, order_id, job):
        done = push(work, order_id, job)
        if order_id == orders[2].id:
            raise ZeroDivisionError
        return done

    monkeypatch.setattr(many, "STEPS", {BulkAction.PUSH: broken})
    ended = carry_out(house.store, house.org_id, job(), [order.id for order in orders])
    assert ended.counts == {BulkOutcome.DONE: 3, BulkOutcome.REFUSED: 1}
    assert "ZeroDivisionError" in ended.reasons["INTERNAL_ERROR"]["message"]
    assert "test_bulk.py" in caplog.text, "the log says where"
    assert [house.status(order) for order in orders].count(OrderStatus.PUSHING) == 3
    assert house.status(orders[2]) is OrderStatus.APPROVED


def test_a_fault_is_told_of_no_order_that_was_not_tried(house, monkeypatch):
    """Another worker is quicker with the one at which the fault was."""
    orders = [house.order() for _ in range(2)]
    first, other = sorted(orders, key=lambda order: order.id)
    push = many.STEPS[BulkAction.PUSH]
    one = begun(house, job(), orders)

    def broken(work, order_id, job):
        if order_id == first.id:
            raise ZeroDivisionError
        return push(work, order_id, job)

    def quicker(fault, tried):
        monkeypatch.setattr(bulk, "_broken_by", told)
        bulk._batch(house.store, house.org_id, one.id, 1, told(fault, tried))
        return told(fault, tried)

    told = bulk._broken_by
    monkeypatch.setattr(many, "STEPS", {BulkAction.PUSH: broken})
    monkeypatch.setattr(bulk, "_broken_by", quicker)
    while go_on(house.store, house.org_id, one.id):
        pass
    assert progress(house, one).counts == {BulkOutcome.DONE: 1, BulkOutcome.REFUSED: 1}
    assert house.status(other) is OrderStatus.PUSHING


def test_a_database_that_went_away_loses_nothing(house, monkeypatch):
    order = house.order()
    one = begun(house, job(), [order])

    def away(self, turn, results):
        raise OrderFlowError("The database is away.")

    with monkeypatch.context() as outage:
        outage.setattr(MemoryBulkJobs, "note", away)
        with pytest.raises(OrderFlowError):
            go_on(house.store, house.org_id, one.id)
    assert (progress(house, one).left, house.status(order)) == (1, OrderStatus.APPROVED)
    work_on(house.store, house.org_id, one.id, 60)
    assert house.status(order) is OrderStatus.PUSHING


def test_a_job_that_cannot_be_done_is_refused_before_it_begins(house):
    with pytest.raises(InputError, match="connection_id"):
        begun(house, job("move"), [])
    with pytest.raises(NotFoundError):
        begun(house, job(connection_id=new_id()), [])
    waiting = house.order()
    for _ in range(MOST_RUNNING):
        begun(house, job(), [waiting])
    with pytest.raises(StateError, match="running already") as caught:
        begun(house, job(), [waiting])
    assert caught.value.code == "TOO_MANY_BULK_JOBS"
