"""Ranges of values: what several conditions of one field leave together, and which of many ranges hold a value."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import xor
from typing import Any

from orderflow.domain.routing.conditions import Condition, Operator

RANGES = (Operator.BETWEEN, Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST)


@dataclass(frozen=True, slots=True)
class Range:
    """Values from `low` to `high`, either left out if it is open; None: without an end."""

    low: Any = None
    low_open: bool = False
    high: Any = None
    high_open: bool = False

    @property
    def empty(self) -> bool:
        """No value is in it."""
        if self.low is None or self.high is None:
            return False
        return bool(self.low > self.high or (self.low == self.high and (self.low_open or self.high_open)))

    def within(self, outer: Range) -> bool:
        """Return whether all that is in this one is in `outer` too."""
        return self._begins_in(outer) and self._ends_in(outer)

    def and_(self, other: Range) -> Range:
        """Return what is in both."""
        low = self if self._begins_in(other) else other
        high = self if self._ends_in(other) else other
        return Range(low.low, low.low_open, high.high, high.high_open)

    def _begins_in(self, outer: Range) -> bool:
        if outer.low is None or self.low is None:
            return outer.low is None
        return bool((self.low, self.low_open) >= (outer.low, outer.low_open))

    def _ends_in(self, outer: Range) -> bool:
        if outer.high is None or self.high is None:
            return outer.high is None
        return bool((self.high, not self.high_open) <= (outer.high, not outer.high_open))


def joined(conditions: Sequence[Condition]) -> Range:
    """Return what conditions of `RANGES` on one field leave together."""
    left = Range()
    for condition in conditions:
        left = left.and_(_range(condition))
    return left


def _range(condition: Condition) -> Range:
    first = condition.values[0]
    match condition.operator:
        case Operator.LESS:
            return Range(high=first, high_open=True)
        case Operator.AT_MOST:
            return Range(high=first)
        case Operator.MORE:
            return Range(low=first, low_open=True)
        case Operator.AT_LEAST:
            return Range(low=first)
    return Range(first, high=condition.values[1])


class Ranges:
    """Many ranges, by number, asked which of them hold a value. The answer is a bit for each.

    Between the ends of all ranges nothing changes: the answer for each end, and for each gap, is made beforehand.
    """

    def __init__(self, ranges: Mapping[int, Range]) -> None:
        ends = {end for one in ranges.values() for end in (one.low, one.high) if end is not None}
        self._ends = sorted(ends)
        changes = [0] * (2 * len(ends) + 2)
        for number, one in ranges.items():
            if not one.empty:
                first = 0 if one.low is None else self._place(one.low) + one.low_open
                last = 2 * len(ends) if one.high is None else self._place(one.high) - one.high_open
                changes[first] ^= 1 << number
                changes[last + 1] ^= 1 << number
        self._answers: list[int] = list(accumulate(changes, xor))

    def holding(self, value: Any) -> int:
        """Return the ranges that hold a value."""
        return self._answers[self._place(value)]

    def _place(self, value: Any) -> int:
        """Return where a value stands: an end at an odd number, the gaps around it before and after."""
        place = bisect_left(self._ends, value)
        at_end = bool(place < len(self._ends) and self._ends[place] == value)
        return 2 * place + at_end
