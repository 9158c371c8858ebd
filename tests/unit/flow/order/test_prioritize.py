"""A head start in the queue: given, bounded, taken back."""

import pytest

from orderflow.domain.errors import InputError, NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import MOST_PRIORITY
from orderflow.domain.states import OrderAction, OrderStatus
from orderflow.flow.order.prioritize import prioritize
from tests.unit.flow.conftest import ANNA


def give(house, order_id, minutes):
    with house.work() as work:
        prioritize(work, order_id, minutes, ANNA)


def test_it_needs_no_approval_and_reaches_the_export_that_waits(house):
    order = house.pushed()
    give(house, order.id, 90)
    assert (house.row(order).content.priority, house.export(order).priority) == (90, 90)
    assert house.status(order) is OrderStatus.PUSHING
    give(house, order.id, 0)
    assert house.export(order).priority == 0
    assert house.actions()[-2:] == ["DRAFT_PRIORITIZED"] * 2


def test_what_changes_nothing_is_not_noted(house):
    order = house.order(priority=None)
    give(house, order.id, 0)
    assert "DRAFT_PRIORITIZED" not in house.actions()


@pytest.mark.parametrize("minutes", [-1, MOST_PRIORITY + 1])
def test_it_is_bounded(house, minutes):
    with pytest.raises(InputError) as refused:
        give(house, house.order().id, minutes)
    assert refused.value.details["fields"][0]["field"] == "priority"


@pytest.mark.parametrize("status", [status for status in OrderStatus if status not in OrderAction.HOLD.change.starts])
def test_what_waits_in_no_queue_has_none(house, status):
    with pytest.raises(StateError, match="waits in no queue"):
        give(house, house.order(status).id, 5)


def test_an_order_that_is_not_there_is_told(house):
    with pytest.raises(NotFoundError):
        give(house, new_id(), 5)
