from __future__ import annotations

import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.errors import InputError
from orderflow.domain.orders import AllowanceCharge, DraftOrder, missing_for_ready
from orderflow.flow.order.incoming import MOST_LINES
from orderflow.flow.order.reading import decode_order, read_order

LINE: dict[str, Any] = {"line_no": 1, "internal_sku": "INT-9", "qty": 10, "uom": "M", "unit_price": Decimal("1.23")}
ORDER: dict[str, Any] = {"currency": "EUR", "customer": {"erp_customer_number": "4711"}, "lines": [LINE]}

quantities = st.decimals(0, 10**15 - 1, places=3)
prices = st.decimals(-(10**14) + 1, 10**14 - 1, places=4)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["lines", "customer", "ship_to", "order_date", "currency", "source_document", "notes", "x"])


def faults_of(value: object) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        read_order(value)
    return {fault["field"]: fault["message"] for fault in caught.value.details["fields"]}


def content(order: DraftOrder) -> dict[str, Any]:
    """Return what was said in the order: all but the ids that it was given."""
    said = asdict(order) | {"id": None}
    said["lines"] = [line | {"id": None} for line in said["lines"]]
    return said


def with_line(**changes: object) -> dict[str, object]:
    return ORDER | {"lines": [LINE | changes]}


def test_every_field_finds_its_place():
    order = read_order(
        ORDER
        | {
            "external_order_number": "PO-1",
            "order_date": "2025-12-01",
            "ship_to": {"city": "Köln", "region": None},
            "source_document": {"file_name": "order.pdf", "sha256": "ab" * 32},
            "lines": [LINE | {"description": "Kabel", "line_notes": "n", "requested_delivery_date": "2025-12-02"}],
        }
    )
    assert order.ship_to == {"city": "Köln", "region": None}
    assert (order.lines[0].product_description, order.lines[0].line_notes) == ("Kabel", "n")
    assert str(order.order_date) == "2025-12-01"
    assert order.source_document
    assert order.source_document.sha256 == "ab" * 32
    assert missing_for_ready(order) == []


PARTY = {"name": "Muster GmbH", "city": "Köln", "gln": "4012345000009", "vat": "DE123456788", "anything": None}
MORE = {
    **dict.fromkeys(("buyer", "seller", "ship_to", "bill_to"), PARTY),
    "payment_terms": "30 days net",
    "earliest_delivery_date": "2025-12-01",
    "latest_delivery_date": "2025-12-03",
    "promised_delivery_date": "2025-12-02",
    "allowances": [{"code": "95", "reason": "Rabatt", "percent": Decimal("2.5"), "base_amount": 100}],
    "charges": [{"amount": Decimal("4.90")}, {"amount": "0.0001"}],
}
MORE_OF_LINE = {name: value for name, value in MORE.items() if not isinstance(value, dict | str)} | {
    "gtin": "04012345123456",
    "buyer_article_number": "B-1",
    "seller_article_number": "S-1",
    "promised_delivery_date": "2025-12-02",
}


def test_more_of_an_order_finds_its_place_in_one_step_and_field_by_field():
    more = {"gtin": "4006381333931", "charges": [{"amount": 1}]}
    value = with_line(**MORE_OF_LINE) | MORE
    order = read_order(value)
    assert (order.buyer, order.seller, order.bill_to) == (PARTY, PARTY, PARTY)
    assert order.allowances == (AllowanceCharge("95", "Rabatt", None, Decimal("2.5"), Decimal(100)),)
    assert [charge.amount for charge in order.charges] == [Decimal("4.9"), Decimal("0.0001")]
    line = order.lines[0]
    assert (line.gtin, line.buyer_article_number, line.seller_article_number) == ("04012345123456", "B-1", "S-1")
    assert (line.allowances, line.charges) == (order.allowances, order.charges)
    assert str(line.promised_delivery_date) == "2025-12-02"
    decoded = decode_order(msgspec.json.encode(value))
    assert decoded is not None
    assert content(decoded) == content(order)
    assert read_order(with_line(**more) | {"allowances": None}).allowances == ()


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"buyer": {"gln": "4012345000008"}}, "buyer.gln", "check digit would be 9"),
        ({"buyer": {"city": 7}}, "buyer.city", "must be text"),
        ({"allowances": [{"amount": "x"}]}, "allowances[0].amount", "must be a number"),
        ({"charges": [{"amount": "\u0661"}]}, "charges[0].amount", "digits 0 to 9"),
        ({"charges": [{"amount": Decimal("0.00001")}]}, "charges[0].amount", "at most 4 decimals"),
        ({"charges": [{"amount": -1}]}, "charges[0].amount", "must not be below 0"),
        ({"charges": [{"sum": 1}]}, "charges[0].sum", "is not a known field"),
        ({"charges": [{"amount": 1}] * 101}, "charges", "the limit is 100"),
        ({"charges": {"amount": 1}}, "charges", "must be a list"),
        ({"latest_delivery_date": "2025-12-31T10:00"}, "latest_delivery_date", "must be a date"),
    ],
)
def test_what_is_wrong_in_more_of_an_order_is_told_with_its_place(changes, field, message):
    assert message in faults_of(ORDER | changes)[field]
    if not isinstance(changes.get("buyer"), dict):
        assert message in faults_of(with_line(**changes))[f"lines[0].{field}"]
    assert decode_order(msgspec.json.encode(ORDER | changes)) is None


@given(quantities, prices)
def test_numbers_within_the_limits_stay_exact(qty, price):
    line = read_order(with_line(qty=qty, unit_price=price)).lines[0]
    assert (line.qty, line.unit_price) == (qty, price)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"qty": Decimal("0.0001")}, "lines[0].qty", "at most 3 decimals"),
        ({"qty": 10**15}, "lines[0].qty", "at most 15 digits"),
        ({"qty": Decimal("1e400")}, "lines[0].qty", "at most 15 digits"),
        ({"qty": Decimal("NaN")}, "lines[0].qty", "must be a number"),
        ({"qty": True}, "lines[0].qty", "must be a number, not true or false"),
        ({"unit_price": Decimal("1.00001")}, "lines[0].unit_price", "at most 4 decimals"),
        ({"unit_price": 10**14}, "lines[0].unit_price", "at most 14 digits"),
        ({"line_no": 0}, "lines[0].line_no", "from 1"),
        ({"price": 1}, "lines[0].price", "not a known field"),
        ({"uom": 5}, "lines[0].uom", "must be text, not a whole number"),
        ({"uom": "a\0b"}, "lines[0].uom", "NUL"),
        ({"uom": "\ud800"}, "lines[0].uom", "surrogate"),
        ({"internal_sku": "A\x1b[31m"}, "lines[0].internal_sku", "control character, \\x1b"),
        ({"qty": "\uff11\uff12"}, "lines[0].qty", "digits 0 to 9"),
        ({"qty": "1_000"}, "lines[0].qty", "digits 0 to 9"),
        ({"unit_price": "\u0663"}, "lines[0].unit_price", "digits 0 to 9"),
        ({"internal_sku": "x" * 201}, "lines[0].internal_sku", "limit is 200"),
        ({"currency": "Euro"}, "lines[0].currency", "ISO 4217"),
        ({"requested_delivery_date": "1.12.2025"}, "lines[0].requested_delivery_date", "as 2025-12-31"),
        ({"requested_delivery_date": "0999-01-01"}, "lines[0].requested_delivery_date", "1900 to 2999"),
    ],
)
def test_a_fault_names_its_field_and_its_limit(changes, field, message):
    faults = faults_of(with_line(**changes))
    assert list(faults) == [field]
    assert message in faults[field]
    assert decode_order(json.dumps(with_line(**changes), default=str).encode()) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"external_order_number": "PO-\x7f"},
        {"external_order_number": "PO-\x85\x80"},
        {"customer": {"erp_customer_number": "x" * 201}},
        {"customer": {"erp_customer_number": "47\x1b11"}},
        {"order_date": "0999-01-01"},
        {"lines": [LINE, LINE]},
        {"lines": [LINE, LINE | {"line_no": 2**31}]},
        {"lines": [LINE | {"qty": "1e-9"}]},
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_short_look_at_a_text_misses_no_fault(changes, ascii_only):
    text = json.dumps(ORDER | {"order_date": "2026-01-31"}, default=str, ensure_ascii=ascii_only)
    assert decode_order(text.encode()) is not None
    faults_of(ORDER | changes)
    assert decode_order(json.dumps(ORDER | changes, default=str, ensure_ascii=ascii_only).encode()) is None


def test_codes_are_kept_as_they_are_compared():
    order = read_order(ORDER | {"external_order_number": "PO-7\u00a0 a\u200b", "notes": "as  it\u200b was"})
    assert (order.external_order_number, order.notes) == ("PO-7 a", "as  it\u200b was")
    order = read_order(with_line(internal_sku="\u200b", uom="\u00a0"))
    assert len(missing_for_ready(order)) == 2


def test_all_faults_are_told_at_once_and_an_order_is_limited_in_lines():
    faults = faults_of(ORDER | {"currency": "euro", "lines": [LINE, LINE]})
    assert set(faults) == {"currency", "lines[0].line_no", "lines[1].line_no"}
    assert "limit is 10000" in faults_of(ORDER | {"lines": [LINE] * (MOST_LINES + 1)})["lines"]


def test_everything_of_another_type_is_told_at_once():
    wrong = {"notes": 5, "x": 1, "customer": {"name": [], "vat": ""}, "ship_to": {"city": 1}, "order_date": "today"}
    faults = faults_of(wrong | {"lines": [{"qty": "ten"}, LINE, None, 5]})
    assert faults == {
        "notes": "must be text, not a whole number",
        "x": "is not a known field",
        "customer.name": "must be text, not a list",
        "customer.vat": "is not a known field",
        "ship_to.city": "must be text, not a whole number",
        "order_date": "must be a date, as 2025-12-31",
        "lines[0].line_no": "is required",
        "lines[0].qty": "must be a number",
        "lines[2]": "must be an object, not null",
        "lines[3]": "must be an object, not a whole number",
    }
    assert faults_of(["an order"]) == {"": "must be an object, not a list"}
    assert faults_of({"x" * 1_000_000: 1}) == {"x" * 200: "is not a known field"}


def test_what_is_missing_or_null_is_for_review_not_for_refusal():
    nothing = dict.fromkeys(("internal_sku", "qty", "uom", "unit_price"))
    order = read_order({"customer": None, "currency": "", "lines": [{"line_no": 1, **nothing}]})
    assert len(missing_for_ready(order)) == 5
    assert isinstance(read_order({}), DraftOrder)


@given(st.dictionaries(fields, json_values))
def test_whatever_comes_ends_as_an_order_or_a_named_fault(value):
    try:
        order = read_order(value)
    except InputError as error:
        named = error.details["fields"]
    else:
        named = [order.id]
    assert named


some_lines = st.lists(
    st.fixed_dictionaries(
        {"line_no": st.integers(0, 4)},
        optional={
            "qty": st.none() | st.integers() | st.decimals(-(10**6), 10**6, places=4) | st.text("0123.eN", max_size=5),
            "unit_price": st.none() | prices,
            "uom": st.none() | st.text(max_size=201),
            "currency": st.sampled_from(["EUR", "", "euro"]),
            "requested_delivery_date": st.sampled_from(["2025-12-31", "1899-12-31", "2025-12-31T10:00:00Z", 5]),
        },
    ),
    max_size=3,
)
addresses = st.none() | st.dictionaries(
    st.text(max_size=5), st.none() | st.text(max_size=5) | st.integers(), max_size=3
)


@given(st.dictionaries(fields, json_values) | st.fixed_dictionaries({"lines": some_lines, "ship_to": addresses}))
def test_a_text_is_the_order_that_its_value_is(value):
    """The short way from a text, and the long one that names what is wrong, differ in nothing but that."""
    text = msgspec.json.encode(value, enc_hook=str)
    try:
        expected = read_order(json.loads(text, parse_float=Decimal))
    except InputError:
        assert decode_order(text) is None
    else:
        found = decode_order(text)
        assert found or looks_like_a_name_twice(text), "only that is left to the long way"
        assert found is None or content(found) == content(expected)


def looks_like_a_name_twice(text: bytes) -> bool:
    """Return whether a text, which is one line without blanks, holds the end of a name where there is none."""
    names = 0

    def count(pairs: list[tuple[str, Any]]) -> None:
        nonlocal names
        names += len(pairs)

    json.loads(text, object_pairs_hook=count)
    return text.count(b'":') > names


@given(st.binary() | st.text(alphabet='{}[]":,1.e+-linesqty_o\\u').map(str.encode))
def test_no_bytes_end_in_anything_but_an_order_or_a_refusal(text):
    if decode_order(text) is not None:
        json.loads(text)


@pytest.mark.parametrize(
    "text", ["1" * 60_000 + "_1", "1" * 60_000 + "x", " " * 60_000 + "x", "1e" + "1" * 60_000 + "x"]
)
def test_a_number_that_is_none_is_seen_at_once_however_long(text):
    assert decode_order(json.dumps(with_line(qty=text, unit_price=1)).encode()) is None
    assert "lines[0].qty" in faults_of(with_line(qty=text))
