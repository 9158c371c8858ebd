"""What an answer says, whatever it is written in: its values read without a guess, and the answer made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import TypeVar

from orderflow.domain.answer_details import Details, Level, LineAnswer, LineStatus, Others
from orderflow.domain.answer_files import Answer, ControlNumber, OrderNumber, Reference, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.answer_fields import LONGEST_CODE, number, words

_NUMBER = re.compile(r"-?(?:\d{1,18}(?:[.,]\d{0,18})?|[.,]\d{1,18})", re.ASCII)

LONGEST_LINE_NUMBER = 9
"""Digits."""

DUPLICATE = (
    "The partner says that it has had this control number before. Look there whether the order was taken; if the "
    "number was another program's, have the partner forget it."
)

KEPT = 4_096
"""Numbers and days whose reading is remembered: an answer to many lines has the same ones over and over."""

Told = TypeVar("Told")


def the_one(told: Iterable[Told], what: str) -> Told | None:
    """Return the one value that is told, once or again; None: there is none.

    Args:
        what: What it is, as `a price`.

    Raises:
        UnreadableError: Several are told, and nobody knows which one counts.
    """
    values = list(told)
    if len(values) > 1 and (ways := len(set(values))) > 1:
        raise UnreadableError(f"It tells {what} in {ways} ways, and nobody knows which one counts.")
    return values[0] if values else None


@lru_cache(KEPT)
def decimal(text: str) -> Decimal | None:
    """Return a number, in which thousands are not parted; None if nothing stands there.

    Raises:
        UnreadableError: It is none.
    """
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or "," in text:
        raise UnreadableError(f"{text[:40]!r} stands where a number belongs.")
    return Decimal(text)


@lru_cache(KEPT)
def decimal_or_comma(text: str) -> Decimal | None:
    """Return the same where a comma may stand for the decimal point, as in EDIFACT.

    Raises:
        UnreadableError: It is none.
    """
    return decimal(text.replace(",", ".") if _NUMBER.fullmatch(text) else text)


def total(*numbers: Decimal) -> Decimal:
    """Return an exact sum."""
    if len(numbers) == 1:
        return numbers[0]
    with localcontext(prec=60):
        return sum(numbers, Decimal(0))


def price_for_one(price: Decimal | None, basis: Decimal | None, line: str) -> Decimal | None:
    """Return the price of one unit, where `price` is that of `basis` units. Raises UnreadableError: it is not exact."""
    if price is None or not basis or basis == 1:
        return price
    with localcontext(prec=60):
        unit_price = price / basis
        if unit_price * basis != price:
            raise UnreadableError(f"{line} has a price for {basis} that is none for one.")
    return unit_price


def day(text: str) -> date | None:
    """Return the date that a text begins with, as CCYYMMDD. Raises UnreadableError: it is none."""
    if not text:
        return None
    found = _day_of_calendar(text[:8])
    if found is None:
        raise UnreadableError(f"{text[:40]!r} stands where a date belongs.")
    return found


@lru_cache(KEPT)
def _day_of_calendar(digits: str) -> date | None:
    try:
        return date.fromisoformat(digits) if len(digits) == 8 and digits.isascii() and digits.isdigit() else None
    except ValueError:
        return None


def line_number(text: str) -> int | None:
    """Return a line's number; None if none stands there. Raises UnreadableError: it is no number."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_LINE_NUMBER):
        raise UnreadableError(f"{text[:40]!r} stands where a line's number belongs.")
    return int(text)


def control_number(text: str, kinds: Iterable[Kind] = Kind) -> ControlNumber:
    """Return the document that a control reference means, of one of the kinds.

    Raises:
        UnreadableError: It is none that we give.
    """
    if not re.fullmatch(r"\d{1,14}", text, re.ASCII):
        raise UnreadableError(f"It names the control reference {text[:40]!r}, which is none of ours.")
    return ControlNumber(int(text), frozenset(kinds))


def order_number(named: Iterable[str]) -> OrderNumber:
    """Return the one order that is named. Raises UnreadableError: there is none, or there are several."""
    numbers = sorted({text for text in named if text})
    if len(numbers) != 1:
        raise UnreadableError(f"It names {len(numbers) or 'no'} orders where one is answered.")
    return OrderNumber(number(numbers[0], "order's number") or "")


@contextmanager
def told_at(about: Reference) -> Iterator[None]:
    """Let what cannot be read within be told at the order that the answer names."""
    try:
        yield
    except UnreadableError as error:
        raise UnreadableError(str(error), about) from None


UnitNames = Mapping[str, Sequence[str]]
"""What orders may call a unit, by its code."""


def unit_names(units: Mapping[str, str]) -> UnitNames:
    """Return the names of units by their codes."""
    names: dict[str, list[str]] = {}
    for name, code in units.items():
        names.setdefault(code, []).append(name)
    return names


def business_answer(
    about: Reference,
    lines: Sequence[LineAnswer],
    *,
    refused: bool,
    others: Others,
    message: str = "",
    code: str = "",
    erp_order_id: str = "",
    currency: str = "",
    delivery_date: date | None = None,
) -> Answer:
    """Return what the partner's business says about an order.

    Args:
        refused: It refuses the order as a whole.

    Raises:
        UnreadableError: It refuses the order and takes lines of it.
    """
    if refused and (taken := [line for line in lines if _takes(line)]):
        raise UnreadableError(f"It refuses the order, and accepts line {taken[0].line_no} of it.", about)
    details = Details(tuple(lines), others, number(currency, "currency"), delivery_date)
    if refused:
        reasons = [message, *(line.message for line in lines if line.message)]
        return failure(about, code, "; ".join(filter(None, reasons)), Level.ANSWERED)
    return Answer("ACKED", number(erp_order_id), None, words(message), about=about, details=details)


def failure(about: Reference, code: str, message: str, level: Level) -> Answer:
    """Return a refusal in the partner's words."""
    return Answer("FAILED", None, words(code, LONGEST_CODE), words(message), about=about, level=level)


def _takes(line: LineAnswer) -> bool:
    gives_nothing = line.status in (LineStatus.REJECTED, LineStatus.BACKORDERED) or line.qty == 0
    return not gives_nothing
