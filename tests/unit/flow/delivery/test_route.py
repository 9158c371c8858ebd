"""Where an order goes: where it was named, else by the first rule that fits, else by default."""

import pytest

from orderflow.domain.errors import NoRouteError, StateError
from orderflow.domain.states import BreakerState, ConnectionStatus
from orderflow.flow.delivery.route import one_to_push_to, way_of, ways_of_many
from orderflow.flow.setup.routes import save_rules
from tests.unit.flow.conftest import ANNA

EUROS = {"field": "order.currency", "operator": "=", "value": "EUR"}


def rule(house, connection_id, **more):
    given = {"name": "euros", "when": EUROS, "connection_id": str(connection_id), **more}
    save_rules(house.store, house.org_id, [given], ANNA)


def way(house, order, connection_id=None):
    with house.work() as work:
        return way_of(work, order.id, connection_id)[0]


def test_without_rules_it_is_the_default_and_a_name_counts_more(house):
    order = house.order()
    assert (way(house, order), way(house, order, house.to_dropzone)) == (house.to_api, house.to_dropzone)
    rule(house, house.to_dropzone)
    assert way(house, order, house.to_api) == house.to_api


def test_the_rule_that_fits_decides_and_the_default_for_the_rest(house):
    rule(house, house.to_dropzone)
    assert way(house, house.order(currency="EUR")) == house.to_dropzone
    assert way(house, house.order(currency="CHF")) == house.to_api


def test_the_fallback_is_for_when_the_connection_delivers_nothing(house):
    rule(house, house.to_dropzone, fallback_id=str(house.to_api))
    order = house.order(currency="EUR")
    house.change_connection(house.to_dropzone, breaker_state=BreakerState.OPEN)
    assert way(house, order) == house.to_api


def test_a_rule_to_a_disabled_connection_has_its_orders_wait(house):
    rule(house, house.to_dropzone)
    order, other = house.order(currency="EUR"), house.order(currency="CHF")
    house.change_connection(house.to_dropzone, status=ConnectionStatus.DISABLED)
    with pytest.raises(NoRouteError, match="euros"):
        way(house, order)
    with house.work() as work:
        assert ways_of_many(work, [order.id, other.id], None) == {None: [order.id], house.to_api: [other.id]}


def test_where_several_are_active_and_none_is_the_default_a_person_has_to_say_which(house):
    house.change_connection(house.to_api, is_default=False)
    with house.work() as work:
        with pytest.raises(StateError, match="none of them is the default") as caught:
            one_to_push_to(work)
        assert one_to_push_to(work, house.to_dropzone) == house.to_dropzone
    assert {one["id"] for one in caught.value.details["connections"]} == {str(house.to_api), str(house.to_dropzone)}


def test_a_disabled_connection_is_no_way_for_a_push(house):
    for connection_id in (house.to_api, house.to_dropzone):
        house.change_connection(connection_id, status=ConnectionStatus.DISABLED)
    with house.work() as work:
        with pytest.raises(StateError, match="No active ERP connector configured"):
            one_to_push_to(work)
        with pytest.raises(StateError, match="DISABLED"):
            one_to_push_to(work, house.to_api)
