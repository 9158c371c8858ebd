"""ORDRSP: what SAP's people will do with an order, line by line.

Source: SAP's documentation of ORDERS05 (action codes, reasons for rejection, schedule lines) as SD writes ORDRSP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from orderflow.domain.answer_details import LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.answer_files import Answer, OrderNumber, UnreadableError
from orderflow.formats.answer_fields import number, words
from orderflow.formats.edi.response import (
    UnitNames,
    business_answer,
    day,
    decimal,
    line_number,
    order_number,
    price_for_one,
    the_one,
    told_at,
    total,
)
from orderflow.formats.idoc.reading import Idoc, Read

REVERSED = "001"
STANDS = {"", "000", "002", "004"}
"""What becomes of the whole document: it is new, changed or not changed, as its lines tell. All else is not known."""

_Scheduled = tuple[date | None, Decimal]
"""A schedule line: when, and how much is confirmed for then."""

ACTIONS = {
    "": LineStatus.ACCEPTED, "000": LineStatus.ACCEPTED, "001": LineStatus.ACCEPTED, "002": LineStatus.CHANGED,
    "003": LineStatus.REJECTED, "004": LineStatus.ACCEPTED, "005": LineStatus.BACKORDERED,
}  # fmt: skip
"""Added, changed, cancelled, not changed, locked. All else is about goods that came."""

CANCELLED, LOCKED = "003", "005"
NOTHING_SAID = {"", "000"}
"""Such a line only says what was ordered, unless it has schedule lines."""

CUSTOMERS_ORDER, OWN_ORDER = "001", "002"
OWN_ARTICLE = "002"
FILLED_UP = (18, 40)
"""Characters of an article's number in SAP."""

NO_DATE = {"", "00000000"}


def read_order_response(idoc: Idoc, units: UnitNames) -> Answer:
    """Return what it says.

    Args:
        units: What orders may call the units.

    Raises:
        UnreadableError: It contradicts itself, or what it says is not known here.
    """
    about = order_number(_customers_orders(idoc))
    with told_at(about):
        return _answer(idoc, about, units)


def _customers_orders(idoc: Idoc) -> list[str]:
    referred = [*idoc.of("E1EDK02"), *idoc.of("E1EDP02")]
    return [one.get("BELNR") for one in referred if one.get("QUALF") == CUSTOMERS_ORDER]


def _answer(idoc: Idoc, about: OrderNumber, units: UnitNames) -> Answer:
    head, blocks = _parts_of(idoc.segments)
    begin = _begin(idoc)
    refused = begin.get("ACTION") == REVERSED
    lines = [_Line(block, units) for block in blocks]
    answers = [line.answer() for line in lines if not line.is_saps_own]
    if not answers and not refused:
        raise UnreadableError("It says nothing about any line.")
    return business_answer(
        about,
        answers,
        refused=refused,
        others=Others.UNANSWERED,
        message=_words(one for one in head if one.type == "E1EDKT2"),
        erp_order_id=_own_number(head, begin, about),
        currency=begin.get("CURCY"),
    )


def _begin(idoc: Idoc) -> Read:
    """Return the header. Raises UnreadableError: there is none, or several, or nobody knows what it does."""
    begins = list(idoc.of("E1EDK01"))
    if len(begins) != 1:
        raise UnreadableError(f"It has {len(begins) or 'no'} headers (E1EDK01) where it may have one.")
    action = begins[0].get("ACTION")
    if action not in {REVERSED, *STANDS}:
        raise UnreadableError(f"Its header has the action {action[:3]!r}, which is not known.")
    return begins[0]


def _parts_of(segments: Sequence[Read]) -> tuple[Sequence[Read], Sequence[Sequence[Read]]]:
    """Return what stands before the first line, and the lines, each with what belongs to it.

    Raises:
        UnreadableError: A part of the order stands behind the totals, or a part of a line before the first one.
    """
    end = next((n for n, segment in enumerate(segments) if segment.type == "E1EDS01"), len(segments))
    if behind := [segment.type for segment in segments[end:] if segment.type.startswith(("E1EDK", "E1EDP"))]:
        raise UnreadableError(f"A segment {behind[0][:20]} of it stands behind its totals (E1EDS01).")
    begins = [n for n, segment in enumerate(segments[:end]) if segment.type == "E1EDP01"]
    lines = [segments[begin:next_one] for begin, next_one in pairwise([*begins, end])]
    head = segments[: begins[0] if begins else end]
    if lost := [segment.type for segment in head if segment.type.startswith("E1EDP")]:
        raise UnreadableError(f"A segment {lost[0][:20]} of it stands before the first line (E1EDP01).")
    return head, lines


def _own_number(head: Sequence[Read], begin: Read, about: OrderNumber) -> str:
    referred = [one.get("BELNR") for one in head if one.type == "E1EDK02" and one.get("QUALF") == OWN_ORDER]
    own = the_one(filter(None, referred), "SAP's own order (E1EDK02 002)") or begin.get("BELNR")
    return "" if own == about.number else own


def _words(texts: Iterable[Read]) -> str:
    return " ".join([text for one in texts if (text := one.get("TDLINE"))])


class _Line:
    """One line's segments; `name` is what an error calls it."""

    def __init__(self, segments: Sequence[Read], units: UnitNames) -> None:
        self.units, self.begin = units, segments[0]
        self._by_type: dict[str, list[Read]] = {}
        for segment in segments:
            self._by_type.setdefault(segment.type, []).append(segment)
        self._customers_lines = self._references(CUSTOMERS_ORDER)
        self.name = f"Line {self.begin.get('POSEX').lstrip('0')[:6] or '(without a number)'}"

    @property
    def is_saps_own(self) -> bool:
        """Whether it is a part of another line (of a kit, or goods for free) that the order does not have."""
        return bool(self.begin.get("UEPOS").strip("0")) and not self._customers_lines

    def answer(self) -> LineAnswer:
        """Return what it says. Raises UnreadableError."""
        schedules = self._schedules()
        status, (unit, *same_units) = self._status(schedules), self._units() or (None,)
        return LineAnswer(
            self._number(),
            status,
            self._quantity(status, schedules),
            number(unit, "unit"),
            self._price(),
            number(self.begin.get("CURCY"), "currency"),
            number(self._article(), "article"),
            () if status is LineStatus.REJECTED else _dated(schedules),
            words(self.begin.get("ABGRU") or self.begin.get("ACTION")),
            words(self.begin.get("ABGRT") or _words(self._of("E1EDPT2"))),
            tuple(same_units),
        )

    def _of(self, segment_type: str) -> Sequence[Read]:
        return self._by_type.get(segment_type, ())

    def _references(self, qualifier: str) -> list[str]:
        return [one.get("ZEILE") for one in self._of("E1EDP02") if one.get("QUALF") == qualifier]

    def _number(self) -> int | None:
        """Return the order's line: as the reference to the order names it, else the IDoc's own, if it has no other."""
        lines = [line.lstrip("0") for line in self._customers_lines]
        if named := the_one(filter(None, lines), f"the order's line that {self.name} is about"):
            return line_number(named)
        return None if self._references(OWN_ORDER) else line_number(self.begin.get("POSEX"))

    def _status(self, schedules: Sequence[_Scheduled]) -> LineStatus:
        """Return what becomes of it; a line of which no schedule line confirms anything waits."""
        action = self.begin.get("ACTION")
        if action not in ACTIONS:
            raise UnreadableError(f"{self.name} has the action {action[:3]!r}, which is not known.")
        if self.begin.get("ABGRU"):
            return LineStatus.REJECTED
        if action in NOTHING_SAID and not schedules:
            raise UnreadableError(f"{self.name} is named, and nothing is said about it.")
        waits = bool(schedules) and not any(qty for _, qty in schedules)
        return LineStatus.BACKORDERED if waits and action != CANCELLED else ACTIONS[action]

    def _schedules(self) -> list[_Scheduled]:
        """Return the schedule lines: when, and how much is confirmed for then. Those of a locked line do not count."""
        if self.begin.get("ACTION") == LOCKED:
            return []
        return [
            (None if one.get("EDATU") in NO_DATE else day(one.get("EDATU")), decimal(one.get("WMENG")) or Decimal(0))
            for one in self._of("E1EDP20")
        ]

    def _quantity(self, status: LineStatus, schedules: Sequence[_Scheduled]) -> Decimal | None:
        if not schedules:  # of a line that waits nothing is certain then
            return None if status is LineStatus.BACKORDERED else decimal(self.begin.get("MENGE"))
        return total(*[qty for _, qty in schedules])

    def _units(self) -> Sequence[str]:
        unit = self.begin.get("MENEE")
        return self.units.get(unit, (unit,)) if unit else ()

    def _price(self) -> Decimal | None:
        price, basis = decimal(self.begin.get("VPREI")), decimal(self.begin.get("PEINH"))
        if price is None:
            return None
        of_another = self.begin.get("PMENE")
        if of_another and of_another != self.begin.get("MENEE"):
            raise UnreadableError(f"{self.name} has a price for {of_another[:3]}, and counts in another unit.")
        return price_for_one(price, basis, self.name)

    def _article(self) -> str | None:
        """Return the article by the number that we sent as SAP's own."""
        named = [_as_sent(one.get("IDTNR")) for one in self._of("E1EDP19") if one.get("QUALF") == OWN_ARTICLE]
        return the_one(filter(None, named), f"the article of {self.name} (E1EDP19 002)")


def _as_sent(article: str) -> str:
    """Return an article's number; SAP fills one that is digits alone up with zeros."""
    return article.lstrip("0") if len(article) in FILLED_UP and article.isdigit() else article


def _dated(schedules: Sequence[_Scheduled]) -> tuple[Schedule, ...]:
    """Return when it comes; one date alone is that of all that comes."""
    dated = [(when, qty) for when, qty in schedules if when is not None and qty]
    if len(dated) == 1 and len(schedules) == 1:
        return (Schedule(dated[0][0]),)
    return tuple(Schedule(when, qty) for when, qty in dated)
