"""`orderflow_export_json_v1`: exactly the published fields, exact numbers, the same bytes every time."""

import copy
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import fastjsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from orderflow.domain.delivery import Delivery
from orderflow.domain.document import exact, export_document, export_filename, export_schema
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine, SourceDocument

PUBLISHED = Draft202012Validator(export_schema())
ORDER = UUID("0193f4a0-0000-7000-8000-000000000001")
EXPORT = UUID("0193f4a0-0000-7000-8000-0000deadbeef")


def full_order():
    return DraftOrder(
        id=ORDER,
        org_slug="acme",
        approved_at=datetime(2025, 12, 26, 11, tzinfo=timezone(timedelta(hours=1))),
        customer=Customer("4711", "Muster GmbH", UUID(int=5)),
        external_order_number="PO-12345",
        order_date=date(2025, 12, 1),
        currency="EUR",
        requested_delivery_date=date(2025, 12, 10),
        lines=[
            DraftOrderLine(1, "INT-999", Decimal("10.000"), "M", Decimal("1.2300"), None, "AB-123", "Kabel NYM-J 3x1,5")
        ],
        created_by="ops@acme.de",
        source_document=SourceDocument(UUID(int=6), "order.pdf", "ab" * 32),
        delivery_in_progress=Delivery(EXPORT, datetime(2025, 12, 26, 10, 0, 1, tzinfo=UTC)),
    )


def one_line(**changes):
    order = full_order()
    return replace(order, lines=[replace(order.lines[0], **changes)])


def read(order):
    """The document as a reader sees it that keeps numbers exact."""
    return json.loads(export_document(order).content, parse_float=Decimal)


def test_the_document_is_the_one_of_the_specification():
    assert read(full_order()) == {
        "export_version": "orderflow_export_json_v1",
        "org_slug": "acme",
        "draft_order_id": str(ORDER),
        "approved_at": "2025-12-26T10:00:00Z",
        "customer": {"id": str(UUID(int=5)), "erp_customer_number": "4711", "name": "Muster GmbH"},
        "header": {
            "external_order_number": "PO-12345",
            "order_date": "2025-12-01",
            "currency": "EUR",
            "requested_delivery_date": "2025-12-10",
            "notes": None,
        },
        "lines": [
            {
                "line_no": 1,
                "internal_sku": "INT-999",
                "qty": 10,
                "uom": "M",
                "unit_price": Decimal("1.23"),
                "currency": "EUR",
                "customer_sku_raw": "AB-123",
                "description": "Kabel NYM-J 3x1,5",
            }
        ],
        "meta": {
            "created_by": "ops@acme.de",
            "source_document": {"document_id": str(UUID(int=6)), "file_name": "order.pdf", "sha256": "ab" * 32},
        },
    }


def test_the_schema_is_itself_valid():
    Draft202012Validator.check_schema(export_schema())


def test_nulls_are_written_never_left_out():
    line = DraftOrderLine(1, "INT-999", Decimal(1), "M")
    bare = read(DraftOrder(org_slug="acme", currency="EUR", lines=[line]))
    assert bare["approved_at"] is None
    assert bare["customer"] == {"id": None, "erp_customer_number": None, "name": None}
    assert bare["header"].pop("currency") == "EUR"
    assert len(bare["header"]) == 4
    assert set(bare["header"].values()) == {None}
    assert bare["lines"][0]["unit_price"] is None
    assert bare["lines"][0]["currency"] == "EUR"
    assert bare["meta"]["source_document"] == {"document_id": None, "file_name": None, "sha256": None}


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("123456789012345.678", "123456789012345.678"),
        ("0.001", "0.001"),
        ("0.1", "0.1"),
        ("10.000", "10"),
        ("1E+2", "100"),
        ("1E-3", "0.001"),
        ("999999999999999.999", "999999999999999.999"),
    ],
)
def test_numbers_stand_in_the_file_digit_by_digit(number, written):
    assert f'"qty":{written},'.encode() in export_document(one_line(qty=Decimal(number))).content


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**14), max_value=10**14))
def test_a_price_survives_the_way_through_the_file(price):
    content = export_document(one_line(unit_price=price)).content
    assert json.loads(content, parse_float=Decimal, parse_int=Decimal)["lines"][0]["unit_price"] == price
    assert not re.search(rb'"unit_price":[-0-9.]*[eE]', content)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_its_value_and_loses_only_zeros(number):
    made = exact(number)
    assert made == number
    assert isinstance(made, int) or not str(f"{made:f}").endswith("0")


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("field", ["qty", "unit_price"])
def test_what_json_cannot_say_is_refused(field, number):
    with pytest.raises(RejectedError, match="where a number is needed"):
        export_document(one_line(**{field: Decimal(number)}))


words = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
lines = st.builds(
    DraftOrderLine,
    line_no=st.integers(1, 10_000),
    internal_sku=names,
    qty=st.decimals("0.001", 10**15 - 1, places=3),
    uom=names,
    unit_price=st.none() | st.decimals(0, 10**14, places=4),
    currency=st.sampled_from([None, "EUR", "USD"]),
    customer_sku_raw=words,
    product_description=words,
)
orders = st.builds(
    DraftOrder,
    org_slug=names,
    approved_at=st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()),  # noqa: DTZ001  # hypothesis adds the zone
    currency=st.sampled_from(["EUR", "USD", "JPY"]),
    customer=st.none() | st.builds(Customer, words, words, st.none() | st.uuids()),
    external_order_number=words,
    order_date=st.none() | st.dates(date(1970, 1, 1)),
    notes=words,
    lines=st.lists(lines, min_size=1, max_size=4),
    created_by=words,
    source_document=st.none() | st.builds(SourceDocument, st.none() | st.uuids(), words, words),
)


@given(orders)
def test_every_order_that_is_ready_makes_a_valid_document_with_its_text_intact(order):
    content = read(order)
    assert list(PUBLISHED.iter_errors(content)) == []
    assert content["header"]["notes"] == order.notes
    assert [line["description"] for line in content["lines"]] == [line.product_description for line in order.lines]


@given(orders)
def test_the_same_order_and_delivery_give_the_same_name_and_bytes(order):
    order.delivery = Delivery(EXPORT, datetime(2025, 12, 26, 10, tzinfo=UTC))
    again = copy.deepcopy(order)
    again.delivery.attempt_no = 7
    assert export_document(order) == export_document(again)


ODD: list[Any] = [None, "", "eur", "EUR", "2025-1-1", "2025-12-26T10:00:00+00:00", True, [], {}]
ODD += [0, -1, 1, 1.5, Decimal("0.5")]
PLACES = [
    ("export_version",), ("org_slug",), ("draft_order_id",), ("approved_at",), ("customer",), ("customer", "id"),
    ("header", "order_date"), ("header", "currency"), ("header", "surprise"), ("lines",), ("lines", 0, "line_no"),
    ("lines", 0, "internal_sku"), ("lines", 0, "qty"), ("lines", 0, "unit_price"), ("lines", 0, "currency"),
    ("lines", 0, "surprise"), ("meta", "source_document"), ("meta", "source_document", "sha256"), ("surprise",),
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_the_fast_validator_judges_as_the_published_schema_does(place, odd):
    content = read(full_order())
    parent = content
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = odd
    assert accepts_fast(content) is PUBLISHED.is_valid(content)


@pytest.mark.parametrize("place", [place for place in PLACES if "surprise" not in place])
def test_both_validators_miss_a_field_that_is_left_out(place):
    content = read(full_order())
    parent = content
    for step in place[:-1]:
        parent = parent[step]
    del parent[place[-1]]
    assert accepts_fast(content) is PUBLISHED.is_valid(content) is False


FAST = fastjsonschema.compile(export_schema(), use_default=False)


def accepts_fast(content):
    try:
        FAST(content)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


@pytest.mark.parametrize(
    ("order", "place"),
    [
        (one_line(qty=Decimal(0)), r"lines\[0\]\.qty"),
        (one_line(internal_sku=None), r"lines\[0\]\.internal_sku"),
        (one_line(currency="euro"), r"lines\[0\]\.currency"),
        (replace(full_order(), currency=None), r"header\.currency"),
        (replace(full_order(), lines=[]), "lines"),
        (replace(full_order(), org_slug=None), "org_slug"),
    ],
)
def test_an_order_that_does_not_fit_is_rejected_with_the_place(order, place):
    with pytest.raises(RejectedError, match=rf"does not fit orderflow_export_json_v1: {place} must ") as rejected:
        export_document(order)
    assert rejected.value.code == "DOCUMENT_INVALID"


def test_the_file_name_says_which_order_when_and_which_export():
    assert export_document(full_order()).filename == f"sales_order_{ORDER}_20251226T100001Z_deadbeef.json"


@given(st.uuids(), st.uuids(), st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001  # hypothesis adds the zone
def test_every_file_name_is_plain_and_in_utc(order_id, export_id, moment):
    name = export_filename(order_id, Delivery(export_id, moment))
    found = re.fullmatch(r"sales_order_([0-9a-f-]{36})_(\d{8}T\d{6})Z_[0-9a-f]{8}\.json", name)
    assert found
    assert UUID(found[1]) == order_id
    written = datetime.strptime(found[2], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    assert written == moment.astimezone(UTC).replace(microsecond=0)


def test_five_hundred_lines_stay_in_order():
    line = full_order().lines[0]
    order = replace(full_order(), lines=[replace(line, line_no=number) for number in range(1, 501)])
    assert [line["line_no"] for line in read(order)["lines"]] == list(range(1, 501))


def test_text_is_utf_8_as_it_was_written():
    description = 'Kabel 3x1,5 mm² «grün» 電線 🧵 \\ " \n'
    content = export_document(one_line(product_description=description)).content
    assert "電線 🧵".encode() in content
    assert json.loads(content.decode("utf-8"))["lines"][0]["description"] == description
