"""An order comes in: it is kept, and what it still needs is known at once."""

import pytest

from orderflow.domain.errors import InputError
from orderflow.domain.states import OrderStatus
from orderflow.flow.order.accept import accept_orders
from orderflow.testing.engine import an_order
from tests.unit.flow.conftest import ANNA


def test_a_whole_order_is_ready_and_one_that_lacks_something_needs_review(house):
    whole, lacking = an_order(), an_order(currency=None, lines=[])
    with house.work() as work:
        accept_orders(work, [whole, lacking], ANNA)
    assert (house.status(whole), house.status(lacking)) == (OrderStatus.READY, OrderStatus.NEEDS_REVIEW)
    assert house.actions() == ["DRAFT_CREATED"] * 2


def test_it_belongs_to_the_organization_that_it_came_to(house):
    order = an_order(org_id=None, created_by=None, created_at=None)
    with house.work() as work:
        accept_orders(work, [order], ANNA)
    content = house.row(order).content
    assert (content.org_id, content.created_by, content.created_at) == (house.org_id, "anna", house.clock.now())


def test_of_several_none_is_stored_if_one_cannot_be(house):
    good, bad = an_order(), an_order(external_order_number="A\x00B")
    with pytest.raises(InputError), house.work() as work:
        accept_orders(work, [good, bad], ANNA)
    assert house.tables.orders == {}
