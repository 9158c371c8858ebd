"""The engine: listens, sweeps, and hands connections that have something to do to its lanes."""

from __future__ import annotations

import math
import threading
import time
from functools import partial

import structlog

from orderflow.bootstrap import App
from orderflow.engine.jobs import DELIVER, JOBS, Job, guarded, take_turn
from orderflow.engine.threads.fair_threads import FairThreads
from orderflow.engine.threads.lanes import LanePool
from orderflow.storage.wake import listen

log = structlog.get_logger(__name__)
STOP_WITHIN = 0.3
"""Seconds between the listener's looks at whether it shall stop; a command that waits ends no sooner."""
WIND_DOWN_EVERY = 0.3
"""Seconds between looks for leases that were just taken as the engine stops."""
RELISTEN_DELAY = 1.0
"""Seconds before the engine listens again after the database went away."""
TELLERS = 8
"""Threads that send events to webhooks."""
GRACE = 20.0
"""Seconds that a delivery in hand gets to end when the engine is stopped; after them it is left to its lease."""


class Engine:
    """Delivers, probes and polls for every organization of a database, until it is stopped.

    Several engines may share one database, in one process or on many machines.
    """

    def __init__(self, app: App) -> None:
        settings = app.settings
        self._app = app
        self._stopped = threading.Event()
        self._deliverers = FairThreads(settings.worker_threads, "deliver")
        self._lookers = FairThreads(settings.worker_threads, "look")
        self._tellers = FairThreads(TELLERS, "tell")
        self._lanes = {job.name: self._lanes_of(job) for job in JOBS}
        # At start everything is looked for at once, except what deletes.
        self._next = {job.name: math.inf if self._every(job) == 0 else time.monotonic() for job in JOBS}
        self._next["prune"] += settings.prune_seconds
        self._threads = [
            threading.Thread(target=self._listen, name="listen", daemon=True),
            threading.Thread(target=self._sweep, name="sweep", daemon=True),
        ]

    @property
    def alive(self) -> bool:
        """True while it listens and sweeps."""
        return not self._stopped.is_set() and all(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Begin to work, in threads of its own."""
        for thread in self._threads:
            thread.start()
        log.info("engine started", threads=self._app.settings.worker_threads)

    def stop(self, grace: float = GRACE) -> bool:
        """Begin nothing new, finish what is in hand, and return.

        Returns:
            False if something is still in hand after `grace` seconds. End the process then: whatever it is goes on
            elsewhere once its lease has run out, as after a crash.
        """
        self._stopped.set()
        for lanes in self._lanes.values():
            lanes.stop()
        ends = time.monotonic() + grace
        in_time = self._end_deliveries(ends)
        for threads in (self._lookers, self._tellers):
            in_time = threads.shutdown(max(0.0, ends - time.monotonic())) and in_time
        ended = in_time
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=self._app.settings.sweep_seconds + 1)
        if ended:
            log.info("engine stopped")
        else:
            log.warning("engine stopped; what it still had in hand goes on elsewhere once its lease is over")
        return ended

    def _end_deliveries(self, ends: float) -> bool:
        """Let deliveries in hand begin nothing further, also of a batch that was just being claimed."""
        while True:
            self._app.keeper.wind_down()
            left = ends - time.monotonic()
            if self._deliverers.shutdown(max(0.0, min(left, WIND_DOWN_EVERY))):
                return True
            if left <= 0:
                return False

    def sweep(self) -> None:
        """Look once for all that is due; what a lost wake-up would have missed included."""
        shared = len(self._app.system.organizations()) > 1
        self._deliverers.shared = self._lookers.shared = self._tellers.shared = shared
        for job in JOBS:
            if time.monotonic() >= self._next[job.name]:
                self._next[job.name] = time.monotonic() + self._every(job)
                self._look(job)

    def _look(self, job: Job) -> None:
        lanes = self._lanes[job.name]
        for key in job.due(self._app) if job.due else (job.name,):
            lanes.look_at(key)

    def _lanes_of(self, job: Job) -> LanePool:
        threads = self._deliverers if job.delivers else self._tellers if job.tells else self._lookers
        turn = partial(take_turn, job, self._app, self._stopped.is_set)
        return LanePool(threads, turn, job.lanes(self._app.settings))

    def _every(self, job: Job) -> float:
        """Return the seconds between looks; 0 means never, and less than nothing every sweep."""
        return job.every(self._app.settings) if job.every else -1.0

    def _listen(self) -> None:
        while not self._stopped.is_set():
            guarded("listen", self._listen_once)
            self._stopped.wait(RELISTEN_DELAY)

    def _listen_once(self) -> None:
        lanes = self._lanes[DELIVER.name]
        for place in listen(self._app.database, STOP_WITHIN, self._stopped):
            lanes.look_at(place)

    def _sweep(self) -> None:
        while not self._stopped.is_set():
            if not guarded("sweep", self._swept):
                guarded("revive", self._app.revive)
            self._stopped.wait(self._app.settings.sweep_seconds)

    def _swept(self) -> bool:
        self.sweep()
        return True
