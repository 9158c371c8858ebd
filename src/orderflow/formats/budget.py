"""What an organization's own template or expression may cost: steps, size and time, counted as it runs.

The texts come from one of many organizations, and run in a process that they share. Every node that is evaluated, every
value that is made and every one that is written is charged by its size; what the machine does between two charges is
bounded by the text's own length.
"""

from __future__ import annotations

import time
from typing import Any

LETTERS_PER_UNIT = 8
"""Letters of a text that cost as much as one step."""


class SpentError(Exception):
    """It costs more than it may; the text says what of it."""


class Budget:
    """What is left.

    Args:
        units: Steps, items of lists and groups, and every eight letters of texts, in all.
        largest: The same, of a single value, with what lies in it.
        seconds: Of the processor, spent by this thread from now on; how busy the machine is does not matter.
    """

    def __init__(self, units: int, largest: int, seconds: float) -> None:
        self._units, self._left, self._largest, self._seconds = units, units, largest, seconds
        self._ends = time.thread_time() + seconds

    def spend(self, units: int = 1) -> None:
        """Pay for some steps. Raises SpentError."""
        self._left -= units
        if self._left < 0:
            raise SpentError(f"it takes more than {self._units:,} steps")
        if time.thread_time() > self._ends:
            raise SpentError(f"it takes more than {self._seconds:g} seconds to work out")

    def spend_on(self, value: Any) -> None:
        """Pay for a value with all that lies in it. Raises SpentError."""
        self.spend(weight(value, self._largest))


def weight(value: Any, at_most: int) -> int:
    """Return the size of a value as it would be written: what lies in it twice counts twice.

    Raises:
        SpentError: It is more than `at_most`.
    """
    size, open_values = 0, [value]
    while open_values:
        item = open_values.pop()
        size += 1
        if isinstance(item, str):
            size += len(item) // LETTERS_PER_UNIT
        elif isinstance(item, dict):
            open_values.extend(item.values())
            size += sum(map(len, item)) // LETTERS_PER_UNIT
        elif isinstance(item, list | tuple):
            open_values.extend(item)
        if size + len(open_values) > at_most:
            raise SpentError(f"it makes a value of more than {at_most:,} parts")
    return size
