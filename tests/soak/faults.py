"""What breaks while the long run goes on, each as a function that breaks it and mends it again.

API, Celery's worker and beat are never killed, so that what they hold can be followed through all of the run.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from itertools import cycle

from tests.soak.place import PASSWORD, Place

BROKEN = 5.0
"""Seconds for which something stays broken at most."""

LEAST = 4.0
"""Seconds between two faults, so that there is work between them in a short run, too."""

Wait = Callable[[float], object]


def kill_worker(place: Place, wait: Wait) -> None:
    """`orderflow worker` is killed, and started again."""
    place.kill("worker")
    wait(BROKEN)
    place.start("worker")


def kill_erp(place: Place, wait: Wait) -> None:
    """The ERP's server is killed, and started again."""
    place.kill_erp()
    wait(BROKEN)
    place.start_erp()


def kill_database(place: Place, _wait: Wait) -> None:
    """PostgreSQL is killed; whoever needs it next starts it."""
    place.kill_database()


def wrong_password(place: Place, wait: Wait) -> None:
    """The ERP takes another password for a while."""
    place.set_password("changed")
    wait(BROKEN)
    place.set_password(PASSWORD)


def kill_broker(place: Place, wait: Wait) -> None:
    """Redis is killed, and started again, empty."""
    place.redis.kill()
    wait(BROKEN)
    place.redis.start()


FAULTS = (kill_worker, kill_erp, wrong_password, kill_database, kill_broker)


class Faults(threading.Thread):
    """Breaks one thing after the other.

    Args:
        every: Seconds from one to the next.

    Attributes:
        done: How often each was done.
    """

    def __init__(self, place: Place, every: float) -> None:
        super().__init__(daemon=True)
        self._place, self._every, self._stopped = place, max(every, LEAST), threading.Event()
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        """Break things until stopped."""
        for fault in cycle(FAULTS):
            if self._stopped.wait(self._every):
                return
            fault(self._place, lambda seconds: self._stopped.wait(min(seconds, self._every / 2)))
            self.done[fault.__name__] += 1

    def stop(self) -> None:
        """Mend what is broken, and break nothing more."""
        self._stopped.set()
        self.join()
