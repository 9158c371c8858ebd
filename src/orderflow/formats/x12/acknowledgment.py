"""855 and 865: what the partner's business will do with an order, line by line.

Source: ASC X12 004010 and 005010; data elements 587 (type), 668 (status of a line), 374 (dates), 639 (price for what).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from orderflow.domain.answer_details import Level, LineStatus, Others, Schedule
from orderflow.domain.answer_files import Answer, Reference, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.edi.changes import answered_change
from orderflow.formats.edi.lines import Block, ResponseLine, answers_of, check_count, parts_of
from orderflow.formats.edi.response import (
    UnitNames,
    business_answer,
    day,
    decimal,
    order_number,
    the_one,
    told_at,
    total,
)
from orderflow.formats.edi.segments import Segment

REFUSED = {"RD", "RF", "RJ"}
AS_ORDERED = {"AD", "AE", "AK", "AT"}
"""Types by which lines that are not named are accepted, as are those named without a status."""

LINE_BY_LINE = {"AC"}
HOLD = "AH"

ACCEPTED = {"IA", "AC", "AR"}
CHANGED = {"IC", "IP", "IQ", "DR", "SP", "IE"}
"""Also where a date or price is still pending."""

OTHER_QUANTITY = "IQ"
WAITING = {"IB", "BP", "IF", "IH", "IW"}
"""Backordered, or on hold: what of it comes is not certain."""

SUBSTITUTED = {"IS"}
REJECTED = {"IR", "ID", *(f"R{number}" for number in range(1, 10))}
STATUSES = {
    **dict.fromkeys(ACCEPTED, LineStatus.ACCEPTED),
    **dict.fromkeys(CHANGED, LineStatus.CHANGED),
    **dict.fromkeys(WAITING, LineStatus.BACKORDERED),
    **dict.fromkeys(SUBSTITUTED, LineStatus.SUBSTITUTED),
    **dict.fromkeys(REJECTED, LineStatus.REJECTED),
}
GIVES = {LineStatus.ACCEPTED, LineStatus.CHANGED, LineStatus.SUBSTITUTED}

DELIVERY_DATES = {"067", "069", "017"}
PRICE_FOR = dict.fromkeys(
    ("", "CA", "CP", "CT", "FX", "LE", "NT", "PE", "PR", "QE", "QT", "RE", "ST", "TE", "UM", "WE")
) | {"HP": Decimal(100), "TP": Decimal(1000)}
"""How many units a price is for; most codes say whose price it is, which is one for one."""

HEADS = {"BAK": (3, 8), "BCA": (3, 9)}
"""Where the order's number stands, and the seller's own."""

CHANGE = 5
"""Where BCA repeats our number of the change."""

PURPOSES = {"00", "04", "05", "06"}
"""Original, change, replacement, confirmation; all else, as a cancellation, is no answer that could confirm."""

DELETED, CHANGE_REJECTED = "DI", "RC"
"""What POC02 may say of a line (670)."""

TOTALS = {"AMT"}
"""What stands behind CTT."""

LINES = {"PO1": (2, 3, 4, 5, 6), "POC": (3, 5, 6, 7, 8)}
"""Where quantity, unit, price, what it is for, and the first of the article's numbers stand."""


def read_acknowledgment(segments: Sequence[Segment], units: UnitNames) -> Answer:
    """Return what it says.

    Args:
        units: What orders may call the units.

    Raises:
        UnreadableError: It contradicts itself, or what it says is not known here.
    """
    whole = Block(list(segments))
    begin = whole.one(*HEADS)
    if begin is None:
        raise UnreadableError("It has neither BAK nor BCA, and names no order.")
    order = order_number([begin.get(HEADS[begin.tag][0])])
    change, about = (begin.tag == "BCA" and answered_change(begin.get(CHANGE), order)) or (Kind.ORDER, order)
    with told_at(about):
        return _recalled(begin, about) if change is Kind.RECALL else _answer(whole, begin, about, units)


def _recalled(begin: Segment, about: Reference) -> Answer:
    """Return that the order is given back. A refusal may mean the order as well as its recall: a person must know."""
    if begin.get(2) not in AS_ORDERED:
        raise UnreadableError(f"It answers the recall with {begin.get(2)[:5]!r}. Ask whether the order is cancelled.")
    return Answer("ACKED", message="The partner accepts the recall.", about=about)


def _answer(whole: Block, begin: Segment, about: Reference, units: UnitNames) -> Answer:
    purpose, kind = begin.get(1), begin.get(2)
    if purpose not in PURPOSES:
        raise UnreadableError(f"Its purpose is {purpose[:5]!r}, which is no answer to an order.")
    if kind not in {*REFUSED, *AS_ORDERED, *LINE_BY_LINE, HOLD}:
        raise UnreadableError(f"Its type is {kind[:5]!r}, which is no answer to an order.")
    head, blocks = parts_of(whole.segments, LINES, "CTT", TOTALS)
    for count in whole.of("CTT"):
        check_count(count.get(1), len(blocks), "CTT")
    if kind == HOLD:
        return Answer("ACKED", message="The partner holds the order.", about=about, level=Level.UNDERSTOOD)
    if head.of("ACK"):
        raise UnreadableError("An ACK stands before the first line, and nobody knows whose it is.")
    if kind not in REFUSED:
        whole.check_without("SAC", "SCH")
    read = (_Line(block, units, kind in AS_ORDERED) for block in blocks)
    lines = answers_of(read, passing_over=kind in REFUSED)
    if kind in LINE_BY_LINE and not lines:
        raise UnreadableError("It says that lines are answered, and has none.")
    return business_answer(
        about,
        lines,
        refused=kind in REFUSED,
        others=Others.AS_ORDERED if kind in AS_ORDERED else Others.UNANSWERED,
        message=_words(head),
        code=kind if kind in REFUSED else "",
        erp_order_id=_sellers_number(begin, head),
        currency=the_one((one.get(2) for one in head.of("CUR")), "a currency") or "",
        delivery_date=_day_of_all(head),
    )


def _sellers_number(begin: Segment, head: Block) -> str:
    told = [begin.get(HEADS[begin.tag][1]), *(one.get(2) for one in head.of("REF") if one.get(1) == "VN")]
    return the_one(filter(None, told), "the seller's number") or ""


def _day_of_all(block: Block) -> date | None:
    return the_one((found for dtm in block.of("DTM") if (found := _date(dtm, 1))), "a date of delivery")


def _words(block: Block) -> str:
    texts = [segment.get(1) for segment in block.of("MSG")] + [segment.get(3) for segment in block.of("REF")]
    return "; ".join(text for text in texts if text)


def _date(segment: Segment, place: int) -> date | None:
    """Return the day of delivery that a segment tells, if it tells one. Raises UnreadableError: it is none."""
    return day(segment.get(place + 1)) if segment.get(place) in DELIVERY_DATES else None


class _Line(ResponseLine):
    """One line's segments; each ACK says what becomes of a part of it, or of the whole."""

    def __init__(self, block: Block, units: UnitNames, accepted: bool) -> None:
        super().__init__(block, units, accepted)
        self.qty, self.uom, self.unit_price, self.basis, self.numbers = LINES[self.begin.tag]
        self.acks = block.of("ACK")
        self.change = self.begin.get(2) if self.begin.tag == "POC" else ""
        self.statuses = [self._status_of(ack) for ack in self.acks]

    @property
    def is_answered(self) -> bool:
        return bool(self.acks) or self.change == DELETED

    def status(self) -> LineStatus:
        if self.change == CHANGE_REJECTED:
            raise UnreadableError(f"{self.name} rejects a change, which does not say what becomes of the line.")
        return LineStatus.REJECTED if self.change == DELETED else _in_all(self.statuses)

    def _status_of(self, ack: Segment) -> LineStatus:
        if ack.get(1) not in STATUSES:
            raise UnreadableError(f"{self.name} has the status {ack.get(1)[:5]!r}, which is not known.")
        return STATUSES[ack.get(1)]

    def quantity(self) -> Decimal | None:
        amounts = [decimal(ack.get(2)) for ack, status in self._said() if status in GIVES or ack.get(1) == "BP"]
        if len(self.acks) < 2:
            return amounts[0] if amounts and amounts[0] is not None else self._quantity_of_all()
        if None in amounts:
            raise UnreadableError(f"{self.name} is answered in parts, of which one has no quantity.")
        return total(*filter(None, amounts))

    def _quantity_of_all(self) -> Decimal | None:
        """Return what the line itself says, where the one status that it has is without a quantity."""
        if any(ack.get(1) == OTHER_QUANTITY for ack in self.acks):
            raise UnreadableError(f"{self.name} has another quantity, and does not say which.")
        return decimal(self.begin.get(self.qty)) if GIVES.issuperset(self.statuses) else None

    def _said(self) -> Iterable[tuple[Segment, LineStatus]]:
        return zip(self.acks, self.statuses, strict=True)

    def unit_codes(self) -> set[str]:
        return {code for ack in self.acks if (code := ack.get(3))} or {self.begin.get(self.uom)}

    def price(self) -> tuple[Decimal | None, Decimal | None]:
        price, basis = decimal(self.begin.get(self.unit_price)), self.begin.get(self.basis)
        if price is not None and basis not in PRICE_FOR:
            raise UnreadableError(f"{self.name} has a price for {basis[:5]!r}, which is not known.")
        if price is None and self.block.of("CTP"):
            raise UnreadableError(f"{self.name} has its price in CTP alone, which is not read.")
        return price, PRICE_FOR.get(basis)

    def article(self, status: LineStatus) -> str | None:
        if status is LineStatus.SUBSTITUTED:
            replaced = {_sellers_article(ack, 7) for ack in self.acks if ack.get(1) in SUBSTITUTED}
            return the_one(replaced, f"the substitute of {self.name}")
        return _sellers_article(self.begin, self.numbers)

    def schedules(self) -> list[Schedule]:
        given = (ack for ack, status in self._said() if status in GIVES)
        dated = [Schedule(found, decimal(ack.get(2))) for ack in given if (found := _date(ack, 4))]
        if dated or not (of_all := _day_of_all(self.block)):
            return dated
        return [Schedule(of_all)]

    def code(self) -> str:
        return " ".join(dict.fromkeys(ack.get(1) for ack in self.acks))

    def words(self) -> str:
        return _words(self.block)


def _sellers_article(segment: Segment, start: int) -> str | None:
    pairs = ((segment.get(place), segment.get(place + 1)) for place in range(start, len(segment), 2))
    return the_one((number for kind, number in pairs if kind == "VP" and number), "the seller's article number")


def _in_all(statuses: Sequence[LineStatus]) -> LineStatus:
    """Return what several statuses of one line amount to."""
    kinds = set(statuses)
    if len(kinds) < 2:
        return next(iter(kinds), LineStatus.ACCEPTED)
    for kind in (LineStatus.SUBSTITUTED, LineStatus.BACKORDERED):
        if kind in kinds:
            return kind
    return LineStatus.CHANGED
