"""How often something is done for one address, or for one connection, in a time: before anything is spent on it."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from orderflow.flow.people.sign_in import RateLimitedError


class RateLimit:
    """Allows `most` attempts per `seconds` for each key, counted from the first of them.

    Args:
        keys: Keys remembered at most; the oldest are forgotten.
        what: Is told to whom there were too many of.
    """

    def __init__(
        self,
        most: int,
        seconds: float,
        *,
        keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
        what: str = "attempts to sign in",
    ) -> None:
        self._most, self._seconds, self._keys, self._clock = most, seconds, keys, clock
        self._what = what
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = Lock()

    def check(self, key: str) -> None:
        """Count an attempt. Raises RateLimitedError if it is one too many."""
        now = self._clock()
        with self._lock:
            since, count = self._windows.pop(key, (now, 0))
            if now - since >= self._seconds:
                since, count = now, 0
            self._windows[key] = (since, count + 1)
            if len(self._windows) > self._keys:
                self._windows.popitem(last=False)
        if count >= self._most:
            raise RateLimitedError(f"Too many {self._what}.", math.ceil(since + self._seconds - now))
