"""BUSINESS_CENTRAL against the contract of every connector to an HTTP API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.business_central import BusinessCentralConnector
from orderflow.domain.orders import Customer, DraftOrder
from orderflow.testing.engine import an_order
from orderflow.testing.http_conformance import HttpConformance
from tests.integration.connectors.bc_server import (
    CLIENT,
    COMPANY,
    DAP,
    ENVIRONMENT,
    NET_30,
    TENANT,
    BusinessCentralServer,
)

MAPPING: dict[str, Any] = {
    "countries": {"Germany": "DE", "QQ": "QQ"},
    "payment_terms": {"payment_terms": str(NET_30)},
    "shipment_methods": {"delivery_terms": str(DAP)},
    "charges": {"FC": "6810", "PC": "6820"},
    "left_out": [
        "earliest_delivery_date", "latest_delivery_date", "promised_delivery_date", "gtin", "seller_article_number",
        "bill_to", "ship_to.phone", "ship_to.email",
    ],
}  # fmt: skip
"""What Business Central has no place for in the suite's orders, and what it calls otherwise."""


def config_of(server: BusinessCentralServer, **more: Any) -> dict[str, Any]:
    there = {"tenant": TENANT, "environment": ENVIRONMENT, "company": str(COMPANY), "url": server.url}
    entra = {"token_url": f"{server.url}/{TENANT}/oauth2/v2.0/token", "client_id": CLIENT[0]}
    return there | entra | {"client_secret": CLIENT[1], "plain_http": True, "max_in_flight": 8} | MAPPING | more


@pytest.mark.large
class TestBusinessCentral(HttpConformance):
    connector_class = BusinessCentralConnector
    numbers_repeat = True
    leaves_out = frozenset(
        {
            *("earliest_delivery_date", "latest_delivery_date", "promised_delivery_date", "customer.name", "metadata"),
            *("lines.earliest_delivery_date", "lines.latest_delivery_date", "lines.promised_delivery_date"),
            *("bill_to", "buyer", "seller", "ship_to.phone", "ship_to.email"),
            *("lines.gtin", "lines.seller_article_number"),
            # An allowance is the discount's amount.
            *(f"allowances.{part}" for part in ("code", "reason", "percent", "base_amount")),
            *(f"lines.allowances.{part}" for part in ("code", "reason", "percent", "base_amount")),
        }
    )

    @pytest.fixture
    def server(self) -> Iterator[BusinessCentralServer]:
        with BusinessCentralServer() as running:
            yield running

    @pytest.fixture
    def good_config(self, server: BusinessCentralServer) -> dict[str, Any]:
        return config_of(server)

    @pytest.fixture
    def bad_config(self, good_config: dict[str, Any]) -> dict[str, Any]:
        return good_config | {"client_secret": "wr0ng-secret"}

    @pytest.fixture
    def refused_order(self) -> DraftOrder:
        return an_order(customer=Customer("NOBODY"))

    def test_numbers_are_exact(self, connector: Any, good_config: dict[str, Any]) -> None:
        """In as many digits as Business Central has; the suite's have more, and are refused."""
        line = replace(an_order().lines[0], qty=Decimal("123456789012.345"), unit_price=Decimal("12345678901.2345"))
        content = connector.render(an_order(lines=[line]), good_config).content
        assert b'"quantity":123456789012.345,' in content
        assert b'"unitPrice":12345678901.2345,' in content

    def test_lines_stay_apart_and_texts_whole(self, connector: Any, good_config: dict[str, Any]) -> None:
        """A long text goes on in comments below its line: joined by blanks, it is whole."""
        long = "Hose, reinforced, " * 20 + "end"
        line = replace(an_order().lines[0], product_description=long, line_notes=None, charges=())
        first, second = replace(line, line_no=1, qty=Decimal("7.125")), replace(line, line_no=2, qty=Decimal("8.375"))
        body = json.loads(connector.render(an_order(lines=[first, second], notes=None), good_config).content)
        texts = [one["description"] for one in body["salesOrderLines"] if 10_000 <= one["sequence"] < 15_000]
        assert " ".join(texts) == long
        assert [one["quantity"] for one in body["salesOrderLines"] if one["lineType"] == "Item"] == [7.125, 8.375]
