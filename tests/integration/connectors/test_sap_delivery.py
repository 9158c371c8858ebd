"""SAP_ODATA and an SAP that refuses, forgets, blocks and changes: what is sent, what follows, what is compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.sap import SapODataConnector
from orderflow.connectors.sap.payload import own_key
from orderflow.domain.confirmations import applied, differences
from orderflow.domain.delivery import Ack, Delivery, ExportResult, Sent, WaitingExport
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
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind, OrderStatus
from orderflow.testing.engine import MemoryEngine, an_order
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, Fault, status
from tests.integration.connectors.sap_facts import FACTS, published
from tests.integration.connectors.sap_server import PASSWORD, Entity, RefusedError, SapServer
from tests.integration.connectors.test_sap_conformance import config_of

ON, LATER = date(2031, 7, 17), date(2031, 8, 1)


@pytest.fixture(scope="module")
def one_sap() -> Iterator[SapServer]:
    with SapServer() as running:
        yield running


@pytest.fixture
def sap(one_sap: SapServer) -> SapServer:
    one_sap.recover()
    for kept in (one_sap.taken, one_sap.received, one_sap.orders, one_sap.refuses_when, one_sap.passes):
        kept.clear()
    one_sap.facts = {entity: dict(fields) for entity, fields in FACTS.items()}
    one_sap.warns = ""
    return one_sap


@pytest.fixture
def connector() -> Iterator[SapODataConnector]:
    made = SapODataConnector()
    yield made
    made.close()


def order_of(*lines: DraftOrderLine, **changes: Any) -> DraftOrder:
    plain: dict[str, Any] = {
        "external_order_number": "PO-77",
        "currency": "EUR",
        "customer": Customer("17100001", "Muster GmbH"),
        "requested_delivery_date": ON,
        "lines": list(lines) or [a_line(1)],
    }
    return DraftOrder(**plain | changes)


def a_line(number: int, **changes: Any) -> DraftOrderLine:
    line = DraftOrderLine(number, "TG11", Decimal(10), "PCE", Decimal("12.40"), product_description="Trading good")
    return replace(line, **changes)


def body_of(order: DraftOrder, config: dict[str, Any]) -> Entity:
    content: Entity = json.loads(SapODataConnector().render(order, config).content)
    return content


def waiting_for(order: DraftOrder, number: str | None) -> WaitingExport:
    reference, now = export_filename(order.id, order.delivery), datetime.now(UTC)
    return WaitingExport(order.delivery.export_id, order.id, reference, now, number)


def asked(sap: SapServer, kind: str) -> int:
    return sum(sap.kind_of(request) == kind for request in sap.received)


def refused(text: str, code: str, status: int = 400) -> Any:
    def rule(_: Entity) -> None:
        raise RefusedError((text, code), status=status)

    return rule


def error_of(connector: SapODataConnector, order: DraftOrder, config: dict[str, Any]) -> ConnectorError:
    with pytest.raises(ConnectorError) as raised:
        connector.export(order, config)
    return raised.value


# What is sent


def test_every_field_that_is_sent_is_one_of_saps_and_fits():
    facts = published()
    for entity, fields in FACTS.items():
        assert {name: facts[entity][name] for name in fields} == fields, entity
    server = SapServer()
    line = a_line(2, requested_delivery_date=LATER, line_notes="unroll", product_description="x " * 40)
    order = replace(an_order(), lines=[*an_order().lines, line])
    server.check_body("A_SalesOrder", body_of(order, config_of(server)))
    server._server.server_close()  # it was never started


def test_an_order_becomes_what_sap_calls_it(sap):
    order = order_of(
        a_line(1, unit_price=Decimal("0.0125"), uom="KGM", customer_sku_raw="AB-1"),
        a_line(3, requested_delivery_date=LATER),
        notes="Ring twice\nat the gate",
        ship_to={"name": "Muster GmbH", "street": "Hauptstr. 1", "city": "Köln", "country": "Germany"},
        bill_to={"number_at_seller": "17100009", "name": "Head office"},
        delivery_terms="DAP Hamburg",
        payment_terms="0001",
        order_date=date(2031, 7, 1),
    )
    body = body_of(order, config_of(sap))
    first, second = body.pop("to_Item")
    assert body == {
        "SalesOrderType": "OR",
        "SalesOrganization": "1710",
        "DistributionChannel": "10",
        "OrganizationDivision": "00",
        "SoldToParty": "17100001",
        "PurchaseOrderByCustomer": "PO-77",
        "PurchaseOrderByShipToParty": own_key(order.delivery.export_id),
        "CustomerPurchaseOrderDate": "/Date(1940630400000)/",
        "TransactionCurrency": "EUR",
        "RequestedDeliveryDate": "/Date(1942012800000)/",
        "CustomerPaymentTerms": "0001",
        "IncotermsClassification": "DAP",
        "IncotermsLocation1": "Hamburg",
        "to_Partner": [
            {
                "PartnerFunction": "SH",
                "Customer": "17100001",
                "to_Address": [
                    {
                        "OrganizationName1": "Muster GmbH",
                        "StreetName": "Hauptstr. 1",
                        "CityName": "Köln",
                        "Country": "DE",
                    }
                ],
            },
            {"PartnerFunction": "BP", "Customer": "17100009"},
        ],
        "to_Text": [{"Language": "EN", "LongTextID": "TX01", "LongText": "Ring twice\nat the gate"}],
    }
    price = {"ConditionCurrency": "EUR", "ConditionType": "PMP0"}
    assert first == {
        "SalesOrderItem": "10",
        "Material": "TG11",
        "MaterialByCustomer": "AB-1",
        "SalesOrderItemText": "Trading good",
        "RequestedQuantity": "10",
        "RequestedQuantityUnit": "KG",
        "to_PricingElement": [
            price | {"ConditionRateValue": "1.25", "ConditionQuantity": "100", "ConditionQuantityUnit": "KG"}
        ],
    }
    assert second["SalesOrderItem"] == "30"
    assert second["to_ScheduleLine"] == [
        {
            "ScheduleLine": "1",
            "RequestedDeliveryDate": "/Date(1943308800000)/",
            "ScheduleLineOrderQuantity": "10",
            "OrderQuantityUnit": "PC",
        }
    ]


@pytest.mark.parametrize(
    ("currency", "price", "rate", "per"),
    [("EUR", "12.40", "12.4", "1"), ("JPY", "12.5", "125", "10"), ("KWD", "1.2345", "12.345", "10")],
)
def test_a_price_has_the_decimals_of_its_currency(sap, currency, price, rate, per):
    (item,) = body_of(order_of(a_line(1, unit_price=Decimal(price)), currency=currency), config_of(sap))["to_Item"]
    (condition,) = item["to_PricingElement"]
    assert (condition["ConditionRateValue"], condition["ConditionQuantity"]) == (rate, per)


@pytest.mark.parametrize(
    ("changes", "line", "told"),
    [
        ({"earliest_delivery_date": ON}, {}, "earliest_delivery_date has no place"),
        ({"customer": Customer("12345678901")}, {}, "erp_customer_number has 11 characters"),
        ({"external_order_number": "P" * 36}, {}, "external_order_number has 36 characters"),
        ({"ship_to": {"name": "A", "country": "Atlantis"}}, {}, "ship_to.country is 'Atlantis'"),
        ({"ship_to": {"name": "A", "gln": "4012345000009"}}, {}, "ship_to.gln has no place"),
        ({"payment_terms": "soon"}, {}, "payment_terms is 'soon'"),
        ({}, {"uom": "PALLET"}, "Line 1: uom is 'PALLET'"),
        ({}, {"qty": Decimal(1234567890123)}, "12 digits before and 3 after"),
        ({}, {"gtin": "04012345123456"}, "Line 1: gtin has no place"),
        ({}, {"unit_price": Decimal("0.0000125")}, "which SAP would round"),
        ({}, {"line_no": 100_000}, "SAP counts to 99999"),
        ({}, {"currency": "USD"}, "currency is not the order's"),
        ({}, {"product_description": "a\x07b"}, "U+0007"),
    ],
)
def test_what_has_no_place_in_sap_refuses_the_order_by_name(sap, changes, line, told):
    plain = config_of(sap) | {"left_out": [], "payment_terms": {}, "countries": {}}
    with pytest.raises(RejectedError) as raised:
        body_of(order_of(a_line(1, **line), **changes), plain)
    assert told in raised.value.message


def test_the_preview_is_the_request_without_secrets(sap, connector):
    order = order_of()
    shown = connector.preview(order, config_of(sap, client="100"))
    assert shown.destination == f"POST {sap.url}/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder"
    assert shown.headers == {"Content-Type": "application/json", "sap-client": "100", "sap-language": "EN"}
    connector.export(order, config_of(sap, client="100"))
    (sent,) = (request for request in sap.received if sap.kind_of(request) == "POST")
    assert sent.content == shown.document.content
    assert sent.headers["sap-client"] == "100"


# Tokens


def test_a_token_serves_many_orders_and_one_that_has_run_out_is_fetched_anew_once(sap, connector):
    config = config_of(sap)
    for _ in range(3):
        connector.export(order_of(), config)
    assert asked(sap, "token") == 1
    sap.forget_passes()
    connector.export(order_of(), config)
    assert (len(sap.taken), asked(sap, "token"), asked(sap, "POST")) == (4, 2, 5)


def test_a_token_that_is_refused_at_once_pauses_the_connection_and_nothing_is_sent(sap, connector):
    sap.misbehave(*[Fault(status=403, headers={"x-csrf-token": "Required"}, content=b"no")] * 5)
    error = error_of(connector, order_of(), config_of(sap))
    assert isinstance(error, NeedsAttentionError)
    assert (error.code, asked(sap, "POST"), len(sap.taken)) == ("TOKEN_REFUSED", 2, 0)


def test_a_403_without_that_word_is_a_permission_and_is_not_tried_again(sap, connector):
    sap.refuses_when.append(refused("No authorization for sales area 1710 10 00", "V1/508", 403))
    error = error_of(connector, order_of(), config_of(sap))
    assert (error.code, asked(sap, "POST")) == ("PERMISSION_DENIED", 1)
    assert "No authorization for sales area 1710 10 00 (V1/508)" in error.message


@pytest.mark.parametrize(
    ("fault", "sort"),
    [
        (status(503), UnavailableError),
        (DROP_AFTER, UnavailableError),
        (status(429), BusyError),
        (status(401), NeedsAttentionError),
    ],
)
def test_where_no_token_can_be_had_nothing_was_sent(sap, connector, fault, sort):
    sap.misbehave(fault, method="token")
    assert isinstance(error_of(connector, order_of(), config_of(sap)), sort)
    assert asked(sap, "POST") == 0


def test_neither_token_nor_cookie_is_shown(sap, connector):
    config = config_of(sap)
    connector.export(order_of(), config)
    (cookie, token), *_ = sap.passes.items()
    sap.refuses_when.append(refused(f"Bad request with {token} and {cookie} by {PASSWORD}", "X/001"))
    shown = f"{error_of(connector, order_of(), config)!r}"
    assert "Bad request with" in shown
    assert not any(secret in shown for secret in (token, cookie, PASSWORD))


# What SAP refuses


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Enter an order type", "V1/320"),
        ("Period 007/2031 is not open for account type D", "F5/201"),
        ("Condition PMP0 is not allowed for item 10", "V1/801"),
        ("Material TG11 is not defined for sales org. 1710", "V1/384"),
    ],
)
def test_a_refusal_is_told_in_saps_words_and_is_the_orders(sap, connector, text, code):
    sap.refuses_when.append(refused(text, code))
    error = error_of(connector, order_of(), config_of(sap))
    assert isinstance(error, RejectedError)
    assert f"{text} ({code})" in error.message


def test_all_that_sap_says_is_told(sap, connector):
    error = error_of(connector, order_of(customer=Customer("NOBODY")), config_of(sap))
    assert "Sold-to party NOBODY not maintained for sales area 1710 10 00 (VP/199)" in error.message
    assert "Document could not be created (SLS_API/001)" in error.message
    error = error_of(connector, order_of(), config_of(sap, sales_organization="9999"))
    assert "Sales area 9999 10 00 is not defined (V1/314)" in error.message


@pytest.mark.parametrize(("code", "state"), [("V1/042", 400), ("MC/601", 400), ("X/000", 423)])
def test_a_document_that_somebody_has_open_is_tried_again(sap, connector, code, state):
    sap.refuses_when.append(refused("Sales document 17 is currently being processed by user MEIER", code, state))
    assert isinstance(error_of(connector, order_of(), config_of(sap)), TransientError)


def test_what_sap_warns_of_is_in_the_log(sap, connector):
    inner = {"code": "V1/555", "message": "The order is incomplete", "severity": "warning", "details": [
        {"code": "VP/001", "message": "Credit check", "severity": "info"}, "odd"]}  # fmt: skip
    sap.warns = json.dumps(inner)
    result = connector.export(order_of(), config_of(sap))
    assert result.connector_metadata["messages"] == ["The order is incomplete (V1/555)", "Credit check (VP/001)"]
    sap.warns = "{"
    assert "messages" not in connector.export(order_of(), config_of(sap)).connector_metadata


def test_a_number_that_stands_in_the_location_alone_is_enough(sap, connector):
    place = {"Location": "https://sap.example/s/A_SalesOrder('992330')"}
    sap.misbehave(Fault(takes=True, status=201, headers=place, content=b"<html>"))
    assert connector.export(order_of(), config_of(sap)).erp_order_id == "992330"
    sap.misbehave(Fault(takes=True, status=200, headers=place, content=b"<html>"))
    assert isinstance(error_of(connector, order_of(), config_of(sap)), InDoubtError)


# Whether it is there


def test_a_lost_answer_is_asked_for_by_our_own_key(sap, connector):
    order, another = order_of(), order_of()
    config = config_of(sap)
    connector.export(another, config)  # of the same customer, with the same number
    assert connector.find(order, config) is None
    sap.misbehave(DROP_AFTER)
    assert isinstance(error_of(connector, order, config), InDoubtError)
    found = connector.find(order, config)
    assert found is not None
    assert (found.erp_order_id, found.inferred) == ("1000002", True)


def test_a_service_that_does_not_filter_is_no_answer(sap, connector, monkeypatch):
    config = config_of(sap)
    connector.export(order_of(), config)
    monkeypatch.setattr(sap, "_filter", lambda entity, text: lambda row: True)
    with pytest.raises(ConnectorError, match="not asked for"):
        connector.find(order_of(), config)
    assert connector.test_connection(config).success is False


def test_by_the_customers_number_what_is_there_already_is_not_sent_again(sap, connector):
    config = config_of(sap, reference_in="customer_reference")
    order, again = order_of(), order_of()
    connector.export(order, config)
    assert "PurchaseOrderByShipToParty" not in sap.taken[0]
    error = error_of(connector, again, config)
    assert (error.code, len(sap.taken)) == ("ALREADY_THERE", 1)
    assert "1000001" in error.message
    again.delivery.last_begun_at = datetime.now(UTC) - timedelta(hours=1)  # it may be this delivery's own
    assert connector.export(again, config).inferred
    assert connector.export(order_of(customer=Customer("17100002")), config).erp_order_id == "1000002"


@pytest.mark.parametrize("first", [status(503), status(429), status(401), DROP_BEFORE])
def test_by_the_customers_number_anothers_order_is_not_ours_after_sap_was_away(sap, connector, monkeypatch, first):
    monkeypatch.setattr("orderflow.testing.engine.MOST_TURNS", 1)  # so that `run` is one batch
    config = config_of(sap, reference_in="customer_reference")
    engine, ours = MemoryEngine(connector, config), order_of(status=OrderStatus.APPROVED)
    sap.misbehave(first, method="GET")
    engine.push(ours)
    engine.run()
    assert (ours.status, sap.taken) == (OrderStatus.PUSHING, [])
    connector.export(order_of(), config)  # which came another way
    assert engine.test().success
    engine.wait(3600)
    engine.run()
    assert (ours.status, ours.erp_order_id, len(sap.taken)) == (OrderStatus.ERROR, None, 1)
    refusal = engine.delivered(ours).outcomes[-1]
    assert isinstance(refusal, RejectedError)
    assert refusal.code == "ALREADY_THERE"


def test_by_the_customers_number_one_whose_answer_was_lost_is_ours(sap, connector):
    config = config_of(sap, reference_in="customer_reference")
    engine, ours = MemoryEngine(connector, config), order_of(status=OrderStatus.APPROVED)
    sap.misbehave(DROP_AFTER)
    engine.push(ours)
    engine.run()
    assert (ours.status, ours.erp_order_id, len(sap.taken)) == (OrderStatus.PUSHED, "1000001", 1)


def test_by_the_customers_number_one_that_was_rejected_is_an_earlier_one_or_nobody_knows(sap, connector):
    config = config_of(sap, reference_in="customer_reference")
    connector.export(order_of(), config)
    sap.orders["1000001"]["OverallSDDocumentRejectionSts"] = "C"
    with pytest.raises(InDoubtError, match="nobody can tell"):
        connector.find(order_of(), config)
    assert connector.export(order_of(), config).erp_order_id == "1000002"


# What SAP makes of it


def polled(connector: SapODataConnector, config: dict[str, Any], *orders: tuple[DraftOrder, str | None]) -> list[Ack]:
    return list(connector.poll_acks(config, [waiting_for(order, number) for order, number in orders]))


def told(order: DraftOrder, ack: Ack) -> list[tuple[int | None, str, str | None, str | None]]:
    assert ack.details is not None
    found = differences(order, applied(order, None, ack.details))
    return [(one.line_no, one.field, one.ordered, one.confirmed) for one in found]


def test_what_is_there_as_ordered_is_confirmed_with_saps_number(sap, connector):
    config = config_of(sap)
    line = a_line(2, unit_price=Decimal("1.2345"), qty=Decimal(7), uom="STK", requested_delivery_date=LATER)
    order, lost = order_of(a_line(1), line), order_of()
    number = connector.export(order, config).erp_order_id
    connector.export(lost, config)
    first, second = polled(connector, config, (order, number), (lost, None), (order_of(), None))
    assert [(ack.status, ack.erp_order_id) for ack in (first, second)] == [("ACKED", "1000001"), ("ACKED", "1000002")]
    assert told(order, first) == told(lost, second) == []


def test_what_sap_holds_otherwise_is_told_line_by_line(sap, connector):
    config = config_of(sap)
    order = order_of(*(a_line(number) for number in range(1, 8)))
    connector.export(order, config)
    dearer, fewer, rejected, later, other, gone, _ = sap.orders["1000001"]["to_Item"]
    dearer["NetAmount"] = "130.20"
    fewer["RequestedQuantity"], fewer["NetAmount"] = "8", "99.20"
    rejected["SalesDocumentRjcnReason"] = "10"
    parts = [("1", 1942012800000, "4"), ("2", 1943308800000, "3")]
    later["schedule"] = [
        {"ScheduleLine": n, "ConfirmedDeliveryDate": f"/Date({day})/", "ConfdOrderQtyByMatlAvailCheck": qty}
        for n, day, qty in parts
    ]
    other["Material"] = "TG12"
    sap.orders["1000001"]["to_Item"].remove(gone)
    extra = dict(other) | {"SalesOrderItem": "71", "Material": "PART", "HigherLevelItem": "70"}
    sap.orders["1000001"]["to_Item"].append(extra)
    (ack,) = polled(connector, config, (order, "1000001"))
    found = told(order, ack)
    assert (1, "unit_price", "12.4", "13.02") in found
    assert (2, "qty", "10", "8") in found
    assert (3, "status", None, "rejected") in found
    assert (4, "qty", "10", "7") in found
    assert (4, "delivery_date", "2031-07-17", "2031-07-17: 4, 2031-08-01: 3") in found
    assert (6, "line", "10", None) in found
    assert not any(number == 7 or confirmed == "10 PC PART" for number, _, _, confirmed in found)


def test_an_order_that_saps_people_reject_has_failed(sap, connector):
    config = config_of(sap)
    order = order_of()
    connector.export(order, config)
    sap.orders["1000001"]["to_Item"][0]["SalesDocumentRjcnReason"] = "10"
    (ack,) = polled(connector, config, (order, "1000001"))
    assert (ack.status, ack.error_code) == ("FAILED", "CANCELLED_IN_ERP")


def test_a_blocked_order_waits_where_it_shall(sap, connector):
    order = order_of()
    connector.export(order, config_of(sap))
    sap.orders["1000001"]["TotalBlockStatus"] = "C"
    assert polled(connector, config_of(sap, confirmed_when="not_blocked"), (order, "1000001")) == []
    assert len(polled(connector, config_of(sap), (order, "1000001"))) == 1
    sap.orders["1000001"]["TotalBlockStatus"] = "A"
    assert len(polled(connector, config_of(sap, confirmed_when="not_blocked"), (order, "1000001"))) == 1


def test_our_own_allowances_are_no_difference_and_saps_are(sap, connector):
    config = config_of(sap)
    order = replace(an_order(), earliest_delivery_date=None, latest_delivery_date=None, promised_delivery_date=None)
    connector.export(order, config)
    (ack,) = polled(connector, config, (order, "1000001"))
    assert [one for one in told(order, ack) if one[1] == "unit_price"] == []
    item = sap.orders["1000001"]["to_Item"][0]
    item["NetAmount"] = f"{Decimal(item['NetAmount']) - 1:f}"
    (ack,) = polled(connector, config, (order, "1000001"))
    assert [one[:2] for one in told(order, ack) if one[1] == "unit_price"] == [(1, "unit_price")]


def test_saps_own_price_is_compared_where_none_is_sent(sap, connector):
    config = config_of(sap, price_condition="")
    order = order_of()
    connector.export(order, config)
    item = sap.orders["1000001"]["to_Item"][0]
    assert "to_PricingElement" not in sap.taken[0]["to_Item"][0]
    item["NetAmount"] = "124.00"
    condition = {"ConditionType": "PR00", "ConditionRateValue": "1240", "ConditionQuantity": "100"}
    unit = {"ConditionQuantityUnit": "PC", "ConditionClass": "B", "ConditionInactiveReason": ""}
    item["conditions"] = [condition | unit]
    (ack,) = polled(connector, config, (order, "1000001"))
    assert told(order, ack) == []
    item["NetAmount"], item["conditions"][0]["ConditionRateValue"] = "129.00", "1290"
    (ack,) = polled(connector, config, (order, "1000001"))
    assert told(order, ack) == [(1, "unit_price", "12.4", "12.9")]


def test_an_older_release_is_asked_for_what_it_knows(sap, connector):
    for name in ("to_ScheduleLine", "SalesDocumentRjcnReason", "HigherLevelItem"):
        del sap.facts["A_SalesOrderItem"][name]
    del sap.facts["A_SalesOrderScheduleLine"], sap.facts["A_SalesOrder"]["TotalBlockStatus"]
    config = config_of(sap)
    order = order_of()
    connector.export(order, config)
    (ack,) = polled(connector, config, (order, "1000001"))
    assert told(order, ack) == []


@pytest.mark.parametrize("kind", ["GET", "read", "metadata"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(content=b"{}"),
        Fault(content=b'{"d": {"results": [{"SalesOrder": "1000001"}, 5]}}'),
        DROP_AFTER,
        status(500),
    ],
)
def test_an_unclear_answer_confirms_and_refuses_nothing(sap, connector, kind, fault):
    config = config_of(sap)
    order = order_of()
    connector.export(order, config)
    sap.misbehave(fault, method=kind)
    with pytest.raises(ConnectorError):
        polled(connector, config, (order, "1000001"))


def test_many_lines_are_read_page_by_page(sap, connector):
    config = config_of(sap)
    order = order_of(*(a_line(number) for number in range(1, 1_002)))
    assert connector.export(order, config).success
    (ack,) = polled(connector, config, (order, "1000001"))
    assert ack.details is not None
    assert len(ack.details.lines) == 1_001
    assert told(order, ack) == []


# The test of a connection


def test_a_good_test_says_what_it_proves_and_what_not(sap, connector):
    result = connector.test_connection(config_of(sap))
    assert result.success
    assert result.details["sales_area"] == "1710/10/00"
    assert "only a delivery shows" in result.details["note"]
    assert sap.taken == []


def test_a_bad_test_names_what_is_missing(sap, connector):
    def failed(**more: Any) -> dict[str, Any]:
        result = connector.test_connection(config_of(sap, **more))
        assert not result.success
        return {**result.details, "message": result.error_message}

    assert failed(password="wr0ng-password")["code"] == "AUTH_FAILED"
    assert failed(service="/sap/opu/odata/sap/OTHER_SRV")["code"] == "PERMISSION_DENIED"
    del sap.facts["A_SalesOrder"]["PurchaseOrderByShipToParty"]
    missing = failed(timeout=29)  # a session of its own, which knows nothing yet
    assert "A_SalesOrder/PurchaseOrderByShipToParty" in missing["message"]
    assert connector.test_connection(config_of(sap, reference_in="customer_reference")).success
    sap.misbehave(Fault(content=b"<html>Sign in</html>"), method="metadata")
    assert failed(timeout=28)["code"] == "SERVICE_MISSING"


# The whole way


def test_no_order_twice_and_none_lost_though_workers_die_and_answers_get_lost(sap, connector):
    engine = MemoryEngine(connector, config_of(sap))
    orders = [order_of(status=OrderStatus.APPROVED, external_order_number=f"PO-{n}") for n in range(12)]
    engine.push(*orders[:4])
    engine.crash()
    sap.misbehave(DROP_AFTER, status(502, takes=True), DROP_AFTER, status(500))
    sap.misbehave(DROP_AFTER, status(500), Fault(content=b"{}"), method="GET")
    engine.push(*orders[4:])
    sap.forget_passes()
    for _ in range(4):
        engine.run()
        engine.test()
    sap.recover()
    engine.poll()
    numbers = sorted(body["PurchaseOrderByCustomer"] for body in sap.taken)
    assert numbers == sorted(f"PO-{n}" for n in range(12))
    assert {order.status for order in orders} == {OrderStatus.CONFIRMED}
    assert {order.erp_order_id for order in orders} == set(sap.orders)


def test_eight_orders_at_once_share_a_token(sap, connector):
    outcomes = dict(connector.export_many([order_of() for _ in range(8)], config_of(sap, max_in_flight=8)))
    assert all(isinstance(outcome, ExportResult) for outcome in outcomes.values())
    assert (len(sap.taken), asked(sap, "token")) == (8, 1)


# Taking back


def recall_of(order: DraftOrder, number: str | None) -> DraftOrder:
    delivery = order.delivery
    sent = Sent(delivery.export_id, delivery.requested_at, export_filename(order.id, delivery), erp_order_id=number)
    recalled = replace(order, delivery_in_progress=None)
    recalled.delivery = Delivery(new_id(), datetime.now(UTC), kind=Kind.RECALL, sent=sent)
    return recalled


def reasons(sap: SapServer) -> list[str]:
    return [item["SalesDocumentRjcnReason"] for item in sap.orders["1000001"]["to_Item"]]


@pytest.mark.parametrize("number", ["1000001", None])
def test_a_recalled_order_has_all_its_items_rejected_and_once_is_enough(sap, connector, number):
    config = config_of(sap, rejection_reason="50")
    assert connector.takes_back(config)
    assert not connector.takes_back(config_of(sap))
    order = order_of(a_line(1), a_line(2))
    connector.export(order, config)
    assert connector.take_back(recall_of(order, number), config).success
    assert reasons(sap) == ["50", "50"]
    assert connector.take_back(recall_of(order, number), config).inferred
    assert asked(sap, "PATCH") == 2


def test_what_was_delivered_is_not_taken_back(sap, connector):
    config = config_of(sap, rejection_reason="50")
    order = order_of()
    connector.export(order, config)
    sap.orders["1000001"]["OverallDeliveryStatus"] = "B"
    with pytest.raises(RejectedError) as raised:
        connector.take_back(recall_of(order, "1000001"), config)
    assert (raised.value.code, reasons(sap)) == ("TOO_LATE", [""])


def test_a_refusal_in_the_middle_is_undone_and_told_in_saps_words(sap, connector):
    def billed(row: Entity) -> None:
        if row.get("SalesOrderItem") == "20":
            raise RefusedError(("Item 20 has been billed", "V1/999"))

    config = config_of(sap, rejection_reason="50")
    order = order_of(a_line(1), a_line(2))
    connector.export(order, config)
    sap.refuses_when.append(billed)
    with pytest.raises(RejectedError, match=r"Item 20 has been billed \(V1/999\)"):
        connector.take_back(recall_of(order, "1000001"), config)
    assert reasons(sap) == ["", ""]


@pytest.mark.parametrize("fault", [DROP_AFTER, status(500)])
def test_a_recall_whose_answer_is_lost_goes_on_where_it_ended(sap, connector, fault):
    config = config_of(sap, rejection_reason="50")
    order = order_of(a_line(1), a_line(2))
    connector.export(order, config)
    sap.misbehave(fault, method="PATCH")
    with pytest.raises(InDoubtError):
        connector.take_back(recall_of(order, "1000001"), config)
    assert connector.take_back(recall_of(order, "1000001"), config).success
    assert reasons(sap) == ["50", "50"]


def test_a_refusal_after_an_earlier_call_that_got_half_way_is_a_persons_affair(sap, connector):
    config = config_of(sap, rejection_reason="50")
    order = order_of(a_line(1), a_line(2))
    connector.export(order, config)
    sap.orders["1000001"]["to_Item"][0]["SalesDocumentRjcnReason"] = "50"
    sap.refuses_when.append(refused("Item 20 has been billed", "V1/999"))
    with pytest.raises(InDoubtError, match=r"Some items are rejected by now.*Item 20 has been billed"):
        connector.take_back(recall_of(order, "1000001"), config)


def test_an_order_that_is_gone_is_a_persons_affair(sap, connector):
    with pytest.raises(InDoubtError, match="no order"):
        connector.take_back(recall_of(order_of(), "4711"), config_of(sap, rejection_reason="50"))


@pytest.mark.parametrize("number", ["1000001", None])
def test_an_order_that_shows_no_items_is_not_taken_for_a_rejected_one(sap, connector, number):
    config = config_of(sap, rejection_reason="50")
    order = order_of(a_line(1), a_line(2))
    connector.export(order, config)
    items = sap.orders["1000001"]["to_Item"]
    sap.orders["1000001"]["to_Item"] = []
    with pytest.raises(InDoubtError, match="1000001 without any item"):
        connector.take_back(recall_of(order, number), config)
    sap.orders["1000001"]["to_Item"] = items
    assert not connector.take_back(recall_of(order, number), config).inferred
    assert reasons(sap) == ["50", "50"]
