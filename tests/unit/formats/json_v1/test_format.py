"""The published document in both versions: v1 stays as it is to the byte, v2 carries all that an order says."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import export_schema
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import (
    ADJUSTMENTS,
    HEADER,
    LINE_BY_NAME,
    LINE_CONTENT,
    PARTIES,
    TEXTS_BY_NAME,
    AllowanceCharge,
    DraftOrder,
    DraftOrderLine,
)
from orderflow.formats.json_v1 import JsonV1Format, JsonV1Settings
from orderflow.formats.json_v1.document_v2 import export_fields_v2, export_schema_v2
from orderflow.formats.order_fields import sample_order

DELIVERY = Delivery(UUID(int=7), datetime(2026, 11, 29, 10, 15, tzinfo=UTC))
PUBLISHED = Draft202012Validator(export_schema_v2())
words = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
days = st.none() | st.dates(date(1970, 1, 1))
amounts = st.none() | st.decimals(0, 10**13, places=4)
adjustments = st.lists(st.builds(AllowanceCharge, words, words, amounts, amounts, amounts), max_size=2).map(tuple)
parties = st.none() | st.dictionaries(st.text(max_size=9), words, max_size=3)
dates = dict.fromkeys(("earliest_delivery_date", "latest_delivery_date", "promised_delivery_date"), days)
more: dict[str, Any] = {**dates, **dict.fromkeys(ADJUSTMENTS, adjustments)}
lines = st.builds(
    DraftOrderLine,
    line_no=st.integers(1, 10_000),
    internal_sku=st.just("INT-1"),
    qty=st.decimals("0.001", 10**15 - 1, places=3),
    uom=st.just("M"),
    requested_delivery_date=days,
    line_notes=words,
    gtin=st.sampled_from([None, "96385074", "4006381333931"]),
    buyer_article_number=words,
    seller_article_number=words,
    **more,
)
orders = st.builds(
    DraftOrder,
    id=st.just(UUID(int=7)),
    org_slug=st.just("acme"),
    currency=st.just("EUR"),
    source=words,
    delivery_terms=words,
    payment_terms=words,
    approved_by=words,
    lines=st.lists(lines, min_size=1, max_size=3),
    **dict.fromkeys((*PARTIES, "contact", "shipping"), parties),
    **more,
)


def made(order: DraftOrder, version: Any = "v2") -> Document:
    return JsonV1Format().render(order, DELIVERY, JsonV1Settings(export_version=version))


def read(order: DraftOrder) -> Any:
    return json.loads(made(order).content, parse_float=Decimal)


def said(value: Any) -> Any:
    """Return a value of an order as JSON has it."""
    if isinstance(value, tuple):
        return [asdict(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


NOT_FOR_THE_ERP = {"priority"}
"""What an order holds for us alone: its place in our queue."""


@given(orders)
def test_what_an_order_says_goes_out_equal_and_fits_the_published_schema(order: DraftOrder) -> None:
    content = read(order)
    assert list(PUBLISHED.iter_errors(content)) == []
    for name in {*HEADER, *ADJUSTMENTS} - NOT_FOR_THE_ERP - {"taxes"}:
        assert content["header"][name] == said(getattr(order, name))
    assert content["header"].get("taxes", []) == said(order.taxes)
    assert [content.get(name) for name in ("contact", "shipping")] == [order.contact or None, order.shipping or None]
    assert content["parties"] == {name: getattr(order, name) for name in PARTIES}
    for fields_of_line, line in zip(content["lines"], order.lines, strict=True):
        for name in {*LINE_BY_NAME, "requested_delivery_date", "line_notes", "qty"} - {"taxes"}:
            assert fields_of_line[name] == said(getattr(line, name))
        assert fields_of_line.get("taxes", []) == said(line.taxes)


def test_every_field_of_an_order_is_in_version_2() -> None:
    """A field that is added later stands there only where an order has it: name it here then."""
    later = {"taxes"}
    content = read(sample_order())
    names = {name: "description" if name == "product_description" else name for name in LINE_CONTENT}
    assert set(names.values()) - content["lines"][0].keys() == later
    assert {*HEADER, *ADJUSTMENTS} - content["header"].keys() == later | NOT_FOR_THE_ERP
    assert {*TEXTS_BY_NAME} - {*PARTIES} - content.keys() == {"contact", "shipping", "metadata"}
    assert content["header"]["allowances"][0].keys() == {field.name for field in fields(AllowanceCharge)}


@given(orders)
def test_version_1_is_the_same_to_the_byte_whatever_else_an_order_says(order: DraftOrder) -> None:
    less: dict[str, Any] = {**dict.fromkeys(PARTIES), **dict.fromkeys(ADJUSTMENTS, ()), **dict.fromkeys(dates)}
    plain = [DraftOrderLine(line.line_no, line.internal_sku, line.qty, line.uom, id=line.id) for line in order.lines]
    bare = replace(order, **less, source=None, delivery_terms=None, payment_terms=None, lines=plain)
    assert made(order, "v1") == made(bare, "v1")


def test_version_1_of_the_sample_order_has_the_bytes_that_it_had_before_there_was_a_version_2() -> None:
    content = made(sample_order(), "v1").content
    assert sha256(content).hexdigest().startswith("e2c35b9ac3d8d2ff3b89ef00fd302ab2")


def test_version_2_holds_all_of_version_1_under_the_same_names() -> None:
    one, two = json.loads(made(sample_order(), "v1").content), json.loads(made(sample_order(), "v2").content)
    assert two["export_version"] == "orderflow_export_json_v2"
    for name in one.keys() - {"export_version", "header", "lines", "meta"}:
        assert two[name] == one[name]
    for before, after in ((one["header"], two["header"]), *zip(one["lines"], two["lines"], strict=True)):
        assert before.items() <= after.items()
    assert (made(sample_order()).format_version, made(sample_order()).media_type) == (
        "orderflow_export_json_v2",
        "application/json",
    )


def test_the_schema_is_itself_valid_and_that_of_version_1_with_more() -> None:
    Draft202012Validator.check_schema(export_schema_v2())
    one, two = export_schema()["properties"], export_schema_v2()["properties"]
    assert one.keys() <= two.keys()
    for name, field in one["header"]["properties"].items():
        assert two["header"]["properties"][name] == field


FAST = fastjsonschema.compile(export_schema_v2(), use_default=False)


@pytest.mark.parametrize("odd", [None, "", "2025-1-1", True, [], {}, 0, -1, 1.5, [{"amount": 1}]], ids=repr)
@pytest.mark.parametrize(
    "place",
    ["parties", "parties.buyer", "parties.buyer.gln", "header.charges", "lines.0.gtin", "lines.0.charges.0.amount"],
)
def test_the_fast_validator_judges_as_the_published_schema_does(place: str, odd: Any) -> None:
    content = json.loads(json.dumps(export_fields_v2(sample_order()), default=float))
    *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    parent = content
    for step in steps:
        parent = parent[step]
    parent[last] = odd
    try:
        FAST(content)
        accepted = True
    except fastjsonschema.JsonSchemaValueException:
        accepted = False
    assert accepted is PUBLISHED.is_valid(content)


def test_an_order_that_does_not_fit_is_rejected_with_the_place() -> None:
    order = replace(sample_order(), seller={"name": 7})
    with pytest.raises(RejectedError, match=r"does not fit orderflow_export_json_v2: parties\.seller\.name must"):
        made(order)


def test_the_form_chooses_the_version_and_the_preview_shows_it() -> None:
    connector, config = DropzoneJsonV1Connector(), {"mode": "filesystem", "export_path": "/out"}
    for chosen, version in (({}, 1), ({"export_version": "v1"}, 1), ({"export_version": "v2"}, 2)):
        shown = connector.preview(sample_order(), config | chosen)
        assert json.loads(shown.document.content)["export_version"] == f"orderflow_export_json_v{version}"
