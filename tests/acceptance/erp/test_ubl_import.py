"""An order as UBL goes into Odoo by Odoo's own import: it is taken, and what Odoo makes of its prices is told."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderflow.connectors.odoo.api import search_read
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.confirmations import applied, differences
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine

pytestmark = pytest.mark.timeout(400, func_only=True)
ONLY_ODOO = pytest.mark.parametrize(
    "erp", [pytest.param("odoo", marks=[pytest.mark.odoo, pytest.mark.xdist_group("odoo")])], indirect=True
)


def an_order(number: str, *prices: str) -> DraftOrder:
    lines = [
        DraftOrderLine(n, f"{number}-{n}", Decimal(n + 1), "PCE", Decimal(price), product_description=f"Cable {n}")
        for n, price in enumerate(prices, 1)
    ]
    customer = Customer(number, f"Müller & Söhne {number}")
    return DraftOrder(external_order_number=number, currency="USD", customer=customer, lines=lines)


def exported(order: DraftOrder, folder: Path) -> Path:
    """Return the document that a connection writes for an order."""
    config = {"mode": "filesystem", "export_path": str(folder), "seller_endpoint": "0088:4000001000005"}
    config |= {"seller_name": "Acme", "seller_country": "US"}
    endpoints = {order.customer.erp_customer_number: "0088:4000001000012"} if order.customer else {}
    assert ConnectorRegistry.get("UBL_ORDER").export(order, config | {"endpoints": endpoints}).success
    (written,) = folder.iterdir()
    return written


def imported(erp: Any, document: Path, number: str) -> int:
    """Have Odoo make a quotation of a document, as its list of orders does; return its id."""
    values = {"name": document.name, "datas": b64encode(document.read_bytes()).decode(), "mimetype": "application/xml"}
    attached = erp.api.call("ir.attachment", "create", vals_list=[values])
    erp.api.call("sale.order", "create_document_from_attachment", [], attachment_ids=attached)
    (made,) = search_read(erp.api, "sale.order", [["client_order_ref", "=", number]], ["partner_id"])
    return int(made["id"])


@ONLY_ODOO
def test_odoo_takes_an_order_as_ubl_and_the_prices_of_its_list_are_told(erp: Any, tmp_path: Path) -> None:
    number = f"UBL-{new_id().hex[-8:]}"
    erp.load([an_order(number, "12.4", "99")])  # what stands in Odoo's price list
    order = an_order(number, "12.4", "7.5")
    made = imported(erp, exported(order, tmp_path), number)
    book = erp.connector.open_book(erp.api, erp.connector.parse(erp.config))
    found = differences(order, applied(order, None, book.held([made])[made]))
    assert [(one.line_no, one.field, one.ordered, one.confirmed) for one in found] == [(2, "unit_price", "7.5", "99")]
