"""The contract of a connector as tests: subclass, say what to test with, and let pytest run it.

```python
class TestMyErp(ConnectorConformance):
    connector_class = MyErpConnector

    @pytest.fixture
    def good_config(self, my_server):
        return {"url": my_server.url, "token": "s3cret-t0ken"}

    @pytest.fixture
    def bad_config(self, my_server):
        return {"url": my_server.url, "token": "wr0ng-t0ken"}

    @pytest.fixture
    def arrived(self, my_server):
        return lambda: my_server.orders
```
"""

from __future__ import annotations

import copy
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from orderflow.domain.connector_port import ERPConnectorPort, Staged
from orderflow.domain.delivery import ExportResult, Lease, TestResult, Waiting
from orderflow.domain.errors import (
    ConnectorError,
    RejectedError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.redaction import HIDDEN
from orderflow.domain.states import ARRIVED, FITTING, OrderStatus
from orderflow.testing.engine import MemoryEngine, an_order
from orderflow.testing.evidence import check_error, fields_of, holds, secrets_of, watched

SLOWEST_TEST = 10.0
"""Seconds; a person waits for a connection test."""

UNDER_WAY = 0.3
"""Seconds in which a request that was sent before a batch was cancelled has arrived."""

_SOUNDS_SECRET = re.compile(r"password|passphrase|secret|private_key|api_key$|(^|_)token$")
_TEXT = "Kabel grün, Größe Ø 3 µm"
Arrived = Callable[[], Sequence[Any] | None]


class ConnectorConformance:
    """What every connector must do; each test says one thing of it.

    Attributes:
        connector_class: The class under test.
    """

    connector_class: ClassVar[type[ERPConnectorPort]]

    @pytest.fixture
    def good_config(self) -> dict[str, Any]:
        """Return a configuration that delivers, with real secrets where there are any. To be overridden."""
        return pytest.fail(f"{type(self).__name__} needs a fixture good_config")

    @pytest.fixture
    def bad_config(self) -> dict[str, Any]:
        """Return one that fits the model and does not deliver: a wrong password, a server that is not there."""
        return pytest.fail(f"{type(self).__name__} needs a fixture bad_config")

    @pytest.fixture
    def arrived(self) -> Arrived:
        """Return a function that lists what the target took so far; it returns None if that cannot be known."""
        return lambda: None

    @pytest.fixture
    def refused_order(self) -> DraftOrder | None:
        """Return an order that the target or the format refuses; None if there is none."""
        return None

    @pytest.fixture
    def connector(self) -> Iterator[ERPConnectorPort]:
        """Return the connector; it is closed afterwards if it can be."""
        made = self.connector_class()
        yield made
        close = getattr(made, "close", None)
        if close is not None:
            close()

    def test_it_has_a_type_and_a_name(self, connector: ERPConnectorPort) -> None:
        """The registry and the page show both."""
        assert re.fullmatch(r"[A-Z][A-Z0-9_]{1,49}", connector.connector_type), "connector_type must be LIKE_THIS"
        assert connector.display_name.strip(), "display_name is empty"

    def test_every_field_of_the_configuration_explains_itself(self, connector: ERPConnectorPort) -> None:
        """The page draws its form from the schema alone."""
        assert connector.config_model is not None, "config_model is missing"
        schema = connector.config_model.model_json_schema()
        json.dumps(schema)
        for name, field in fields_of(schema):
            assert field.get("title"), f"the field {name} has no title"
            assert field.get("description"), f"the field {name} has no description"

    def test_what_sounds_like_a_secret_is_marked_as_one(self, connector: ERPConnectorPort) -> None:
        """`SecretStr`, so that it is masked wherever it is shown."""
        assert connector.config_model is not None
        for name, field in fields_of(connector.config_model.model_json_schema()):
            marked = any(kind.get("writeOnly") for kind in (field, *field.get("anyOf", ())))
            assert marked or not _SOUNDS_SECRET.search(name), f"the field {name} should be a SecretStr"

    def test_a_field_that_nobody_knows_is_refused(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """A typing error in a field's name must not pass for the field left out."""
        assert connector.config_model is not None
        connector.config_model.model_validate(good_config)
        with pytest.raises(ValidationError):
            connector.config_model.model_validate(good_config | {"no_such_field": "x"})

    def test_a_good_connection_passes_its_test(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """Success, and how long it took."""
        result = connector.test_connection(good_config)
        assert isinstance(result, TestResult)
        assert result.success, result.error_message
        assert result.latency_ms >= 0

    def test_a_bad_connection_fails_its_test_and_says_why(
        self, connector: ERPConnectorPort, bad_config: dict[str, Any]
    ) -> None:
        """A sentence for a person, soon, and no exception; the same for a configuration that is none."""
        started = time.monotonic()
        for config in (bad_config, {"no_such_field": "x"}):
            result = connector.test_connection(config)
            assert result.success is False, "the test of a bad connection passed"
            assert result.error_message, "the failed test gives no reason"
            json.dumps(result.details)
        assert time.monotonic() - started < SLOWEST_TEST

    def test_the_same_delivery_has_the_same_name_and_bytes(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """A document that is built again after a crash must be the same one."""
        order = an_order()
        first = connector.render(order, good_config)
        order.delivery.attempt_no, order.delivery.document = 2, None
        again = connector.render(order, good_config)
        assert (first.filename, first.content) == (again.filename, again.content)
        assert re.fullmatch(r"[^/\\\0]{1,255}", first.filename), "the document's name must be a plain file name"

    def test_numbers_are_exact(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """No float on the way: 123456789012345.678 stays that; and so does a price, if the document has one."""
        content = connector.render(_one_line(qty=Decimal("123456789012345.678")), good_config).content
        assert re.search(rb"123456789012345[.,]678(?!\d)", content), "a quantity lost digits"
        try:
            content = connector.render(_one_line(unit_price=Decimal("98765432109876.5432")), good_config).content
        except RejectedError:
            return
        exact = re.search(rb"98765432109876[.,]5432(?!\d)", content)
        assert exact or not re.search(rb"9876543210", content), "a price lost digits"

    def test_text_arrives_as_it_was_written_or_the_order_is_refused(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """Never with `?` in the place of a letter."""
        for text in (_TEXT, f"{_TEXT} 電線 🧵", 'a "quote"; a, comma\tand <tags> & more'):
            try:
                content = connector.render(_one_line(product_description=text), good_config).content
            except RejectedError:
                continue
            assert holds(content, text), f"the text {text!r} is not in the document"

    def test_a_preview_shows_the_document_and_sends_nothing(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived
    ) -> None:
        """What is shown is what would be sent."""
        before, order = _count(arrived), an_order()
        preview = connector.preview(order, good_config)
        assert preview.document.content == connector.render(order, good_config).content, "another document is shown"
        json.dumps(preview.headers)
        _came(arrived, before, 0)

    def test_an_order_arrives(self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived) -> None:
        """Once, with facts for the log that can be stored."""
        before = _count(arrived)
        result = connector.export(an_order(), good_config)
        assert isinstance(result, ExportResult)
        assert result.success, "export must raise a ConnectorError where it does not succeed"
        json.dumps(result.connector_metadata)
        _came(arrived, before, 1)

    def test_many_orders_arrive_with_one_outcome_each(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived
    ) -> None:
        """In any order, none left out, none twice."""
        before, orders = _count(arrived), [an_order() for _ in range(20)]
        outcomes = list(connector.export_many(orders, good_config))
        assert Counter(order_id for order_id, _ in outcomes) == Counter(order.id for order in orders)
        assert all(isinstance(outcome, ExportResult) for _, outcome in outcomes), outcomes
        _came(arrived, before, 20)

    def test_an_order_of_500_lines_arrives_whole(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived
    ) -> None:
        """Every line of it."""
        line = an_order().lines[0]
        lines = [replace(line, line_no=number, internal_sku=f"SKU-{number:04}") for number in range(1, 501)]
        before, order = _count(arrived), an_order(lines=lines)
        content = connector.render(order, good_config).content
        assert len(set(re.findall(rb"SKU-\d{4}", content))) == 500, "lines are missing"
        assert connector.export(order, good_config).success
        _came(arrived, before, 1)

    def test_a_worker_that_dies_after_delivering_doubles_nothing(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived
    ) -> None:
        """The outcome was never written down: the ERP is asked, or a person is."""
        before, order = _count(arrived), an_order()
        engine = MemoryEngine(connector, good_config)
        engine.push(order)
        engine.crash()
        engine.run()
        delivered = engine.delivered(order)
        if _can_be_known(connector, good_config):
            assert order.status in {FITTING[status] for status in ARRIVED}, delivered.outcomes
        else:
            assert delivered.export.held, delivered.outcomes
        _came(arrived, before, 1)

    def test_what_is_staged_has_not_arrived_and_is_published_once(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived
    ) -> None:
        """For connectors that stage; a second publishing of the same file says `inferred`."""
        if not connector.stages(good_config):
            return
        before, order = _count(arrived), an_order()
        ((_, staged),) = connector.stage_many([order], good_config)
        assert isinstance(staged, Staged), staged
        _came(arrived, before, 0)
        ((_, first),) = connector.publish_many([staged], good_config)
        ((_, again),) = connector.publish_many([staged], good_config)
        assert isinstance(first, ExportResult), first
        assert isinstance(again, ExportResult), again
        assert again.inferred
        _came(arrived, before, 1)

    def test_a_failure_is_sorted_by_what_follows(self, connector: ERPConnectorPort, bad_config: dict[str, Any]) -> None:
        """One of the five sorts, with a code, a sentence and a hint; and `export_many` raises nothing.

        It is the connection that is bad: an order that was refused for it would be lost to a person's desk.
        """
        with pytest.raises(ConnectorError) as raised:
            connector.export(an_order(), bad_config)
        check_error(raised.value)
        orders = [an_order() for _ in range(3)]
        outcomes = dict(connector.export_many(orders, bad_config))
        assert set(outcomes) == {order.id for order in orders}
        for outcome in outcomes.values():
            assert isinstance(outcome, ConnectorError), "an order succeeded over a bad connection"
            assert not isinstance(outcome, RejectedError), "the order is blamed for a bad connection"
            check_error(outcome)

    def test_a_refused_order_does_not_stop_the_others(
        self,
        connector: ERPConnectorPort,
        good_config: dict[str, Any],
        refused_order: DraftOrder | None,
        arrived: Arrived,
    ) -> None:
        """It alone goes to ERROR."""
        if refused_order is None:
            return
        before, orders = _count(arrived), [an_order(), refused_order, an_order()]
        engine = MemoryEngine(connector, good_config)
        engine.push(*orders)
        engine.run()
        assert [order.status is OrderStatus.ERROR for order in orders] == [False, True, False]
        assert isinstance(engine.delivered(refused_order).outcomes[-1], RejectedError)
        _came(arrived, before, 2)

    def test_no_secret_is_in_anything_that_is_shown(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], bad_config: dict[str, Any]
    ) -> None:
        """Not in errors, metadata, previews, test results, reprs or logs."""
        for config in (good_config, bad_config):
            with watched() as shown:
                shown.append(repr(connector.test_connection(config)))
                shown.append(repr(connector.preview(an_order(), config)))
                for _, outcome in connector.export_many([an_order(), an_order()], config):
                    shown.append(f"{outcome!r} {getattr(outcome, 'details', '')} {getattr(outcome, 'hint', '')}")
            text = "\n".join(shown)
            assert HIDDEN not in text, "the connector shows a secret; OrderFlow has hidden it"
            assert connector.config_model is not None
            text += repr(connector.config_model.model_validate(config))
            for name, secret in secrets_of(connector, config):
                assert secret not in text, f"the secret {name} is shown"

    def test_the_configuration_is_left_as_it_was(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """It is shared by all threads."""
        before = copy.deepcopy(good_config)
        connector.test_connection(good_config)
        connector.export(an_order(), good_config)
        assert good_config == before

    def test_a_worker_whose_lease_is_lost_starts_nothing(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived
    ) -> None:
        """Another worker holds the order now: `delivery.may_start()` says no."""
        before, order = _count(arrived), an_order()
        lease = Lease(new_id(), 60.0)
        lease.revoke()
        order.delivery.lease = lease
        list(connector.export_many([order], good_config))
        _came(arrived, before, 0)

    def test_a_batch_that_is_cancelled_ends_soon(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived
    ) -> None:
        """What is under way may still arrive; nothing new is begun behind the caller's back."""
        orders = [an_order() for _ in range(50)]
        outcomes = connector.export_many(orders, good_config)
        next(outcomes)
        started = time.monotonic()
        outcomes.close()  # type: ignore[attr-defined]  # a generator in every connector that yields
        assert time.monotonic() - started < SLOWEST_TEST
        time.sleep(UNDER_WAY)
        count = _count(arrived)
        time.sleep(UNDER_WAY)
        _came(arrived, count, 0)

    def test_many_threads_may_use_it_at_once(
        self, connector: ERPConnectorPort, good_config: dict[str, Any], arrived: Arrived
    ) -> None:
        """One instance serves the whole process."""
        before, orders = _count(arrived), [an_order() for _ in range(40)]
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda order: connector.export(order, good_config), orders))
        assert all(result.success for result in results)
        _came(arrived, before, 40)

    def test_polling_with_nothing_to_answer_gives_nothing(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """And putting away no answers is no error."""
        assert list(connector.poll_acks(good_config, Waiting())) == []
        connector.finish_acks([], good_config)


def _one_line(**changes: Any) -> DraftOrder:
    order = an_order()
    return replace(order, lines=[replace(order.lines[0], **changes)])


def _can_be_known(connector: ERPConnectorPort, config: dict[str, Any]) -> bool:
    return connector.stages(config) or connector.can_find(config) or connector.idempotent(config)


def _count(arrived: Arrived) -> int:
    return len(arrived() or ())


def _came(arrived: Arrived, before: int, more: int) -> None:
    there = arrived()
    if there is not None:
        assert len(there) - before == more, f"{len(there) - before} orders arrived, not {more}"
