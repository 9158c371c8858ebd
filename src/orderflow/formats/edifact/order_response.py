"""ORDRSP: what the partner's business will do with an order, line by line.

Source: UN/EDIFACT D.96A and EANCOM 1997, code lists 1225, 1229, 4343, 6063, 2005.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, localcontext

from orderflow.domain.answer_details import Level, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.answer_files import Answer, OrderNumber, UnreadableError
from orderflow.formats.answer_fields import number, words
from orderflow.formats.edi.lines import Block, check_count, parts_of
from orderflow.formats.edi.response import (
    UnitNames,
    business_answer,
    day,
    decimal,
    line_number,
    order_number,
    told_at,
    total,
)
from orderflow.formats.edi.segments import Segment

REFUSED = {"27", "RE"}
ACCEPTED = {"29", "AP", "AD"}
ONLY_CHANGES = {"AI"}
RECEIPT = "AB"
FUNCTIONS = {"", "4", "9", "27", "29"}
RESPONSES = {"", RECEIPT, "AC", "AD", "AI", "AP", "RE"}
"""All else (a cancellation, pending, on conditions) is no answer that could confirm."""

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
QUANTITIES = {*CONFIRMED, BACKORDERED, ORDERED}

SUBSTITUTED_BY, SUBSTITUTED_FOR = "3", "4"


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
    for count in (segment for segment in whole.of("CNT") if segment.get(1) == "2"):
        check_count(count.get(1, 2), len(blocks), "CNT")
    says = _said_of_all(head)
    read = [_Line(block, units, bool(says & ACCEPTED)) for block in blocks]
    lines = [line.answer() for line in read if line.is_answered or not says & {*REFUSED, RECEIPT}]
    if not lines and RECEIPT in says and not says & REFUSED:
        return Answer("ACKED", about=about, level=Level.UNDERSTOOD)
    if not lines and not says & (REFUSED | ACCEPTED | ONLY_CHANGES):
        raise UnreadableError("It says neither what becomes of the order nor of any line.")
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


def _said_of_all(head: Block) -> set[str]:
    """Return function and response. Raises UnreadableError: they are no answer, or contradict each other."""
    begin = head.first("BGM")
    if begin is None:
        raise UnreadableError("It has no BGM, and does not say what becomes of the order.")
    function, response = begin.get(3), begin.get(4)
    if function not in FUNCTIONS or response not in RESPONSES:
        raise UnreadableError(
            f"Its function is {function[:5]!r} and its response {response[:5]!r}, which is no answer known here."
        )
    says = {function, response}
    if says & REFUSED and says & (ACCEPTED | ONLY_CHANGES):
        raise UnreadableError("It refuses the order and accepts it.")
    return says


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

    def __init__(self, block: Block, units: UnitNames, accepted: bool) -> None:
        self.block, self.units, self.accepted, self.begin = block, units, accepted, block.segments[0]
        self.head, self.scheduled = block.cut_before("SCC")
        self.name = f"Line {self.begin.get(1)[:10] or '(without a number)'}"

    @property
    def is_answered(self) -> bool:
        """Whether it says more than what was ordered."""
        told = {segment.get(1) for segment in self.block.of("QTY")}
        return bool(self.begin.get(2) or told & {*CONFIRMED, BACKORDERED})

    def answer(self) -> LineAnswer:
        numbers = (segment.get(1, 3) for segment in self.block.of("RFF") if segment.get(1) == "ON")
        self._check_quantities()
        confirmed, waiting, ordered = map(self._quantity, (CONFIRMED, {BACKORDERED}, {ORDERED}))
        qty = confirmed if confirmed is not None else Decimal(0) if waiting else ordered
        unit, *same_units = self._units() or (None,)
        status = self._status(qty, waiting)
        return LineAnswer(
            line_number(next(filter(None, numbers), "") or self.begin.get(1)),
            status,
            qty,
            number(unit, "unit"),
            self._price(),
            sku=number(self._substitute() if status is LineStatus.SUBSTITUTED else self._article(), "article"),
            schedules=self._schedules(),
            code=words(self.begin.get(2)),
            message=words(_words(self.block)),
            same_units=tuple(same_units),
        )

    def _status(self, qty: Decimal | None, waiting: Decimal | None) -> LineStatus:
        action = self._action(qty, waiting)
        if action is LineStatus.REJECTED:
            return action
        if self._substitute() is not None:
            return LineStatus.SUBSTITUTED
        return LineStatus.BACKORDERED if waiting else action

    def _action(self, qty: Decimal | None, waiting: Decimal | None) -> LineStatus:
        action = self.begin.get(2)
        if action and action not in ACTIONS:
            raise UnreadableError(f"{self.name} has the action {action[:5]!r}, which is not known.")
        if not self.is_answered and not self.accepted:
            raise UnreadableError(f"{self.name} is named, and nothing is said about it.")
        if action:
            return ACTIONS[action]
        return LineStatus.REJECTED if qty == 0 and not waiting else LineStatus.ACCEPTED

    def _check_quantities(self) -> None:
        """Check that what is said of quantities is understood. Raises UnreadableError."""
        told = self.block.of("QTY")
        known = [segment for segment in told if segment.get(1) in QUANTITIES]
        if told and not known:
            raise UnreadableError(f"{self.name} has a quantity {told[0].get(1)[:5]!r}, which is not known.")
        if not all(segment.get(1, 2) for segment in known):
            raise UnreadableError(f"{self.name} has a quantity without a number.")

    def _quantity(self, qualifiers: Iterable[str]) -> Decimal | None:
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
        price, basis = (decimal(found.get(1, 2)), decimal(found.get(1, 5))) if found else (None, None)
        if price is None or not basis:
            return price
        with localcontext(prec=60):
            unit_price = price / basis
            if unit_price * basis != price:
                raise UnreadableError(f"{self.name} has a price for {basis} that is none for one.")
        return unit_price

    def _substitute(self) -> str | None:
        """Return the article that comes instead, perhaps without a number; None: there is none."""
        numbers = {segment.get(1): segment.get(2) for segment in self.block.of("PIA")}
        if SUBSTITUTED_FOR in numbers:
            raise UnreadableError(f"{self.name} says by PIA+4 what it stands for, which is not read here.")
        return numbers.get(SUBSTITUTED_BY)

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
