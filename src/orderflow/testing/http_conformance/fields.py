"""What an order may say, changed one by one: the document has to change with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from orderflow.domain.ids import new_id
from orderflow.domain.orders import ADJUSTMENTS, AllowanceCharge, Customer, DraftOrder, DraftOrderLine
from orderflow.testing.engine import an_order

Change = Callable[[DraftOrder], DraftOrder]
DAY = date(2031, 7, 17)
_ID = new_id()


def plain_order(**changes: Any) -> DraftOrder:
    """Return an order that is the same each time but for what is changed."""
    order = an_order(**changes)
    order.id = _ID
    order.external_order_number = changes.get("external_order_number", "PO-1")
    return order


def one_line(**changes: Any) -> Change:
    """Return what changes the first line of an order."""
    return lambda order: replace(order, lines=[replace(order.lines[0], **changes), *order.lines[1:]])


def _whole(**changes: Any) -> Change:
    return lambda order: replace(order, **changes)


def _text(group: str, name: str, value: str = "QQ") -> Change:
    """Return what changes a text of a party, or of the contact, the shipping or the metadata."""

    def change(order: DraftOrder) -> DraftOrder:
        made: dict[str, Any] = {group: dict(getattr(order, group) or {}) | {name: value}}
        return replace(order, **made)

    return change


def _day(name: str, place: Callable[..., Change]) -> Callable[[date], Change]:
    """Return what gives a field of the order, or of its first line, another day."""
    return lambda day: place(**{name: day})


def _customer(**changes: Any) -> Change:
    return lambda order: replace(order, customer=replace(order.customer or Customer(), **changes))


_OFF = AllowanceCharge("95", "Discount", Decimal("7.77"), Decimal("2.5"), Decimal("310.8"))
_OTHERWISE: dict[str, Any] = {
    "code": "ZZ",
    "reason": "QQ",
    "amount": Decimal("8.88"),
    "percent": Decimal("3.5"),
    "base_amount": Decimal("253.71"),
}


def _adjustment(place: str, kind: str, **changes: Any) -> Change:
    made = {kind: (replace(_OFF, **changes),)}
    return one_line(**made) if place else _whole(**made)


def _adjustments() -> Iterator[tuple[str, Change]]:
    for place in ("", "lines."):
        for kind in ADJUSTMENTS:
            yield f"{place}{kind}", _adjustment(place, kind)
            for name, value in _OTHERWISE.items():
                yield f"{place}{kind}.{name}", _adjustment(place, kind, **{name: value})


_ADDRESS = ("name", "contact", "street", "city", "region", "postal_code", "country", "phone", "email")
_DATES = ("earliest_delivery_date", "requested_delivery_date", "latest_delivery_date", "promised_delivery_date")
DATES: dict[str, Callable[[date], Change]] = {
    **{name: _day(name, _whole) for name in ("order_date", *_DATES)},
    **{f"lines.{name}": _day(name, one_line) for name in _DATES},
}
"""By the field's name: what gives it another day."""

FIELDS: dict[str, Change] = {
    "external_order_number": _whole(external_order_number="PO-77"),
    "currency": _whole(currency="SEK"),
    **{name: change(DAY) for name, change in DATES.items()},
    "notes": _whole(notes="Ring at the second gate"),
    "delivery_terms": _whole(delivery_terms="QQ"),
    "payment_terms": _whole(payment_terms="QQ"),
    "customer.erp_customer_number": _customer(erp_customer_number="90125"),
    "customer.name": _customer(name="QQ"),
    **{f"{party}.{name}": _text(party, name) for party in ("ship_to", "bill_to") for name in _ADDRESS},
    "ship_to.gln": _text("ship_to", "gln", "4000001000005"),
    "buyer": _text("buyer", "name"),
    "seller": _text("seller", "name"),
    **{f"contact.{name}": _text("contact", name) for name in ("name", "phone", "email")},
    **{f"shipping.{name}": _text("shipping", name) for name in ("method", "carrier", "service")},
    "metadata": _text("metadata", "campaign"),
    "lines.line_no": one_line(line_no=77),
    "lines.internal_sku": one_line(internal_sku="INT-777"),
    "lines.qty": one_line(qty=Decimal("77.125")),
    "lines.uom": one_line(uom="KGM"),
    "lines.unit_price": one_line(unit_price=Decimal("77.7777")),
    "lines.currency": one_line(currency="SEK"),
    "lines.product_description": one_line(product_description="A hose of another kind"),
    "lines.customer_sku_raw": one_line(customer_sku_raw="CUST-777"),
    "lines.line_notes": one_line(line_notes="Ring at the third gate"),
    "lines.gtin": one_line(gtin="04000001000005"),
    "lines.buyer_article_number": one_line(buyer_article_number="BUY-777"),
    "lines.seller_article_number": one_line(seller_article_number="SELL-777"),
    **dict(_adjustments()),
}
"""What the suite changes of an order, by name: the document has to change with it.

What comes in without being meant for the ERP is not among them: `source`, `source_document`, `priority`.
"""

_LONG = "Hose, reinforced, " * 20
ALIKE: tuple[tuple[str, Change, Change], ...] = (
    ("external_order_number", _whole(external_order_number="0077"), _whole(external_order_number="77")),
    ("lines.internal_sku", one_line(internal_sku="00INT77"), one_line(internal_sku="INT77")),
    ("ship_to.postal_code", _text("ship_to", "postal_code", "01067"), _text("ship_to", "postal_code", "1067")),
    ("notes", _whole(notes=f"{_LONG}left"), _whole(notes=f"{_LONG}right")),
    ("notes", _whole(notes="Ring twice"), _whole(notes="RING TWICE")),
    ("notes", _whole(notes="2²"), _whole(notes="22")),
    ("lines.line_notes", one_line(line_notes=f"{_LONG}left"), one_line(line_notes=f"{_LONG}right")),
    ("lines.qty", one_line(qty=Decimal("77.125")), one_line(qty=Decimal("77.126"))),
    ("lines.unit_price", one_line(unit_price=Decimal("77.7771")), one_line(unit_price=Decimal("77.7772"))),
    ("lines.unit_price", one_line(unit_price=Decimal(0)), one_line(unit_price=None)),
    *(
        (
            f"{place}{kind}",
            _adjustment(place, kind, amount=Decimal("7.7771")),
            _adjustment(place, kind, amount=Decimal("7.7772")),
        )
        for place in ("", "lines.")
        for kind in ADJUSTMENTS
    ),
    *(
        (f"ship_to.{name}", _text("ship_to", name, f"{_LONG}left"), _text("ship_to", name, f"{_LONG}right"))
        for name in _ADDRESS
    ),
)
"""What two orders say nearly alike: leading zeros, long texts, letters, the last digit, a price of 0 and none."""

_IN_JSON_V1 = {
    *("external_order_number", "currency", "order_date", "requested_delivery_date", "notes"),
    *("customer.erp_customer_number", "customer.name"),
    *(f"lines.{name}" for name in ("line_no", "internal_sku", "qty", "uom", "unit_price", "currency")),
    *("lines.product_description", "lines.customer_sku_raw"),
}
NOT_IN_JSON_V1 = frozenset(FIELDS) - _IN_JSON_V1
"""What `orderflow_export_json_v1` has no place for."""


def little_orders() -> Iterator[tuple[str, DraftOrder]]:
    """Yield orders that say no more than they must, by what they are called in messages."""
    line = DraftOrderLine(1, "INT-1", Decimal(1), "PCE")
    least: dict[str, Any] = {"customer": Customer("4711"), "currency": "EUR", "lines": [line]}
    said: dict[str, dict[str, Any]] = {
        "an order that says no more than it must": {},
        "an address without a street": {"ship_to": {"name": "QQ", "city": None}},
        "an address that says nothing": {"ship_to": {}, "bill_to": {}, "contact": {}, "shipping": {}, "metadata": {}},
        "a percentage without an amount": {"allowances": (AllowanceCharge("95", None, None, Decimal(3)),)},
    }
    for what, more in said.items():
        order = DraftOrder(**least | more)
        order.delivery = an_order().delivery
        yield what, order
