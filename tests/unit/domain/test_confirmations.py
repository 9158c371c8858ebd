"""What an answer says line by line, against what was ordered."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.answer_details import Confirmation, Details, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.confirmations import (
    Difference,
    applied,
    confirmation,
    confirmed_qty,
    differences,
    misfits,
    refuses_all,
)
from orderflow.domain.orders import DraftOrder, DraftOrderLine

DAY, LATER = date(2025, 12, 10), date(2025, 12, 17)
ORDER = DraftOrder(
    currency="EUR",
    requested_delivery_date=DAY,
    lines=[
        DraftOrderLine(1, "A-1", Decimal("10.000"), "M", Decimal("1.2300")),
        DraftOrderLine(2, "A-2", Decimal("5.000"), "PCE", Decimal("0.1000")),
        DraftOrderLine(3, "A-3", Decimal("1.000"), "PCE", Decimal("7.0000")),
    ],
)
ALL = tuple(LineAnswer(line.line_no) for line in ORDER.lines)


def found(*lines: LineAnswer, **said: Any) -> list[Difference]:
    details = Details(lines, **{"others": Others.AS_ORDERED} | said)
    assert misfits(ORDER, details) == []
    return differences(ORDER, applied(ORDER, None, details))


@pytest.mark.parametrize(
    ("line", "field", "ordered", "confirmed", "amounts_to"),
    [
        (LineAnswer(1, qty=Decimal(8)), "qty", "10", "8", "PARTIAL"),
        (LineAnswer(1, qty=Decimal("9.999")), "qty", "10", "9.999", "PARTIAL"),
        (LineAnswer(1, unit_price=Decimal("1.23001")), "unit_price", "1.23", "1.23001", "CHANGED"),
        (LineAnswer(2, unit_price=Decimal("0.10000000001")), "unit_price", "0.1", "0.10000000001", "CHANGED"),
        (LineAnswer(1, LineStatus.CHANGED), "status", None, "changed", "CHANGED"),
        (LineAnswer(1, LineStatus.REJECTED), "status", None, "rejected", "PARTIAL"),
        (LineAnswer(1, LineStatus.REJECTED, qty=Decimal(10)), "status", None, "rejected", "PARTIAL"),
        (LineAnswer(1, sku="A-9"), "sku", "A-1", "A-9", "CHANGED"),
        (LineAnswer(1, schedules=(Schedule(LATER),)), "delivery_date", "2025-12-10", "2025-12-17", "CHANGED"),
        (
            LineAnswer(1, schedules=(Schedule(LATER, Decimal(4)), Schedule(DAY, Decimal(6)))),
            "delivery_date",
            "2025-12-10",
            "2025-12-10: 6, 2025-12-17: 4",
            "CHANGED",
        ),
        (LineAnswer(1, schedules=(Schedule(DAY, Decimal(4)), Schedule(DAY, Decimal(3)))), "qty", "10", "7", "PARTIAL"),
    ],
)
def test_one_thing_that_differs(
    line: LineAnswer, field: Any, ordered: str | None, confirmed: str, amounts_to: str
) -> None:
    assert found(line) == [Difference(line.line_no, field, ordered, confirmed)]
    assert confirmation(found(line)) == amounts_to


@pytest.mark.parametrize(
    "line",
    [
        LineAnswer(1),
        LineAnswer(None, sku="A-1"),
        LineAnswer(1, qty=Decimal(10), uom="M", unit_price=Decimal("1.23"), currency="EUR", sku="A-1"),
        LineAnswer(1, schedules=(Schedule(DAY),)),
        LineAnswer(1, schedules=(Schedule(DAY, Decimal(4)), Schedule(DAY, Decimal(6)))),
    ],
)
def test_as_ordered(line: LineAnswer) -> None:
    assert found(line) == []
    assert confirmation(found(line)) is Confirmation.AS_ORDERED


def test_what_is_on_backorder_is_not_certain() -> None:
    status = Difference(1, "status", None, "backordered")
    assert found(LineAnswer(1, LineStatus.BACKORDERED)) == [status, Difference(1, "qty", "10", "0")]
    assert found(LineAnswer(1, LineStatus.BACKORDERED, qty=Decimal(6))) == [status, Difference(1, "qty", "10", "6")]


def test_a_substitute_is_told_with_its_article() -> None:
    told = [Difference(2, "status", None, "substituted"), Difference(2, "sku", "A-2", "B-2")]
    assert found(LineAnswer(2, LineStatus.SUBSTITUTED, sku="B-2")) == told
    assert confirmation(told) is Confirmation.CHANGED


def test_lines_that_are_not_named() -> None:
    for others, field, confirmed in ((Others.UNANSWERED, "status", "unanswered"), (Others.DROPPED, "line", None)):
        told = found(LineAnswer(1), others=others)
        assert [(one.line_no, one.field, one.confirmed) for one in told] == [(n, field, confirmed) for n in (2, 3)]
        assert confirmation(told) is Confirmation.PARTIAL
    assert found(LineAnswer(1), others=Others.AS_ORDERED) == []


def test_a_date_of_the_whole_is_that_of_the_lines_that_it_names() -> None:
    told = found(LineAnswer(1), LineAnswer(2, schedules=(Schedule(DAY),)), delivery_date=LATER)
    assert told == [Difference(1, "delivery_date", "2025-12-10", "2025-12-17")]


def test_what_the_erp_added() -> None:
    freight = LineAnswer(None, sku="FREIGHT", qty=Decimal(1))
    assert found(*ALL, freight, others=Others.DROPPED) == [Difference(None, "line", None, "1 FREIGHT")]


def test_a_line_that_was_moved_in_the_erp_is_known_by_its_article() -> None:
    moved = [LineAnswer(number, sku=f"A-{number % 3 + 1}") for number in (1, 2, 3)]
    assert found(*moved, others=Others.DROPPED) == []


def test_a_line_that_was_split_or_replaced_in_the_erp_is_told() -> None:
    split = (LineAnswer(1, sku="A-1", qty=Decimal(6)), LineAnswer(1, sku="A-1", qty=Decimal(4)), *ALL[1:])
    assert found(*split, others=Others.DROPPED) == [
        Difference(1, "qty", "10", "6"),
        Difference(None, "line", None, "4 A-1"),
    ]
    replaced = (LineAnswer(1, sku="B-1", qty=Decimal(10)), *ALL[1:])
    assert found(*replaced, others=Others.DROPPED) == [
        Difference(1, "line", "10", None),
        Difference(None, "line", None, "10 B-1"),
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Details((LineAnswer(9),)), "line 9, which the order does not have"),
        (Details((LineAnswer(1), LineAnswer(1))), "line 1 2 times"),
        (Details((LineAnswer(1), LineAnswer(None, sku="A-1"))), "line 1 2 times"),
        (Details((LineAnswer(None, sku="A-9"),)), "not one line alone has the article A-9"),
        (Details((LineAnswer(None),)), "(none named)"),
        (Details((LineAnswer(1, qty=Decimal("10.001")),)), "confirms 10.001 of line 1, but 10 were ordered"),
        (
            Details((LineAnswer(1, schedules=(Schedule(DAY, Decimal(9)), Schedule(LATER, Decimal(2)))),)),
            "confirms 11 of line 1",
        ),
        (Details((LineAnswer(1, currency="USD"),)), "line 1 in USD, but EUR was ordered"),
        (Details((LineAnswer(1),), currency="USD"), "line 1 in USD, but EUR was ordered"),
        (Details((LineAnswer(1, uom="KM"),)), "line 1 in KM, but M was ordered"),
        (Details((LineAnswer(1),), revision=1), "answers revision 1 of the order, but revision 2 was sent"),
        (Details((LineAnswer(1, qty=Decimal("NaN")),)), "number of line 1"),
        (Details((LineAnswer(1, qty=Decimal(-1)),)), "number of line 1"),
        (Details((LineAnswer(1, unit_price=Decimal("1e-1000000")),)), "number of line 1"),
    ],
)
def test_an_answer_that_cannot_mean_the_order(said: Details, why: str) -> None:
    (told,) = misfits(ORDER, said, revision=2)
    assert why in told


def test_what_the_erps_own_order_says_is_a_difference_however_it_was_changed() -> None:
    line = LineAnswer(1, qty=Decimal(12), uom="KM", currency="USD")
    assert [one.field for one in found(line, *ALL[1:], others=Others.DROPPED)] == ["qty", "currency", "uom"]


def test_the_newest_word_about_each_line_counts() -> None:
    first = applied(ORDER, None, Details((LineAnswer(1), LineAnswer(2, qty=Decimal(3))), delivery_date=DAY))
    then = applied(ORDER, first, Details((LineAnswer(2), LineAnswer(3))))
    assert differences(ORDER, first)[-1].confirmed == "unanswered"
    assert differences(ORDER, then) == []
    whole = applied(ORDER, first, Details(others=Others.AS_ORDERED))
    assert differences(ORDER, whole) == []


def test_an_order_that_is_accepted_as_a_whole_for_another_day_differs_by_it() -> None:
    assert {(one.field, one.confirmed) for one in found(delivery_date=LATER)} == {("delivery_date", "2025-12-17")}
    assert found(delivery_date=DAY) == []
    assert found(delivery_date=LATER, others=Others.UNANSWERED)[0].field == "status"


def test_an_order_that_is_accepted_as_a_whole_in_another_currency_is_another_order() -> None:
    assert misfits(ORDER, Details(others=Others.AS_ORDERED, currency="USD")) == [
        "It answers in USD, but EUR was ordered."
    ]


def test_every_line_rejected_is_a_refusal() -> None:
    rejected = tuple(replace(line, status=LineStatus.REJECTED) for line in ALL)
    assert refuses_all(ORDER, Details(rejected))
    assert not refuses_all(ORDER, Details(rejected[:2]))
    assert not refuses_all(DraftOrder(), Details())


NUMBERS = st.one_of(
    st.none(),
    st.sampled_from(
        [
            Decimal(0),
            Decimal(1),
            Decimal(5),
            Decimal(10),
            Decimal("1.23"),
            Decimal("0.1"),
            Decimal("7.0"),
            Decimal("sNaN"),
            Decimal("Infinity"),
            Decimal("-0"),
        ]
    ),
    st.decimals(allow_nan=True, allow_infinity=True),
)
TEXTS = st.one_of(st.none(), st.sampled_from(["EUR", "M", "PCE", "A-1", "A-2", ""]), st.text(max_size=5))
DATES = st.sampled_from([DAY, LATER])
LINES = st.builds(
    LineAnswer,
    st.one_of(st.none(), st.integers(-1, 5)),
    st.sampled_from(LineStatus),
    qty=NUMBERS,
    uom=TEXTS,
    unit_price=NUMBERS,
    currency=TEXTS,
    sku=TEXTS,
    schedules=st.lists(st.builds(Schedule, DATES, NUMBERS), max_size=3).map(tuple),
)
DETAILS = st.builds(
    Details,
    st.lists(LINES, max_size=5).map(tuple),
    st.sampled_from(Others),
    currency=TEXTS,
    delivery_date=st.one_of(st.none(), DATES),
    revision=st.one_of(st.none(), st.integers(1, 2)),
)


@given(st.lists(DETAILS, min_size=1, max_size=3))
def test_no_answer_raises_and_none_confirms_what_it_does_not_say(answers: list[Details]) -> None:
    before: Details | None = None
    for said in answers:
        if misfits(ORDER, said, 1):
            continue
        before = applied(ORDER, before, said)
        told = differences(ORDER, before)
        assert confirmation(told) in Confirmation
        assert applied(ORDER, before, Details(others=before.others)) is not None
        unlike = {one.line_no for one in told}
        for line in ORDER.lines:
            if line.line_no not in unlike:
                assert _says_so(line, before)


def _says_so(ordered: DraftOrderLine, said: Details) -> bool:
    """Return whether an answer that tells no difference of a line confirms the whole line."""
    named = [line for line in said.lines if line.line_no == ordered.line_no]
    if not named:
        return said.others is Others.AS_ORDERED
    (line,) = named
    sure = line.status in (LineStatus.ACCEPTED, LineStatus.CHANGED)
    return (
        sure
        and confirmed_qty(ordered.qty, line) == ordered.qty
        and line.unit_price in (None, ordered.unit_price)
        and (line.currency or said.currency or "EUR") == "EUR"
        and all(part.date == DAY for part in line.schedules)
    )
