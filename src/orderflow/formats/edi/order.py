"""What EDI writes of an order, UBL too: its parties, dates and numbers, each with the field that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import attrgetter
from typing import Any

from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.formats.edi.values import Values

ADDRESS = ("name", "contact", "street", "city", "region", "postal_code", "country", "country_code", "phone", "email")
ROUTING = ("endpoint",)
"""An electronic address of other networks: where an interchange goes, the connection says."""

_DATES = ("requested", "earliest", "latest", "promised")
_dates = attrgetter(*(f"{name}_delivery_date" for name in _DATES))


INCOTERM = re.compile(r"(EXW|FCA|FAS|FOB|CFR|CIF|CPT|CIP|DAF|DES|DEQ|DDU|DAT|DAP|DPU|DDP)(?: +(\S.*))?")
"""Terms of delivery that begin with a code of the ICC's, and the place behind it."""


@dataclass(frozen=True, slots=True)
class Party:
    """A party of an order, as it stands there.

    Attributes:
        elsewhere: What the order calls those of its fields that stand elsewhere in it.
    """

    role: str
    values: Mapping[str, Any]
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """Return a field as text, None if it is missing or blank."""
        value = self.values.get(name)
        return None if value is None else str(value).strip() or None

    @property
    def country(self) -> str | None:
        """The country: its code, where there is one, is as good as its name."""
        return self.get("country_code") or self.get("country")

    def field(self, name: str) -> str:
        """Return what the order calls a field of the party."""
        return self.elsewhere.get(name, f"{self.role}.{name}")

    def identified_by(self, schemes: Mapping[str, str]) -> tuple[str, str | None]:
        """Return the first of the schemes by which the party is identified, and its number there."""
        return next(((scheme, number) for scheme in schemes if (number := self.get(scheme))), ("", None))

    def check_said(self, values: Values, identified: set[str]) -> None:
        """Refuse a field that was not written. Raises RejectedError."""
        for name in self.values:
            if name not in ADDRESS and name not in ROUTING and name not in identified and self.get(name):
                raise values.refusal(self.field(name), "has no place in the format", "NO_PLACE_IN_FORMAT")


def parties_of(order: DraftOrder, seller: Mapping[str, Any]) -> Iterator[Party]:
    """Yield buyer, seller, and those of the others that the order has.

    Args:
        seller: Who it is where the order names none.
    """
    yield _buyer(order)
    yield Party("seller", order.seller or seller)
    for role in ("ship_to", "bill_to"):
        if given := getattr(order, role):
            yield Party(role, given)


def _buyer(order: DraftOrder) -> Party:
    customer = order.customer or Customer()
    named = {"name": customer.name, **(order.buyer or {})}
    number = _customer_number(order)
    if number is None:
        return Party("buyer", named)
    return Party("buyer", named | {"number_at_seller": number}, {"number_at_seller": "customer.erp_customer_number"})


def _customer_number(order: DraftOrder) -> str | None:
    return Party("customer", {"number": order.customer.erp_customer_number}).get("number") if order.customer else None


def dates_of(of: DraftOrder | DraftOrderLine) -> Iterator[tuple[str, date]]:
    """Yield the dates of delivery that are given, by name."""
    return ((name, day) for name, day in zip(_DATES, _dates(of), strict=True) if day is not None)


def numbers_of(line: DraftOrderLine) -> list[tuple[str, str, str]]:
    """Return the article's numbers, each once, as (kind, field, number); the ERP's own is the first."""
    given = (
        ("sku", "internal_sku", line.internal_sku),
        ("customer_sku", "customer_sku_raw", line.customer_sku_raw),
        ("buyer", "buyer_article_number", line.buyer_article_number),
        ("seller", "seller_article_number", line.seller_article_number),
    )
    return [(kind, field, number) for kind, field, number in given if number]


_UNSAID = {
    "taxes": "Leave them to the seller, who computes them; or choose a format that carries them, as JSON version 2.",
    "contact": "Give it as `contact`, `phone` and `email` of the buyer, or of the party whom it belongs to.",
    "shipping": "Say it in `delivery_terms` or `notes`, or choose a format that carries it, as JSON version 2.",
}
"""What an order may say and no dialect here does, and what to do instead."""


def check_expressible(order: DraftOrder, values: Values) -> None:
    """Refuse an order that says what no dialect here can say, or two things of which but one. Raises RejectedError."""
    for name, instead in _UNSAID.items():
        if getattr(order, name):
            raise values.refusal(name, "has no place in the format", "NO_PLACE_IN_FORMAT", instead)
    numbers = {_customer_number(order), Party("buyer", order.buyer or {}).get("number_at_seller")} - {None}
    if len(numbers) > 1:
        raise values.refusal(
            "buyer.number_at_seller", "is another than customer.erp_customer_number", "NO_PLACE_IN_FORMAT"
        )
    for line in order.lines:
        values.line_no = line.line_no
        if line.taxes:
            raise values.refusal("taxes", "has no place in the format", "NO_PLACE_IN_FORMAT", _UNSAID["taxes"])
        if line.currency and line.currency != order.currency:
            raise values.refusal("currency", "is not the order's, and the format has one for all", "NO_PLACE_IN_FORMAT")
    values.line_no = None
