"""ORDRSP: what the partner's business will do with an order, line by line.

Source: UN/EDIFACT D.96A and EANCOM 1997, code lists 1225, 1229, 4343, 6063, 2005.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from orderflow.domain.answer_details import Level, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.answer_files import Answer, OrderNumber, UnreadableError
from orderflow.formats.answer_fields import words
from orderflow.formats.edi.lines import Block, check_count, parts_of
from orderflow.formats.edi.response import (
    UnitNames,
    business_answer,
    day,
    decimal,
    line_number,
    order_number,
    price_for_one,
    told_at,
    total,
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


def read_order_response(segments: Sequence[Segment], units: UnitNames) -> Answer:
    """Return what it says.

    Args:
        units: What orders may call the units.

    Raises:
        UnreadableError: It contradicts itself, or what it says is not known here.
    """
    whole = Block(list(segments))
    about = order_number(_references(whole, "ON"))
    with told_at(about):
        return _answer(whole, about, units)


def _answer(whole: Block, about: OrderNumber, units: UnitNames) -> Answer:
    head, blocks = parts_of(whole.segments, ("LIN",), "UNS")
    lines = [_Line(block, units).answer() for block in blocks]
    begin = head.first("BGM")
    says = {begin.get(3), begin.get(4)} if begin else set()
    if RECEIPT in says and not lines:
        return Answer("ACKED", about=about, level=Level.UNDERSTOOD)
    if not lines and not says & ANSWERED:
        raise UnreadableError("It says neither what becomes of the order nor of any line.")
    if says & REFUSED and says & ACCEPTED:
        raise UnreadableError("It refuses the order and accepts it.")
    for count in (segment for segment in whole.of("CNT") if segment.get(1) == "2"):
        check_count(count.get(1, 2), len(lines), "CNT")
    currency = head.first("CUX")
    return business_answer(
        about,
        lines,
        refused=bool(says & REFUSED),
        others=Others.AS_ORDERED if says & (ACCEPTED | ONLY_CHANGES) else Others.UNANSWERED,
        message=_words(head),
        code=next(iter(sorted(says & REFUSED)), ""),
        erp_order_id=next(iter(_references(head, "VN")), ""),
        currency=currency.get(1, 2) if currency else "",
        delivery_date=next(_dates(head.of("DTM")), None),
    )


def _references(block: Block, qualifier: str) -> list[str]:
    return [segment.get(1, 2) for segment in block.of("RFF") if segment.get(1) == qualifier]


def _words(block: Block) -> str:
    return "; ".join(" ".join(segment.all(4)) for segment in block.of("FTX"))


def _dates(segments: Iterable[Segment]) -> Iterator[date]:
    for segment in segments:
        if segment.get(1) in DELIVERY_DATES:
            if segment.get(1, 3) not in DATE_FORMATS:
                raise UnreadableError(f"A date is written in the format {segment.get(1, 3)[:9]!r}, which is not known.")
            if found := day(segment.get(1, 2)):
                yield found


class _Line:
    """One line's segments; what stands behind SCC says when the parts of it come."""

    def __init__(self, block: Block, units: UnitNames) -> None:
        self.block, self.units, self.begin = block, units, block.segments[0]
        self.head, self.scheduled = block.cut_before("SCC")
        self.name = f"Line {self.begin.get(1)[:10] or '(without a number)'}"

    def answer(self) -> LineAnswer:
        numbers = (segment.get(1, 3) for segment in self.block.of("RFF") if segment.get(1) == "ON")
        confirmed, waiting = self._quantity(*CONFIRMED), self._quantity(BACKORDERED)
        qty = confirmed if confirmed is not None or waiting else self._quantity(ORDERED)
        unit, *same_units = self._units() or (None,)
        substitute = next((s.get(2) for s in self.head.of("PIA") if s.get(1) == "3"), "")
        return LineAnswer(
            line_number(next(filter(None, numbers), "") or self.begin.get(1)),
            LineStatus.SUBSTITUTED if substitute else self._status(qty, waiting),
            qty,
            unit,
            self._price(),
            sku=substitute or self._article(),
            schedules=self._schedules(),
            code=words(self.begin.get(2)),
            message=words(_words(self.block)),
            same_units=tuple(same_units),
        )

    def _status(self, qty: Decimal | None, waiting: Decimal | None) -> LineStatus:
        action = self.begin.get(2)
        if action in ACTIONS:
            return ACTIONS[action]
        if action:
            raise UnreadableError(f"{self.name} has the action {action[:5]!r}, which is not known.")
        if waiting and not qty:
            return LineStatus.BACKORDERED
        return LineStatus.REJECTED if qty == 0 else LineStatus.ACCEPTED

    def _quantity(self, *qualifiers: str) -> Decimal | None:
        for qualifier in qualifiers:
            for part in (self.head, self.scheduled):
                found = [decimal(s.get(1, 2)) for s in part.of("QTY") if s.get(1) == qualifier]
                if found:
                    return total(found)
        return None

    def _units(self) -> Sequence[str]:
        codes = {code for segment in self.block.of("QTY") if (code := segment.get(1, 3))}
        if len(codes) > 1:
            raise UnreadableError(f"{self.name} counts in several units.")
        return next((self.units.get(code, (code,)) for code in codes), ())

    def _price(self) -> Decimal | None:
        prices = {segment.get(1): segment for segment in self.block.of("PRI")}
        found = prices.get("AAA") or prices.get("AAB")
        if found is None:
            return None
        return price_for_one(decimal(found.get(1, 2)), decimal(found.get(1, 5)), self.name)

    def _article(self) -> str | None:
        """Return the article by the number that we sent as the supplier's own."""
        numbers = {self.begin.get(3, 2): self.begin.get(3)}
        for segment in self.head.of("PIA"):
            if segment.get(1) in ("1", "5"):
                numbers |= {segment.get(at, 2): segment.get(at) for at in range(2, len(segment) + 1)}
        return numbers.get("SA") or numbers.get("VP") or None

    def _schedules(self) -> tuple[Schedule, ...]:
        """Return when it comes: each date with the quantity that stands before it, if there are several."""
        schedules: list[Schedule] = []
        qty: Decimal | None = None
        for segment in self.scheduled.segments or self.head.segments:
            if segment.tag == "QTY" and segment.get(1) in CONFIRMED:
                qty = decimal(segment.get(1, 2))
            elif segment.tag == "DTM":
                schedules += [Schedule(found, qty) for found in _dates([segment])]
        return tuple(schedules) if len(schedules) != 1 else (Schedule(schedules[0].date),)
