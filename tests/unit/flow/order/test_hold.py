"""A person keeps an order from being delivered; they or an ADMIN release it."""

import pytest

from orderflow.domain.errors import InputError, NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import OrderAction, OrderStatus
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.order.approve import approve_order
from orderflow.flow.order.hold import MOST_HOLDS, hold_order, release_order
from orderflow.flow.ports import Actor
from tests.unit.flow.conftest import ANNA

BEN = Actor("ben")


def hold(house, order, reason="checked", actor=ANNA):
    with house.work() as work:
        return hold_order(work, order.id, reason, actor)


def release(house, order, actor=ANNA, **options):
    with house.work() as work:
        return release_order(work, order.id, actor, **options)


def deliver(house):
    return push_batch(house.wiring, house.org_id, house.to_api)


def test_what_is_on_hold_is_approved_and_pushed_and_waits_for_its_release(house):
    order = house.order(OrderStatus.READY)
    hold(house, order)
    with house.work() as work:
        approve_order(work, order.id, ANNA)
    pushed = house.pushed()
    hold(house, pushed)
    assert deliver(house) == 0
    assert release(house, pushed).connection_id == house.to_api
    assert deliver(house) == 1
    assert house.status(pushed) is OrderStatus.CONFIRMED
    assert house.actions()[-1] == "DRAFT_HOLD_RELEASED"


def test_waiting_spends_nothing_and_fails_nothing(house):
    order = house.pushed()
    hold(house, order)
    house.clock.forward(86_400)
    assert (deliver(house), house.status(order)) == (0, OrderStatus.PUSHING)
    assert (house.export(order).attempts_spent, house.tables.attempts) == (0, {})


def test_only_who_placed_it_releases_it_or_an_admin(house):
    order = house.pushed()
    hold(house, order)
    hold(house, order, "price", BEN)
    assert release(house, order, BEN) is None
    with pytest.raises(StateError, match="put on hold by anna") as refused:
        release(house, order, BEN)
    assert (refused.value.code, refused.value.details) == ("HOLD_OF_ANOTHER", {"placed_by": ["anna"]})
    assert release(house, order, BEN, of_others=True) is not None


def test_one_of_several_may_be_released(house):
    order = house.pushed()
    first, second = hold(house, order), hold(house, order, "price")
    assert release(house, order, hold_id=first.id) is None
    with pytest.raises(NotFoundError):
        release(house, order, hold_id=first.id)
    assert release(house, order, hold_id=second.id) is not None


def test_what_is_not_there_or_not_on_hold_is_told(house):
    with pytest.raises(NotFoundError):
        hold(house, house.order().__class__(id=new_id()))
    with pytest.raises(StateError, match="not on hold"):
        release(house, house.order())


@pytest.mark.parametrize("status", [status for status in OrderStatus if status not in OrderAction.HOLD.change.starts])
def test_what_has_arrived_or_ended_is_not_put_on_hold(house, status):
    with pytest.raises(StateError, match="no delivery to hold back"):
        hold(house, house.order(status))


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "a\nb", "right\u202eleft"])
def test_a_reason_is_one_line_that_people_can_read(house, reason):
    with pytest.raises(InputError) as refused:
        hold(house, house.order(), reason)
    assert refused.value.details["fields"][0]["field"] == "reason"


def test_holds_are_bounded(house):
    order = house.order()
    for number in range(MOST_HOLDS):
        hold(house, order, f"reason {number}")
    with pytest.raises(StateError, match="may have no more"):
        hold(house, order)
