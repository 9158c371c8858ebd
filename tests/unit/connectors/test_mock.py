"""The mock does what its mode says: in an export, and in a test of the connection."""

from __future__ import annotations

import time

import pytest

from orderflow.connectors.mock import MockConnector
from orderflow.domain.errors import (
    ConfigError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder

ENDS_BADLY = [
    ("failure", ConnectorError, "MOCK_FAILURE"),
    ("timeout", TransientError, "TIMEOUT"),
    ("rejected", RejectedError, "MOCK_REJECTED"),
    ("unavailable", UnavailableError, "TARGET_UNAVAILABLE"),
    ("attention", NeedsAttentionError, "AUTH_FAILED"),
    ("in_doubt", InDoubtError, "IN_DOUBT"),
]


@pytest.fixture
def mock() -> MockConnector:
    return MockConnector()


@pytest.mark.parametrize("config", [{}, {"mode": "success"}, {"mode": "slow"}])
def test_an_order_is_taken(mock, config):
    order = DraftOrder()
    result = mock.export(order, config)
    assert result.success
    assert result.export_id == order.delivery.export_id
    assert mock.test_connection(config).success


@pytest.mark.parametrize(("mode", "kind", "code"), ENDS_BADLY)
def test_each_way_to_fail_is_its_own_error(mock, mode, kind, code):
    with pytest.raises(kind) as caught:
        mock.export(DraftOrder(), {"mode": mode})
    assert (type(caught.value), caught.value.code) == (kind, code)
    tested = mock.test_connection({"mode": mode})
    assert (tested.success, tested.details["code"]) == (False, code)
    assert tested.error_message == caught.value.message


def outcomes(mock, order, config, times):
    for _ in range(times):
        try:
            yield mock.export(order, config).success
        except TransientError as error:
            yield error.code


@pytest.mark.parametrize(("config", "failures"), [({}, 2), ({"fail_times": 0}, 0), ({"fail_times": 3}, 3)])
def test_flaky_fails_each_order_so_often_and_then_never(mock, config, failures):
    for order in (DraftOrder(), DraftOrder()):
        got = list(outcomes(mock, order, {"mode": "flaky"} | config, failures + 2))
        assert got == ["MOCK_FLAKY"] * failures + [True, True]
    assert mock.test_connection({"mode": "flaky"}).success


@pytest.mark.parametrize("mode", ["slow", "timeout"])
def test_it_takes_as_long_as_it_is_told(mock, mode):
    started = time.monotonic()
    list(outcomes(mock, DraftOrder(), {"mode": mode, "delay_seconds": 0.05}, 1))
    assert time.monotonic() - started >= 0.05


def test_a_batch_has_an_outcome_for_every_order(mock):
    orders = [DraftOrder() for _ in range(3)]
    results = dict(mock.export_many(orders, {"mode": "rejected"}))
    assert set(results) == {order.id for order in orders}
    assert all(isinstance(result, RejectedError) for result in results.values())


@pytest.mark.parametrize("config", [{"mode": "nonsense"}, {"fail_times": -1}, {"surprise": 1}, {"delay_seconds": 61}])
def test_a_wrong_configuration_is_named_and_a_test_does_not_raise(mock, config):
    with pytest.raises(ConfigError, match=next(iter(config))):
        mock.export(DraftOrder(), config)
    assert mock.test_connection(config).details["code"] == "CONFIG_INVALID"
