"""The time as the steps read it. A simulation puts a clock of its own in the place of the machine's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def monotonic(self) -> float:
        """Return seconds that only grow, as `time.monotonic()` does."""

    def now(self) -> datetime:
        """Return the time of day, UTC."""


class _MachineClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


_clock: Clock = _MachineClock()


def monotonic() -> float:
    """Return seconds that only grow; only differences mean anything."""
    return _clock.monotonic()


def milliseconds_since(started: float) -> int:
    """Return the time since `started`, which was `monotonic()`."""
    return round((monotonic() - started) * 1000)


def now() -> datetime:
    """Return the time of day, UTC."""
    return _clock.now()


@contextmanager
def running_by(clock: Clock) -> Iterator[None]:
    """Let everything in this process run by `clock` until the block ends."""
    global _clock  # noqa: PLW0603  # one process has one time
    before, _clock = _clock, clock
    try:
        yield
    finally:
        _clock = before
