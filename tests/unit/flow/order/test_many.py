"""One action on many orders, each for itself."""

from orderflow.domain.states import OrderStatus
from orderflow.flow.order.many import act_on_many, starts_of
from tests.unit.flow.conftest import ANNA


def act(house, action, orders, **more):
    return dict(act_on_many(house.store, house.org_id, action, [order.id for order in orders], ANNA, **more))


def test_each_takes_the_step_that_it_can(house):
    ready, rejected = house.order(OrderStatus.READY), house.order(OrderStatus.REJECTED)
    outcomes = act(house, "approve", [ready, rejected])
    assert (outcomes[ready.id], outcomes[rejected.id].code) == (None, "CONFLICT")
    assert (house.status(ready), house.status(rejected)) == (OrderStatus.APPROVED, OrderStatus.REJECTED)


def test_a_push_is_no_retry_and_a_retry_no_push(house):
    approved, failed = house.order(), house.order(OrderStatus.ERROR)
    assert act(house, "retry", [approved])[approved.id] is not None
    assert act(house, "push", [failed])[failed.id] is not None
    assert act(house, "push", [approved], connection_id=house.to_dropzone) == {approved.id: None}
    assert act(house, "retry", [failed]) == {failed.id: None}
    assert house.export(approved).connection_id == house.to_dropzone
    assert (starts_of("push"), starts_of("retry")) == ((OrderStatus.APPROVED,), (OrderStatus.ERROR,))


def test_each_connection_is_woken_once_and_after_the_commit(house, monkeypatch):
    woken = []
    monkeypatch.setattr(house.store, "wake", lambda org_id, connection_id: woken.append(connection_id))
    orders = [house.order() for _ in range(3)]
    act(house, "push", [*orders, orders[0]])
    assert woken == [house.to_api]
