"""A person says yes or no to an order, or corrects it."""

from copy import copy

import pytest

from orderflow.domain.errors import StateError
from orderflow.domain.states import OrderStatus
from orderflow.flow.order.approve import approve_order, edit_order, reject_order
from tests.unit.flow.conftest import ANNA


def approve(house, order):
    with house.work() as work:
        approve_order(work, order.id, ANNA)


def edit(house, order, **changes):
    with house.work() as work:
        changed = copy(work.orders.get(order.id))
        for name, value in changes.items():
            setattr(changed, name, value)
        return edit_order(work, changed, ANNA)


def test_a_ready_order_is_approved_by_somebody(house):
    order = house.order(OrderStatus.READY)
    approve(house, order)
    row = house.row(order)
    assert (row.status, row.approved_by, row.approved_at) == (OrderStatus.APPROVED, "anna", house.clock.now())


def test_what_is_not_ready_says_what_it_lacks(house):
    order = house.order(OrderStatus.NEEDS_REVIEW, currency=None)
    with pytest.raises(StateError) as refused:
        approve(house, order)
    assert (refused.value.code, len(refused.value.details["missing"])) == ("ORDER_NOT_READY", 1)
    with pytest.raises(StateError, match="only a READY order"):
        approve(house, house.order(OrderStatus.REJECTED))


def test_a_correction_needs_another_approval(house):
    order = house.order()
    edit(house, order, notes="more")
    row = house.row(order)
    assert (row.status, row.approved_by, row.content.notes) == (OrderStatus.READY, None, "more")
    edit(house, order, currency=None)
    assert house.status(order) is OrderStatus.NEEDS_REVIEW


def test_what_was_not_sent_yet_is_replaced(house):
    order = house.pushed()
    edit(house, order, notes="more")
    assert (house.status(order), house.tables.exports_of(order.id)) == (OrderStatus.READY, [])


def test_what_ended_or_is_recalled_is_not_changed(house):
    for status in (OrderStatus.REJECTED, OrderStatus.RECALLING, OrderStatus.RECALLED):
        with pytest.raises(StateError):
            edit(house, house.order(status), notes="more")


def test_a_rejected_order_has_ended(house):
    order = house.order()
    with house.work() as work:
        reject_order(work, order.id, ANNA, "a duplicate")
    assert house.tables.audit[-1]["after"] == {"status": OrderStatus.REJECTED, "reason": "a duplicate"}
    with pytest.raises(StateError):
        edit(house, order, notes="more")
    with pytest.raises(StateError), house.work() as work:
        reject_order(work, house.pushed().id, ANNA)
