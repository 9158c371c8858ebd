"""What a connector gets for nothing when it has only `export` and `test_connection`."""

import tracemalloc
from typing import Any

import pytest

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult, TestResult
from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.port_redaction import MOST_AT_HAND, ByConfig, redactor_of


class Picky(ERPConnectorPort):
    def export(self, draft_order, config):
        if draft_order.notes == "bad":
            raise RejectedError("The ERP does not like it.")
        return ExportResult(success=True)

    def test_connection(self, config):
        return TestResult(success=True)


def test_a_connector_without_export_cannot_be_made():
    with pytest.raises(TypeError, match="export"):
        type("Half", (ERPConnectorPort,), {"test_connection": Picky.test_connection})()


def test_one_bad_order_does_not_stop_a_batch():
    orders = [DraftOrder(), DraftOrder(notes="bad"), DraftOrder()]
    outcomes = dict(Picky().export_many(orders, {}))
    assert list(outcomes) == [order.id for order in orders]
    assert [isinstance(outcome, ConnectorError) for outcome in outcomes.values()] == [False, True, False]


def test_a_fault_in_the_connector_itself_is_not_taken_for_an_outcome():
    class Broken(Picky):
        def export(self, draft_order, config):
            raise KeyError("host")

    with pytest.raises(KeyError):
        list(Broken().export_many([DraftOrder()], {}))


def test_a_connector_that_cannot_ask_leaves_a_doubt_standing():
    with pytest.raises(InDoubtError):
        Picky().find(DraftOrder(), {})


def test_a_simple_connector_neither_stages_nor_expects_answers():
    connector = Picky()
    assert not connector.stages({})
    assert not connector.expects_acks({})
    assert list(connector.poll_acks({}, [])) == []
    connector.finish_acks([], {})
    connector.discard([], {})


@pytest.mark.parametrize("step", ["stage_many", "publish_many"])
def test_a_connector_that_says_it_stages_must_do_it(step):
    with pytest.raises(TypeError, match=f"Picky says that it stages, but has no {step}"):
        getattr(Picky(), step)([], {})


def test_what_is_made_of_a_configuration_is_made_once_and_anew_when_it_was_changed() -> None:
    made: list[dict[str, Any]] = []

    def make(config: dict[str, Any], *_: object) -> int:
        made.append(config)
        return len(made)

    by_config, headers = ByConfig(make), ["a"]
    config = {"password": "one", "headers": headers}
    assert [by_config.of(config), by_config.of(config)] == [1, 1]
    headers.append("b")
    assert by_config.of(config) == 2
    assert [by_config.of(config, "a model", "a token"), by_config.of(config, "a model", "a token")] == [3, 3]
    assert by_config.of(config, "a model", "a newer token") == 4
    assert by_config.of(dict(config)) == 5
    for number in range(2 * MOST_AT_HAND):
        by_config.of({"password": str(number)})
    assert len(by_config._made) == MOST_AT_HAND


def test_secrets_of_many_long_configurations_are_at_hand_within_a_size() -> None:
    connector = Picky()
    tracemalloc.start()
    for number in range(80):
        redactor = redactor_of(connector, {"password": f"{number}-" + "secret" * 5_000})
        assert redactor.size > 300_000
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 100_000_000
    assert redactor_of(connector, {"password": "79-" + "secret" * 5_000}) is redactor


def test_of_more_secrets_than_can_be_hidden_no_order_gets_another_number() -> None:
    class Echo(Picky):
        def export(self, draft_order, config):
            return ExportResult(
                success=True,
                erp_order_id="77",
                dropzone_path="/out/77",
                connector_metadata={"a": "b"},
                error_message="?",
            )

    made = Echo().export(DraftOrder(), {"password": "secret" * 100_000})
    assert (made.erp_order_id, made.dropzone_path, made.connector_metadata) == ("77", "/out/77", {"a": "b"})
    assert made.error_message == "********"
