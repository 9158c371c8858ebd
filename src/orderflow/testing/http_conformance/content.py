"""The whole content of the order is in its document."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import RejectedError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import AllowanceCharge, Customer, DraftOrder
from orderflow.testing.engine import an_order
from orderflow.testing.evidence import holds
from orderflow.testing.http_conformance.suite import HttpSuite


class Content(HttpSuite):
    """The whole content of the order is in its document."""

    def test_the_order_is_left_as_it_was(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """It is shown, compared and sent again."""
        order = an_order()
        before = copy.deepcopy(order)
        connector.preview(order, good_config)
        connector.export(order, good_config)
        assert replace(order, delivery_in_progress=None) == replace(before, delivery_in_progress=None), "it was changed"

    def test_all_that_the_order_holds_is_in_the_document(
        self, connector: ERPConnectorPort, good_config: dict[str, Any]
    ) -> None:
        """Or is named in `leaves_out`: what is dropped quietly is missed by those who get the goods."""
        plain = connector.render(_order(), good_config).content
        for name, change in FIELDS.items():
            order = change(_order())
            try:
                content = connector.render(order, good_config).content
            except RejectedError:
                continue
            assert name in self.leaves_out or content != plain, f"{name} is not in the document"

    def test_lines_stay_apart_and_texts_whole(self, connector: ERPConnectorPort, good_config: dict[str, Any]) -> None:
        """Two lines of one article are two; nothing is cut."""
        line = an_order().lines[0]
        lines = [replace(line, line_no=1, qty=Decimal("7.125")), replace(line, line_no=2, qty=Decimal("8.375"))]
        content = connector.render(_order(lines=lines), good_config).content.replace(b",", b".")
        assert b"7.125" in content, "lines are merged"
        assert b"8.375" in content, "lines are merged"
        if "lines.product_description" in self.leaves_out:
            return
        long = "Hose, reinforced, " * 20 + "end"
        try:
            content = connector.render(_order(lines=[replace(line, product_description=long)]), good_config).content
        except RejectedError:
            return
        assert holds(content, long), "a text is cut"


def _order(**changes: Any) -> DraftOrder:
    order = an_order(**changes)
    order.id, order.external_order_number = _ID, "PO-1"
    return order


_ID = new_id()


def _line(**changes: Any) -> Callable[[DraftOrder], DraftOrder]:
    return lambda order: replace(order, lines=[replace(order.lines[0], **changes), *order.lines[1:]])


def _whole(**changes: Any) -> Callable[[DraftOrder], DraftOrder]:
    return lambda order: replace(order, **changes)


def _address(name: str) -> Callable[[DraftOrder], DraftOrder]:
    def change(order: DraftOrder) -> DraftOrder:
        return replace(order, ship_to=dict(order.ship_to or {}) | {name: "QQ"})

    return change


def _of_another_customer(order: DraftOrder) -> DraftOrder:
    return replace(order, customer=replace(order.customer or Customer(), erp_customer_number="90125"))


_OFF = AllowanceCharge(reason="QQ", amount=Decimal("7.77"))


FIELDS: dict[str, Callable[[DraftOrder], DraftOrder]] = {
    "external_order_number": _whole(external_order_number="PO-77"),
    "currency": _whole(currency="SEK"),
    "order_date": _whole(order_date=date(2031, 7, 17)),
    "requested_delivery_date": _whole(requested_delivery_date=date(2031, 8, 18)),
    "notes": _whole(notes="Ring at the second gate"),
    "customer.erp_customer_number": _of_another_customer,
    **{f"ship_to.{name}": _address(name) for name in ("name", "street", "city", "postal_code", "country")},
    "lines.internal_sku": _line(internal_sku="INT-777"),
    "lines.qty": _line(qty=Decimal("77.125")),
    "lines.uom": _line(uom="KGM"),
    "lines.unit_price": _line(unit_price=Decimal("77.7777")),
    "lines.product_description": _line(product_description="A hose of another kind"),
    "lines.customer_sku_raw": _line(customer_sku_raw="CUST-777"),
    "lines.requested_delivery_date": _line(requested_delivery_date=date(2031, 9, 19)),
    "lines.line_notes": _line(line_notes="Ring at the third gate"),
    "lines.allowances": _line(allowances=(_OFF,)),
    "lines.charges": _line(charges=(_OFF,)),
    "bill_to": _whole(bill_to={"name": "QQ"}),
    "delivery_terms": _whole(delivery_terms="QQ"),
    "payment_terms": _whole(payment_terms="QQ"),
    "latest_delivery_date": _whole(latest_delivery_date=date(2031, 10, 20)),
    "allowances": _whole(allowances=(_OFF,)),
    "charges": _whole(charges=(_OFF,)),
}
"""What the suite changes of an order, by name: the document has to change with it."""


NOT_IN_JSON_V1 = frozenset(name for name in FIELDS if name.startswith("ship_to.")) | {
    *("lines.requested_delivery_date", "lines.line_notes", "lines.allowances", "lines.charges"),
    *("bill_to", "delivery_terms", "payment_terms", "latest_delivery_date", "allowances", "charges"),
}
"""What `orderflow_export_json_v1` has no place for."""
