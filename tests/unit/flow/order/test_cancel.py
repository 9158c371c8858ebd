"""An order that was cancelled before it came is kept, shown, and not sent."""

from __future__ import annotations

import pytest

from orderflow.domain.errors import InputError, StateError
from orderflow.domain.order_keys import OnDuplicate
from orderflow.domain.orders import Customer, DraftOrder
from orderflow.domain.states import OrderStatus
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.order.cancel import cancel_before
from orderflow.flow.order.hold import release_order
from orderflow.testing.engine import an_order
from tests.unit.flow.conftest import ANNA

NUMBER = "PO-CANCELLED"


def cancel(house, number=NUMBER, reason="by telephone"):
    order = DraftOrder(external_order_number=number, source="source", customer=Customer("4711"))
    with house.work() as work:
        return cancel_before(work, order, reason, ANNA)


def comes(house, number=NUMBER, on_duplicate=OnDuplicate.REFUSE):
    order = an_order(external_order_number=number, source="source", customer=Customer("4711"))
    with house.work() as work:
        return accept_orders(work, [order], ANNA, on_duplicate)[0]


def holds_of(house, order):
    with house.work() as work:
        return [(hold.reason, hold.placed_by) for hold in work.holds.of(order.id)]


@pytest.mark.parametrize("on_duplicate", list(OnDuplicate))
def test_it_is_kept_on_hold_whatever_is_said_of_duplicates_and_not_sent_before_it_is_released(house, on_duplicate):
    cancel(house)
    arrival = comes(house, on_duplicate=on_duplicate)
    assert (arrival.error, arrival.duplicate) == (None, False)
    assert holds_of(house, arrival.order) == [("Cancelled before it came: by telephone", "anna")]
    with house.work() as work:
        approve_order(work, arrival.order.id, ANNA)
    request_push(house.store, house.org_id, arrival.order.id, ANNA)
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.api.taken == []
    with house.work() as work:
        release_order(work, arrival.order.id, ANNA)
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.api.taken == [arrival.order.id], "a person says that it is to be delivered after all"


def test_it_comes_in_once_as_any_order_does(house):
    cancel(house)
    first, again = comes(house), comes(house)
    assert (again.duplicate, again.order.id) == (True, first.order.id)
    assert len(holds_of(house, first.order)) == 1


def test_of_two_in_one_batch_the_first_comes_in(house):
    cancel(house)
    two = [an_order(external_order_number=NUMBER, source="source", customer=Customer("4711")) for _ in range(2)]
    with house.work() as work:
        first, again = accept_orders(work, two, ANNA, OnDuplicate.REFUSE)
    assert (first.order.id, first.duplicate, again.order.id, again.duplicate) == (two[0].id, False, two[0].id, True)
    assert two[1].id not in house.tables.orders
    assert len(holds_of(house, first.order)) == 1


def test_a_second_one_that_is_wanted_beside_the_first_is_on_hold_too(house):
    cancel(house)
    two = [an_order(external_order_number=NUMBER, source="source", customer=Customer("4711")) for _ in range(2)]
    with house.work() as work:
        accept_orders(work, two, ANNA, OnDuplicate.NEW)
    assert [len(holds_of(house, order)) for order in two] == [1, 1]


def test_another_order_is_none_of_its_business(house):
    cancel(house)
    assert holds_of(house, comes(house, "PO-OTHER").order) == []


def test_twice_is_once(house):
    assert cancel(house) == cancel(house)


def test_an_order_that_is_here_is_named(house):
    order = comes(house).order
    with pytest.raises(StateError) as refused:
        cancel(house)
    assert refused.value.code == "ORDER_IS_HERE"
    assert refused.value.details == {"order_id": str(order.id)}


@pytest.mark.parametrize(("number", "reason"), [(" ", "why"), (NUMBER, " ")])
def test_it_needs_a_number_and_a_reason(house, number, reason):
    with pytest.raises(InputError):
        cancel(house, number, reason)


def test_an_order_that_gets_the_number_by_an_edit_is_on_hold_too(house):
    cancel(house)
    order = comes(house, "PO-TYPO").order
    with house.work() as work:
        changed = work.orders.get(order.id)
        changed.external_order_number = NUMBER
        edit_order(work, changed, ANNA)
    assert len(holds_of(house, order)) == 1
    assert house.status(order) is OrderStatus.READY


def test_nothing_is_cancelled_beside_a_process_of_an_older_release_which_would_send_it(house):
    house.tables.older_process = "serve of 1.0"
    with pytest.raises(StateError) as refused:
        cancel(house)
    assert refused.value.code == "OLDER_RELEASE"
