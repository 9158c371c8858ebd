"""What waits follows the rules when they change, as long as surely nothing of it was sent."""

from orderflow.flow.delivery.reroute import look_again
from orderflow.flow.setup.routes import save_rules
from tests.unit.flow.conftest import ANNA


def send(house, connection_id):
    when = {"field": "order.currency", "operator": "=", "value": "EUR"}
    given = {"name": "euros", "when": when, "connection_id": str(connection_id)}
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
