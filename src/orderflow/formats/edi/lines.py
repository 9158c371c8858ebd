"""The lines of a response: a message's head, the segments that belong to each line, and what becomes of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Container, Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

from orderflow.domain.answer_details import LineAnswer, LineStatus, Schedule
from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.answer_fields import number, words
from orderflow.formats.edi.response import UnitNames, decimal, line_number, price_for_one, the_one
from orderflow.formats.edi.segments import Segment


class Block:
    """Segments that belong together, in their order."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self._by_tag: dict[str, list[Segment]] = {}
        for segment in segments:
            if segment.tag in self._by_tag:
                self._by_tag[segment.tag].append(segment)
            else:
                self._by_tag[segment.tag] = [segment]

    def of(self, tag: str) -> Sequence[Segment]:
        """Return those with a tag."""
        return self._by_tag.get(tag, ())

    def one(self, *tags: str) -> Segment | None:
        """Return the one with one of these tags; None: there is none. Raises UnreadableError: there are several."""
        return the_one((segment for tag in tags for segment in self.of(tag)), " or ".join(tags))

    def check_without(self, *tags: str) -> None:
        """Check that segments are not there which change what is agreed. Raises UnreadableError."""
        for tag in tags:
            if self.of(tag):
                raise UnreadableError(f"It has {tag}, which changes what was agreed, and is not read.")

    def cut_before(self, tag: str) -> tuple[Block, Block]:
        """Return what stands before the first segment with a tag, and the rest."""
        if tag not in self._by_tag:
            return self, NOTHING
        at = self.segments.index(self._by_tag[tag][0])
        return Block(self.segments[:at]), Block(self.segments[at:])


NOTHING = Block(())


def parts_of(
    segments: Sequence[Segment], begin: Container[str], end: str, totals: Container[str]
) -> tuple[Block, list[Block]]:
    """Return what stands before the first line, and the lines, each of which begins with a tag of `begin`.

    Args:
        end: What ends the lines, so that nothing but `totals` stands behind it.

    Raises:
        UnreadableError: Something else does.
    """
    ends = next((at for at, segment in enumerate(segments) if segment.tag == end), len(segments))
    for segment in segments[ends:]:
        if segment.tag != end and segment.tag not in totals:
            raise UnreadableError(f"A segment {segment.tag[:9]} stands behind {end}, where lines have ended.")
    begins = [at for at, segment in enumerate(segments[:ends]) if segment.tag in begin]
    lines = [Block(segments[first:behind]) for first, behind in pairwise([*begins, ends])]
    return Block(segments[: begins[0] if begins else ends]), lines


def check_count(told: str, lines: int, place: str) -> None:
    """Check what a message says of how many lines it has. Raises UnreadableError."""
    if told and decimal(told) != lines:
        raise UnreadableError(f"It has {lines} lines, and {place} says {told[:20]!r}.")


class ResponseLine(ABC):
    """One line of a response. A dialect says what stands where; whatever is not sure raises UnreadableError.

    Args:
        block: Its segments.
        units: What orders may call the units.
        accepted: Whether a line is taken of which no more is said than what was ordered.

    Attributes:
        name: What an error calls it.
    """

    def __init__(self, block: Block, units: UnitNames, accepted: bool) -> None:
        self.block, self.units, self.accepted, self.begin = block, units, accepted, block.segments[0]
        self.name = f"Line {self.begin.get(1)[:10] or '(without a number)'}"

    @property
    @abstractmethod
    def is_answered(self) -> bool:
        """Whether it says more than what was ordered."""

    @abstractmethod
    def status(self) -> LineStatus:
        """Return what becomes of it."""

    @abstractmethod
    def quantity(self) -> Decimal | None:
        """Return how much is certain to come; None: it is not said."""

    @abstractmethod
    def unit_codes(self) -> Collection[str]:
        """Return the codes of the units that it counts in, each once."""

    @abstractmethod
    def price(self) -> tuple[Decimal | None, Decimal | None]:
        """Return its price, and for how many that is; None: for one."""

    @abstractmethod
    def article(self, status: LineStatus) -> str | None:
        """Return the number that we sent as the seller's own; of a line that is SUBSTITUTED its substitute's."""

    @abstractmethod
    def schedules(self) -> Sequence[Schedule]:
        """Return when it comes."""

    @abstractmethod
    def code(self) -> str:
        """Return the code that tells its status."""

    @abstractmethod
    def words(self) -> str:
        """Return the partner's words."""

    def number(self) -> str:
        """Return the number of the order's line."""
        return self.begin.get(1)

    def answer(self) -> LineAnswer:
        """Return what it says. Raises UnreadableError: nothing, or nothing that is sure."""
        if not self.is_answered and not self.accepted:
            raise UnreadableError(f"{self.name} is named, and nothing is said about it.")
        status = self.status()
        unit, *same_units = self._unit_names() or (None,)
        return LineAnswer(
            line_number(self.number()),
            status,
            self.quantity(),
            number(unit, "unit"),
            self._price_for_one(),
            None,
            number(self.article(status), "article"),
            () if status is LineStatus.REJECTED else _whole(self.schedules()),
            words(self.code()),
            words(self.words()),
            tuple(same_units),
        )

    def _unit_names(self) -> Sequence[str]:
        codes = self.unit_codes()
        if len(codes) > 1:
            raise UnreadableError(f"{self.name} counts in several units.")
        code = next(iter(codes), "")
        return self.units.get(code, (code,)) if code else ()

    def _price_for_one(self) -> Decimal | None:
        return price_for_one(*self.price(), self.name)


def answers_of(lines: Iterable[ResponseLine], *, passing_over: bool) -> list[LineAnswer]:
    """Return what lines say.

    Args:
        passing_over: Whether those that say no more than what was ordered are passed over, as in a refusal.
    """
    return [line.answer() for line in lines if line.is_answered or not passing_over]


def _whole(schedules: Sequence[Schedule]) -> tuple[Schedule, ...]:
    """Return when a line comes: one date alone is that of all that comes."""
    if len(schedules) == 1 and schedules[0].qty is not None:
        return (Schedule(schedules[0].date),)
    return tuple(schedules)
