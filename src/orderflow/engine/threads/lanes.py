"""Who works on which connection: a lane is one batch after another for one connection.

A connection gets a further lane as soon as one has taken a full batch, so that the link is busy while the database
commits and documents are made; and never more than `per_connection`, so that a target that hangs holds only its own
lanes. After every batch a lane goes to the end of the queue, so that connections take turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Protocol


class Threads(Protocol):
    """What runs the lanes."""

    def submit(self, work: Callable[[Hashable], None], key: Hashable, /) -> object:
        """Run `work(key)`, later."""


@dataclass(slots=True)
class _Lanes:
    running: int = 0
    look_again: bool = False


class LanePool:
    """Runs `work` for keys that have something to do.

    Args:
        work: Does one batch for a key; calls what else it is given once it knows that there is more, and returns True
            if so.
        per_connection: Lanes at most for one key.
    """

    def __init__(self, threads: Threads, work: Callable[..., bool], per_connection: int) -> None:
        self._threads = threads
        self._work = work
        self._most = per_connection
        self._lanes: dict[Hashable, _Lanes] = {}
        self._lock = threading.Lock()
        self._stopped = False

    def look_at(self, key: Hashable) -> None:
        """See to it that somebody looks at `key` after this moment."""
        with self._lock:
            lanes = self._lanes.setdefault(key, _Lanes())
            if lanes.running:
                lanes.look_again = True
            else:
                self._start(key, lanes)

    def stop(self) -> None:
        """Begin no further batch."""
        with self._lock:
            self._stopped = True

    def _start(self, key: Hashable, lanes: _Lanes) -> None:
        if not self._stopped:
            lanes.running += 1
            self._threads.submit(self._run, key)

    def _run(self, key: Hashable) -> None:
        full = False
        try:
            full = self._work(key, partial(self._open_further, key))
        finally:
            self._after(key, full=full)

    def _open_further(self, key: Hashable) -> None:
        with self._lock:
            if self._lanes[key].running < self._most:
                self._start(key, self._lanes[key])

    def _after(self, key: Hashable, *, full: bool) -> None:
        with self._lock:
            lanes = self._lanes[key]
            lanes.running -= 1
            if full or lanes.look_again:
                lanes.look_again = False
                self._start(key, lanes)
            if not lanes.running:
                del self._lanes[key]
