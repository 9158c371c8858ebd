"""SAP_ODATA against the contract of every connector to an HTTP API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.sap import SapODataConnector
from orderflow.domain.orders import Customer, DraftOrder
from orderflow.testing.engine import an_order
from orderflow.testing.http_conformance import HttpConformance
from tests.integration.connectors.sap_server import PASSWORD, USER, SapServer

MAPPING: dict[str, Any] = {
    "countries": {"Germany": "DE", "QQ": "QQ"},
    "payment_terms": {"payment_terms": "0001"},
    "incoterms": {"delivery_terms": "DAP"},
    "conditions": {"95": "K007", "FC": "HD00", "PC": "ZPAC"},
    "left_out": [
        "earliest_delivery_date", "latest_delivery_date", "promised_delivery_date", "gtin", "seller_article_number",
    ],
}  # fmt: skip
"""What SAP has no place for in the suite's orders, and what it calls otherwise."""


_PARTS = ("reason", "percent", "base_amount")  # the amount counts, under the condition that its code stands for
LEAVES_OUT = frozenset(
    {
        *("earliest_delivery_date", "latest_delivery_date", "promised_delivery_date", "customer.name", "metadata"),
        *("lines.earliest_delivery_date", "lines.latest_delivery_date", "lines.promised_delivery_date"),
        *("buyer", "seller", "lines.gtin", "lines.seller_article_number"),
        *(f"{place}{kind}.{part}" for place in ("", "lines.") for kind in ("allowances", "charges") for part in _PARTS),
    }
)
"""What SAP has no place for, of what the suite changes."""


def config_of(server: SapServer, **more: Any) -> dict[str, Any]:
    area = {"sales_organization": "1710", "distribution_channel": "10", "division": "00"}
    sign_in = {"username": USER, "password": PASSWORD}
    return {"url": server.url, "plain_http": True, **area, **sign_in, **MAPPING, **more}


class TestSapOData(HttpConformance):
    connector_class = SapODataConnector
    numbers_repeat = True
    leaves_out = LEAVES_OUT

    @pytest.fixture
    def server(self) -> Iterator[SapServer]:
        with SapServer() as running:
            yield running

    @pytest.fixture
    def good_config(self, server: SapServer) -> dict[str, Any]:
        return config_of(server, takes_changes=True, rejection_reason="50")

    @pytest.fixture
    def bad_config(self, good_config: dict[str, Any]) -> dict[str, Any]:
        return good_config | {"password": "wr0ng-password"}

    @pytest.fixture
    def refused_order(self) -> DraftOrder:
        return an_order(customer=Customer("NOBODY"))

    def test_numbers_are_exact(self, connector: Any, good_config: dict[str, Any]) -> None:
        """In as many digits as SAP has; the suite's have more, and are refused."""
        line = replace(an_order().lines[0], qty=Decimal("123456789012.345"), unit_price=Decimal("12345678901.2345"))
        content = connector.render(an_order(lines=[line]), good_config).content
        assert b'"RequestedQuantity":"123456789012.345"' in content
        assert b'"ConditionRateValue":"1234567890123.45"' in content
        assert b'"ConditionQuantity":"100"' in content
