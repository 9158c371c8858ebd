"""A partner's answer whose segments were lost, doubled or mixed up confirms no more, though all counts are right."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.answer_details import Confirmation, Level
from orderflow.domain.answer_files import Answer, UnreadableError
from orderflow.domain.confirmations import applied, confirmation, differences, misfits
from orderflow.formats.edifact import EdifactFormat, EdifactSettings
from orderflow.formats.format import Format
from orderflow.formats.x12 import X12Format, X12Settings
from tests.unit.formats.edi.partner import answers_to_two_lines, two_lines

DIALECTS: dict[str, tuple[Format, Any, str, str]] = {
    "EDIFACT": (EdifactFormat(), EdifactSettings(sender="EURODIS", receiver="MOCKEDI"), "UNH+2", "UNT+"),
    "X12": (X12Format(), X12Settings(sender="ACME", receiver="MOCKEDI"), "ST*855", "SE*"),
}


@cache
def segments(dialect: str) -> list[str]:
    form, settings, *_ = DIALECTS[dialect]
    return answers_to_two_lines(form, settings).decode("iso-8859-1").splitlines()


@pytest.mark.parametrize("dialect", DIALECTS)
@given(data=st.data())
def test_segments_that_are_lost_doubled_or_mixed_up_confirm_nothing_more(dialect: str, data: st.DataObject) -> None:
    form, settings, opens, closes = DIALECTS[dialect]
    whole = segments(dialect)
    start = next(n for n, one in enumerate(whole) if one.startswith(opens)) + 1
    end = next(n for n, one in enumerate(whole) if one.startswith(closes) and n > start)
    body = mutated(data, whole[start:end])
    mark = closes[-1]
    closing = f"{closes}{len(body) + 2}{mark}{whole[end].rpartition(mark)[2]}"
    content = "\n".join([*whole[:start], *body, closing, *whole[end + 1 :]]).encode("iso-8859-1")
    try:
        answers = list(form.read("any", content, settings))
    except UnreadableError:
        return
    assert not any(confirms_all(answer) for answer in answers)


def mutated(data: st.DataObject, segments: list[str]) -> list[str]:
    body = list(segments)
    for _ in range(data.draw(st.integers(1, 5))):
        one, other = (data.draw(st.integers(0, len(body) - 1)) for _ in range(2))
        match data.draw(st.sampled_from(["lose", "double", "swap"])):
            case "lose" if len(body) > 1:
                del body[one]
            case "double":
                body.insert(other, body[one])
            case "swap":
                body[one], body[other] = body[other], body[one]
    return body


def confirms_all(answer: Answer) -> bool:
    """Return whether it makes the order, of which one line was refused, look as if all of it came."""
    if answer.status != "ACKED" or answer.level is not Level.ANSWERED or answer.details is None:
        return False
    if misfits(two_lines(), answer.details):
        return False
    found = differences(two_lines(), applied(two_lines(), None, answer.details))
    return confirmation(found) is Confirmation.AS_ORDERED
