"""Threads that organizations share: none can hold them all, however many of its connections hang.

An organization gets a further thread while it holds fewer than are free, and those that wait are served in turn. Where
there is only one organization, it gets them all.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from orderflow.engine.fairness import may_take


class FairThreads:
    """Runs work of many owners in `threads` threads.

    What is submitted for a key that is a connection belongs to the connection's organization; all else to the
    installation, which is never held back.

    Args:
        name: What the threads are called.

    Attributes:
        shared: There is more than one owner; else the one gets all threads.
    """

    def __init__(self, threads: int, name: str) -> None:
        self.shared = True
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[Callable[[], None]]] = {}
        self._idle = threading.Condition()

    def submit(self, work: Callable[[Hashable], None], key: Hashable) -> None:
        """Run `work(key)` in the turn of whom the key belongs to."""
        owner = key[0] if isinstance(key, tuple) else None
        with self._idle:
            self._waiting.setdefault(owner, deque()).append(partial(work, key))
            self._start()

    def shutdown(self, wait: float) -> bool:
        """Forget what waits, and give what runs `wait` seconds to end; False if something still runs then."""
        with self._idle:
            self._waiting.clear()
            ended = self._idle.wait_for(lambda: not self._held, wait)
        self._threads.shutdown(wait=ended)
        return ended

    def _start(self) -> None:
        while self._free and (owner := self._next()) is not _NOBODY:
            queue = self._waiting.pop(owner)
            work = queue.popleft()
            if queue:
                self._waiting[owner] = queue  # behind all others
            self._free -= 1
            self._held[owner] += 1
            self._threads.submit(self._run, owner, work)

    def _next(self) -> Hashable:
        return next((owner for owner in self._waiting if self._may(owner)), _NOBODY)

    def _may(self, owner: Hashable) -> bool:
        return owner is None or not self.shared or may_take(self._held[owner], self._free)

    def _run(self, owner: Hashable, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            with self._idle:
                self._free += 1
                self._held[owner] -= 1
                self._held += Counter()  # drops those that hold none
                self._start()
                self._idle.notify_all()


_NOBODY = object()
