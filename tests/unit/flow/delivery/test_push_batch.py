"""One turn of a worker for one connection."""

import pytest

from orderflow.domain.states import BreakerState, ConnectionStatus, OrderStatus
from orderflow.flow.delivery.push_batch import push_batch


def turn(house):
    return push_batch(house.wiring, house.org_id, house.to_api)


def test_what_is_due_is_claimed_delivered_and_settled(house):
    orders = [house.pushed(), house.pushed()]
    assert (turn(house), turn(house)) == (2, 0)
    assert {house.status(order) for order in orders} == {OrderStatus.CONFIRMED}
    assert house.tables.lanes == {}


@pytest.mark.parametrize(
    "columns",
    [
        {"status": ConnectionStatus.DISABLED},
        {"breaker_state": BreakerState.OPEN},
        {"breaker_state": BreakerState.PAUSED},
    ],
    ids=repr,
)
def test_a_connection_that_does_not_deliver_has_its_orders_wait(house, columns):
    house.pushed()
    house.change_connection(house.to_api, **columns)
    assert (turn(house), house.api.taken) == (0, [])


def test_while_it_rests_or_all_is_paused_nothing_goes_out(house):
    order = house.pushed()
    with house.work() as work:
        work.connections.rest(house.to_api, 30.0, {})
    assert turn(house) == 0
    house.clock.forward(31)
    house.tables.paused = True
    assert turn(house) == 0
    house.tables.paused = False
    assert (turn(house), house.api.taken) == (1, [order.id])
