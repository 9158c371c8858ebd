"""Orders for all dialects, and any order that all of them can say."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine

MOMENT = datetime(2026, 11, 29, 10, 15, tzinfo=UTC)


def delivery(control_number: int = 7, **more: Any) -> Delivery:
    return Delivery(UUID(int=4), MOMENT, control_number=control_number, **more)


def line(number: int = 1, **fields: Any) -> DraftOrderLine:
    given: dict[str, Any] = {
        "internal_sku": "WIDGET-001",
        "qty": Decimal(5),
        "uom": "PCE",
        "unit_price": Decimal("12.5"),
    } | fields
    return DraftOrderLine(number, **given)


def an_order(*lines: DraftOrderLine, **fields: Any) -> DraftOrder:
    given: dict[str, Any] = {
        "id": UUID(int=1),
        "external_order_number": "PO-1",
        "order_date": date(2026, 11, 1),
        "currency": "EUR",
        "customer": Customer("4711", "Muster GmbH"),
        "lines": list(lines) or [line()],
    }
    return DraftOrder(**given | fields)


Alphabet = str | st.SearchStrategy[str]


def texts(longest: int, alphabet: Alphabet) -> st.SearchStrategy[str]:
    """Return texts that fit into one element: no blank at an end."""
    return st.text(alphabet, min_size=1, max_size=longest).map(str.strip).filter(len)


def words(alphabet: Alphabet, most: int = 20) -> st.SearchStrategy[str]:
    """Return texts of words, one blank between each."""
    plain = alphabet.replace(" ", "") if isinstance(alphabet, str) else alphabet
    return st.lists(st.text(plain, min_size=1, max_size=20), min_size=1, max_size=most).map(" ".join)


def orders(alphabet: Alphabet) -> st.SearchStrategy[DraftOrder]:
    days = st.none() | st.dates(date(1970, 1, 1), date(2100, 1, 1))
    lines = st.builds(
        DraftOrderLine,
        st.just(0),
        texts(30, alphabet),
        st.decimals("0.001", "9999999", places=3),
        st.sampled_from(["PCE", "KGM", "MTR"]),
        st.none() | st.decimals("0", "9999999", places=4),
        product_description=st.none() | words(alphabet),
        requested_delivery_date=days,
        id=st.just(UUID(int=2)),
    )
    made = st.builds(
        an_order,
        external_order_number=texts(20, alphabet),
        order_date=days,
        requested_delivery_date=days,
        notes=st.none() | words(alphabet),
        customer=st.builds(Customer, texts(20, alphabet).filter(lambda number: len(number) > 1), words(alphabet, 3)),
        lines=st.lists(lines, min_size=1, max_size=5),
    )
    return made.map(_numbered)


def _numbered(order: DraftOrder) -> DraftOrder:
    for number, one in enumerate(order.lines, 1):
        one.line_no = number
    return order
