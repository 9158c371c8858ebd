"""What happened is written down, guarded by the token; and what follows for order and connection."""

from dataclasses import replace

import pytest

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import (
    BusyError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.states import BreakerState, ERPExportStatus, OrderStatus
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.settle import FIRST_PROBE, settle, settle_now
from orderflow.flow.order.approve import edit_order
from tests.unit.flow.conftest import ANNA


def ended(house, order, outcome, step=settle):
    batch = claim(house.wiring, house.open(), 10)
    for attempt in batch.attempts:
        attempt.outcome, attempt.sent = outcome, True
    return step(house.wiring, batch), batch


@pytest.mark.parametrize(
    ("outcome", "export", "order_status", "spent"),
    [
        (ExportResult(True, erp_order_id="SO-1"), ERPExportStatus.ACKED, OrderStatus.CONFIRMED, 0),
        (ExportResult(True), ERPExportStatus.SENT, OrderStatus.PUSHED, 0),
        (RejectedError("no"), ERPExportStatus.FAILED, OrderStatus.ERROR, 1),
        (TransientError("later"), ERPExportStatus.PENDING, OrderStatus.PUSHING, 1),
        (UnavailableError("away"), ERPExportStatus.PENDING, OrderStatus.PUSHING, 0),
        (NeedsAttentionError("password"), ERPExportStatus.PENDING, OrderStatus.PUSHING, 0),
        (LeaseEndingError(), ERPExportStatus.PENDING, OrderStatus.PUSHING, 0),
        (InDoubtError("lost"), ERPExportStatus.PENDING, OrderStatus.PUSHING, 1),
    ],
    ids=repr,
)
def test_what_follows_for_the_order(house, outcome, export, order_status, spent):
    order = house.pushed()
    ended(house, order, outcome)
    row = house.export(order)
    assert (row.status, house.status(order), row.attempts_spent) == (export, order_status, spent)
    assert (row.lease_token, house.tables.lanes) == (None, {})


def test_the_last_attempt_fails(house):
    order = house.pushed()
    house.change_export(order, attempts_spent=2)
    ended(house, order, TransientError("later"))
    assert house.status(order) is OrderStatus.ERROR
    assert house.actions()[-1] == "DRAFT_PUSH_FAILED"


def test_doubt_never_fails_however_often_it_was_tried(house):
    house.api.finds = False
    order = house.pushed()
    house.change_export(order, attempts_spent=2)
    ended(house, order, InDoubtError("lost"))
    row = house.export(order)
    assert (row.status, row.held_at is not None) == (ERPExportStatus.PENDING, True)


def test_who_lost_the_lease_changes_nothing(house):
    order = house.pushed()
    batch = claim(house.wiring, house.open(), 10)
    batch.attempts[0].outcome = RejectedError("no")
    house.change_export(order, lease_token=new_id())
    told = []
    house.wiring.observers.append(lambda batch, settled: told.extend(settled))
    settle(house.wiring, batch)
    assert (house.status(order), told) == (OrderStatus.PUSHING, [])
    assert "DRAFT_PUSH_FAILED" not in house.actions(), "it is not for whoever lost it to say how the order ended"


def test_a_target_that_is_away_opens_the_breaker_once(house):
    ended(house, house.pushed(), UnavailableError("away"))
    row = house.connection()
    assert row.breaker_state is BreakerState.OPEN
    assert (row.probe_at - house.clock.now()).total_seconds() == FIRST_PROBE
    house.clock.forward(60)
    ended(house, house.pushed(), UnavailableError("away"))
    assert house.actions().count("CONNECTION_UNAVAILABLE") == 1


def test_what_needs_a_person_pauses(house):
    ended(house, house.pushed(), NeedsAttentionError("password"))
    assert house.connection().breaker_state is BreakerState.PAUSED


def test_a_busy_target_rests_until_it_takes_something_again(house):
    ended(house, house.pushed(), BusyError(rests_for=40))
    assert (house.connection().rests_until - house.clock.now()).total_seconds() == 40
    assert house.connection().breaker_state is BreakerState.CLOSED
    house.clock.forward(41)
    ended(house, house.pushed(), ExportResult(True))
    assert house.connection().rest_error is None


def test_a_delivery_of_before_ends_no_rest_that_another_worker_was_told_of_since(house):
    ended(house, house.pushed(), BusyError(rests_for=40))
    house.clock.forward(41)
    house.pushed()
    batch, other = claim(house.wiring, house.open(), 1), claim(house.wiring, house.open(), 1)
    batch.attempts[0].outcome, other.attempts[0].outcome = ExportResult(True), BusyError(rests_for=60)
    settle(house.wiring, other)
    settle(house.wiring, batch)
    assert house.status(batch.attempts[0].order) is OrderStatus.PUSHED
    assert (house.connection().rests_until - house.clock.now()).total_seconds() == 60
    assert house.actions().count("CONNECTION_RESTS") == 1


def test_of_an_order_that_was_edited_while_it_was_refused_no_failure_is_told(house):
    order = house.pushed()
    batch = claim(house.wiring, house.open(), 10)
    with house.work() as work:
        edit_order(work, replace(work.orders.get(order.id), notes="by rail"), ANNA)
    batch.attempts[0].outcome = RejectedError("no")
    settle(house.wiring, batch)
    assert (house.export(order).status, house.status(order)) == (ERPExportStatus.FAILED, OrderStatus.READY)
    assert "DRAFT_PUSH_FAILED" not in house.actions()


def test_a_caller_who_waits_keeps_the_lease_for_another_attempt(house):
    order = house.pushed()
    settlement, _ = ended(house, order, TransientError("later"), step=settle_now)
    assert (settlement.keep_lease, house.export(order).lease_token is not None) == (True, True)
    assert house.connection().breaker_state is BreakerState.CLOSED


@pytest.mark.parametrize("outcome", [InDoubtError("lost"), BusyError(rests_for=40)], ids=repr)
def test_doubt_and_a_busy_target_end_a_call_that_waits(house, outcome):
    order = house.pushed()
    settlement, _ = ended(house, order, outcome, step=settle_now)
    assert (settlement.keep_lease, house.export(order).lease_token) == (False, None)
