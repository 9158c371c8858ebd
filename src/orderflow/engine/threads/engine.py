"""The engine: listens, sweeps, and hands connections that have something to do to its lanes."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar
from uuid import UUID

import structlog

from orderflow.bootstrap import App
from orderflow.domain.errors import OrderFlowError
from orderflow.engine.logs import frames_of
from orderflow.engine.threads.lanes import LanePool
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.setup.probe import probe
from orderflow.storage.system.due import Place
from orderflow.storage.wake import listen

R = TypeVar("R")
log = structlog.get_logger(__name__)
STOP_WITHIN = 0.3
"""Seconds between the listener's looks at whether it shall stop; a command that waits ends no sooner."""
RELISTEN_DELAY = 1.0
"""Seconds before the engine listens again after the database went away."""


class Engine:
    """Delivers, probes and polls for every organization of a database, until it is stopped.

    Several engines may share one database, in one process or on many machines.
    """

    def __init__(self, app: App) -> None:
        settings = app.settings
        self._app = app
        self._stopped = threading.Event()
        self._deliverers = ThreadPoolExecutor(settings.worker_threads, thread_name_prefix="deliver")
        self._lookers = ThreadPoolExecutor(settings.worker_threads, thread_name_prefix="look")
        self._deliveries = LanePool(self._deliverers, self._deliver, settings.lanes_per_connection)
        self._probes = LanePool(self._lookers, self._probe, 1)
        self._polls = LanePool(self._lookers, self._poll, 1)
        self._upkeep = LanePool(self._lookers, self._keep_up, 1)
        self._cleanings = LanePool(self._lookers, self._clean_up, 1)
        self._prunings = LanePool(self._lookers, self._prune, 1)
        self._clean_at = time.monotonic()
        self._prune_at = time.monotonic() + (settings.prune_seconds or math.inf)
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

    def stop(self) -> None:
        """Begin nothing new, finish what is in hand, and return."""
        self._stopped.set()
        for lanes in (self._deliveries, self._probes, self._polls, self._upkeep, self._cleanings, self._prunings):
            lanes.stop()
        self._deliverers.shutdown(wait=True)
        self._lookers.shutdown(wait=True)
        for thread in self._threads:
            thread.join(timeout=self._app.settings.sweep_seconds + 1)
        log.info("engine stopped")

    def sweep(self) -> None:
        """Look once for all that is due; what a lost wake-up would have missed included."""
        for place in self._app.system.due_deliveries():
            self._deliveries.look_at(place)
        for place in self._app.system.due_probes():
            self._probes.look_at(place)
        for place in self._app.system.due_polls():
            self._polls.look_at(place)
        self._upkeep.look_at("upkeep")
        if time.monotonic() >= self._clean_at:
            self._clean_at = time.monotonic() + self._app.settings.cleanup_seconds
            for place in self._app.system.cleanable():
                self._cleanings.look_at(place)
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + self._app.settings.prune_seconds
            self._prunings.look_at("prune")

    def _listen(self) -> None:
        while not self._stopped.is_set():
            self._guarded("listen", self._listen_once)
            self._stopped.wait(RELISTEN_DELAY)

    def _listen_once(self) -> None:
        for place in listen(self._app.database, STOP_WITHIN, self._stopped):
            self._deliveries.look_at(place)

    def _sweep(self) -> None:
        while not self._stopped.is_set():
            if self._guarded("sweep", self._swept) is None:
                self._guarded("revive", self._app.revive)
            self._stopped.wait(self._app.settings.sweep_seconds)

    def _swept(self) -> bool:
        self.sweep()
        return True

    def _deliver(self, place: Place) -> bool:
        taken = self._guarded("deliver", push_batch, *place)
        return taken == self._app.wiring.batch_size

    def _probe(self, place: Place) -> bool:
        self._guarded("probe", probe, *place)
        return False

    def _poll(self, place: Place) -> bool:
        self._guarded("poll", poll_acks, *place)
        return False

    def _keep_up(self, _what: str) -> bool:
        self._guarded("upkeep", self._app.upkeep)
        return False

    def _clean_up(self, place: Place) -> bool:
        self._guarded("clean up", lambda _, *at: self._app.clean_up(*at), *place)
        return False

    def _prune(self, _what: str) -> bool:
        self._guarded("prune", self._pruned)
        return False

    def _pruned(self) -> None:
        with closing(self._app.prune()) as batches:
            for _ in batches:
                if self._stopped.is_set():
                    return

    def _guarded(self, what: str, step: Callable[..., R], *place: UUID) -> R | None:
        """Run a step; whatever goes wrong in it is logged, and the next sweep tries again."""
        arguments = (self._app.wiring, *place) if place else ()
        try:
            return step(*arguments)
        except OrderFlowError as error:
            log.warning("step failed", step=what, code=error.code, error=error.message, place=place)
        except Exception as error:  # noqa: BLE001  # the engine outlives any fault of one step
            log.error(  # noqa: TRY400  # a traceback shows the message, which may hold a secret
                "step failed", step=what, place=place, error=type(error).__name__, frames=frames_of(error)
            )
        return None
