"""What was approved: the same order, the same bytes; and what another release wrote is read by its names."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.errors import InDoubtError, RejectedError
from orderflow.domain.order_keys import key_of
from orderflow.domain.orders import AllowanceCharge, Customer, DraftOrder, DraftOrderLine, SourceDocument
from orderflow.domain.revisions import Revision, RevisionChangedError, not_as_approved, write
from orderflow.domain.states import OrderStatus
from orderflow.formats.order_fields import sample_order

MOMENT = datetime(2026, 1, 5, 7, 30, 0, 120, UTC)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
exact = st.decimals(0, 10**12, places=4)
adjustments = st.lists(
    st.builds(AllowanceCharge, texts | st.none(), texts | st.none(), exact, exact | st.none(), exact | st.none()),
    max_size=2,
).map(tuple)
lines = st.builds(
    DraftOrderLine,
    line_no=st.integers(1, 9999),
    internal_sku=texts | st.none(),
    qty=st.decimals(0, 10**12, places=3) | st.none(),
    unit_price=st.decimals(0, 10**12, places=4) | st.none(),
    requested_delivery_date=st.dates() | st.none(),
    id=st.uuids(),
    gtin=texts | st.none(),
    promised_delivery_date=st.dates() | st.none(),
    charges=adjustments,
)
orders = st.builds(
    DraftOrder,
    id=st.uuids(),
    notes=texts | st.none(),
    order_date=st.dates() | st.none(),
    customer=st.builds(Customer, texts | st.none(), texts | st.none(), st.uuids() | st.none()),
    source_document=st.just(SourceDocument()),
    ship_to=st.dictionaries(texts, texts | st.none() | st.integers(), max_size=3) | st.none(),
    seller=st.dictionaries(texts, texts | st.none(), max_size=3) | st.none(),
    payment_terms=texts | st.none(),
    allowances=adjustments,
    lines=st.lists(lines, max_size=3, unique_by=lambda line: line.line_no),
    approved_at=st.datetimes(timezones=st.just(UTC)) | st.none(),
)


def revision_of(content: str) -> Revision:
    return Revision(1, content, sha256(content.encode()).hexdigest(), MOMENT, "lead")


def read(content: str) -> DraftOrder:
    return revision_of(content).order(OrderStatus.APPROVED, None)


@given(orders)
def test_an_order_comes_back_as_it_was_and_in_the_same_bytes(order: DraftOrder) -> None:
    content = write(order)
    back = read(content)
    assert back == replace(order, status=OrderStatus.APPROVED)
    assert write(back) == content
    assert json.loads(content)["id"] == str(order.id)


def test_an_order_without_the_fields_of_later_releases_keeps_the_bytes_that_it_had() -> None:
    line = DraftOrderLine(1, "INT-1", Decimal(10), "M", Decimal("1.5"), customer_sku_raw="AB", id=UUID(int=2))
    order = DraftOrder(
        UUID(int=9),
        "acme",
        "PO-1",
        date(2025, 12, 1),
        "EUR",
        notes="früh",
        customer=Customer("4711", "Muster"),
        ship_to={"city": "Köln", "name": None},
        approved_by="lead",
        approved_at=MOMENT,
        id=UUID(int=1),
        created_at=MOMENT,
        lines=[line],
    )
    assert sha256(write(order).encode()).hexdigest().startswith("782749855db298aa4d2792f9a0de8524")
    key = key_of(order)
    assert key is not None
    assert key.content_sha256.hex().startswith("23225da2319ff2ae98b66a9ee2bfce43")


def test_what_differs_only_in_writing_is_the_same() -> None:
    order = DraftOrder(id=UUID(int=1), ship_to={"a": "1", "bb": "2"}, lines=[DraftOrderLine(1, qty=Decimal(10))])
    other = replace(order, ship_to={"bb": "2", "a": "1"}, customer=Customer(), status=OrderStatus.PUSHED)
    other.lines = [replace(order.lines[0], qty=Decimal("10.00"))]
    assert write(order) == write(other)


def test_lines_that_another_release_wrote_are_read_by_their_names() -> None:
    content = json.loads(write(replace(sample_order(), delivery_in_progress=None)))
    names, rows = content["line_fields"], content["lines"]
    content["line_fields"] = ["carrier", *names[::-1]]
    content["lines"] = [["DHL", *row[::-1]] for row in rows]
    content["carrier"] = "DHL"
    assert read(json.dumps(content)).lines == sample_order().lines
    older = content | {"line_fields": ["line_no", "qty"], "lines": [[7, "1.000"]]}
    assert [(line.line_no, line.qty, line.uom) for line in read(json.dumps(older)).lines] == [(7, Decimal(1), None)]
    assert read(json.dumps(older)).order_date == date(2025, 12, 1)


@pytest.mark.parametrize("harm", ["INT-002", None])
def test_what_is_not_what_was_approved_is_not_read(harm: str | None) -> None:
    revision = revision_of(write(sample_order()))
    other = (revision.content or "").replace("INT-001", harm) if harm else None
    with pytest.raises(RevisionChangedError, match="not what was approved"):
        replace(revision, content=other).order(OrderStatus.APPROVED, None)
    assert isinstance(not_as_approved(staged=False), RejectedError)
    assert isinstance(not_as_approved(staged=True), InDoubtError), "its file may have been published"
