"""What a connector author gets for nothing."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from orderflow.connectors.base import BaseConnector
from orderflow.domain.delivery import Delivery, Document, ExportResult
from orderflow.domain.errors import ConfigError, NeedsAttentionError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")

    host: str
    port: int = 22
    password: SecretStr | None = None

    @model_validator(mode="after")
    def both(self):
        if self.port == 1:
            raise ValueError("port 1 needs a password.")
        return self


class Connector(BaseConnector):
    config_model = Config

    def export(self, draft_order, config):
        return ExportResult(success=True)

    def test_connection(self, config):
        return self.build_test_result(True)


@pytest.fixture
def connector() -> Connector:
    return Connector()


def fault(connector, config):
    with pytest.raises(ConfigError) as caught:
        connector.parse(config)
    return caught.value


def test_export_and_the_test_are_the_authors_to_write():
    with pytest.raises(TypeError, match="abstract"):
        BaseConnector()  # type: ignore[abstract]  # on purpose


def test_all_missing_fields_are_named_at_once(connector):
    connector.validate_required_fields({"a": 0, "b": False}, ["a", "b"])
    with pytest.raises(ConfigError, match="lacks: b, c, d") as caught:
        connector.validate_required_fields({"a": 1, "b": "", "c": None}, ["a", "b", "c", "d"])
    assert [item["field"] for item in caught.value.details["fields"]] == ["b", "c", "d"]


def test_a_good_configuration_becomes_the_model(connector):
    assert connector.parse({"host": "h"}) == Config(host="h")


def test_without_a_model_the_configuration_stays_as_it_is():
    class Loose(Connector):
        config_model = None  # type: ignore[assignment]  # its parent has one

    assert Loose().parse({"x": 1}) == {"x": 1}


def test_every_fault_is_named_with_its_field(connector):
    error = fault(connector, {"port": "x", "nope": 1})
    assert {item["field"] for item in error.details["fields"]} == {"host", "port", "nope"}
    assert isinstance(error, NeedsAttentionError)
    assert error.message.count(";") == 2


def test_a_fault_of_the_whole_has_a_plain_sentence(connector):
    assert fault(connector, {"host": "h", "port": 1}).details["fields"] == [
        {"field": "configuration", "message": "port 1 needs a password"}
    ]


@given(st.text("ABCDEFGHXYZ", min_size=12, max_size=40))
def test_a_value_never_shows(secret):
    error = fault(Connector(), {"host": 5, "port": secret, "password": [secret], "nope": secret})
    assert secret not in f"{error} {error.details} {error.__cause__!r} {error.__context__!r}"


def test_time_is_measured_also_where_it_ends_badly(connector):
    with suppress(KeyError), connector.measure_latency("x") as timer:
        time.sleep(0.02)
        raise KeyError
    assert timer.name == "x"
    assert 20 <= timer.latency_ms < 20_000, "in milliseconds, also where the machine was busy meanwhile"


def test_a_failed_test_tells_code_and_hint(connector):
    error = NeedsAttentionError("No.", code="AUTH_FAILED", details={"seen": "SHA256:x"})
    result = connector.failed_test(error, 7)
    assert (result.success, result.error_message, result.latency_ms) == (False, "No.", 7)
    assert result.details["code"] == "AUTH_FAILED"
    assert result.details["hint"]
    assert "SHA256:x" in str(result.details)


def test_the_stored_document_goes_before_a_new_one(connector):
    lines = [DraftOrderLine(1, internal_sku="S", qty=Decimal(1), uom="M")]
    order = DraftOrder(org_slug="acme", currency="EUR", customer=Customer("1"), lines=lines)
    order.approved_at = datetime(2026, 1, 1, tzinfo=UTC)
    made = connector.document(order, {})
    assert connector.document(order, {}) is made
    stored = Document("x.json", b"{}", "application/json", "1")
    order.delivery = Delivery(new_id(), datetime.now(UTC), document=stored)
    assert connector.document(order, {}) is stored
