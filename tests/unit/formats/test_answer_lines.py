"""Lines in an answer file: read as the schema says, or refused; never taken for more than they say."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from orderflow.domain.answer_details import Details, Level, LineAnswer, LineStatus, Others, Schedule
from orderflow.formats.answers import UnreadableError, understand

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "orderflow_answer_v2.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
WHOLE: dict[str, Any] = {
    "status": "ACKED",
    "answer_version": 2,
    "erp_order_id": "SO-1",
    "currency": "EUR",
    "delivery_date": "2025-12-10",
    "revision": 3,
    "other_lines": "as_ordered",
    "lines": [
        {
            "line_no": 1,
            "internal_sku": "INT-999",
            "status": "changed",
            "qty": 8,
            "uom": "M",
            "unit_price": "1.2300001",
            "currency": "EUR",
            "schedules": [{"date": "2025-12-10", "qty": 4}, {"date": "2025-12-12"}],
            "code": 17,
            "message": "Mindestmenge",
        },
        {"line_no": 2, "status": "rejected"},
    ],
}


def said(**fields: Any) -> Details | None:
    return understand(json.dumps({"status": "ACKED", **fields}).encode(), "ACKED").details


def test_all_that_it_may_say() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(WHOLE)
    schedules = (Schedule(date(2025, 12, 10), Decimal(4)), Schedule(date(2025, 12, 12)))
    first = LineAnswer(
        1,
        LineStatus.CHANGED,
        Decimal(8),
        "M",
        Decimal("1.2300001"),
        "EUR",
        "INT-999",
        schedules,
        "17",
        "Mindestmenge",
    )
    lines = (first, LineAnswer(2, LineStatus.REJECTED))
    answer = understand(json.dumps(WHOLE).encode(), "ACKED")
    assert answer.level is Level.ANSWERED
    assert answer.details == Details(lines, Others.AS_ORDERED, "EUR", date(2025, 12, 10), 3)


@pytest.mark.parametrize("version", [{}, {"answer_version": 1}, {"answer_version": None}, {"answer_version": "1"}])
def test_without_version_2_lines_count_for_nothing(version: dict[str, Any]) -> None:
    assert said(**version, lines=[{"line_no": 1, "status": "rejected"}], Lines=7) is None


@pytest.mark.parametrize("version", [2, "2", 2.0])
def test_a_version_that_is_unmistakable(version: Any) -> None:
    assert said(ANSWER_VERSION=version, LINES=[{"Line_No": 1, "STATUS": " Rejected "}]) is not None


@pytest.mark.parametrize("version", [3, "3", "2 ", True, [2], "x", 0, ""])
def test_lines_of_a_version_that_there_is_not_are_not_passed_over(version: Any) -> None:
    with pytest.raises(UnreadableError, match="neither 1 nor 2"):
        said(answer_version=version, lines=[{"line_no": 1, "status": "rejected"}])


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"line": [{"line_no": 1, "status": "rejected"}]}, "may be 'lines' misspelled"),
        ({"otherLines": "unanswered"}, "may be 'other_lines' misspelled"),
        (
            {"lines": [{"line_no": 1, "status": "accepted"}], "delivery-date": "2025-12-10"},
            "'delivery_date' misspelled",
        ),
        ({"delivery_date": "2025-12-10"}, "neither lines nor other_lines"),
        ({"lines": [], "revision": 3}, "neither lines nor other_lines"),
        ({"currency": "EUR"}, "neither lines nor other_lines"),
    ],
)
def test_nothing_that_may_have_been_meant_is_lost(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        said(answer_version=2, **fields)


def test_fields_that_are_the_erps_own_business_are_let_be() -> None:
    assert said(answer_version=2, plant="Koeln", delivery_note="4711", warehouse={"id": 1}) is None


@pytest.mark.parametrize("fields", [{}, {"lines": []}, {"lines": None}])
def test_version_2_without_lines_is_a_yes_to_the_whole(fields: dict[str, Any]) -> None:
    assert said(answer_version=2, **fields) is None


def test_a_price_is_read_as_it_is_written() -> None:
    line = b'{"line_no": 1, "status": "accepted", "unit_price": 0.1000000000000000055}'
    content = b'{"status": "ACKED", "answer_version": 2, "lines": [' + line + b"]}"
    details = understand(content, "ACKED").details
    assert details is not None
    assert details.lines[0].unit_price == Decimal("0.1000000000000000055")


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([{"line_no": 1}], "status"),
        ([{"line_no": 1, "status": "accepted", "quantity": 5}], "unknown field `quantity`"),
        ([{"line_no": 1, "status": "perhaps"}], "perhaps"),
        ([{"line_no": 1.5, "status": "accepted"}], "line_no"),
        ([{"line_no": 1, "status": "accepted", "qty": "many"}], "qty"),
        ([{"line_no": 1, "status": "accepted", "qty": "1_000"}], "qty is '1_000'"),
        ([{"line_no": 1, "status": "accepted", "qty": "\uff11\uff10"}], "has to look as 12"),
        ([{"line_no": 1, "status": "accepted", "unit_price": "1e3"}], "unit_price is '1e3'"),
        ([{"line_no": 1, "status": "accepted", "schedules": [{"date": "2025-12-10", "qty": " 5 "}]}], "qty is ' 5 '"),
        ([{"line_no": 1, "status": "accepted", "schedules": [{"date": "soon"}]}], "date"),
        ([{"line_no": 1, "status": "accepted", "schedules": [{"qty": 1}]}], "date"),
        ([{"line_no": 1, "status": "accepted", "Status": "rejected"}], "twice"),
        ([1], "object"),
        ({"line_no": 1}, "array"),
    ],
)
def test_lines_that_are_not_as_documented_are_refused_with_the_reason(lines: Any, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        said(answer_version=2, lines=lines)


def test_a_refusal_is_one_whatever_its_lines_are() -> None:
    content = json.dumps({"status": "FAILED", "answer_version": 2, "message": "no", "lines": [7]}).encode()
    answer = understand(content, "FAILED")
    assert (answer.status, answer.message, answer.details) == ("FAILED", "no", None)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("2025-12-10")
LINE = st.dictionaries(
    st.sampled_from([*SCHEMA["$defs"]["line"]["properties"], "quantity"]),
    VALUES
    | st.sampled_from(list(LineStatus))
    | st.lists(st.dictionaries(st.sampled_from(["date", "qty"]), VALUES, max_size=2), max_size=2),
    max_size=5,
)


@given(st.lists(LINE, max_size=3), st.dictionaries(st.sampled_from([*SCHEMA["properties"]]), VALUES, max_size=3))
def test_whatever_lines_hold_is_understood_in_full_or_not_at_all(lines: Any, further: dict[str, Any]) -> None:
    try:
        details = said(**further | {"answer_version": 2, "lines": lines, "status": "ACKED"})
    except UnreadableError:
        return
    named = details.lines if details else ()
    assert len(named) == len(lines)
    for line, written in zip(named, lines, strict=True):
        assert written["status"].strip().lower() == line.status
        assert (line.qty is None) == (written.get("qty") is None)
        assert (line.unit_price is None) == (written.get("unit_price") is None)


@given(st.binary(max_size=8), st.integers(0, 600))
def test_a_spoiled_answer_raises_nothing_else(noise: bytes, at: int) -> None:
    content = json.dumps(WHOLE).encode()
    try:
        understand(content[:at] + noise + content[at + len(noise) :], "ACKED")
    except UnreadableError:
        return
