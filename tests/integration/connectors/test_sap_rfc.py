"""SAP_RFC and an SAP that keeps nothing without a commit: what is sent, what follows, what is compared."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from orderflow.connectors.sap.rfc import SapRfcConnector
from orderflow.connectors.sap.rfc.values import table, value_of
from orderflow.connectors.whole_orders import short_key
from orderflow.domain.confirmations import Difference, applied, differences
from orderflow.domain.delivery import Ack, Delivery, Lease, WaitingExport
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.orders import AllowanceCharge, Customer, DraftOrder, DraftOrderLine
from orderflow.domain.states import ARRIVED, FITTING, OrderStatus
from orderflow.testing.engine import MemoryEngine, an_order
from orderflow.testing.http_conformance import HttpConformance
from orderflow.testing.http_server import DROP_AFTER, DROP_BEFORE, HTML, Fault, status
from tests.integration.connectors.bapi_server import PASSWORD, USER, BapiServer, FaultError, Structure
from tests.integration.connectors.test_sap_conformance import LEAVES_OUT, MAPPING
from tests.integration.connectors.test_sap_mock import COUNTRIES, LEFT_OUT, MockSap
from tests.many_orders import many_orders

ON, LATER = date(2031, 7, 17), date(2031, 8, 1)
MORE_LEFT_OUT = [*MAPPING["left_out"], "ship_to.email", "bill_to.email"]


def config_of(server: BapiServer, **more: Any) -> dict[str, Any]:
    area = {"sales_organization": "1710", "distribution_channel": "10", "division": "00"}
    sign_in = {"username": USER, "password": PASSWORD}
    return {"url": server.url, "plain_http": True, **area, **sign_in} | MAPPING | {"left_out": MORE_LEFT_OUT} | more


@pytest.mark.large
class TestSapRfc(HttpConformance):
    """With a function module that commits by itself: one call makes an order, as of any API."""

    connector_class = SapRfcConnector
    creates = "create"
    finds = "list"
    numbers_repeat = True
    leaves_out = LEAVES_OUT | {"ship_to.email", "bill_to.email"}

    @pytest.fixture
    def server(self) -> Iterator[BapiServer]:
        with BapiServer() as running:
            running.commits_itself = True
            yield running

    @pytest.fixture
    def good_config(self, server: BapiServer) -> dict[str, Any]:
        return config_of(server, commit="by_function")

    @pytest.fixture
    def bad_config(self, good_config: dict[str, Any]) -> dict[str, Any]:
        return good_config | {"password": "wr0ng-password"}

    @pytest.fixture
    def refused_order(self) -> DraftOrder:
        return an_order(customer=Customer("NOBODY"))

    def test_numbers_are_exact(self, connector: Any, good_config: dict[str, Any]) -> None:
        """In as many digits as SAP has; the suite's have more, and are refused."""
        line = replace(an_order().lines[0], qty=Decimal("123456789.345"), unit_price=Decimal("12345678901.2345"))
        content = connector.render(an_order(lines=[line]), good_config).content
        assert b"<REQ_QTY>123456789.345<" in content
        assert b"<COND_VALUE>1234567890123.45<" in content
        assert b"<COND_P_UNT>100<" in content

    def test_lines_stay_apart_and_texts_whole(self, connector: Any, good_config: dict[str, Any]) -> None:
        """A long text goes in lines of 132 characters, which SAP joins by blanks."""
        long = "Hose, reinforced, " * 20 + "end"
        line = replace(an_order().lines[0], product_description=long, line_notes=None)
        first, second = replace(line, line_no=1, qty=Decimal("7.125")), replace(line, line_no=2, qty=Decimal("8.375"))
        given = _parameters(connector.render(an_order(lines=[first, second], notes=None), good_config).content)
        rows = [row for row in table(given, "ORDER_TEXT") if row["ITM_NUMBER"] == "000010"]
        assert " ".join(row["TEXT_LINE"] for row in rows) == long
        assert [row["REQ_QTY"] for row in table(given, "ORDER_SCHEDULES_IN")] == ["7.125", "8.375"]


@pytest.fixture(scope="module")
def one_sap() -> Iterator[BapiServer]:
    with BapiServer() as running:
        yield running


@pytest.fixture
def sap(one_sap: BapiServer) -> BapiServer:
    one_sap.recover()
    for kept in (one_sap.taken, one_sap.received, one_sap.orders, one_sap.pending, one_sap.refuses_when):
        kept.clear()
    one_sap.made = 0
    one_sap.keeps_sessions, one_sap.commits_itself, one_sap.loses_commits = True, False, False
    one_sap.says = ("S", "V1", "311", "Standard Order has been saved")
    return one_sap


@pytest.fixture
def connector() -> Iterator[SapRfcConnector]:
    made = SapRfcConnector()
    yield made
    made.close()


def order_of(*lines: DraftOrderLine, **changes: Any) -> DraftOrder:
    plain: dict[str, Any] = {
        "external_order_number": "PO-77",
        "currency": "EUR",
        "customer": Customer("17100001", "Muster GmbH"),
        "requested_delivery_date": ON,
        "status": OrderStatus.APPROVED,
        "lines": list(lines) or [a_line(1)],
    }
    return DraftOrder(**plain | changes)


def a_line(number: int, **changes: Any) -> DraftOrderLine:
    line = DraftOrderLine(number, "TG11", Decimal(10), "PCE", Decimal("12.40"), product_description="Trading good")
    return replace(line, **changes)


def error_of(connector: SapRfcConnector, order: DraftOrder, config: dict[str, Any]) -> ConnectorError:
    with pytest.raises(ConnectorError) as raised:
        connector.export(order, config)
    return raised.value


def waiting_for(order: DraftOrder, number: str | None) -> WaitingExport:
    reference = f"{order.delivery.export_id}.xml"
    return WaitingExport(order.delivery.export_id, order.id, reference, datetime.now(UTC), number)


def asked(sap: BapiServer) -> list[str]:
    return [sap.kind_of(request) for request in sap.received]


def refused(message: str, space: str, number: str) -> Any:
    return lambda order: (message, space, number)


def _parameters(content: bytes) -> Structure:
    body = etree.fromstring(content).find("{*}Body")
    assert body is not None
    value = value_of(body[0])
    assert isinstance(value, dict)
    return value


# What is sent


def test_an_order_becomes_the_parameters_of_the_bapi(sap):
    order = order_of(
        a_line(1, unit_price=Decimal("0.0125"), uom="KGM", customer_sku_raw="AB-1", internal_sku="4711"),
        a_line(3, requested_delivery_date=LATER, line_notes="Unroll"),
        notes="Ring twice\nat the gate",
        ship_to={"name": "Muster GmbH", "street": "Hauptstr. 1", "city": "Köln", "country": "Germany"},
        bill_to={"number_at_seller": "17100009", "name": "Head office"},
        delivery_terms="DAP Hamburg",
        payment_terms="0001",
        order_date=date(2031, 7, 1),
        charges=(AllowanceCharge("FC", "Freight", Decimal("4.90")),),
    )
    given = _parameters(SapRfcConnector().render(order, config_of(sap)).content)
    assert given["ORDER_HEADER_IN"] == {
        "DOC_TYPE": "OR",
        "SALES_ORG": "1710",
        "DISTR_CHAN": "10",
        "DIVISION": "00",
        "REQ_DATE_H": "2031-07-17",
        "PURCH_NO_C": f"PO-77/{short_key(order.delivery.export_id)}",
        "PURCH_DATE": "2031-07-01",
        "CURRENCY": "EUR",
        "PMNTTRMS": "0001",
        "INCOTERMS1": "DAP",
        "INCOTERMS2": "Hamburg",
    }
    assert given["ORDER_ITEMS_IN"] == [
        {"ITM_NUMBER": "000010", "CUST_MAT35": "AB-1", "SHORT_TEXT": "Trading good", "SALES_UNIT": "KG",
         "MATERIAL": "000000000000004711"},
        {"ITM_NUMBER": "000030", "SHORT_TEXT": "Trading good", "SALES_UNIT": "PC", "MATERIAL": "TG11"},
    ]  # fmt: skip
    assert given["ORDER_SCHEDULES_IN"] == [
        {"ITM_NUMBER": "000010", "SCHED_LINE": "0001", "REQ_QTY": "10"},
        {"ITM_NUMBER": "000030", "SCHED_LINE": "0001", "REQ_DATE": "2031-08-01", "REQ_QTY": "10"},
    ]
    assert given["ORDER_CONDITIONS_IN"] == [
        {"ITM_NUMBER": "000000", "COND_TYPE": "HD00", "COND_VALUE": "4.9", "CURRENCY": "EUR"},
        {"ITM_NUMBER": "000010", "COND_TYPE": "PMP0", "COND_VALUE": "1.25", "CURRENCY": "EUR", "COND_P_UNT": "100",
         "COND_UNIT": "KG"},
        {"ITM_NUMBER": "000030", "COND_TYPE": "PMP0", "COND_VALUE": "12.4", "CURRENCY": "EUR", "COND_P_UNT": "1",
         "COND_UNIT": "PC"},
    ]  # fmt: skip
    assert given["ORDER_PARTNERS"] == [
        {"PARTN_ROLE": "AG", "PARTN_NUMB": "0017100001"},
        {"PARTN_ROLE": "WE", "PARTN_NUMB": "0017100001", "NAME": "Muster GmbH", "STREET": "Hauptstr. 1",
         "CITY": "Köln", "COUNTRY": "DE"},
        {"PARTN_ROLE": "RE", "PARTN_NUMB": "0017100009"},
    ]  # fmt: skip
    assert [(row["ITM_NUMBER"], row["TEXT_LINE"]) for row in given["ORDER_TEXT"]] == [
        ("000000", "Ring twice"),
        ("000000", "at the gate"),
        ("000030", "Unroll"),
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"external_order_number": "P" * 27}, "external_order_number has 27 characters"),
        ({"customer": Customer("12345678901")}, "erp_customer_number has 11 characters"),
        ({"ship_to": {"street": "S" * 36}}, "ship_to.street has 36 characters"),
        ({"ship_to": {"name": "A", "vat": "DE1"}}, "ship_to.vat has no place"),
        ({"latest_delivery_date": ON}, "latest_delivery_date has no place"),
    ],
)
def test_what_has_no_place_in_sap_refuses_the_order_by_name(sap, changes, told):
    with pytest.raises(RejectedError) as raised:
        SapRfcConnector().render(order_of(**changes), config_of(sap, left_out=[]))
    assert told in raised.value.message


def test_the_preview_is_the_call_without_secrets_and_session(sap, connector):
    order, config = order_of(), config_of(sap, client="100")
    shown = connector.preview(order, config)
    assert shown.destination == f"POST {sap.url}/sap/bc/soap/rfc"
    assert shown.headers["sap-client"] == "100"
    connector.export(order, config)
    assert sap.received[0].content == shown.document.content
    assert sap.received[0].headers["SOAPAction"] == '""'


# One session, one commit


def test_an_order_is_made_and_committed_in_one_session_which_is_given_up(sap, connector):
    order = order_of()
    made = connector.export(order, config_of(sap))
    assert (made.erp_order_id, len(sap.taken)) == ("0000000001", 1)
    assert asked(sap) == ["create", "commit", "ping", "status"]
    create, commit, ping, _ = sap.received
    assert (create.target, ping.target) == (f"{create.path}?sap-sessioncmd=open", f"{create.path}?sap-sessioncmd=close")
    assert commit.headers["Cookie"] == ping.headers["Cookie"]
    assert not sap.pending


def test_a_session_that_is_not_kept_is_told_and_nothing_is_committed(sap, connector):
    sap.keeps_sessions = False
    error = error_of(connector, order_of(), config_of(sap))
    assert (error.code, type(error)) == ("SESSION_MISSING", NeedsAttentionError)
    assert asked(sap) == ["create"]
    result = connector.test_connection(config_of(sap))
    assert (result.success, result.details["code"]) == (False, "SESSION_MISSING")


@pytest.mark.parametrize("fault", [DROP_AFTER, DROP_BEFORE, HTML, status(500, takes=True), status(429), status(401)])
def test_a_commit_whose_answer_is_lost_is_doubt_and_the_order_is_looked_for(sap, connector, fault):
    order, config = order_of(), config_of(sap)
    sap.misbehave(fault, method="commit")
    assert isinstance(error_of(connector, order, config), InDoubtError)
    found = connector.find(order, config)
    assert (found is not None) is fault.takes
    assert len(sap.taken) == int(fault.takes)


@pytest.mark.parametrize("row", [{"PURCH_NO_C": ""}, {"PURCH_NO": "{0:.20}"}, {"PURCH_NO_C": "{0:.20}"}, {}], ids=str)
def test_an_order_whose_number_is_listed_in_part_may_be_ours(sap, connector, monkeypatch, row):
    order, config = order_of(external_order_number="PO-2026-00000000077"), config_of(sap)
    sap.misbehave(DROP_AFTER, method="commit")
    assert isinstance(error_of(connector, order, config), InDoubtError)

    def listed(given):
        named = {name: text.format(given["PURCHASE_ORDER_NUMBER"]) for name, text in row.items()}
        return {"RETURN": {"TYPE": "", "CODE": "", "MESSAGE": ""}, "SALES_ORDERS": [{"SD_DOC": "17"} | named]}

    monkeypatch.setattr(sap, "_list", listed)
    with pytest.raises(UnavailableError, match="without the whole of their purchase order number"):
        connector.find(order, config)


def test_a_commit_that_another_server_took_is_no_delivery(sap, connector):
    sap.loses_commits = True
    error = error_of(connector, order_of(), config_of(sap))
    assert isinstance(error, InDoubtError)
    assert "does not show it" in error.message


def test_a_commit_that_says_no_is_doubt(sap, connector, monkeypatch):
    monkeypatch.setattr(sap, "_commit", lambda session: {"RETURN": {"TYPE": "A", "ID": "00", "NUMBER": "671",
                                                                    "MESSAGE": "Update was terminated"}})  # fmt: skip
    error = error_of(connector, order_of(), config_of(sap))
    assert isinstance(error, InDoubtError)
    assert "Update was terminated (00/671)" in error.message


def test_an_order_whose_lease_ends_in_between_is_not_committed(sap, connector):
    order = order_of()
    order.delivery.lease = Lease(new_id(), 60.0)

    def taken_by_another(_: Structure) -> None:
        assert order.delivery.lease is not None
        order.delivery.lease.revoke()

    sap.refuses_when.append(taken_by_another)
    assert isinstance(error_of(connector, order, config_of(sap)), LeaseEndingError)
    assert asked(sap) == ["create", "rollback"]
    assert not sap.taken


def test_the_cookie_of_a_session_is_not_shown(sap, connector):
    config = config_of(sap)
    connector.export(order_of(), config)
    cookie = str(sap.received[1].headers["Cookie"]).partition("=")[2]
    sap.refuses_when.append(refused(f"Odd: {cookie} of {PASSWORD}", "V1", "999"))
    shown = f"{error_of(connector, order_of(), config)!r}"
    assert "Odd:" in shown
    assert cookie not in shown
    assert PASSWORD not in shown


# What SAP refuses


@pytest.mark.parametrize(
    ("message", "space", "number", "sort"),
    [
        ("Material TG11 is not defined for sales org. 1710", "V1", "384", RejectedError),
        ("Period 007/2031 is not open for account type D", "F5", "201", RejectedError),
        ("Sales document 17 is currently being processed by MEIER", "V1", "042", TransientError),
    ],
)
def test_a_refusal_is_told_in_saps_words_and_leaves_nothing_behind(sap, connector, message, space, number, sort):
    sap.refuses_when.append(refused(message, space, number))
    error = error_of(connector, order_of(), config_of(sap))
    assert isinstance(error, sort)
    assert f"{message} ({space}/{number})" in error.message
    assert asked(sap) == ["create", "rollback"]
    assert not sap.pending


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("No RFC authorization for function module BAPI_SALESORDER_CREATEFROMDAT2", "PERMISSION_DENIED"),
        ("Function module not found (FU_NOT_FOUND)", "FUNCTION_UNKNOWN"),
    ],
)
def test_what_is_no_fault_of_the_orders_is_told_as_what_it_is(sap, connector, monkeypatch, text, code):
    def fails(*_: Any) -> Structure:
        raise FaultError(text)

    monkeypatch.setattr(sap, "_call", fails)
    error = error_of(connector, order_of(), config_of(sap))
    assert (error.code, type(error)) == (code, NeedsAttentionError)
    assert connector.test_connection(config_of(sap)).details["code"] == code


def test_what_sap_warns_of_is_in_the_log(sap, connector):
    sap.says = ("W", "V1", "555", "The order is incomplete")
    result = connector.export(order_of(), config_of(sap))
    assert result.connector_metadata["messages"] == ["The order is incomplete (V1/555)"]


def test_an_address_without_the_service_is_told(sap, connector):
    result = connector.test_connection(config_of(sap, service="/sap/bc/elsewhere"))
    assert result.details["code"] == "SERVICE_MISSING"


# Whether it is there


def test_by_number_and_key_one_delivery_is_found_and_no_other(sap, connector):
    order, another, config = order_of(), order_of(), config_of(sap)
    connector.export(another, config)
    assert connector.find(order, config) is None
    connector.export(order, config)
    found = connector.find(order, config)
    assert found is not None
    assert (found.erp_order_id, found.inferred) == ("0000000002", True)


def test_by_the_customers_number_what_is_there_already_is_not_sent_again(sap, connector):
    config = config_of(sap, reference_in="number")
    order, again = order_of(), order_of()
    connector.export(order, config)
    assert error_of(connector, again, config).code == "ALREADY_THERE"
    again.delivery.last_begun_at = datetime.now(UTC)
    assert connector.export(again, config).erp_order_id == "0000000001"
    assert len(sap.taken) == 1


@pytest.mark.parametrize("answer", [{"RETURN": {"TYPE": "E", "ID": "V1", "NUMBER": "009", "MESSAGE": "Enter"}}, {}])
def test_a_list_that_is_none_is_no_answer(sap, connector, monkeypatch, answer):
    monkeypatch.setattr(sap, "_list", lambda given: answer)
    with pytest.raises(ConnectorError):
        connector.find(order_of(), config_of(sap))


# What becomes of it


def acks_of(connector: SapRfcConnector, config: dict[str, Any], *waiting: WaitingExport) -> list[Ack]:
    return list(connector.poll_acks(config, waiting))


def differing(order: DraftOrder, ack: Ack) -> list[tuple[int | None, str, str | None]]:
    assert ack.details is not None
    found: list[Difference] = differences(order, applied(order, None, ack.details))
    return [(one.line_no, one.field, one.confirmed) for one in found]


def test_what_sap_holds_otherwise_is_told(sap, connector):
    order, config = order_of(a_line(1), a_line(2), a_line(3)), config_of(sap, conditions={})
    number = str(connector.export(order, config).erp_order_id)
    (ack,) = acks_of(connector, config, waiting_for(order, number))
    assert (ack.status, differing(order, ack)) == ("ACKED", [])
    first, second, third = sap.orders[number]["ORDER_ITEMS_IN"]
    first |= {"now": {"NET_PRICE": "11.90"}, "deliveries": 2}
    second["now"], third["now"] = {"CUM_CF_QTY": "4.000"}, {"REA_FOR_RE": "50"}
    (ack,) = acks_of(connector, config, waiting_for(order, number))
    told = differing(order, ack)
    assert (1, "unit_price", "11.9") in told
    assert (2, "qty", "4") in told
    assert (3, "status", "rejected") in told


def test_an_order_that_was_rejected_or_deleted_is_told(sap, connector):
    order, config = order_of(), config_of(sap)
    number = str(connector.export(order, config).erp_order_id)
    sap.orders[number]["ORDER_ITEMS_IN"][0]["now"] = {"REA_FOR_RE": "50"}
    (ack,) = acks_of(connector, config, waiting_for(order, number))
    assert (ack.status, ack.error_code) == ("FAILED", "CANCELLED_IN_ERP")
    sap.orders.clear()
    (ack,) = acks_of(connector, config, waiting_for(order, number))
    assert (ack.status, ack.error_code) == ("FAILED", "CANCELLED_IN_ERP")
    assert acks_of(connector, config, replace(waiting_for(order, number), sent_at=None)) == []


def test_an_order_that_cannot_be_read_keeps_no_others_waiting(sap, connector):
    config, orders = config_of(sap), [order_of(), order_of()]
    waiting = [waiting_for(order, str(connector.export(order, config).erp_order_id)) for order in orders]
    sap.misbehave(HTML, method="status")
    read = connector.poll_acks(config, waiting)
    assert next(read).erp_order_id == "0000000002"
    with pytest.raises(ConnectorError):
        next(read)


# Many orders, and an SAP of others


@pytest.mark.parametrize("most", [12, pytest.param(None, marks=[pytest.mark.large, pytest.mark.timeout(500)])])
def test_many_orders_with_kills_none_twice_none_lost_amounts_equal(sap, connector, most):
    chance = random.Random(7)  # to be the same each time
    left_out = [*LEFT_OUT, "payment_terms", "delivery_terms", "ship_to.email", "bill_to.email"]
    config = config_of(sap, countries=COUNTRIES, left_out=left_out, max_in_flight=8)
    orders = [order for order in many_orders(most) if _fits(order, config)]
    for order in orders:
        order.status = OrderStatus.APPROVED
    engine = MemoryEngine(connector, config)
    faults: list[Fault] = [DROP_AFTER, DROP_BEFORE, HTML, status(503, takes=True), status(500)]
    for start in range(0, len(orders), 50):
        engine.push(*orders[start : start + 50])
        for kind in ("create", "commit", "list", "status"):
            sap.misbehave(*chance.choices(faults, k=2), method=kind)
        engine.crash()  # it has delivered, and dies before it can write that down
        engine.run()
        engine.test()
    arrived = {FITTING[state] for state in ARRIVED}
    for _ in range(200):  # each of SAP's faults may cost a test of the connection
        engine.run()
        engine.test()
        if {order.status for order in orders} <= arrived:
            break
    assert {order.status for order in orders} <= arrived, Counter(order.status for order in orders)
    made = Counter(body["ORDER_HEADER_IN"][0]["PURCH_NO_C"].rpartition("/")[0] for body in sap.taken)
    assert made == Counter(order.external_order_number for order in orders)
    assert sum((_amount(body) for body in sap.taken), Decimal(0)) == sum(
        (line.qty * line.unit_price for order in orders for line in order.lines if line.qty and line.unit_price),
        Decimal(0),
    )


def _fits(order: DraftOrder, config: dict[str, Any]) -> bool:
    """Return whether an order fits: a street has 35 characters in the BAPI, and some of the orders' have more."""
    trial = replace(order, delivery_in_progress=Delivery(new_id(), datetime.now(UTC)))
    try:
        SapRfcConnector().render(trial, config)
    except RejectedError as error:
        if error.code != "DOES_NOT_FIT":
            raise
        return False
    return True


def _amount(order: Structure) -> Decimal:
    quantities = {row["ITM_NUMBER"]: Decimal(row["REQ_QTY"]) for row in order["ORDER_SCHEDULES_IN"]}
    prices = [row for row in order["ORDER_CONDITIONS_IN"] if row["COND_TYPE"] == "PMP0"]
    return sum(
        (quantities[row["ITM_NUMBER"]] * Decimal(row["COND_VALUE"]) / Decimal(row["COND_P_UNT"]) for row in prices),
        Decimal(0),
    )


def test_another_ones_sap_takes_our_calls_and_says_what_it_refuses(connector):
    sap = MockSap(csrf=False)  # which keeps each call at once, as a function module would that commits by itself
    config = {"url": sap.url, "service": "/sap/bc/srt/rfc/sap/orders/100/orders/rfc", "plain_http": True}
    config |= {"username": "u", "password": "p", "sales_organization": "1710", "distribution_channel": "10"}
    config |= {"division": "00", "commit": "by_function"}
    order = order_of(a_line(1), customer=Customer("1000001"))
    made = connector.export(order, config)
    found = connector.find(order, config)
    assert found is not None
    assert found.erp_order_id == made.erp_order_id
    error = error_of(connector, order_of(customer=Customer("999")), config)
    assert isinstance(error, RejectedError)
    assert "999 not found (F2/003)" in error.message
    sap.close()
