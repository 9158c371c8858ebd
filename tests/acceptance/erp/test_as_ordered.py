"""What stands in a real ERP afterwards: customer and price as ordered, taxes and terms as the ERP has them."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.odoo import api as odoo_api
from orderflow.connectors.tryton import api as tryton_api
from orderflow.connectors.tryton.sales import MARK, sale_values
from orderflow.domain.confirmations import Difference, applied, differences
from orderflow.domain.delivery import ExportResult, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.errors import RejectedError, TransientError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine

pytestmark = pytest.mark.timeout(400, func_only=True)
ONLY_TRYTON = pytest.mark.parametrize(
    "erp", [pytest.param("tryton", marks=pytest.mark.xdist_group("tryton"))], indirect=True
)
ONLY_ODOO = pytest.mark.parametrize(
    "erp", [pytest.param("odoo", marks=[pytest.mark.odoo, pytest.mark.xdist_group("odoo")])], indirect=True
)


def an_order(customer: str = "C-7", **line: Any) -> DraftOrder:
    values: dict[str, Any] = {
        "internal_sku": "SKU-7",
        "qty": Decimal(3),
        "uom": "PCE",
        "unit_price": Decimal("12.40"),
    } | line
    return DraftOrder(
        external_order_number="PO-7",
        currency="USD",
        customer=Customer(customer, "Müller & Söhne"),
        lines=[DraftOrderLine(1, **(values | line))],
    )


def reference(order: DraftOrder) -> str:
    return export_filename(order.id, order.delivery)


def sold(erp, order: DraftOrder) -> Any:
    """Return the one sale of this order."""
    (entry,) = erp.sold([reference(order)])[reference(order)]
    return entry


def records(erp, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
    search_read = {"TRYTON": tryton_api, "ODOO": odoo_api}[erp.kind].search_read
    found: list[dict[str, Any]] = search_read(erp.api, model, domain, fields)
    return found


@pytest.fixture(autouse=True)
def _known(erp) -> None:
    erp.load([an_order()])


@pytest.mark.parametrize("way", ["config", "other_config"])
def test_taxes_are_those_that_the_erp_itself_computes(erp, way) -> None:
    tax = {"TRYTON": Decimal("0.10"), "ODOO": Decimal("0.15")}[erp.kind]
    result = erp.connector.export(an_order(), getattr(erp, way))
    assert Decimal(result.connector_metadata["total_amount"]) == Decimal("37.20") * (1 + tax)


@ONLY_TRYTON  # Odoo's own server ends each connection after one answer; a proxy before it keeps them
@pytest.mark.parametrize("way", ["config", "other_config"])
def test_many_orders_travel_over_one_connection(erp, way, monkeypatch) -> None:
    opened, connect = [], socket.create_connection

    def opening(address: Any, *given: Any, **options: Any) -> Any:
        opened.append(address)
        return connect(address, *given, **options)

    monkeypatch.setattr(socket, "create_connection", opening)
    connector = type(erp.connector)()
    for _ in range(2):
        outcomes = connector.export_many([an_order() for _ in range(5)], getattr(erp, way))
        assert all(isinstance(outcome, ExportResult) for _, outcome in outcomes)
    connector.close()
    assert len(opened) == 1


@ONLY_TRYTON
@pytest.mark.parametrize("way", ["config", "other_config"])
def test_quoted_on_arrival_it_has_a_number_and_waits_for_a_person(erp, way) -> None:
    config = getattr(erp, way) | {"on_arrival": "quote"}
    order = an_order()
    said = erp.connector.export(order, config).connector_metadata
    assert said["state"] == "quotation"
    assert said["erp_order_id"]
    assert erp.connector.expects_acks(config)
    assert erp.connector.export(order, config).connector_metadata == said


@pytest.mark.parametrize("way", ["config", "other_config"])
def test_a_customer_by_tax_id_is_found_and_one_of_two_is_never_guessed(erp, way) -> None:
    config = getattr(erp, way) | {"customer_by": {"TRYTON": "tax_identifier", "ODOO": "vat"}[erp.kind]}
    tax_id, twice = f"VAT-{new_id().hex[-8:]}", f"VAT-{new_id().hex[-8:]}"
    one, another = f"C-{tax_id}", f"C-{twice}"
    erp.load([an_order(one), an_order(another)])
    _give_tax_ids(erp, {one: [tax_id, twice], another: [twice]} if erp.kind == "TRYTON" else {one: [tax_id]})
    order = an_order(tax_id)
    assert erp.connector.export(order, config).success
    assert sold(erp, order).customer == one
    if erp.kind == "ODOO":
        _give_tax_ids(erp, {one: [twice], another: [twice]})
    with pytest.raises(RejectedError, match=f"more than one customer with the tax id.* '{twice}'"):
        erp.connector.export(an_order(twice), config)
    with pytest.raises(RejectedError, match=f"no customer with the tax id.* '{one}'"):
        erp.connector.export(an_order(one), config)


def _give_tax_ids(erp, tax_ids: dict[str, list[str]]) -> None:
    for customer, numbers in tax_ids.items():
        if erp.kind == "TRYTON":
            (party,) = records(erp, "party.party", [["code", "=", customer]], ["id"])
            erp.api.call("party.identifier", "create", vlist=[{"party": party["id"], "code": n} for n in numbers])
        else:
            (contact,) = records(erp, "res.partner", [["ref", "=", customer]], ["id"])
            erp.api.call("res.partner", "write", [contact["id"]], vals={"vat": numbers[0]})


@ONLY_ODOO
def test_a_price_list_without_the_product_or_with_a_discount_changes_no_price(erp) -> None:
    other = an_order(internal_sku="SKU-8")
    erp.load([other])
    (without,) = records(erp, "product.product", [["default_code", "=", "SKU-8"]], ["id"])
    name = f"Odd {new_id().hex[-8:]}"
    items = [
        {"applied_on": "0_product_variant", "product_id": without["id"], "compute_price": "fixed", "fixed_price": 1},
        {"applied_on": "3_global", "compute_price": "percentage", "percent_price": 50},
    ]
    usd = records(erp, "res.currency", [["name", "=", "USD"]], ["id"])[0]["id"]
    pricelist = {"name": name, "currency_id": usd, "item_ids": [(0, 0, item) for item in items]}
    erp.api.call("product.pricelist", "create", vals_list=[pricelist])
    for order in (an_order(), an_order(internal_sku="SKU-8")):
        said = erp.connector.export(order, erp.config | {"pricelists": {"USD": name}}).connector_metadata
        assert sold(erp, order).lines[0][2] == Decimal("12.40")
        assert Decimal(said["total_amount"]) == Decimal("37.20") * Decimal("1.15")


@ONLY_ODOO
def test_the_same_delivery_five_times_at_once_is_one_order(erp) -> None:
    order, start = an_order(), threading.Barrier(5)

    def export(_: int) -> Any:
        start.wait()
        while True:
            try:
                return erp.connector.export(order, erp.config).connector_metadata["odoo_order_id"]
            except TransientError:  # it lost four times; the engine too tries it again
                time.sleep(0.1)

    with ThreadPoolExecutor(5) as pool:
        assert len(set(pool.map(export, range(5)))) == 1
    sold(erp, order)


@ONLY_TRYTON
def test_half_a_sale_that_a_lost_request_makes_late_is_cleared_away(erp) -> None:
    order = an_order()
    book = erp.connector.open_book(erp.api, erp.connector.parse(erp.config))
    book.prepare([order], [reference(order)])
    late = sale_values(order, book._catalog.named_in(order), reference(order) + MARK)
    erp.api.call("sale.sale", "create", vlist=[late])
    entry = book.enter(order, reference(order))
    assert Decimal(entry.facts["total_amount"]) == Decimal("40.92")
    assert sold(erp, order).lines == [("SKU-7", Decimal(3), Decimal("12.40"))]
    assert erp.sold([reference(order) + MARK]) == {}


def test_one_that_people_cancelled_between_a_crash_and_the_next_attempt_is_not_taken_for_delivered(erp) -> None:
    order, config = an_order(), erp.config | {"on_arrival": "confirm"}
    erp.connector.export(order, erp.config)
    erp.decide(reference(order), "cancel")
    assert erp.connector.find(order, config) is None
    with pytest.raises(RejectedError, match="cancelled") as raised:
        erp.connector.export(order, config)
    assert raised.value.code == "CANCELLED_IN_ERP"
    sold(erp, order)


def test_a_closed_period_does_not_stop_a_sale_for_it_stops_the_invoice(erp) -> None:
    books = {
        "TRYTON": ("UPDATE account_period SET state = 'closed'", "UPDATE account_period SET state = 'open'"),
        "ODOO": (
            "UPDATE res_company SET fiscalyear_lock_date = '2099-12-31', sale_lock_date = '2099-12-31'",
            "UPDATE res_company SET fiscalyear_lock_date = NULL, sale_lock_date = NULL",
        ),
    }
    close, reopen = books[erp.kind]
    erp.execute(close)
    try:
        result = erp.connector.export(an_order(), erp.config | {"on_arrival": "confirm"})
    finally:
        erp.execute(reopen)
    assert result.connector_metadata["state"] in ("processing", "confirmed", "sale")


def test_a_product_that_is_no_longer_sold_is_refused(erp) -> None:
    order = an_order(internal_sku="SKU-OLD")
    erp.load([order])
    statements = {
        "TRYTON": "UPDATE product_template t SET salable = false FROM product_product p "
        "WHERE p.template = t.id AND p.code = 'SKU-OLD'",
        "ODOO": "UPDATE product_template t SET sale_ok = false FROM product_product p "
        "WHERE p.product_tmpl_id = t.id AND p.default_code = 'SKU-OLD'",
    }
    erp.execute(statements[erp.kind])
    with pytest.raises(RejectedError, match="SKU-OLD"):
        erp.connector.export(order, erp.config)
    assert erp.sold([reference(order)]) == {}


@pytest.mark.parametrize("way", ["config", "other_config"])
def test_a_test_names_a_unit_that_the_erp_lacks(erp, way) -> None:
    result = erp.connector.test_connection(getattr(erp, way) | {"units": {"CTN": "dumpster"}})
    assert result.details["code"] == "UNIT_UNKNOWN"
    assert "'dumpster'" in result.error_message


@ONLY_ODOO
@pytest.mark.parametrize("pricelists", [{"EUR": "Nowhere"}, {"EUR": "USD"}], ids=["no such", "other currency"])
def test_a_test_names_a_price_list_that_odoo_lacks_or_has_in_another_currency(erp, pricelists) -> None:
    config = erp.config | {"pricelists": pricelists}
    result = erp.connector.test_connection(config)
    assert result.details["code"] == "PRICELIST_UNKNOWN"
    assert f"{pricelists['EUR']!r} in EUR" in result.error_message
    with pytest.raises(Exception, match="price list called"):
        erp.connector.export(replace(an_order(), currency="EUR", id=new_id()), config)


def test_what_the_erps_people_changed_before_they_confirmed_is_told_line_by_line(erp) -> None:
    order, as_it_was = an_order(), an_order()
    for each in (order, as_it_was):
        erp.connector.export(each, erp.config)
    _change_line(erp, reference(order), quantity=2.0, price="12.39")
    for each in (order, as_it_was):
        erp.decide(reference(each), "confirm")
    assert _confirmed(erp, as_it_was) == []
    changes = {one.field: (one.line_no, one.ordered, one.confirmed) for one in _confirmed(erp, order)}
    assert changes == {"qty": (1, "3", "2"), "unit_price": (1, "12.4", "12.39")}


def _change_line(erp, name: str, quantity: float, price: str) -> None:
    if erp.kind == "TRYTON":
        (line,) = records(erp, "sale.line", [["sale.description", "=", name]], ["quantity"])
        erp.api.call("sale.line", "write", line["id"], values={"quantity": quantity, "unit_price": Decimal(price)})
    else:
        (line,) = records(erp, "sale.order.line", [["order_id.origin", "=", name]], ["product_uom_qty"])
        values = {"product_uom_qty": quantity, "price_unit": float(price)}
        erp.api.call("sale.order.line", "write", [line["id"]], vals=values)


def _confirmed(erp, order: DraftOrder) -> list[Difference]:
    waiting = WaitingExport(order.delivery.export_id, order.id, reference(order))
    (ack,) = erp.connector.poll_acks(erp.config, [waiting])
    assert ack.status == "ACKED"
    return differences(order, applied(order, None, ack.details))
