"""855 and 865: what the partner's business will do with an order, line by line.

Source: ASC X12 004010 and 005010; data elements 587 (type), 668 (status of a line), 374 (dates), 639 (price for what).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext

from orderflow.domain.answer_details import Level, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.answer_files import Answer, OrderNumber, UnreadableError
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

REFUSED = {"RD", "RF", "RJ"}
AS_ORDERED = {"AD", "AE", "AK", "AT"}
"""Types by which lines that are not named are accepted, as are those named without a status."""

LINE_BY_LINE = {"AC"}
HOLD = "AH"

ACCEPTED = {"IA", "AC", "AR", "SP", "IE"}
CHANGED = {"IC", "IP", "IQ", "DR"}
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
PRICE_FOR = {"HP": Decimal(100), "TP": Decimal(1000)}

HEADS = {"BAK": (3, 8), "BCA": (3, 9)}
"""Where the order's number stands, and the seller's own."""

LINES = {"PO1": (2, 3, 4, 5, 6), "POC": (3, 5, 6, 7, 8)}
"""Where quantity, unit, price, what it is for, and the first of the article's numbers stand."""


def read_acknowledgment(segments: Sequence[Segment], units: Mapping[str, str]) -> Answer:
    """Return what it says.

    Args:
        units: The codes of the order's units, as they were written.

    Raises:
        UnreadableError: It contradicts itself, or what it says is not known here.
    """
    begin = next((segment for segment in segments if segment.tag in HEADS), None)
    if begin is None:
        raise UnreadableError("It has neither BAK nor BCA, and names no order.")
    about = order_number([begin.get(HEADS[begin.tag][0])])
    try:
        return _answer(begin, about, segments, units)
    except UnreadableError as error:
        raise UnreadableError(str(error), about) from None


def _answer(begin: Segment, about: OrderNumber, segments: Sequence[Segment], units: Mapping[str, str]) -> Answer:
    kind = begin.get(2)
    if kind not in {*REFUSED, *AS_ORDERED, *LINE_BY_LINE, HOLD}:
        raise UnreadableError(f"Its type is {kind[:5]!r}, which is no answer to an order.")
    head, blocks = _parts(segments)
    _check_count(segments, len(blocks))
    if kind == HOLD:
        return Answer("ACKED", message="The partner holds the order.", about=about, level=Level.UNDERSTOOD)
    lines = [
        _Line(block, units, kind in AS_ORDERED).answer() for block in blocks if kind not in REFUSED or _acks(block)
    ]
    if kind in LINE_BY_LINE and not lines:
        raise UnreadableError("It says that lines are answered, and has none.")
    return business_answer(
        about,
        lines,
        refused=kind in REFUSED,
        others=Others.AS_ORDERED if kind in AS_ORDERED else Others.UNANSWERED,
        message="; ".join(_texts(head)),
        code=kind if kind in REFUSED else "",
        erp_order_id=begin.get(HEADS[begin.tag][1]) or _sellers_number(head),
        currency=next((segment.get(2) for segment in head if segment.tag == "CUR"), ""),
        delivery_date=next((found for segment in head for found in _date(segment, "DTM", 1)), None),
    )


def _parts(segments: Sequence[Segment]) -> tuple[Sequence[Segment], list[list[Segment]]]:
    """Return what stands before the first line, and what belongs to each line."""
    head: list[Segment] = []
    blocks: list[list[Segment]] = []
    here = head
    for segment in segments:
        if segment.tag == "CTT":
            break
        if segment.tag in LINES:
            here = []
            blocks.append(here)
        here.append(segment)
    return head, blocks


def _check_count(segments: Sequence[Segment], lines: int) -> None:
    for segment in segments:
        if segment.tag == "CTT" and decimal(segment.get(1)) != lines:
            raise UnreadableError(f"It has {lines} lines, and CTT says {segment.get(1)[:20]!r}.")


def _sellers_number(head: Sequence[Segment]) -> str:
    return next((segment.get(2) for segment in head if segment.tag == "REF" and segment.get(1) == "VN"), "")


def _texts(segments: Sequence[Segment]) -> Iterator[str]:
    for segment in segments:
        if segment.tag == "MSG":
            yield segment.get(1)
        elif segment.tag == "REF" and segment.get(3):
            yield segment.get(3)


def _date(segment: Segment, tag: str, place: int) -> Iterator[date]:
    if segment.tag == tag and segment.get(place) in DELIVERY_DATES and (found := day(segment.get(place + 1))):
        yield found


def _acks(block: Sequence[Segment]) -> list[Segment]:
    return [segment for segment in block if segment.tag == "ACK"]


class _Line:
    """One line's segments; each ACK says what becomes of a part of it, or of the whole."""

    def __init__(self, segments: Sequence[Segment], units: Mapping[str, str], accepted: bool) -> None:
        self.begin, self.segments, self.units, self.accepted = segments[0], segments, units, accepted
        self.acks = _acks(segments)
        self.places = LINES[self.begin.tag]
        self.name = f"Line {self.begin.get(1)[:10] or '(without a number)'}"

    def answer(self) -> LineAnswer:
        statuses = [self._status(ack) for ack in self.acks]
        status = _in_all(statuses)
        unit, *same_units = self._units() or (None,)
        return LineAnswer(
            line_number(self.begin.get(1)),
            status,
            self._quantity(statuses),
            unit,
            self._price(),
            sku=self._article(status),
            schedules=() if status is LineStatus.REJECTED else self._schedules(statuses),
            code=clean(" ".join(dict.fromkeys(ack.get(1) for ack in self.acks))),
            message=clean("; ".join(_texts(self.segments))),
            same_units=tuple(same_units),
        )

    def _status(self, ack: Segment) -> LineStatus:
        if ack.get(1) not in STATUSES:
            raise UnreadableError(f"{self.name} has the status {ack.get(1)[:5]!r}, which is not known.")
        return STATUSES[ack.get(1)]

    def _quantity(self, statuses: Sequence[LineStatus]) -> Decimal | None:
        """Return how much is certain to come; None: it is not said."""
        if not self.acks:
            if not self.accepted:
                raise UnreadableError(f"{self.name} is named, and nothing is said about it.")
            return decimal(self.begin.get(self.places[0]))
        certain = [
            ack for ack, status in zip(self.acks, statuses, strict=True) if status in GIVES or ack.get(1) == "BP"
        ]
        amounts = [decimal(ack.get(2)) for ack in certain]
        if len(self.acks) > 1 and None in amounts:
            raise UnreadableError(f"{self.name} is answered in parts, of which one has no quantity.")
        if not amounts:
            return None if len(self.acks) == 1 else Decimal(0)
        with localcontext(prec=60):
            return None if None in amounts else sum((amount for amount in amounts if amount is not None), Decimal(0))

    def _units(self) -> tuple[str, ...]:
        codes = {code for segment in self.acks if (code := segment.get(3))} or {self.begin.get(self.places[1])}
        if len(codes) > 1:
            raise UnreadableError(f"{self.name} counts in several units.")
        return unit_names(codes.pop(), self.units)

    def _price(self) -> Decimal | None:
        price, amount = decimal(self.begin.get(self.places[2])), PRICE_FOR.get(self.begin.get(self.places[3]))
        if price is None or amount is None:
            return price
        with localcontext(prec=60):
            return price / amount

    def _article(self, status: LineStatus) -> str | None:
        """Return the article by the number that we sent as the seller's own; of a substitute, its number."""
        if status is LineStatus.SUBSTITUTED:
            replaced = next(ack for ack in self.acks if ack.get(1) in SUBSTITUTED)
            return _numbers(replaced, 7).get("VP")
        return _numbers(self.begin, self.places[4]).get("VP")

    def _schedules(self, statuses: Sequence[LineStatus]) -> tuple[Schedule, ...]:
        dated = [
            Schedule(found, decimal(ack.get(2)))
            for ack, status in zip(self.acks, statuses, strict=True)
            if status in GIVES
            for found in _date(ack, "ACK", 4)
        ]
        dated = dated or [Schedule(found) for segment in self.segments for found in _date(segment, "DTM", 1)]
        return (Schedule(dated[0].date),) if len(dated) == 1 else tuple(dated)


def _numbers(segment: Segment, start: int) -> dict[str, str]:
    pairs = ((segment.get(place), segment.get(place + 1)) for place in range(start, len(segment), 2))
    return {kind: number for kind, number in pairs if number}


def _in_all(statuses: Sequence[LineStatus]) -> LineStatus:
    """Return what several statuses of one line amount to."""
    kinds = set(statuses)
    if len(kinds) < 2:
        return next(iter(kinds), LineStatus.ACCEPTED)
    for kind in (LineStatus.SUBSTITUTED, LineStatus.BACKORDERED):
        if kind in kinds:
            return kind
    return LineStatus.CHANGED
