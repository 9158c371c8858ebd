"""What waited too long for a target that is away ends; of what may have arrived, nobody says that it failed."""

import pytest

from orderflow.domain.states import BreakerState, ERPExportStatus, OrderStatus
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.give_up import give_up


@pytest.fixture
def away(house):
    house.change_connection(
        house.to_api, breaker_state=BreakerState.OPEN, breaker_error={"code": "AWAY"}, give_up_after=60
    )
    return house


def end(house):
    return give_up(house.store, house.org_id, house.to_api)


def test_what_waited_longer_than_the_connection_wants_fails_with_the_reason(away):
    old = away.pushed()
    away.clock.forward(61)
    new = away.pushed()
    assert end(away) == 1
    assert (away.status(old), away.status(new)) == (OrderStatus.ERROR, OrderStatus.PUSHING)
    error = away.row(old).error_json
    assert (error["code"], error["details"]) == ("GAVE_UP", {"code": "AWAY"})
    assert away.export(old).status is ERPExportStatus.FAILED


@pytest.mark.parametrize("sent", ["begun_at", "staged_at", "held_at"])
def test_what_may_have_been_sent_waits_on(away, sent):
    order = away.pushed()
    away.change_export(order, **{sent: away.clock.now()})
    away.clock.forward(61)
    assert (end(away), away.status(order)) == (0, OrderStatus.PUSHING)


def test_what_a_worker_is_at_waits_on(away):
    order = away.pushed()
    away.clock.forward(61)
    claim(away.wiring, away.open(), 1)
    assert (end(away), away.status(order)) == (0, OrderStatus.PUSHING)


@pytest.mark.parametrize("columns", [{"give_up_after": None}, {"breaker_state": BreakerState.CLOSED}])
def test_nothing_ends_where_orders_wait_for_ever_or_the_target_is_there(away, columns):
    away.pushed()
    away.clock.forward(61)
    away.change_connection(away.to_api, **columns)
    assert end(away) == 0
