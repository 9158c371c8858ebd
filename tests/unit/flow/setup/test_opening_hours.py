"""A connection's opening hours: saved, worked out, kept while time passes."""

from datetime import UTC, datetime, timedelta

import pytest

from orderflow.domain.errors import InputError
from orderflow.domain.states import BreakerState, OrderStatus
from orderflow.flow.delivery.give_up import give_up
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.setup.connections import add_connection, edit_connection
from orderflow.flow.setup.opening_hours import keep_up
from tests.unit.flow.conftest import ANNA

HOUR = 3600
# It is a Monday, 09:00 in Berlin.
MORNINGS = {"time_zone": "Europe/Berlin", "weekly": {"mon": ["08:00-12:00"], "tue": ["08:00-12:00"]}}
AFTERNOONS = {"time_zone": "Europe/Berlin", "weekly": {"mon": ["13:00-17:00"], "tue": ["13:00-17:00"]}}


def save(house, hours):
    edit_connection(house.wiring, house.org_id, house.to_api, None, ANNA, options={"opening_hours": hours})


def look(house):
    """What the engine does at every sweep."""
    keep_up(house.store, house.org_id, house.to_api)
    return push_batch(house.wiring, house.org_id, house.to_api)


def at(house):
    row = house.connection()
    return row.closed_until, row.open_until


def test_it_is_worked_out_as_it_is_saved(house):
    save(house, AFTERNOONS)
    assert at(house) == (datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 1, 5, 16, tzinfo=UTC))
    save(house, MORNINGS)
    assert at(house) == (house.clock.now(), datetime(2026, 1, 5, 11, tzinfo=UTC)), "open, from now on"
    save(house, None)
    assert at(house) == (house.clock.now(), None)
    assert house.connection().version == 4


def test_a_new_connection_has_its_hours_from_the_start(house):
    added = add_connection(
        house.wiring, house.org_id, "MEMORY_API", {}, ANNA, name="Izmir", options={"opening_hours": AFTERNOONS}
    )
    assert house.connection(added).closed_until == datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_what_cannot_be_used_changes_nothing(house):
    save(house, MORNINGS)
    with pytest.raises(InputError, match=r"opening_hours\.time_zone: is no time zone"):
        save(house, MORNINGS | {"time_zone": "Berlin"})
    assert house.connection().opening_hours == MORNINGS


def test_while_it_is_closed_orders_wait_and_go_out_when_it_opens(house):
    save(house, AFTERNOONS)
    order = house.pushed()
    assert (look(house), house.status(order)) == (0, OrderStatus.PUSHING)
    house.clock.forward(4 * HOUR - 1)
    assert look(house) == 0
    house.clock.forward(1)
    assert (look(house), house.status(order)) == (1, OrderStatus.CONFIRMED)


def test_it_closes_to_the_second_though_nobody_has_worked_out_what_comes_next(house):
    save(house, MORNINGS)
    house.pushed()
    house.clock.forward(3 * HOUR)
    assert push_batch(house.wiring, house.org_id, house.to_api) == 0
    house.clock.forward(25 * HOUR)  # an hour after it closed on Tuesday, and nobody has looked since Monday
    assert look(house) == 0
    assert at(house)[0] == datetime(2026, 1, 12, 7, tzinfo=UTC)


def test_of_an_open_time_that_goes_on_the_beginning_is_kept(house):
    save(house, MORNINGS)
    since = house.clock.now()
    house.clock.forward(HOUR)
    keep_up(house.store, house.org_id, house.to_api)
    assert at(house) == (since, datetime(2026, 1, 5, 11, tzinfo=UTC))


def test_a_push_may_ask_to_wait_within_the_hours_too(house):
    save(house, MORNINGS)
    order = house.order()
    later = house.clock.now() + timedelta(hours=3)  # it is closed then, until tomorrow
    house.request(order, not_before=later)
    house.clock.forward(HOUR)
    assert look(house) == 0
    house.clock.forward(2 * HOUR)
    assert look(house) == 0
    house.clock.forward(20 * HOUR)
    assert (look(house), house.status(order)) == (1, OrderStatus.CONFIRMED)


def test_nothing_is_given_up_because_it_was_closed(house):
    house.change_connection(house.to_api, give_up_after=HOUR, breaker_state=BreakerState.OPEN)
    save(house, AFTERNOONS)
    order = house.pushed()
    house.clock.forward(4 * HOUR - 60)
    assert give_up(house.store, house.org_id, house.to_api) == 0
    house.clock.forward(60 + HOUR - 1)
    assert give_up(house.store, house.org_id, house.to_api) == 0, "it has not been open for an hour"
    house.clock.forward(2)
    assert (give_up(house.store, house.org_id, house.to_api), house.status(order)) == (1, OrderStatus.ERROR)


def test_nothing_is_given_up_that_was_to_wait(house):
    house.change_connection(house.to_api, give_up_after=HOUR, breaker_state=BreakerState.OPEN)
    order = house.order()
    house.request(order, not_before=house.clock.now() + timedelta(hours=2))
    house.clock.forward(3 * HOUR)
    assert give_up(house.store, house.org_id, house.to_api) == 0
    house.clock.forward(1)
    assert give_up(house.store, house.org_id, house.to_api) == 1
