"""What may be done to many orders: each action is one step for one order."""

import pytest

from orderflow.domain.access import Role
from orderflow.domain.bulk import BulkAction, BulkOutcome
from orderflow.domain.ids import new_id
from orderflow.domain.states import OrderStatus
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.order.hold import hold_order
from orderflow.flow.order.many import STEPS, take_step
from orderflow.flow.ports import Actor, BulkJob
from orderflow.flow.setup.routes import save_rules
from tests.unit.flow.conftest import ANNA


def act(house, action, order, **more):
    with house.work() as work:
        return take_step(work, order.id, BulkJob(new_id(), BulkAction(action), ANNA, **more))


def only(house, connection_id, currency):
    """Let the rules send orders of one currency to one connection, and all others nowhere."""
    when = {"field": "order.currency", "operator": "=", "value": currency}
    given = {"name": "by currency", "when": when, "connection_id": str(connection_id)}
    return save_rules(house.store, house.org_id, [given], ANNA).version


def test_there_is_a_step_for_each_action():
    assert STEPS.keys() == set(BulkAction)


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("approve", OrderStatus.READY, OrderStatus.APPROVED),
        ("reject", OrderStatus.READY, OrderStatus.REJECTED),
        ("push", OrderStatus.APPROVED, OrderStatus.PUSHING),
        ("retry", OrderStatus.ERROR, OrderStatus.PUSHING),
    ],
)
def test_each_takes_an_order_from_where_it_starts(house, action, before, after):
    order = house.order(before)
    assert before in BulkAction(action).starts
    assert act(house, action, order).outcome is BulkOutcome.DONE
    assert house.status(order) is after
    again = act(house, action, order)
    assert (again.outcome, again.error.code) == (BulkOutcome.REFUSED, "CONFLICT")
    assert house.status(order) is after


def test_a_push_is_no_retry_and_a_retry_no_push(house):
    approved, failed = house.order(), house.order(OrderStatus.ERROR)
    assert act(house, "retry", approved).error is not None
    assert act(house, "push", failed).error is not None
    assert act(house, "push", approved, connection_id=house.to_dropzone).connection_id == house.to_dropzone


def test_what_is_on_its_way_is_withdrawn_or_moved(house):
    order = house.pushed(house.to_api)
    moved = act(house, "move", order, connection_id=house.to_dropzone)
    assert (moved.outcome, moved.connection_id) == (BulkOutcome.DONE, house.to_dropzone)
    assert house.export(order).connection_id == house.to_dropzone
    assert act(house, "move", order, connection_id=house.to_dropzone).error is not None
    assert act(house, "withdraw", order).outcome is BulkOutcome.DONE
    assert house.status(order) is OrderStatus.APPROVED
    assert act(house, "move", order, connection_id=house.to_api).outcome is BulkOutcome.REFUSED


@pytest.mark.parametrize("action", ["move", "reroute", "withdraw"])
def test_what_a_worker_has_stays_with_it(house, action):
    order = house.pushed(house.to_api)
    assert claim(house.wiring, house.open(), 1).attempts
    refused = act(house, action, order, connection_id=house.to_dropzone)
    assert refused.outcome is BulkOutcome.REFUSED
    assert house.export(order).connection_id == house.to_api


def test_a_push_that_no_rule_sends_anywhere_waits_and_goes_where_it_is_routed_later(house):
    house.change_connection(house.to_api, is_default=False)
    only(house, house.to_dropzone, "CHF")
    order = house.order()
    assert act(house, "push", order).outcome is BulkOutcome.WAITING
    assert act(house, "reroute", order).outcome is BulkOutcome.WAITING
    only(house, house.to_dropzone, "EUR")
    assert act(house, "reroute", order).connection_id == house.to_dropzone
    assert house.status(order) is OrderStatus.PUSHING


def test_an_order_whose_connection_was_named_follows_the_rules_when_it_is_routed_anew(house):
    order = house.pushed(house.to_api)
    version = only(house, house.to_dropzone, "EUR")
    assert act(house, "reroute", order).connection_id == house.to_dropzone
    assert (house.export(order).connection_id, house.export(order).route_version) == (house.to_dropzone, version)
    house.change_connection(house.to_api, is_default=False)
    only(house, house.to_dropzone, "CHF")
    assert act(house, "reroute", order).outcome is BulkOutcome.WAITING
    assert house.status(order) is OrderStatus.APPROVED


def test_without_rules_it_goes_to_the_default_connection(house):
    order = house.pushed(house.to_dropzone)
    assert act(house, "reroute", order).connection_id == house.to_api
    assert act(house, "reroute", order).connection_id == house.to_api
    assert house.actions().count("EXPORT_MOVED") == 1


def test_what_is_put_on_hold_is_released_by_who_did_so_or_by_an_admin(house):
    order = house.pushed()
    assert act(house, "hold", order, reason="checked").outcome is BulkOutcome.DONE
    with house.work() as work:
        hold_order(work, order.id, "price", Actor("ben"))
    mine = act(house, "release", order, role=Role.OPS)
    assert (mine.outcome, mine.connection_id) == (BulkOutcome.DONE, None)
    assert act(house, "release", order, role=Role.OPS).error.code == "HOLD_OF_ANOTHER"
    assert act(house, "release", order, role=Role.ADMIN).connection_id == house.to_api
    assert act(house, "release", order, role=Role.ADMIN).error.code == "NOT_ON_HOLD"


def test_an_order_is_confirmed_under_its_own_number(house):
    order, unnamed = house.pushed(house.to_dropzone), house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    numbers = {order.id: "SO-1"}
    assert act(house, "confirm", order, numbers=numbers).outcome is BulkOutcome.DONE
    assert (house.status(order), house.row(order).erp_order_id) == (OrderStatus.CONFIRMED, "SO-1")
    assert act(house, "confirm", unnamed, numbers=numbers).outcome is BulkOutcome.REFUSED
    assert house.status(unnamed) is OrderStatus.PUSHED
