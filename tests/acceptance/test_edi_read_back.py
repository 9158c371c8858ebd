"""Many orders in EDIFACT and X12, read back by pydifact and mock-edi: equal to the orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from mockedi import edifact, transactions, x12
from pydifact.segmentcollection import Interchange

from orderflow.domain.delivery import Delivery
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.formats.edifact import EdifactFormat, EdifactSettings
from orderflow.formats.format import Format
from orderflow.formats.x12 import X12Format, X12Settings
from tests.many_orders import many_orders

COUNTRIES = {
    "Argentina": "AR", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Denmark": "DK",
    "Finland": "FI", "France": "FR", "Germany": "DE", "Ireland": "IE", "Italy": "IT", "Mexico": "MX", "Norway": "NO",
    "Poland": "PL", "Portugal": "PT", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "UK": "GB", "USA": "US",
    "Venezuela": "VE",
}  # fmt: skip
REGIONS = {"Nueva Esparta": "NE", "Isle of Wight": "IOW"}
PARTNERS: dict[str, Any] = {"sender": "EURODIS", "receiver": "MOCKEDI", "countries": COUNTRIES}
EDIFACT = EdifactSettings(letters="UNOY", regions=REGIONS, units={"KG": "KGM", "M": "MTR", "BOX": "XBX"}, **PARTNERS)
X12 = X12Settings(
    encoding="utf-8", element_separator="0x1D", component_separator="0x1F", units={"M": "MR", "BOX": "BX"}, **PARTNERS
)
PARTIES = {"ship_to": ("DP", "ST"), "bill_to": ("IV", "BT")}
DELIVERY = Delivery(UUID(int=4), datetime(2026, 11, 29, 10, 15, tzinfo=UTC), control_number=7)

large = pytest.mark.large
how_many = pytest.mark.parametrize("most", [25, pytest.param(None, marks=large, id="all")])


@pytest.fixture
def orders(most: int | None) -> list[DraftOrder]:
    return many_orders(most)


def written(form: Format, orders: list[DraftOrder], settings: Any) -> Iterator[tuple[DraftOrder, str]]:
    """Yield orders and their documents; one that the dialect cannot say is refused for a field of it."""
    refused = []
    for order in orders:
        try:
            document = form.render(order, DELIVERY, settings)
        except RejectedError as error:
            refused.append(error.details["field"])
        else:
            yield order, document.content.decode()
    assert all(refused)
    assert len(refused) <= len(orders) / 10


def said(order: DraftOrder) -> list[Any]:
    """Return what an order says, in the words of a reader that has no place for what is missing."""
    lines = [(str(one.line_no), one.internal_sku, one.qty, one.unit_price or 0, _text(one.product_description))
             for one in order.lines]  # fmt: skip
    customer = order.customer.erp_customer_number if order.customer else None
    day = order.order_date or date(2026, 11, 29)
    return [order.external_order_number, day, order.requested_delivery_date, order.currency, customer, lines]


def understood(message: Any, dialect: str) -> list[Any]:
    """Return what mock-edi reads."""
    read = transactions.read_order(message, dialect)
    lines = [(one.number, one.sku, one.quantity, one.price, one.description) for one in read.lines]
    buyer = read.parties["BY"].identifier
    return [read.po_number, read.ordered_on, read.requested_on, read.currency, buyer, lines]


def _text(text: str | None) -> str:
    return (text or "").strip()


@how_many
def test_another_program_reads_the_same_order_from_edifact(orders: list[DraftOrder]) -> None:
    for order, document in written(EdifactFormat(), orders, EDIFACT):
        (message,) = edifact.parse(document).groups[0].messages
        assert understood(message, "EDIFACT") == said(order)


@how_many
def test_another_program_reads_the_same_order_from_x12(orders: list[DraftOrder]) -> None:
    for order, document in written(X12Format(), orders, X12):
        (message,) = x12.parse(document).groups[0].messages
        assert understood(message, "X12") == said(order)
        addresses = {one.get(1): one.get(2) for one in message.segments if one.tag == "N1"}
        assert addresses.items() >= names(order, 1).items()
        texts = [one.get(1) for one in message.segments if one.tag == "MSG"]
        assert " ".join(texts) == notes(order)


@how_many
@pytest.mark.filterwarnings("ignore:segments.xml not found")  # it ships none
def test_pydifact_finds_the_same_letters(orders: list[DraftOrder]) -> None:
    for order, document in written(EdifactFormat(), orders, EDIFACT):
        (message,) = Interchange.from_str(document).get_messages()
        parties = [segment.elements for segment in message.get_segments("NAD")]
        named = {party[0]: " ".join(listed(party[3])) for party in parties if len(party) > 3}
        assert named.items() >= names(order, 0).items()
        quantities = [Decimal(segment.elements[0][1]) for segment in message.get_segments("QTY")]
        assert quantities == [line.qty for line in order.lines]
        texts = [" ".join(listed(segment.elements[3])) for segment in message.get_segments("FTX")]
        assert " ".join(texts) == notes(order)


def names(order: DraftOrder, dialect: int) -> dict[str, str]:
    """Return the names of those whom a reader of one dialect finds by their roles."""
    given = {role: getattr(order, role) for role in PARTIES}
    return {PARTIES[role][dialect]: _text(party["name"]) for role, party in given.items() if party}


def notes(order: DraftOrder) -> str:
    texts = [order.notes, *(line.line_notes for line in order.lines)]
    return " ".join(filter(None, map(_text, texts)))


def listed(element: Any) -> Iterator[str]:
    return iter(element if isinstance(element, list) else [element])
