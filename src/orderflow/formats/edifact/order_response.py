"""ORDRSP: what the partner's business will do with an order, line by line.

Source: UN/EDIFACT D.96A and EANCOM 1997, code lists 1153, 1225, 1229, 4343, 6063, 2005.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from orderflow.domain.answer_details import Level, LineStatus, Others, Schedule
from orderflow.domain.answer_files import Answer, ControlNumber, OrderNumber, Reference, UnreadableError
from orderflow.domain.states import Kind
from orderflow.formats.edi.changes import answered_change
from orderflow.formats.edi.lines import Block, ResponseLine, answers_of, check_count, parts_of
from orderflow.formats.edi.response import (
    UnitNames,
    business_answer,
    decimal_or_comma,
    order_number,
    the_one,
    told_at,
    total,
)
from orderflow.formats.edi.segments import Segment
from orderflow.formats.edifact.schedules import (
    BACKORDERED,
    COMES,
    CONFIRMED,
    amount,
    delivery_date,
    schedules_of,
)

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
ASKED = {"1", "4"}
"""What a change asked for, and its answer may repeat: an added line, one as before. That by itself says nothing."""

ORDERED = "21"
QUANTITIES = {*COMES, ORDERED}
HARMLESS = {"52", "53", "54", "59", "192"}
"""Quantities that say nothing about what comes: in a package, the least and the most of an order, free ones."""

VARIANCES = ("QVR", "QVA")
"""Segments that say by how much another quantity comes than the one that is told."""

TOTALS = {"MOA", "CNT", "ALC", "ALI"}
"""What stands behind UNS."""

CHANGE = "PP"
"""The reference by which an answer names our ORDCHG (1153: purchase order change number)."""

SUBSTITUTED_BY, SUBSTITUTED_FOR = "3", "4"
SELLERS = ("SA", "VP")
"""Kinds of the number that we sent as the seller's own, the likelier first."""


def read_order_response(segments: Sequence[Segment], units: UnitNames) -> Answer:
    """Return what it says.

    Args:
        units: What orders may call the units.

    Raises:
        UnreadableError: It contradicts itself, or what it says is not known here.
    """
    whole = Block(list(segments))
    order = order_number(_references(whole, "ON"))
    change, about = _change_answered(whole, order) or (Kind.ORDER, order)
    with told_at(about):
        return _recalled(whole, about) if change is Kind.RECALL else _answer(whole, about, units)


def _change_answered(whole: Block, order: OrderNumber) -> tuple[Kind, ControlNumber] | None:
    """Return which change or recall of ours it names by our number; None: it names none, and may mean any."""
    numbers = (answered_change(number, order) for number in _references(whole, CHANGE))
    return the_one((one for one in numbers if one is not None), "the change that it answers")


def _recalled(whole: Block, about: Reference) -> Answer:
    """Return that the order is given back. A refusal may mean the order as well as its recall: a person must know."""
    if not (says := _said_of_all(whole)) & ACCEPTED or says & REFUSED:
        raise UnreadableError("It does not say that it accepts the recall. Ask whether the order is cancelled.")
    return Answer("ACKED", message="The partner accepts the recall.", about=about)


def _answer(whole: Block, about: Reference, units: UnitNames) -> Answer:
    head, blocks = parts_of(whole.segments, ("LIN",), "UNS", TOTALS)
    for count in (segment for segment in whole.of("CNT") if segment.get(1) == "2"):
        check_count(count.get(1, 2), len(blocks), "CNT")
    says = _said_of_all(whole)
    read = (_Line(block, units, bool(says & ACCEPTED)) for block in blocks)
    lines = answers_of(read, passing_over=bool(says & {*REFUSED, RECEIPT}))
    if not lines and RECEIPT in says and not says & REFUSED:
        return Answer("ACKED", about=about, level=Level.UNDERSTOOD)
    if not lines and not says & (REFUSED | ACCEPTED | ONLY_CHANGES):
        raise UnreadableError("It says neither what becomes of the order nor of any line.")
    if not says & REFUSED:
        whole.check_without("ALC")
    return business_answer(
        about,
        lines,
        refused=bool(says & REFUSED),
        others=Others.AS_ORDERED if says & (ACCEPTED | ONLY_CHANGES) else Others.UNANSWERED,
        message=_words(head),
        code=next(iter(sorted(says & REFUSED)), ""),
        erp_order_id=the_one(_references(head, "VN"), "the seller's number") or "",
        currency=the_one((one.get(1, 2) for one in head.of("CUX")), "a currency") or "",
        delivery_date=delivery_date(head.of("DTM")),
    )


def _said_of_all(whole: Block) -> set[str]:
    """Return function and response. Raises UnreadableError: they are no answer, or contradict each other."""
    begin = whole.one("BGM")
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
    return "; ".join([" ".join(segment.all(4)) for segment in block.of("FTX")])


class _Line(ResponseLine):
    """One line's segments; what stands behind SCC says when the parts of it come."""

    def __init__(self, block: Block, units: UnitNames, accepted: bool) -> None:
        super().__init__(block, units, accepted)
        self.action = action if (action := self.begin.get(2)) not in ASKED else ""
        self.head, self.scheduled = block.cut_before("SCC")
        self._quantities: Mapping[str, Decimal] | None = None

    @property
    def is_answered(self) -> bool:
        return bool(self.action) or any(segment.get(1) in COMES for segment in self.block.of("QTY"))

    def number(self) -> str:
        """Return the order's number of the line, which may be another than the response's."""
        numbers = [segment.get(1, 3) for segment in self.block.of("RFF") if segment.get(1) == "ON"]
        named = the_one(filter(None, numbers), f"the order's line that {self.name} is about") if numbers else None
        return named or self.begin.get(1)

    def status(self) -> LineStatus:
        waiting = self.quantities.get(BACKORDERED)
        action = self._action(waiting)
        if action is LineStatus.REJECTED:
            return action
        if self._substitute() is not None:
            return LineStatus.SUBSTITUTED
        return LineStatus.BACKORDERED if waiting else action

    def _action(self, waiting: Decimal | None) -> LineStatus:
        if self.action and self.action not in ACTIONS:
            raise UnreadableError(f"{self.name} has the action {self.action[:5]!r}, which is not known.")
        if self.action:
            return ACTIONS[self.action]
        return LineStatus.REJECTED if self.quantity() == 0 and not waiting else LineStatus.ACCEPTED

    def quantity(self) -> Decimal | None:
        for kind in CONFIRMED:
            if kind in self.quantities:
                return self.quantities[kind]
        return Decimal(0) if self.quantities.get(BACKORDERED) else self.quantities.get(ORDERED)

    @property
    def quantities(self) -> Mapping[str, Decimal]:
        """How much is told of each kind; of all parts together, unless it is told of the whole line."""
        if self._quantities is None:
            self._quantities = self._read_quantities()
        return self._quantities

    def _read_quantities(self) -> Mapping[str, Decimal]:
        of_all: dict[str, Decimal] = {}
        for kind, told in self._amounts(self.head):
            if kind in of_all:
                raise UnreadableError(f"{self.name} tells its quantity {kind} more than once.")
            of_all[kind] = told
        in_parts: dict[str, Decimal] = {}
        for kind, told in self._amounts(self.scheduled):
            in_parts[kind] = total(in_parts.get(kind, Decimal(0)), told)
        found = in_parts | of_all
        if not COMES & found.keys() and ACTIONS.get(self.action) is not LineStatus.REJECTED:
            self._check_nothing_else_comes(found)
        return found

    def _check_nothing_else_comes(self, found: Mapping[str, Decimal]) -> None:
        """Check that a line which does not say what comes says nothing against what was ordered."""
        told = [segment.get(1) for segment in self.block.of("QTY") if segment.get(1) not in QUANTITIES]
        if unknown := [kind for kind in told if not found or kind not in HARMLESS]:
            raise UnreadableError(f"{self.name} has a quantity {unknown[0][:5]!r}, which is not known.")
        self.block.check_without(*VARIANCES)

    def _amounts(self, block: Block) -> Iterator[tuple[str, Decimal]]:
        for segment in block.of("QTY"):
            if (kind := segment.get(1)) in QUANTITIES:
                told = amount(segment)
                if told is None:
                    raise UnreadableError(f"{self.name} has a quantity without a number.")
                yield kind, told

    def unit_codes(self) -> set[str]:
        codes = {segment.get(1, 3) for segment in self.block.of("QTY")}
        codes.update([segment.get(1, 6) for segment in self.block.of("PRI")])
        codes.discard("")
        return codes

    def price(self) -> tuple[Decimal | None, Decimal | None]:
        """Return the net price, else the gross one."""
        found = self._price("AAA") or self._price("AAB")
        if found is None and (unknown := self.block.of("PRI")):
            raise UnreadableError(f"{self.name} has a price {unknown[0].get(1)[:5]!r}, which is not known.")
        return found or (None, None)

    def _price(self, kind: str) -> tuple[Decimal | None, Decimal | None] | None:
        told = [
            (decimal_or_comma(one.get(1, 2)), decimal_or_comma(one.get(1, 5)))
            for one in self.block.of("PRI")
            if one.get(1) == kind
        ]
        return the_one(told, f"the price of {self.name}")

    def _substitute(self) -> str | None:
        """Return the article that comes instead, perhaps without a number; None: there is none."""
        if not self.block.of("PIA"):
            return None
        numbers = [(segment.get(1), segment.get(2)) for segment in self.block.of("PIA")]
        if SUBSTITUTED_FOR in dict(numbers):
            raise UnreadableError(f"{self.name} says by PIA+4 what it stands for, which is not read here.")
        return the_one((one for kind, one in numbers if kind == SUBSTITUTED_BY), f"the substitute of {self.name}")

    def article(self, status: LineStatus) -> str | None:
        if status is LineStatus.SUBSTITUTED:
            return self._substitute()
        numbers = self._numbers()
        for ours in SELLERS:
            if told := the_one([one for kind, one in numbers if kind == ours], f"the article of {self.name}"):
                return told
        return None

    def _numbers(self) -> list[tuple[str, str]]:
        """Return what the article is called, each with whose number it is."""
        numbers = [(self.begin.get(3, 2), self.begin.get(3))]
        for segment in self.head.of("PIA"):
            if segment.get(1) in ("1", "5"):
                numbers += [(segment.get(at, 2), segment.get(at)) for at in range(2, len(segment) + 1)]
        return numbers

    def schedules(self) -> Sequence[Schedule]:
        """Return what each SCC says; where there is none, the line itself."""
        if not self.scheduled.segments:
            return schedules_of(self.head, is_whole_line=True)
        _, parts = parts_of(self.scheduled.segments, ("SCC",), "UNS", TOTALS)
        return [schedule for part in parts for schedule in schedules_of(part, is_whole_line=False)]

    def code(self) -> str:
        return self.action

    def words(self) -> str:
        return _words(self.block)
