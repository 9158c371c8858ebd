"""An answer that ends each process that reads it comes to an end itself: its readings are counted before they begin.

By its memory, or by a fault in a library, it would else end the next process too, for ever, and nothing behind it would
be read. Where a round of files stands goes with the flow of control, as how far a connection leads does
(`domain.reach`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST_BEGUN = 3
"""Readings of one answer that are begun and do not end; it is not begun once more."""

LONGEST_UNMATCHED = 3_600.0
"""Seconds between two readings of something that belongs to nobody, at most."""

READER_DIED = "READER_DIED"
"""The code under which it is told."""

DIED = (
    f"Its reading was begun {MOST_BEGUN} times and never came to its end: the process ended first. "
    "It is not read by itself any more."
)


def named(name: str) -> str:
    """Return how what a file is known by begins: another size, or another time, is another file."""
    return f"{name}\n"


class Readings:
    """The readings of a round in which nothing is feared, which is most.

    Attributes:
        one_by_one: The last round did not come to its end, so that each file is begun, read and recorded by itself.
    """

    one_by_one = False

    def suspects(self, file: str) -> bool:
        """Return whether a reader may have died of a file; it is read after all others, and by itself."""
        return False

    def begin(self, file: str) -> bool:
        """Note that a file is read now, and the one before it to its end; False: it is to be read no more."""
        return True


_readings: ContextVar[Readings] = ContextVar("readings", default=Readings())  # noqa: B039  # it holds nothing


def current() -> Readings:
    """Return where the round stands."""
    return _readings.get()


@contextmanager
def noted_by(readings: Readings) -> Iterator[None]:
    """Have `readings` note what is read in the block."""
    token = _readings.set(readings)
    try:
        yield
    finally:
        _readings.reset(token)
