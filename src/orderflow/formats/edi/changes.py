"""What a document asks for of each line: to take it, or how it differs from what the partner has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date
from enum import Enum, auto
from operator import attrgetter

from orderflow.domain.answer_files import ControlNumber, OrderNumber
from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import LINE_CONTENT, DraftOrder, DraftOrderLine
from orderflow.domain.states import Kind
from orderflow.formats.edi.values import Values

_content = attrgetter(*LINE_CONTENT)

_NUMBERS = {"C": Kind.CHANGE, "R": Kind.RECALL}
_NUMBER = re.compile(r"([CR])(\d{1,14})", re.ASCII)


def change_number(delivery: Delivery) -> str:
    """Return what a change or a recall is called, so that its answer can say what it answers: `C7`, `R8`."""
    letter = next(letter for letter, kind in _NUMBERS.items() if kind is delivery.kind)
    return f"{letter}{delivery.control_number}"


def answered_change(number: str, order: OrderNumber) -> tuple[Kind, ControlNumber] | None:
    """Return which change or recall of an order is called that; None: it is no number of ours."""
    found = _NUMBER.fullmatch(number)
    if found is None:
        return None
    kind = _NUMBERS[found[1]]
    return kind, ControlNumber(int(found[2]), frozenset({kind}), order)


def ordered_on(order: DraftOrder, delivery: Delivery) -> date:
    """Return the day of the order as it was told the partner: its own, else that of its push."""
    pushed = delivery.sent.requested_at if delivery.sent else delivery.requested_at
    return order.order_date or pushed.astimezone(UTC).date()


class LineChange(Enum):
    """What became of a line since the partner was sent it."""

    ADDED = auto()
    CHANGED = auto()
    UNCHANGED = auto()
    DELETED = auto()


def lines_of(
    order: DraftOrder, delivery: Delivery, values: Values
) -> Iterator[tuple[DraftOrderLine, LineChange | None]]:
    """Yield the lines of a document: of a recall none, of a change all that there are, and were.

    Raises:
        RejectedError: Nobody knows what is changed.
    """
    if delivery.kind is Kind.ORDER:
        yield from ((line, None) for line in order.lines)
    elif delivery.kind is Kind.CHANGE:
        if delivery.before is None:
            raise values.refusal("what the partner has", "is not known, and a change is told by it", "FIELD_MISSING")
        yield from _changed(order, delivery.before)


def _changed(order: DraftOrder, before: DraftOrder) -> Iterator[tuple[DraftOrderLine, LineChange]]:
    gone = {line.line_no: line for line in before.lines}
    for line in order.lines:
        was = gone.pop(line.line_no, None)
        if was is None:
            yield line, LineChange.ADDED
        else:
            yield line, LineChange.UNCHANGED if _content(was) == _content(line) else LineChange.CHANGED
    yield from ((line, LineChange.DELETED) for line in gone.values())
