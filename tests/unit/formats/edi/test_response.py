"""Values of answers in both dialects."""

from __future__ import annotations

from datetime import date

import pytest

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.edi.response import day


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
