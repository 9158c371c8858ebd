"""Values of answers in both dialects."""

from __future__ import annotations

from datetime import date

import pytest

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.edi.response import day, the_one


def test_a_date_is_eight_digits_and_what_may_follow() -> None:
    assert day("20261210") == date(2026, 12, 10)
    assert day("202612101530") == date(2026, 12, 10)
    assert day("") is None


@pytest.mark.parametrize(
    "text",
    ["2_261210", " 2261210", "+2261210", "20261310", "2026121", "\uff12\uff10\uff12\uff16\uff11\uff12\uff11\uff10"],
)
def test_no_date_is_guessed(text: str) -> None:
    with pytest.raises(UnreadableError, match="where a date belongs"):
        day(text)


def test_what_is_told_twice_alike_is_one_and_nothing_is_chosen() -> None:
    assert the_one([1, 1], "a price") == 1
    assert the_one([], "a price") is None
    with pytest.raises(UnreadableError, match="a price in 2 ways"):
        the_one([1, 2, 1], "a price")
