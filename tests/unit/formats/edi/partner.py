"""A partner that speaks both dialects, and what may happen to its answers on their way."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from mockedi.testing import Mock

from orderflow.domain.answer_details import Level
from orderflow.domain.answer_files import UnreadableError
from orderflow.domain.orders import DraftOrder
from orderflow.formats.format import Format
from tests.unit.formats.edi.orders import an_order, delivery, line


def two_lines() -> DraftOrder:
    """Return an order of two lines, one of which the partner does not know."""
    return an_order(line(), line(2, internal_sku="NOPE"))


def answers_to_two_lines(form: Format, settings: Any) -> bytes:
    """Return what the partner answers to that order."""
    with Mock.start(despatch_delay_ms=3_600_000, invoice_delay_ms=3_600_000) as mock:
        mock.send(form.render(two_lines(), delivery(), settings).content)
        answered: bytes = mock.request("GET", "/_mock/mailbox?raw", raw=True).body
    return answered


def confirms(form: Format, content: bytes, settings: Any) -> bool:
    """Read, and return whether anything was confirmed; nothing but the format's own error may come."""
    try:
        answers = list(form.read("any", content, settings))
    except UnreadableError:
        return False
    return any(answer.status == "ACKED" and answer.level is Level.ANSWERED for answer in answers)


def damaged(data: st.DataObject, content: bytes) -> bytes:
    """Return an answer of which a few bytes are others, more, or gone."""
    at = data.draw(st.integers(0, len(content) - 1))
    damage, length = data.draw(st.binary(max_size=4)), data.draw(st.integers(0, 6))
    return content[:at] + damage + content[at + length :]


def cut(data: st.DataObject, content: bytes) -> bytes:
    """Return an answer that breaks off."""
    return content[: data.draw(st.integers(0, len(content.rstrip()) - 1))]
