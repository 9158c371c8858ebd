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
    """Return a UUID version 7: milliseconds first, so that new rows land side by side in an index.

    Source: RFC 9562, section 5.7.
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


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
