"""ORDRSP: what the partner's business will do with an order, line by line.

Source: UN/EDIFACT D.96A and EANCOM 1997, code lists 1225, 1229, 4343, 6063, 2005.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext

from orderflow.domain.answer_details import Level, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.answer_files import Answer, UnreadableError
from orderflow.formats.edi.response import (
    business_answer,
    clean,
    day,
    decimal,
    line_number,
    order_number,
    unit_names,
)
from orderflow.formats.edi.segments import Segment

REFUSED = {"27", "RE"}
ACCEPTED = {"29", "AP", "AD"}
ONLY_CHANGES = {"AI"}
ANSWERED = {"4", "AC", *REFUSED, *ACCEPTED, *ONLY_CHANGES}
RECEIPT = "AB"

ACTIONS = {
    "2": LineStatus.REJECTED, "3": LineStatus.CHANGED, "5": LineStatus.ACCEPTED, "6": LineStatus.CHANGED,
    "7": LineStatus.REJECTED, "10": LineStatus.REJECTED,
}  # fmt: skip
DELIVERY_DATES = {"67", "69", "17"}
DATE_FORMATS = {"", "102", "203", "204", "303", "304"}
"""Those that begin with CCYYMMDD."""

CONFIRMED = ("113", "12")
BACKORDERED = "83"
ORDERED = "21"


def read_order_response(segments: Sequence[Segment], units: Mapping[str, str]) -> Answer:
    """Return what it says.

    Args:
        units: The codes of the order's units, as they were written.

    Raises:
        UnreadableError: It contradicts itself, or what it says is not known here.
    """
    head, blocks = _parts(segments)
    about = order_number(_references(segments, "ON"))
    try:
        return _answer(head, [_Line(block, units).answer() for block in blocks], segments)
    except UnreadableError as error:
        raise UnreadableError(str(error), error.about or about) from None


def _answer(head: Sequence[Segment], lines: Sequence[LineAnswer], segments: Sequence[Segment]) -> Answer:
    about = order_number(_references(segments, "ON"))
    begin = next((segment for segment in head if segment.tag == "BGM"), None)
    says = {begin.get(3), begin.get(4)} if begin else set()
    if RECEIPT in says and not lines:
        return Answer("ACKED", about=about, level=Level.UNDERSTOOD)
    if not lines and not says & ANSWERED:
        raise UnreadableError("It says neither what becomes of the order nor of any line.")
    if says & REFUSED and says & ACCEPTED:
        raise UnreadableError("It refuses the order and accepts it.")
    _check_count(segments, len(lines))
    return business_answer(
        about,
        lines,
        refused=bool(says & REFUSED),
        others=Others.AS_ORDERED if says & (ACCEPTED | ONLY_CHANGES) else Others.UNANSWERED,
        message="; ".join(_texts(head)),
        code=next(iter(sorted(says & REFUSED)), ""),
        erp_order_id=next(iter(_references(head, "VN")), ""),
        currency=next((segment.get(1, 2) for segment in head if segment.tag == "CUX"), ""),
        delivery_date=next(iter(_dates(head)), None),
    )


def _parts(segments: Sequence[Segment]) -> tuple[Sequence[Segment], list[list[Segment]]]:
    """Return what stands before the first line, and what belongs to each line."""
    head: list[Segment] = []
    blocks: list[list[Segment]] = []
    here = head
    for segment in segments:
        if segment.tag == "UNS":
            break
        if segment.tag == "LIN":
            here = []
            blocks.append(here)
        here.append(segment)
    return head, blocks


def _check_count(segments: Sequence[Segment], lines: int) -> None:
    for segment in segments:
        if segment.tag == "CNT" and segment.get(1) == "2" and decimal(segment.get(1, 2)) != lines:
            raise UnreadableError(f"It has {lines} lines, and CNT says {segment.get(1, 2)[:20]!r}.")


def _references(segments: Sequence[Segment], qualifier: str) -> list[str]:
    return [segment.get(1, 2) for segment in segments if segment.tag == "RFF" and segment.get(1) == qualifier]


def _texts(segments: Sequence[Segment]) -> Iterator[str]:
    return (" ".join(segment.all(4)) for segment in segments if segment.tag == "FTX" and len(segment) >= 4)


def _dates(segments: Sequence[Segment]) -> Iterator[date]:
    for segment in segments:
        if segment.tag == "DTM" and segment.get(1) in DELIVERY_DATES:
            if segment.get(1, 3) not in DATE_FORMATS:
                raise UnreadableError(f"A date is written in the format {segment.get(1, 3)[:9]!r}, which is not known.")
            if found := day(segment.get(1, 2)):
                yield found


class _Line:
    """One line's segments; what stands behind SCC says when the parts of it come."""

    def __init__(self, segments: Sequence[Segment], units: Mapping[str, str]) -> None:
        self.begin, self.segments, self.units = segments[0], segments, units
        split = next((n for n, segment in enumerate(segments) if segment.tag == "SCC"), len(segments))
        self.head, self.scheduled = segments[:split], segments[split:]

    def answer(self) -> LineAnswer:
        numbers = [segment.get(1, 3) for segment in self.segments if segment.tag == "RFF" and segment.get(1) == "ON"]
        confirmed = self._quantity(*CONFIRMED)
        waiting = self._quantity(BACKORDERED)
        qty = confirmed if confirmed is not None or waiting else self._quantity(ORDERED)
        unit, *same_units = self._units() or (None,)
        answer = LineAnswer(
            line_number(next(filter(None, numbers), "") or self.begin.get(1)),
            self._status(qty, waiting),
            qty,
            unit,
            self._price(),
            sku=self._article(),
            schedules=self._schedules(),
            code=clean(self.begin.get(2)),
            message=clean("; ".join(_texts(self.segments))),
            same_units=tuple(same_units),
        )
        substitute = next((s.get(2) for s in self.head if s.tag == "PIA" and s.get(1) == "3"), "")
        return replace(answer, status=LineStatus.SUBSTITUTED, sku=substitute) if substitute else answer

    def _status(self, qty: Decimal | None, waiting: Decimal | None) -> LineStatus:
        action = self.begin.get(2)
        if action in ACTIONS:
            return ACTIONS[action]
        if action:
            raise UnreadableError(f"Line {self.begin.get(1)[:10]} has the action {action[:5]!r}, which is not known.")
        if waiting and not qty:
            return LineStatus.BACKORDERED
        return LineStatus.REJECTED if qty == 0 else LineStatus.ACCEPTED

    def _quantity(self, *qualifiers: str) -> Decimal | None:
        for qualifier in qualifiers:
            for part in (self.head, self.scheduled):
                found = [decimal(s.get(1, 2)) for s in part if s.tag == "QTY" and s.get(1) == qualifier]
                if found:
                    with localcontext(prec=60):
                        return sum((number for number in found if number is not None), Decimal(0))
        return None

    def _units(self) -> tuple[str, ...]:
        codes = {s.get(1, 3) for s in self.segments if s.tag == "QTY" and s.get(1, 3)}
        if len(codes) > 1:
            raise UnreadableError(f"Line {self.begin.get(1)[:10]} counts in several units.")
        return unit_names(next(iter(codes), ""), self.units)

    def _price(self) -> Decimal | None:
        prices = {s.get(1): s for s in self.segments if s.tag == "PRI"}
        found = prices.get("AAA") or prices.get("AAB")
        price, basis = (decimal(found.get(1, 2)), decimal(found.get(1, 5))) if found else (None, None)
        if price is None or not basis:
            return price
        with localcontext(prec=60):
            unit_price = price / basis
            if unit_price * basis != price:
                raise UnreadableError(f"Line {self.begin.get(1)[:10]} has a price for {basis} that is none for one.")
        return unit_price

    def _article(self) -> str | None:
        """Return the article by the number that we sent as the supplier's own."""
        numbers = {s.get(element, 2): s.get(element) for s in self.head for element in _article_elements(s)}
        return numbers.get("SA") or numbers.get("VP") or None

    def _schedules(self) -> tuple[Schedule, ...]:
        """Return when it comes: each date with the quantity that stands before it, if there are several."""
        schedules: list[Schedule] = []
        qty: Decimal | None = None
        for segment in self.scheduled or self.head:
            if segment.tag == "QTY" and segment.get(1) in CONFIRMED:
                qty = decimal(segment.get(1, 2))
            schedules += [Schedule(found, qty) for found in _dates([segment])]
        if len(schedules) == 1:
            return (Schedule(schedules[0].date),)
        return tuple(schedules)


def _article_elements(segment: Segment) -> Sequence[int]:
    if segment.tag == "LIN":
        return (3,)
    return range(2, len(segment) + 1) if segment.tag == "PIA" and segment.get(1) in ("1", "5") else ()
