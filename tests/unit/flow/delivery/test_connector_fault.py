"""A connector's own fault is shown to its author by file and line, and to users by its type alone."""

import json
import logging

import pytest

from orderflow.domain.errors import ConnectorError
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.testing.engine import MemoryEngine, an_order
from orderflow.testing.memory import MemoryApi

SECRET = "s3cret-token"


class Faulty(MemoryApi):
    def export(self, draft_order, config):
        return json.loads(draft_order.external_order_number + SECRET)

    def find(self, draft_order, config):
        raise KeyError(SECRET)


def test_the_log_names_the_place_of_a_fault_and_nothing_of_its_text(caplog):
    engine, order = MemoryEngine(Faulty(), {}), an_order()
    engine.push(order)
    engine.run()
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "test_connector_fault.py, line 18, in export: JSONDecodeError" in told[0]
    assert "test_connector_fault.py, line 21, in find: KeyError" in told[1]
    assert SECRET not in "".join(told)


def test_users_are_told_the_type_alone():
    engine, order = MemoryEngine(Faulty(), {}), an_order()
    engine.push(order)
    engine.run()
    outcomes = engine.delivered(order).outcomes
    shown = [json.dumps(one.as_json()) for one in outcomes if isinstance(one, ConnectorError)]
    assert len(shown) == len(outcomes)
    assert "raised JSONDecodeError" in shown[0]
    assert not any(word in text for text in shown for word in (".py", "line", SECRET, "export:"))


def test_what_gave_no_outcome_has_no_place():
    assert connector_fault("SHOP", None).place is None


def test_a_method_that_calls_its_configuration_otherwise_is_told_so():
    with pytest.raises(TypeError, match=r"Other\.export must name its configuration 'config'"):

        class Other(MemoryApi):
            def export(self, draft_order, settings):
                raise ConnectorError
