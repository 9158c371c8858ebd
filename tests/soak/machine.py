"""How much of the machine is left for us: others may share it, and what is slower for their sake does not grow."""

from __future__ import annotations

import hashlib
import threading
import time
from statistics import median

PAUSE = 1.0
_PIECE = bytes(2_000_000)


class Machine(threading.Thread):
    """Does the same piece of work again and again, and notes how long it took."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._took: list[float] = []

    def run(self) -> None:
        """Measure until stopped."""
        while not self._stopped.wait(PAUSE):
            began = time.monotonic()
            hashlib.sha256(_PIECE).digest()
            with self._lock:
                self._took.append(time.monotonic() - began)

    def stop(self) -> None:
        """Measure no longer."""
        self._stopped.set()
        self.join()

    def took(self) -> float | None:
        """Return the usual seconds since this was asked last."""
        with self._lock:
            taken, self._took = self._took, []
        return median(taken) if taken else None
