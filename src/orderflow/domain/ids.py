"""Identifiers made in the client, so that a row's encrypted content can be bound to its id before it is saved."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID


def new_id() -> UUID:
    """Return a UUID that nobody has yet."""
    return _make()


def uuid7() -> UUID:
    """Return a UUID version 7: the time first, so that new rows land side by side in an index, in the order of making.

    The 12 bits after the milliseconds are their fraction. Ids of one millisecond in no order, as of a list of orders
    that one statement brings, would split pages of the index that nothing fills again.

    Source: RFC 9562, sections 5.7 and 6.2 (method 3).
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = (nanoseconds << 12) // 1_000_000
    random = int.from_bytes(os.urandom(8)) >> 2
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | random)


_make: Callable[[], UUID] = uuid7


@contextmanager
def made_by(make: Callable[[], UUID]) -> Iterator[None]:
    """Let `make` make all new ids of this process until the block ends; a simulation's are the same every time."""
    global _make  # noqa: PLW0603  # one process has one source of ids
    before, _make = _make, make
    try:
        yield
    finally:
        _make = before
