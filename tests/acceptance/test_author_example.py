"""The example that the guide leads to: short, and once through whatever goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orderflow import Customer, DraftOrder
from orderflow.testing.engine import MemoryEngine, an_order
from orderflow.testing.http_conformance import HttpConformance
from orderflow.testing.http_server import (
    DROP_AFTER,
    DROP_BEFORE,
    HALF_JSON,
    HTML,
    NOTHING,
    TOO_MANY,
    UNAUTHORIZED,
    MisbehavingHTTPServer,
    Received,
    status,
)
from tests.acceptance import author_example
from tests.acceptance.author_example import BusinessCentralConnector

COMPANY = "8d7e6d0e-1c07-4a4f-a2f9-3b1f8b1e3f10"
CLIENT = ("orderflow-app", "s3cret-of-the-app")
Told = tuple[int, Mapping[str, str], bytes]


class Company(MisbehavingHTTPServer):
    """A company of Business Central, as far as sales orders go."""

    def __init__(self) -> None:
        at = f"/companies({COMPANY})"
        routes = {f"POST {at}/salesOrders": self.take, f"GET {at}/salesOrders": self.list, f"GET {at}": self.show}
        super().__init__(client=CLIENT, routes=routes)
        self.released = "Draft"

    def take(self, request: Received) -> Told:
        order = request.json()
        if order["customerNumber"] == "NOBODY":
            return self._says(400, error={"code": "BadRequest", "message": "The customer NOBODY does not exist."})
        self.taken.append(order)
        return self._says(201, number=f"S-ORD{len(self.taken)}", status=self.released)

    def list(self, request: Received) -> Told:
        wanted = re.findall(r"(\w+) eq '((?:[^']|'')*)'", request.parameter("$filter") or "")
        orders = [order | {"number": f"S-ORD{place}"} for place, order in enumerate(self.taken, 1)]
        found = [order for order in orders if all(order.get(name) == told.replace("''", "'") for name, told in wanted)]
        return self._says(200, value=[{"number": order["number"], "status": self.released} for order in found])

    def show(self, request: Received) -> Told:
        return self._says(200, id=COMPANY)

    def _says(self, code: int, **value: Any) -> Told:
        return code, {"OData-Version": "4.0"}, json.dumps(value).encode()


@pytest.fixture
def server() -> Iterator[Company]:
    with Company() as running:
        yield running


def config_for(server: Company, **more: Any) -> dict[str, Any]:
    given = {"url": server.url, "token_url": f"{server.url}/token", "company": COMPANY}
    return given | {"client_id": CLIENT[0], "client_secret": CLIENT[1]} | more


@pytest.mark.large
class TestExample(HttpConformance):
    connector_class: ClassVar = BusinessCentralConnector
    leaves_out: ClassVar = frozenset(
        {
            *("earliest_delivery_date", "latest_delivery_date", "promised_delivery_date", "customer.name"),
            *("bill_to", "buyer", "seller", "contact", "shipping", "metadata", "delivery_terms", "payment_terms"),
            *("ship_to.contact", "ship_to.region", "ship_to.phone", "ship_to.email", "ship_to.gln"),
            *("allowances", "charges", "taxes", "lines.allowances", "lines.charges", "lines.taxes"),
            *("lines.customer_sku_raw", "lines.buyer_article_number", "lines.seller_article_number", "lines.gtin"),
            *("lines.earliest_delivery_date", "lines.latest_delivery_date", "lines.promised_delivery_date"),
            *("lines.line_notes", "lines.line_no", "lines.currency"),
        }
    )

    @pytest.fixture
    def good_config(self, server: Company) -> dict[str, Any]:
        return config_for(server)

    @pytest.fixture
    def bad_config(self, server: Company) -> dict[str, Any]:
        return config_for(server, client_secret="wr0ng-secret")

    @pytest.fixture
    def refused_order(self) -> DraftOrder:
        return an_order(customer=Customer("NOBODY"))


def test_it_is_short() -> None:
    source = Path(author_example.__file__).read_text("utf-8")
    assert len(source.splitlines()) < 250


def test_no_order_is_twice_or_lost_through_faults_and_dying_workers(server: Company) -> None:
    connector = BusinessCentralConnector()
    engine = MemoryEngine(connector, config_for(server, timeout=5))
    orders = [an_order(external_order_number=f"PO 'K&N' {number}") for number in range(40)]
    server.misbehave(DROP_AFTER, UNAUTHORIZED, HTML, TOO_MANY, HALF_JSON, NOTHING, status(502, takes=True), DROP_BEFORE)
    server.misbehave(HTML, status(500), DROP_BEFORE, status(404), method="GET")
    server.misbehave(DROP_BEFORE, status(503), method="token")
    engine.push(*orders)
    for _ in range(4):
        engine.crash()
        server.end_tokens()
        engine.run()
        engine.test()
    engine.poll()
    assert {order.status for order in orders} == {"PUSHED"}
    server.released = "Open"
    engine.poll()
    connector.close()
    assert {order.status for order in orders} == {"CONFIRMED"}
    assert sorted(order["externalDocumentNumber"] for order in server.taken) == sorted(
        str(order.external_order_number) for order in orders
    )
    assert len({order.erp_order_id for order in orders}) == 40


def test_an_order_that_is_deleted_there_is_told(server: Company) -> None:
    connector, order = BusinessCentralConnector(), an_order()
    engine = MemoryEngine(connector, config_for(server))
    engine.push(order)
    engine.run()
    server.taken.clear()
    engine.poll()
    connector.close()
    assert order.status == "ERROR"
