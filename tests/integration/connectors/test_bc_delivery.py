"""BUSINESS_CENTRAL and a company that refuses, is slow, throttles, releases, ships and deletes."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.business_central import BusinessCentralConnector
from orderflow.connectors.business_central.config import BusinessCentralConfig
from orderflow.connectors.whole_orders import short_key
from orderflow.domain.confirmations import Difference, applied, differences
from orderflow.domain.delivery import Ack, Delivery, Sent, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.orders import AllowanceCharge, Customer, DraftOrder, DraftOrderLine
from orderflow.domain.states import ARRIVED, FITTING, Kind, OrderStatus
from orderflow.testing.engine import MemoryEngine
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, HTML, Fault, status
from tests.integration.connectors.bc_server import (
    API,
    COMPANY,
    COMPANY_NAME,
    DAP,
    NET_30,
    SLOW,
    BusinessCentralServer,
    Entity,
    RefusedError,
)
from tests.integration.connectors.test_bc_conformance import config_of
from tests.many_orders import many_orders

COUNTRIES = {
    "Argentina": "AR", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Denmark": "DK",
    "Finland": "FI", "France": "FR", "Germany": "DE", "Ireland": "IE", "Italy": "IT", "Mexico": "MX", "Norway": "NO",
    "Poland": "PL", "Portugal": "PT", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "UK": "GB", "USA": "US",
    "Venezuela": "VE",
}  # fmt: skip
LEFT_OUT = ["payment_terms", "delivery_terms", "bill_to", "ship_to.phone", "ship_to.email", "earliest_delivery_date",
            "latest_delivery_date", "promised_delivery_date", "gtin", "seller_article_number"]  # fmt: skip
ON, LATER = date(2031, 7, 17), date(2031, 8, 1)


@pytest.fixture(scope="module")
def one_company() -> Iterator[BusinessCentralServer]:
    with BusinessCentralServer() as running:
        yield running


@pytest.fixture
def bc(one_company: BusinessCentralServer) -> BusinessCentralServer:
    one_company.recover()
    one_company.rested()
    for kept in (one_company.taken, one_company.received, one_company.orders, one_company.invoices):
        kept.clear()
    one_company.refuses_when.clear()
    one_company.page, one_company.most = 100, 10**9
    return one_company


@pytest.fixture
def connector() -> Iterator[BusinessCentralConnector]:
    made = BusinessCentralConnector()
    yield made
    made.close()


def order_of(*lines: DraftOrderLine, **changes: Any) -> DraftOrder:
    plain: dict[str, Any] = {
        "external_order_number": "po-77",
        "currency": "EUR",
        "customer": Customer("10000", "Muster GmbH"),
        "requested_delivery_date": ON,
        "status": OrderStatus.APPROVED,
        "lines": list(lines) or [a_line(1)],
    }
    return DraftOrder(**plain | changes)


def a_line(number: int, **changes: Any) -> DraftOrderLine:
    line = DraftOrderLine(number, "1896-S", Decimal(10), "PCS", Decimal("12.40"), product_description="Desk")
    return replace(line, **changes)


def body_of(order: DraftOrder, config: dict[str, Any]) -> Entity:
    content: Entity = json.loads(BusinessCentralConnector().render(order, config).content, parse_float=Decimal)
    return content


def waiting_for(order: DraftOrder, number: str | None) -> WaitingExport:
    reference = export_filename(order.id, order.delivery)
    return WaitingExport(order.delivery.export_id, order.id, reference, datetime.now(UTC), number)


def delivered(connector: BusinessCentralConnector, order: DraftOrder, config: dict[str, Any]) -> str:
    return str(connector.export(order, config).erp_order_id)


def error_of(connector: BusinessCentralConnector, order: DraftOrder, config: dict[str, Any]) -> ConnectorError:
    with pytest.raises(ConnectorError) as raised:
        connector.export(order, config)
    return raised.value


def refused(message: str, code: str = "Application_DialogException", state: int = 400) -> Any:
    def rule(_: Entity) -> None:
        raise RefusedError(message, code, state)

    return rule


# What is sent


def test_an_order_becomes_what_business_central_calls_it(bc):
    order = order_of(
        a_line(1, unit_price=Decimal("0.0125"), uom="PCE", customer_sku_raw="AB-1", line_notes="Mind the step"),
        a_line(3, requested_delivery_date=LATER, charges=(AllowanceCharge("FC", "Freight", Decimal("4.90")),)),
        a_line(4, unit_price=None, allowances=(AllowanceCharge("95", percent=Decimal("2.5")),)),
        notes="Ring twice\nat the gate",
        ship_to={"name": "Muster", "street": "Hauptstr. 1\nHof 2", "city": "Köln", "country": "Germany"},
        bill_to={"number_at_seller": "20000", "name": "Head office"},
        delivery_terms="delivery_terms",
        payment_terms="payment_terms",
        order_date=date(2031, 7, 1),
        allowances=(AllowanceCharge("95", "Rebate", Decimal("12.50")),),
        charges=(AllowanceCharge("PC", "Packing", Decimal(3)),),
    )
    body = body_of(order, config_of(bc, left_out=[], units={"PCE": "PCS"}, shipping_days=3))
    lines = {line["sequence"]: line for line in body.pop("salesOrderLines")}
    assert body == {
        "externalDocumentNumber": f"po-77/{short_key(order.delivery.export_id)}",
        "customerNumber": "10000",
        "orderDate": "2031-07-01",
        "requestedDeliveryDate": "2031-07-17",
        "currencyCode": "EUR",
        "pricesIncludeTax": False,
        "paymentTermsId": str(NET_30),
        "shipmentMethodId": str(DAP),
        "billToCustomerNumber": "20000",
        "shipToName": "Muster",
        "shipToAddressLine1": "Hauptstr. 1",
        "shipToAddressLine2": "Hof 2",
        "shipToCity": "Köln",
        "shipToCountry": "DE",
        "discountAmount": Decimal("12.5"),
    }
    assert [lines[number]["description"] for number in (1, 2)] == ["Ring twice", "at the gate"]
    assert lines[10_000] == {
        "sequence": 10_000,
        "lineType": "Item",
        "lineObjectNumber": "1896-S",
        "description": "Desk",
        "description2": "AB-1",
        "unitOfMeasureCode": "PCS",
        "quantity": 10,
        "unitPrice": Decimal("0.0125"),
        "discountAmount": 0,
    }
    assert lines[10_001] == {"sequence": 10_001, "lineType": "Comment", "description": "Mind the step"}
    assert lines[30_000]["shipmentDate"] == "2031-07-29"
    freight, packing = lines[35_000], lines[49_999]
    assert freight == {
        "sequence": 35_000,
        "lineType": "Account",
        "lineObjectNumber": "6810",
        "description": "Freight",
        "quantity": 1,
        "unitPrice": Decimal("4.9"),
        "discountAmount": 0,
    }
    assert (packing["lineObjectNumber"], packing["unitPrice"]) == ("6820", 3)
    # Without a price of the order's, the company's own counts, with its discounts.
    assert "unitPrice" not in lines[40_000]
    assert lines[40_000]["discountPercent"] == Decimal("2.5")
    assert sorted(lines) == [1, 2, 10_000, 10_001, 30_000, 35_000, 40_000, 49_999]


@pytest.mark.parametrize(
    ("changes", "line", "told"),
    [
        ({"earliest_delivery_date": ON}, {}, "earliest_delivery_date has no place"),
        ({"customer": Customer("1" * 21)}, {}, "erp_customer_number has 21 characters"),
        ({"external_order_number": "P" * 27}, {}, "external_order_number has 27 characters"),
        ({"ship_to": {"name": "A", "country": "Atlantis"}}, {}, "ship_to.country is 'Atlantis'"),
        ({"ship_to": {"name": "A", "email": "a@example.com"}}, {}, "ship_to.email has no place"),
        ({"ship_to": {"city": "C" * 31}}, {}, "ship_to.city has 31 characters"),
        ({"bill_to": {"name": "A"}}, {}, "bill_to.name has no place"),
        ({"payment_terms": "soon"}, {}, "payment_terms is 'soon'"),
        ({"charges": (AllowanceCharge("FC", percent=Decimal(5)),)}, {}, "charges[0].code is 'FC'"),
        ({"allowances": (AllowanceCharge("95", amount=Decimal("1.234")),)}, {}, "which Business Central would round"),
        ({}, {"uom": "PALLETS-120"}, "Line 1: uom is 'PALLETS-120'"),
        ({}, {"gtin": "04012345123456"}, "Line 1: gtin has no place"),
        ({}, {"unit_price": Decimal("0.0000125")}, "5 digits after the point"),
        ({}, {"line_no": 214_747}, "Business Central counts to"),
        ({}, {"product_description": "a\x07b"}, "U+0007"),
    ],
)
def test_what_has_no_place_there_refuses_the_order_by_name(bc, changes, line, told):
    plain = config_of(bc) | {"left_out": [], "payment_terms": {}, "countries": {}, "charges": {}}
    with pytest.raises(RejectedError) as raised:
        body_of(order_of(a_line(1, **line), **changes), plain)
    assert told in raised.value.message


def test_the_preview_is_the_request_without_secrets(bc, connector):
    order = order_of()
    shown = connector.preview(order, config_of(bc))
    assert shown.destination == f"POST {bc.url}{API}/companies({COMPANY})/salesOrders"
    assert shown.headers == {"Content-Type": "application/json"}
    connector.export(order, config_of(bc))
    (sent,) = (request for request in bc.received if bc.kind_of(request) == "POST")
    assert sent.content == shown.document.content
    assert f"POST {bc.url}{sent.path}" == shown.destination


# Which company, and who we are


def test_a_company_is_found_by_its_name_once(bc, connector):
    config = config_of(bc, company=COMPANY_NAME.lower())
    for _ in range(3):
        connector.export(order_of(), config)
    assert sum(request.path == f"{API}/companies" for request in bc.received) == 1
    error = error_of(connector, order_of(), config_of(bc, company="CRONUS Bonn"))
    assert (error.code, type(error)) == ("COMPANY_MISSING", NeedsAttentionError)
    assert COMPANY_NAME in error.message


def test_addresses_online_and_on_premises():
    model = BusinessCentralConfig
    online = {"tenant": "contoso.com", "company": "CRONUS", "client_id": "5f1c", "client_secret": "s3cret"}
    read = model.model_validate(online)
    assert read.root == "https://api.businesscentral.dynamics.com/v2.0/contoso.com/Production/api/v2.0"
    assert read.token_url == "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token"
    assert read.scope == "https://api.businesscentral.dynamics.com/.default"
    own = {"url": "https://nav.contoso.com:7048/BC", "environment": "", "auth": "basic", "username": "u"}
    read = model.model_validate({"tenant": "default", "company": "CRONUS", "password": "k3y"} | own)
    assert read.root == "https://nav.contoso.com:7048/BC/api/v2.0"


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"company": str(new_id())}, "COMPANY_MISSING", "company does not exist"),
        ({"environment": "Sandbox"}, "COMPANY_MISSING", "nothing at this address"),
        ({"client_secret": "wr0ng-secret"}, "AUTH_FAILED", "token server"),
        ({"units": {"PCE": "STK"}}, "SETUP_MISSING", "no unit called STK"),
        ({"charges": {"FC": "9999"}}, "SETUP_MISSING", "no G/L account 9999"),
        ({"payment_terms": {"soon": str(new_id())}}, "SETUP_MISSING", "the id that stands for soon"),
    ],
)
def test_the_test_names_what_is_missing(bc, connector, change, code, told):
    result = connector.test_connection(config_of(bc, **change))
    assert (result.success, result.details["code"]) == (False, code)
    assert told in result.error_message


def test_the_test_says_what_it_cannot_know_and_what_could_be_named(bc, connector):
    result = connector.test_connection(config_of(bc))
    assert result.success
    assert result.details["may_create"] is None
    assert result.details["payment_terms"] == {"30 DAYS": str(NET_30)}
    assert not bc.taken
    bc.items = []
    assert "no items" in connector.test_connection(config_of(bc)).error_message
    bc.items = ["1896-S"]


# What is refused


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("The sell-to customer cannot be found.", "Application_DialogException"),
        ("The Item does not exist. Identification fields and values: No.='1896-S'", "Internal_RecordNotFound"),
        ("Customer Posting Group must have a value in Customer: No.=10000.", "Application_FieldValidationException"),
        ("You cannot change the value of the SystemId field.", "Internal_ServerError"),
    ],
)
def test_a_refusal_is_told_in_its_words_and_is_the_orders(bc, connector, message, code):
    bc.refuses_when.append(refused(message, code))
    error = error_of(connector, order_of(), config_of(bc))
    assert isinstance(error, RejectedError)
    assert message in error.message
    assert not bc.orders


@pytest.mark.parametrize(
    ("message", "code", "state", "sort", "named"),
    [
        ("Sorry. (TableData 36 Sales Header Insert: Base Application)", "Internal_ServerError", 400,
         NeedsAttentionError, "PERMISSION_DENIED"),
        ("Forbidden", "Authorization_RequestDenied", 403, NeedsAttentionError, "PERMISSION_DENIED"),
        ("rejected", "Authentication_InvalidCredentials", 400, NeedsAttentionError, "AUTH_FAILED"),
        ("Another user has already changed the record.", "Request_EntityChanged", 409, TransientError, "ERP_BUSY"),
        ("The tenant is not accessible", "Internal_TenantUnavailable", 400, UnavailableError, ""),
        ("Cannot establish a connection to the SQL Server", "Internal_ServerError", 500, InDoubtError, "SERVER_ERROR"),
    ],
)  # fmt: skip
def test_what_is_no_fault_of_the_orders_is_told_as_what_it_is(bc, connector, message, code, state, sort, named):
    bc.refuses_when.append(refused(message, code, state))
    error = error_of(connector, order_of(), config_of(bc))
    assert isinstance(error, sort)
    assert not named or error.code == named


def test_throttling_rests_the_connection_and_spends_nothing(bc, connector):
    bc.most = 0
    error = error_of(connector, order_of(), config_of(bc))
    assert isinstance(error, BusyError)
    assert error.rests_for == 77
    order, engine = order_of(), MemoryEngine(connector, config_of(bc))
    engine.push(order)
    engine.run()
    assert order.status is OrderStatus.PUSHING
    bc.most = 10**9
    engine.run()
    assert (order.status, len(bc.taken)) == (OrderStatus.PUSHED, 1)


def test_a_gateway_that_gives_up_leaves_in_doubt_and_has_the_connection_rest(bc, connector):
    bc.misbehave(status(502, takes=True, Retry_After="40"))
    error = error_of(connector, order_of(), config_of(bc))
    assert isinstance(error, InDoubtError)
    assert error.rests_for == 40


# Whether it is there


def test_a_lost_answer_is_asked_for_by_number_and_key(bc, connector):
    order, another, config = order_of(), order_of(), config_of(bc)
    delivered(connector, another, config)  # of the same customer, with the same number
    assert connector.find(order, config) is None
    bc.misbehave(DROP_AFTER)
    assert isinstance(error_of(connector, order, config), InDoubtError)
    found = connector.find(order, config)
    assert (found.erp_order_id, found.inferred) == ("S-ORD101002", True)


@pytest.mark.parametrize(
    "number", ["PO 'K&N' 50%", "über+1", "straße/7", "kap\N{LATIN SMALL LETTER DOTLESS I} 3", None]
)
def test_it_is_found_whatever_its_number_is(bc, connector, number):
    order, config = order_of(external_order_number=number), config_of(bc)
    made = delivered(connector, order, config)
    assert connector.find(order, config).erp_order_id == made


def test_an_order_that_was_invoiced_meanwhile_is_found_by_its_invoice(bc, connector):
    order, config = order_of(), config_of(bc)
    bc.misbehave(DROP_AFTER)
    assert isinstance(error_of(connector, order, config), InDoubtError)
    bc.invoice("S-ORD101001")
    assert connector.find(order, config).erp_order_id == "S-ORD101001"


def test_what_takes_ten_minutes_and_more_is_not_sent_again_meanwhile(bc, connector):
    order, engine = order_of(), MemoryEngine(connector, config_of(bc))
    bc.misbehave(SLOW)
    engine.push(order)
    engine.run()
    assert (order.status, len(bc.taken)) == (OrderStatus.PUSHED, 1)
    assert connector.commits_within(config_of(bc)) == (8 + 10 + 1) * 60


def test_a_service_that_does_not_filter_is_no_answer(bc, connector, monkeypatch):
    config = config_of(bc)
    delivered(connector, order_of(), config)
    monkeypatch.setattr("tests.integration.connectors.bc_server._passes", lambda row, text: True)
    with pytest.raises(ConnectorError, match="not asked for"):
        connector.find(order_of(), config)
    assert not connector.test_connection(config).success


def test_by_the_customers_number_what_is_there_already_is_not_sent_again(bc, connector):
    config = config_of(bc, reference_in="number")
    order, again = order_of(), order_of()
    delivered(connector, order, config)
    assert bc.taken[0]["externalDocumentNumber"] == "po-77"
    assert connector.find(order, config).erp_order_id == "S-ORD101001"
    assert connector.find(order_of(customer=Customer("20000")), config) is None
    assert error_of(connector, again, config).code == "ALREADY_THERE"
    again.delivery.last_begun_at = datetime.now(UTC)  # an attempt of ours came before, and its answer was lost
    assert connector.export(again, config).erp_order_id == "S-ORD101001"
    assert len(bc.taken) == 1


def test_by_the_customers_number_anothers_order_is_not_ours_after_it_was_away(bc, connector, monkeypatch):
    monkeypatch.setattr("orderflow.testing.engine.MOST_TURNS", 1)  # so that `run` is one batch
    config = config_of(bc, reference_in="number", max_in_flight=1)
    ours = order_of(status=OrderStatus.APPROVED)
    untried = order_of(status=OrderStatus.APPROVED, external_order_number="po-78")
    engine = MemoryEngine(connector, config)
    bc.misbehave(status(503), method="GET")
    engine.push(ours, untried)
    engine.run()
    assert bc.taken == []
    for number in ("po-77", "po-78"):
        delivered(connector, order_of(external_order_number=number), config)
    engine.wait(3600)
    engine.run()
    assert (ours.status, untried.status, len(bc.taken)) == (OrderStatus.ERROR, OrderStatus.ERROR, 2)
    refusals = [engine.delivered(order).outcomes[-1] for order in (ours, untried)]
    assert {isinstance(one, RejectedError) and one.code for one in refusals} == {"ALREADY_THERE"}


# What becomes of it


def differing(order: DraftOrder, ack: Ack) -> list[Difference]:
    assert ack.details is not None
    return differences(order, applied(order, None, ack.details))


def acks_of(connector: BusinessCentralConnector, config: dict[str, Any], *waiting: WaitingExport) -> list[Ack]:
    return list(connector.poll_acks(config, waiting))


def test_what_it_holds_otherwise_is_told(bc, connector):
    order = order_of(a_line(1), a_line(2), a_line(3, internal_sku="1900-S"), notes="Ring", charges=(
        AllowanceCharge("FC", "Freight", Decimal(5)),))  # fmt: skip
    config = config_of(bc)
    number = delivered(connector, order, config)
    (ack,) = acks_of(connector, config, waiting_for(order, number))
    assert ack.status == "ACKED"
    assert differing(order, ack) == []
    lines = {line["sequence"]: line for line in bc.orders[number]["lines"]}
    lines[20_000]["quantity"], lines[20_000]["unitPrice"] = Decimal(8), Decimal("11.90")
    bc.orders[number]["lines"] = [line for sequence, line in lines.items() if sequence != 30_000]
    bc.orders[number]["lines"].append(lines[10_000] | {"sequence": 25_000, "lineObjectNumber": "1964-W"})
    (ack,) = acks_of(connector, config, waiting_for(order, number))
    told = [(one.line_no, one.field, one.confirmed) for one in differing(order, ack)]
    assert told[:3] == [(2, "qty", "8"), (2, "unit_price", "11.9"), (3, "line", None)]
    assert told[3][:2] == (None, "line")


def test_prices_that_somebody_made_to_include_tax_are_compared_without_it(bc, connector):
    order, config = order_of(), config_of(bc)
    number = delivered(connector, order, config)
    bc.orders[number]["pricesIncludeTax"] = True
    bc.orders[number]["lines"][0]["unitPrice"] = Decimal("14.756")
    (ack,) = acks_of(connector, config, waiting_for(order, number))
    assert differing(order, ack) == []


@pytest.mark.parametrize(
    ("wanted", "after"),
    [("there", "made"), ("released", "released"), ("shipped", "shipped"), ("shipped", "invoiced")],
)
def test_it_is_confirmed_when_the_connection_says_so(bc, connector, wanted, after):
    order, config = order_of(), config_of(bc, confirmed_when=wanted)
    number = delivered(connector, order, config)
    if after == "released":
        bc.orders[number]["status"] = "In_x0020_Review"
    if after != "made":
        assert acks_of(connector, config, waiting_for(order, number)) == []
    steps = {"released": bc.release, "shipped": lambda: bc.ship(number), "invoiced": lambda: bc.invoice(number)}
    steps.get(after, lambda: None)()
    (ack,) = acks_of(connector, config, waiting_for(order, number))
    assert (ack.status, ack.erp_order_id) == ("ACKED", number)


def test_an_order_that_is_deleted_there_is_told(bc, connector):
    order, engine = order_of(), MemoryEngine(connector, config_of(bc, confirmed_when="released"))
    engine.push(order)
    engine.run()
    bc.orders.clear()
    engine.poll()
    assert order.status is OrderStatus.ERROR
    unsure = replace(waiting_for(order, "S-ORD101001"), sent_at=None)
    assert acks_of(connector, config_of(bc), unsure) == []


def test_orders_come_in_pages_and_none_is_missed(bc, connector):
    config, orders = config_of(bc), [order_of() for _ in range(7)]
    numbers = [delivered(connector, order, config) for order in orders]
    bc.page = 2
    waiting = [waiting_for(order, number) for order, number in zip(orders, numbers, strict=True)]
    assert [ack.erp_order_id for ack in acks_of(connector, config, *waiting)] == numbers


@pytest.mark.parametrize(
    "answer",
    [b"{}", b'{"value": [{"number": "S-ORD1"}]}', b'{"value": [{"number": "X"}]}', b'{"value": 3}'],
)
def test_orders_that_are_told_in_part_are_no_answer(bc, connector, answer):
    bc.misbehave(*[Fault(content=answer)] * 3, method="GET")
    with pytest.raises(ConnectorError):
        acks_of(connector, config_of(bc), waiting_for(order_of(), "S-ORD1"))


# Taken back


def recalled(order: DraftOrder, number: str | None) -> DraftOrder:
    sent = Sent(order.delivery.export_id, datetime.now(UTC), "po.json", erp_order_id=number)
    delivery = Delivery(new_id(), datetime.now(UTC), kind=Kind.RECALL, sent=sent)
    return replace(order, delivery_in_progress=delivery)


@pytest.mark.parametrize("known", [True, False])
def test_an_open_order_is_deleted_and_a_repeated_call_finds_that_done(bc, connector, known):
    order, config = order_of(), config_of(bc, deletes_recalled=True)
    number = delivered(connector, order, config)
    recall = recalled(order, number if known else None)
    assert connector.takes_back(config)
    bc.misbehave(DROP_AFTER, method="DELETE")
    with pytest.raises(InDoubtError):
        connector.take_back(recall, config)
    assert not bc.orders
    if known:
        again = connector.take_back(recall, config)
        assert (again.inferred, again.not_shown) == (True, True)
    else:
        with pytest.raises(InDoubtError):
            connector.take_back(recall, config)


@pytest.mark.parametrize("state", ["release", "ship", "invoice"])
def test_one_that_went_on_is_kept(bc, connector, state):
    order, config = order_of(), config_of(bc, deletes_recalled=True)
    number = delivered(connector, order, config)
    getattr(bc, state)(number)
    with pytest.raises(RejectedError) as raised:
        connector.take_back(recalled(order, number), config)
    assert raised.value.code == "TOO_LATE"
    assert bc.orders or bc.invoices


def test_one_that_changes_meanwhile_is_not_deleted(bc, connector, monkeypatch):
    order, config = order_of(), config_of(bc, deletes_recalled=True)
    number = delivered(connector, order, config)
    read = bc._list

    def and_change(*arguments: Any) -> Any:
        answer = read(*arguments)
        bc.orders[number]["@odata.etag"] = "changed"
        return answer

    monkeypatch.setattr(bc, "_list", and_change)
    with pytest.raises(TransientError):
        connector.take_back(recalled(order, number), config)
    assert bc.orders


# Many orders


@pytest.mark.parametrize("most", [12, pytest.param(None, marks=[pytest.mark.large, pytest.mark.timeout(500)])])
def test_many_orders_with_kills_none_twice_none_lost_amounts_equal(bc, connector, most):
    chance = random.Random(7)  # to be the same each time
    orders = [order for order in many_orders(most) if all(line.qty < 10**12 for line in order.lines if line.qty)]
    for order in orders:
        order.status = OrderStatus.APPROVED
    engine = MemoryEngine(connector, config_of(bc, countries=COUNTRIES, left_out=LEFT_OUT))
    faults = [DROP_AFTER, DROP_BEFORE, HTML, SLOW, status(429, Retry_After="7"), status(503, takes=True), status(401)]
    for start in range(0, len(orders), 50):
        engine.push(*orders[start : start + 50])
        bc.misbehave(*chance.choices(faults, k=5))
        bc.misbehave(HTML, status(500), method="GET")
        bc.misbehave(DROP_BEFORE, method="token")
        bc.end_tokens()
        engine.crash()  # it has delivered, and dies before it can write that down
        engine.run()
        engine.test()
    arrived = {FITTING[state] for state in ARRIVED}
    for _ in range(50):
        engine.run()
        engine.test()
        if {order.status for order in orders} <= arrived:
            break
    assert {order.status for order in orders} <= arrived, Counter(order.status for order in orders)
    engine.poll()
    assert {order.status for order in orders} == {OrderStatus.CONFIRMED}
    taken = Counter(body["externalDocumentNumber"].rpartition("/")[0] for body in bc.taken)
    assert taken == Counter(order.external_order_number for order in orders)
    made = [line for body in bc.taken for line in body["salesOrderLines"] if line["lineType"] == "Item"]
    ordered = [line for order in orders for line in order.lines]
    assert sum(line["quantity"] * line["unitPrice"] for line in made) == sum(
        (line.qty * line.unit_price for line in ordered if line.qty and line.unit_price), Decimal(0)
    )


def test_an_order_that_is_not_shown_yet_is_not_taken_for_a_deleted_one(bc, connector):
    order, engine = order_of(), MemoryEngine(connector, config_of(bc, deletes_recalled=True))
    engine.push(order)
    engine.run()
    bc.misbehave(Fault(content=b'{"value": []}'), Fault(content=b'{"value": []}'), method="GET")
    engine.recall(order)
    engine.run()
    assert (order.status, bc.orders) == (OrderStatus.RECALLED, {})


def test_an_order_that_somebody_deleted_counts_as_recalled_once_it_would_be_shown(bc, connector):
    order, engine = order_of(), MemoryEngine(connector, config_of(bc, deletes_recalled=True))
    engine.push(order)
    engine.run()
    bc.orders.clear()
    engine.recall(order)
    before = engine.passed
    engine.run()
    assert order.status is OrderStatus.RECALLED
    assert engine.passed - before >= connector.commits_within({})
