"""SAP_ODATA and mock-sap, an SAP that somebody else wrote: through all its switches, and many orders with kills."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import mocksap.server
import pytest

from orderflow.connectors.sap import SapODataConnector
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
)
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.domain.states import ARRIVED, FITTING, OrderStatus
from orderflow.testing.engine import MemoryEngine
from tests.integration.connectors.test_sap_change import change
from tests.integration.connectors.test_sap_delivery import a_line, order_of
from tests.many_orders import many_orders

CLIENT = ("orderflow", "s3cret-client-0123")
COUNTRIES = {
    "Argentina": "AR", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Denmark": "DK",
    "Finland": "FI", "France": "FR", "Germany": "DE", "Ireland": "IE", "Italy": "IT", "Mexico": "MX", "Norway": "NO",
    "Poland": "PL", "Portugal": "PT", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "UK": "GB", "USA": "US",
    "Venezuela": "VE",
}  # fmt: skip


LEFT_OUT = ["product_description", "line_notes", "ship_to.region", "bill_to.region"]


class MockSap:
    """A system that runs, and what it holds."""

    def __init__(self, **config: Any) -> None:
        self.http = mocksap.server.make_server(mocksap.server.Config(port=0, quiet=True, slow_ms=50, **config))
        self.system = self.http.mock
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def fault(self, method: str = "POST", match: str = "/A_SalesOrder$", **rule: Any) -> None:
        self.system.faults.add({"method": method, "match": match, "count": 1} | rule)

    def rows(self, query: str) -> list[dict[str, Any]]:
        with self.system.lock:
            return [dict(row) for row in self.system.conn.execute(query).fetchall()]

    def times(self) -> Counter[str]:
        """Return how often each of the customers' numbers is there."""
        return Counter(row["PurchaseOrderByCustomer"] for row in self.rows('SELECT * FROM "A_SalesOrder"'))

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.system.close()


@pytest.fixture(scope="module")
def one_sap() -> Iterator[MockSap]:
    running = MockSap(oauth=":".join(CLIENT))
    yield running
    running.close()


@pytest.fixture
def sap(one_sap: MockSap) -> MockSap:
    one_sap.system.faults.clear()
    return one_sap


@pytest.fixture
def connector() -> Iterator[SapODataConnector]:
    made = SapODataConnector()
    yield made
    made.close()


def config_of(sap: MockSap, **more: Any) -> dict[str, Any]:
    area = {"sales_organization": "1710", "distribution_channel": "10", "division": "00"}
    sign_in = {"auth": "oauth2", "client_id": CLIENT[0], "client_secret": CLIENT[1]}
    # It knows fewer fields than SAP: neither the reference of the ship-to party nor texts of items.
    knows = {"reference_in": "customer_reference", "left_out": LEFT_OUT, "countries": COUNTRIES}
    token_url = f"{sap.url}/sap/bc/sec/oauth2/token"
    return {"url": sap.url, "plain_http": True, "token_url": token_url, **area, **sign_in, **knows, **more}


_numbers = iter(range(10**6))


def an_order() -> DraftOrder:
    number = f"PO-{next(_numbers)}"
    ship_to = {"name": "Muster GmbH", "city": "Köln", "country": "Germany"}
    order = order_of(external_order_number=number, ship_to=ship_to, notes="Ring twice", status=OrderStatus.APPROVED)
    order.customer = Customer("17100001")
    return order


FAULTS: dict[str, tuple[type[Any], int]] = {
    "slow": (ExportResult, 1),
    "timeout": (InDoubtError, 0),
    "error": (InDoubtError, 0),
    "busy": (InDoubtError, 0),
    "auth": (ExportResult, 1),
    "expired-token": (ExportResult, 1),
    "forbidden": (NeedsAttentionError, 0),
    "lock": (TransientError, 0),
    "precondition": (TransientError, 0),
    "notfound": (NeedsAttentionError, 0),
    "csrf": (ExportResult, 1),
}
"""What follows from each of its scenarios, and how often the order is there then: a 401 has a token fetched anew."""


def test_all_its_scenarios_are_tried():
    assert FAULTS.keys() == mocksap.server.SCENARIOS.keys()


@pytest.mark.parametrize("scenario", FAULTS)
def test_each_fault_is_sorted_by_what_follows(sap, connector, scenario, monkeypatch):
    short = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, 0.8)), time=time.time)
    monkeypatch.setattr(mocksap.server, "time", short)
    sort, made = FAULTS[scenario]
    sap.fault(scenario=scenario)
    order = an_order()
    outcome: Any
    try:
        outcome = connector.export(order, config_of(sap, timeout=0.5 if scenario == "timeout" else 30))
    except ConnectorError as error:
        outcome = error
    assert isinstance(outcome, sort), outcome
    assert sap.times()[order.external_order_number or ""] == made


def test_a_status_and_a_warning_of_ones_own(sap, connector):
    sap.fault(status=400, message="Credit limit exceeded")
    with pytest.raises(RejectedError, match="Credit limit exceeded"):
        connector.export(an_order(), config_of(sap))
    sap.fault(message="Delivery date moved")
    assert "Delivery date moved" in connector.export(an_order(), config_of(sap)).connector_metadata["messages"][0]


def test_a_bad_client_is_told_as_that(sap, connector):
    result = connector.test_connection(config_of(sap, client_secret="wr0ng-secret"))
    assert result.details["code"] == "AUTH_FAILED"
    assert connector.test_connection(config_of(sap)).success


def test_what_arrived_is_what_was_ordered_and_is_found_and_confirmed(sap, connector):
    order, engine = an_order(), MemoryEngine(connector, config_of(sap))
    engine.push(order)
    engine.crash()
    engine.run()
    engine.poll()
    assert order.status is OrderStatus.CONFIRMED
    (row,) = sap.rows(
        f'SELECT * FROM "A_SalesOrder" WHERE "PurchaseOrderByCustomer" = \'{order.external_order_number}\''
    )
    assert (row["SalesOrder"], row["SoldToParty"], row["TransactionCurrency"]) == (
        order.erp_order_id,
        "17100001",
        "EUR",
    )
    (price,) = sap.rows(f'SELECT * FROM "A_SalesOrderItemPrElement" WHERE "SalesOrder" = \'{row["SalesOrder"]}\'')
    assert Decimal(price["ConditionRateValue"]) / Decimal(price["ConditionQuantity"]) == Decimal("12.4")
    (address,) = sap.rows(f'SELECT * FROM "A_SalesOrderPartnerAddress" WHERE "SalesOrder" = \'{row["SalesOrder"]}\'')
    assert (address["OrganizationName1"], address["Country"]) == ("Muster GmbH", "DE")


@pytest.mark.parametrize("most", [12, pytest.param(None, marks=[pytest.mark.large, pytest.mark.timeout(500)])])
def test_many_orders_with_kills_none_twice_none_lost_amounts_equal(connector, most):
    sap, chance = MockSap(), random.Random(7)  # to be the same each time
    orders = [order for order in many_orders(most) if all(line.qty < 10**12 for line in order.lines if line.qty)]
    for order in orders:
        order.status = OrderStatus.APPROVED
    config = config_of(sap, auth="basic", username="u", password="p", max_in_flight=8)
    engine = MemoryEngine(connector, {name: value for name, value in config.items() if "client_" not in name})
    before = sap.times()
    for start in range(0, len(orders), 50):
        engine.push(*orders[start : start + 50])
        for scenario in chance.choices(["error", "busy", "lock", "csrf", "slow"], k=4):
            sap.fault(scenario=scenario)
        sap.fault("GET", scenario="error")
        engine.crash()  # it has delivered, and dies before it can write that down
        engine.run()
        engine.test()
    arrived = {FITTING[state] for state in ARRIVED}
    for _ in range(50):
        engine.run()
        engine.test()
        if {order.status for order in orders} <= arrived:
            break
    engine.poll()
    assert {order.status for order in orders} <= arrived, Counter(order.status for order in orders)
    assert sap.times() - before == Counter(order.external_order_number for order in orders)
    assert _amount_in(sap, before) == sum(
        (line.qty * line.unit_price for order in orders for line in order.lines if line.qty and line.unit_price),
        Decimal(0),
    )
    sap.close()


def _amount_in(sap: MockSap, before: Counter[str]) -> Decimal:
    rows = sap.rows(
        'SELECT o."PurchaseOrderByCustomer", i."RequestedQuantity", p."ConditionRateValue", p."ConditionQuantity" '
        'FROM "A_SalesOrder" o JOIN "A_SalesOrderItem" i USING ("SalesOrder") '
        'JOIN "A_SalesOrderItemPrElement" p USING ("SalesOrder", "SalesOrderItem") '
        "WHERE p.\"ConditionType\" = 'PMP0'"
    )
    ours = [row for row in rows if row["PurchaseOrderByCustomer"] not in before]
    names = ("RequestedQuantity", "ConditionRateValue", "ConditionQuantity")
    amounts = [[Decimal(str(row[name])) for name in names] for row in ours]
    return sum((qty * rate / per for qty, rate, per in amounts), Decimal(0))


def test_a_change_of_quantity_price_and_a_new_line_stands_there_and_what_it_lacks_is_undone(sap, connector):
    config = config_of(sap, takes_changes=True, rejection_reason="50")
    lines = [a_line(number, internal_sku=f"TG1{number}") for number in (1, 2)]
    order = replace(an_order(), lines=lines)
    number = connector.export(order, config).erp_order_id
    query = (
        f"""SELECT * FROM "A_SalesOrderItem" WHERE "SalesOrder" = '{number}' ORDER BY CAST("SalesOrderItem" AS INT)"""
    )

    def quantities() -> list[Decimal]:
        return [Decimal(row["RequestedQuantity"]) for row in sap.rows(query)]

    def changed_to(*now: DraftOrderLine) -> DraftOrder:
        changed = change(order, [*now])
        assert changed.delivery.sent
        changed.delivery.sent = replace(changed.delivery.sent, erp_order_id=number)
        return changed

    more = replace(lines[0], qty=Decimal(12), unit_price=Decimal("11.2575"))
    changed = changed_to(more, lines[1], a_line(3, internal_sku="TG13", qty=Decimal(4)))
    assert connector.find(changed, config) is None
    assert connector.export(changed, config).erp_order_id == number
    assert quantities() == [12, 10, 4]
    assert connector.find(changed, config).inferred
    with pytest.raises(RejectedError, match="SalesDocumentRjcnReason"):  # which this SAP does not have
        connector.export(changed_to(replace(more, qty=Decimal(20))), config)
    assert quantities() == [12, 10, 4]
