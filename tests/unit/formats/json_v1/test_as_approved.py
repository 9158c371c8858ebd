"""A document is made of what was approved without a look at its lines: byte for byte what they would have made."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import export_document
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import AllowanceCharge, DraftOrder, DraftOrderLine
from orderflow.domain.revisions import Revision, write
from orderflow.domain.states import OrderStatus
from orderflow.formats.json_v1.document_v2 import export_document_v2

DELIVERY = Delivery(UUID(int=7), datetime(2026, 1, 5, tzinfo=UTC))
VERSIONS = pytest.mark.parametrize("made", [export_document, export_document_v2])
Make = Callable[[DraftOrder, Delivery], Document]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
codes = st.none() | st.sampled_from(["", "EUR", "EUR\n", "eur", "€"])
numbers = st.decimals(-100, 10**14, places=4) | st.sampled_from([Decimal(0), Decimal("-0.0000"), Decimal("NaN")])
plain = st.builds(
    DraftOrderLine,
    line_no=st.integers(1, 10_000),
    internal_sku=texts.filter(bool),
    qty=st.decimals("0.001", 10**15 - 1, places=3),
    uom=texts.filter(bool),
    unit_price=st.none() | st.decimals(-(10**4), 10**14, places=4),
    currency=st.sampled_from([None, "", "EUR", "USD"]),
    customer_sku_raw=st.none() | texts,
    product_description=st.none() | texts,
    requested_delivery_date=st.none() | st.dates(),
    line_notes=st.none() | texts,
)
odd = st.builds(
    DraftOrderLine,
    line_no=st.integers(-1, 3),
    internal_sku=st.none() | texts,
    qty=st.none() | numbers,
    uom=st.none() | texts,
    unit_price=st.none() | numbers,
    currency=codes,
)
said_by_few = st.builds(
    DraftOrderLine,
    line_no=st.integers(1, 3),
    internal_sku=st.just("A"),
    qty=st.just(Decimal(1)),
    uom=st.just("M"),
    gtin=st.none() | st.sampled_from(["4006381333931", "4"]),
    promised_delivery_date=st.none() | st.dates(),
    taxes=st.sampled_from([(), (AllowanceCharge("S", percent=Decimal("19.0")),)]),
)


def order_of(lines: st.SearchStrategy[list[DraftOrderLine]]) -> st.SearchStrategy[DraftOrder]:
    return st.builds(
        DraftOrder, org_slug=st.sampled_from(["acme", ""]), currency=codes | st.just("EUR"), notes=texts, lines=lines
    )


def approved(order: DraftOrder) -> DraftOrder:
    content = write(order)
    revision = Revision(1, content, sha256(content.encode()).hexdigest(), datetime.now(UTC), None)
    return revision.order(OrderStatus.APPROVED, None)


def looked_at(order: DraftOrder) -> DraftOrder:
    assert isinstance(order.lines, list)
    assert order.unread_lines is None
    return order


def outcome(make: Make, order: DraftOrder) -> Document | str:
    try:
        return make(order, DELIVERY)
    except RejectedError as error:
        return error.message


@VERSIONS
@given(order_of(st.lists(plain, min_size=1, max_size=4)))
@example(DraftOrder(org_slug="acme", currency="EUR", lines=[DraftOrderLine(1, 'A\\"\u2028\x1f', Decimal(10), "M")]))
def test_what_was_approved_makes_the_bytes_that_its_lines_make(made: Make, order: DraftOrder) -> None:
    unread = approved(order)
    assert outcome(made, unread) == outcome(made, looked_at(approved(order)))
    assert unread.unread_lines is not None, "no object was made for each line"


@VERSIONS
@given(order_of(st.lists(plain | odd | said_by_few, max_size=3)))
def test_what_does_not_fit_is_told_as_if_its_lines_had_been_looked_at(made: Make, order: DraftOrder) -> None:
    assert outcome(made, approved(order)) == outcome(made, looked_at(approved(order)))


@VERSIONS
def test_a_line_that_somebody_looked_at_is_written_as_they_left_it(made: Make) -> None:
    order = approved(DraftOrder(org_slug="acme", currency="EUR", lines=[DraftOrderLine(1, "A", Decimal(1), "M")]))
    order.lines[0].qty = Decimal(3)
    assert json.loads(made(order, DELIVERY).content)["lines"][0]["qty"] == 3
    order = approved(order)
    order.lines = [*order.lines, DraftOrderLine(2, "B", Decimal(2), "M")]
    assert len(json.loads(made(order, DELIVERY).content)["lines"]) == 2


def test_an_older_release_gave_other_places_to_the_values_of_a_line() -> None:
    order = DraftOrder(org_slug="acme", currency="EUR", lines=[DraftOrderLine(1, "A", Decimal(1), "M")])
    content = json.loads(write(order))
    content["line_fields"].reverse()
    content["lines"][0].reverse()
    text = json.dumps(content)
    older = Revision(1, text, sha256(text.encode()).hexdigest(), datetime.now(UTC), None)
    read = older.order(OrderStatus.APPROVED, None)
    assert export_document(read, DELIVERY) == export_document(looked_at(approved(order)), DELIVERY)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, replace, lambda order: pickle.loads(pickle.dumps(order))])
def test_an_order_whose_lines_nobody_looked_at_is_an_order_like_others(
    copied: Callable[[DraftOrder], DraftOrder],
) -> None:
    line = DraftOrderLine(1, "A", Decimal("1.000"), "M", gtin="4006381333931", promised_delivery_date=date(2026, 1, 5))
    order = replace(approved(DraftOrder()), lines=[line])
    assert copied(approved(order)) == approved(order) == order
    assert repr(approved(order)) == repr(order)
    with pytest.raises(AttributeError, match="'DraftOrder' object has no attribute 'line'"):
        _ = approved(order).line  # type: ignore[attr-defined]  # that is what it is about
