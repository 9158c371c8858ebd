"""What waits follows the rules when they change, as long as surely nothing of it was sent."""

from datetime import timedelta

from orderflow.domain.ids import new_id
from orderflow.domain.states import Kind, OrderStatus
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.delivery.reroute import look_again
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.flow.setup.routes import save_rules
from tests.unit.flow.conftest import ANNA


def send(house, connection_id, currency="EUR"):
    when = {"field": "order.currency", "operator": "=", "value": currency}
    given = {"name": currency, "when": when, "connection_id": str(connection_id)}
    save_rules(house.store, house.org_id, [given], ANNA)


def test_an_order_that_waits_goes_where_the_rules_say_now(house):
    send(house, house.to_dropzone)
    order = house.pushed()
    assert house.export(order).connection_id == house.to_dropzone
    send(house, house.to_api)
    assert not look_again(house.store, house.org_id)
    assert house.export(order).connection_id == house.to_api
    assert house.actions()[-1] == "EXPORT_MOVED"


def test_what_may_have_been_sent_stays(house):
    send(house, house.to_dropzone)
    order = house.pushed()
    house.change_export(order, staged_at=house.clock.now())
    send(house, house.to_api)
    look_again(house.store, house.org_id)
    assert house.export(order).connection_id == house.to_dropzone


def changed_while_a_worker_had_it(house):
    """Return an order whose push a worker had that died before it began; its order was changed meanwhile."""
    order = house.pushed()
    house.change_export(order, lease_token=new_id(), lease_until=house.clock.now() + timedelta(seconds=60))
    with house.work() as work:
        now = work.orders.get(order.id)
        now.notes = "changed"
        edit_order(work, now, ANNA)
    house.clock.forward(120)
    return order


def send_nowhere(house):
    send(house, house.to_dropzone, "USD")
    house.change_connection(house.to_api, is_default=False)
    look_again(house.store, house.org_id)


def test_one_that_was_changed_while_a_worker_had_it_holds_up_no_other(house):
    send(house, house.to_dropzone)
    changed_since, waiting = changed_while_a_worker_had_it(house), house.pushed()
    send_nowhere(house)
    assert (house.status(changed_since), house.status(waiting)) == (OrderStatus.READY, OrderStatus.APPROVED)
    assert house.actions().count("DRAFT_REROUTED") == 2


def test_one_that_was_changed_and_pushed_since_is_on_its_way_by_that(house):
    send(house, house.to_dropzone)
    order = changed_while_a_worker_had_it(house)
    with house.work() as work:
        approve_order(work, order.id, ANNA)
    request_push(house.store, house.org_id, order.id, ANNA)
    assert len(house.tables.exports_of(order.id)) == 2
    send_nowhere(house)
    assert house.export(order).kind is Kind.CHANGE
    assert (len(house.tables.exports_of(order.id)), house.status(order)) == (1, OrderStatus.PUSHING)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    assert ([name.split("_")[0] for name in house.dropzone.takes], house.status(order)) == (
        ["sales"],
        OrderStatus.PUSHED,
    )
