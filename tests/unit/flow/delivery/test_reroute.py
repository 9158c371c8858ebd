"""What waits follows the rules when they change, as long as surely nothing of it was sent."""

from datetime import timedelta

from orderflow.domain.ids import new_id
from orderflow.domain.states import OrderStatus
from orderflow.flow.delivery.reroute import look_again
from orderflow.flow.order.approve import edit_order
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


def test_one_that_was_changed_while_a_worker_had_it_holds_up_no_other(house):
    send(house, house.to_dropzone)
    changed_since, waiting = house.pushed(), house.pushed()
    house.change_export(changed_since, lease_token=new_id(), lease_until=house.clock.now() + timedelta(seconds=60))
    with house.work() as work:
        now = work.orders.get(changed_since.id)
        now.notes = "changed"
        edit_order(work, now, ANNA)
    house.clock.forward(120)  # it was killed before it began
    send(house, house.to_dropzone, "USD")
    house.change_connection(house.to_api, is_default=False)
    look_again(house.store, house.org_id)
    assert (house.status(changed_since), house.status(waiting)) == (OrderStatus.READY, OrderStatus.APPROVED)
