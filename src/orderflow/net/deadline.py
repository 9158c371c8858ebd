"""One end for a whole conversation, and a limit for what comes in: whatever the other side does, neither moves.

A socket's timeout is per read, so that a server which drips a byte a second never runs into it. A `Deadline` is fixed
when the conversation begins:

- where each step takes a timeout, it is given `deadline.left()`, and the steps end together;
- where a library has steps of its own (ftplib), `deadline.holds(end)` calls `end` from a thread of its own once the
  time is over, and that ends the library's socket under it: `deadline.holds(partial(sever, sock))`;
- in asyncio, `asyncio.timeout(deadline.left())`.

`Counter` and `counted` are the same for what comes in: bytes of an answer, lines of a reply, names of a folder.
"""

from __future__ import annotations

import heapq
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import TypeVar

T = TypeVar("T")


class DeadlineError(TimeoutError):
    """The time for the whole conversation is over."""


class TooMuchError(Exception):
    """The other side sends more than is read; the message says of what, and how much is read."""


class Deadline:
    """A moment on this machine's monotonic clock after which nothing goes on.

    Args:
        seconds: From now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._ends

    def left(self, most: float | None = None) -> float:
        """Return the seconds that are left, at most `most`; more than 0, so that it is a timeout for any library.

        Raises:
            DeadlineError: None are left.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise DeadlineError(f"The {self.seconds:g} seconds for all of it are over.")
        return left if most is None else min(left, most)

    @contextmanager
    def holds(self, end: Callable[[], None]) -> Iterator[None]:
        """Call `end` once the time is over, from another thread, unless the block has ended by then.

        Args:
            end: Breaks off what the block waits for, without waiting itself; see `sever`. It is never called after
                the block, so that it cannot hit a socket which has got the same number since.

        Raises:
            DeadlineError: Instead of the OSError or EOFError that the block raised because it was broken off.
        """
        self.left()
        watch = _watchdog.watch(self._ends, end)
        try:
            yield
        except (OSError, EOFError) as error:
            if watch.fired:
                raise DeadlineError(f"The {self.seconds:g} seconds for all of it are over.") from error
            raise
        finally:
            watch.cancel()


def sever(connection: socket.socket) -> None:
    """End a connection at once, in both directions and under whoever waits for it; the socket is still to be closed."""
    with suppress(OSError):  # it has ended by itself
        # Not the method of a TLS socket, which would have its reader go on unencrypted.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class Counter:
    """Counts what comes in.

    Args:
        most: How much is read.
        of: What is counted, for the message: "bytes of an answer".
    """

    def __init__(self, most: int, of: str) -> None:
        self.most, self.of, self.seen = most, of, 0

    def add(self, more: int = 1) -> None:
        """Count `more`. Raises TooMuchError beyond `most`."""
        self.seen += more
        if self.seen > self.most:
            raise TooMuchError(f"The server sends more than {self.most:,} {self.of}.")


def counted(items: Iterable[T], most: int, of: str) -> Iterator[T]:
    """Yield the items, counted one by one. Raises TooMuchError after `most`, without taking more than one further."""
    counter = Counter(most, of)
    for item in items:
        counter.add()
        yield item


class _Watch:
    """One block that is watched; `fired` if its time was over before it ended."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end: Callable[[], None] | None = end
        self._lock = threading.Lock()
        self.fired = False

    @property
    def over(self) -> bool:
        return self._end is None

    def fire(self) -> None:
        with self._lock:
            if self._end is not None:
                self.fired, end, self._end = True, self._end, None
                with suppress(Exception):  # one conversation that cannot be ended must not keep the others going
                    end()

    def cancel(self) -> None:
        with self._lock:  # waits for an `end` that is just being called
            self._end = None


class _Watchdog:
    """One thread for all deadlines of this process; it starts with the first."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, _Watch]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, ends: float, end: Callable[[], None]) -> _Watch:
        watch = _Watch(end)
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            first = self._due[0][0] if self._due else None
            heapq.heappush(self._due, (ends, next(self._numbers), watch))
            if first is None or ends < first:
                self._changed.notify()
        return watch

    def _run(self) -> None:
        while True:
            self._next().fire()

    def _next(self) -> _Watch:
        with self._changed:
            while True:
                while self._due and self._due[0][2].over:
                    heapq.heappop(self._due)
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)


_watchdog = _Watchdog()


def _forget() -> None:
    global _watchdog  # noqa: PLW0603  # a forked process has none of its parent's threads, nor their conversations
    _watchdog = _Watchdog()


os.register_at_fork(after_in_child=_forget)
