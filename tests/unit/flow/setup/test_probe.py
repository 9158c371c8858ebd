"""A person's test of a connection, and the probe of an open breaker."""

import pytest

from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import UnavailableError
from orderflow.domain.states import BreakerState
from orderflow.flow.setup import probe as steps
from tests.unit.flow.conftest import ANNA

FAILS = TestResult(False, "no route", details={"code": "AWAY", "hint": "Wait."})


def test_a_good_test_closes_the_breaker_and_is_a_proof(house):
    house.change_connection(house.to_api, breaker_state=BreakerState.PAUSED)
    assert steps.test_connection(house.wiring, house.org_id, house.to_api, ANNA).success
    row = house.connection()
    assert (row.breaker_state, row.last_test_at) == (BreakerState.CLOSED, house.clock.now())


def test_a_bad_one_leaves_the_breaker_and_is_kept_with_its_reason(house):
    house.api.test_result = FAILS
    house.change_connection(house.to_api, breaker_state=BreakerState.PAUSED)
    steps.test_connection(house.wiring, house.org_id, house.to_api, ANNA)
    row = house.connection()
    assert (row.breaker_state, row.test_error["code"]) == (BreakerState.PAUSED, "AWAY")


@pytest.mark.parametrize("error", [UnavailableError("away"), ZeroDivisionError()], ids=repr)
def test_whatever_the_connector_raises_is_a_failed_test(house, monkeypatch, error):
    def fails(config):
        raise error

    monkeypatch.setattr(house.api, "test_connection", fails)
    assert not steps.test_connection(house.wiring, house.org_id, house.to_api, ANNA).success


def opened(house, **columns):
    house.change_connection(
        house.to_api, breaker_state=BreakerState.OPEN, probe_at=house.clock.now(), probe_failures=1, **columns
    )


def probe(house):
    return steps.probe(house.wiring, house.org_id, house.to_api)


def test_a_target_that_is_back_is_delivered_to_and_told_of(house):
    opened(house)
    assert probe(house)
    assert (house.connection().breaker_state, house.actions()) == (BreakerState.CLOSED, ["CONNECTION_RECOVERED"])


def test_one_that_is_not_is_asked_ever_less_often(house):
    house.api.test_result = FAILS
    opened(house)
    waits = []
    for _ in range(8):
        assert not probe(house)
        waits.append((house.connection().probe_at - house.clock.now()).total_seconds())
        house.clock.forward(waits[-1])
    assert waits == [20, 40, 80, 160, 300, 300, 300, 300]


def test_one_that_needs_a_person_waits_for_one(house):
    house.api.test_result = TestResult(False, "password", details={"needs_attention": True})
    opened(house)
    probe(house)
    assert house.connection().breaker_state is BreakerState.PAUSED


@pytest.mark.parametrize("details", [{"code": "AWAY"}, {"needs_attention": True}], ids=str)
def test_what_comes_after_a_persons_good_test_says_nothing_of_the_target(house, monkeypatch, details):
    opened(house)
    good = house.api.test_connection

    def is_tested_meanwhile(config):
        monkeypatch.setattr(house.api, "test_connection", good)
        assert steps.test_connection(house.wiring, house.org_id, house.to_api, ANNA).success
        return TestResult(False, "no route", details=details)

    monkeypatch.setattr(house.api, "test_connection", is_tested_meanwhile)
    assert not probe(house)
    row = house.connection()
    assert (row.breaker_state, row.probe_at, house.actions()) == (BreakerState.CLOSED, None, ["CONNECTOR_TESTED"])


def test_a_late_good_one_resumes_nothing_that_was_paused_meanwhile(house, monkeypatch):
    opened(house)
    good = house.api.test_connection

    def is_paused_meanwhile(config):
        with house.work() as work:
            work.connections.set_breaker(house.to_api, BreakerState.PAUSED, {"code": "AUTH_FAILED"}, None)
        return good(config)

    monkeypatch.setattr(house.api, "test_connection", is_paused_meanwhile)
    probe(house)
    assert house.connection().breaker_state is BreakerState.PAUSED


def test_one_process_probes_and_only_when_it_is_due(house):
    assert not probe(house), "it is not open"
    opened(house)
    with house.work() as work:
        assert work.connections.lease_probe(house.to_api, 30.0)
    assert not probe(house)
