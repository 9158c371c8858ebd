"""What more workers would deliver on more cores and more machines, worked out from what one was measured to cost.

A simulation of discrete events: each worker takes batches of 256 orders through the steps of a delivery, three batches
of a connection at a time in all workers together. A step computes in the worker, whose Python computes one thing at a
time, computes in PostgreSQL, and waits for a flush of the WAL, which all who commit meanwhile share; between them lie
the round trips to the ERP and what its server computes. What is computed waits for a core of its machine.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import count

BATCH, LANES, THREADS = 256, 3, 16
"""As the settings have it, unless they are set."""

STEPS = 5
"""Of a batch, each with a commit: claim, begin, staged, settle, and the look for more."""

ROUND_TRIPS = 3
"""Of a batch: files are in flight together."""

SLICE = 0.005
"""Seconds after which others get a core."""

LOOK_AGAIN = 0.05
"""Seconds after which a thread looks again that found no connection with a batch to take."""

FULL = 0.9
"""A share of the time; what is busy for so much of it holds up the rest."""

Process = Generator["Place | float | Flush", None, None]


@dataclass(frozen=True)
class Costs:
    """What was measured.

    Args:
        worker, database, server: Seconds of a processor, for each order.
        flush: Seconds until what is committed is on the disk.
    """

    worker: float
    database: float
    server: float
    flush: float


@dataclass(frozen=True)
class Layout:
    """Where all of it runs.

    Args:
        workers: Processes.
        connections: Each with orders without end.
        cores: Of the database's machine; each worker has a core of its own, and ERPs have theirs. With `shared`, of the
            one machine on which all of it runs.
        round_trip: Seconds, to the ERPs.
        lanes: Batches of a connection at a time, in all workers together.
    """

    workers: int
    connections: int
    cores: int
    shared: bool = False
    round_trip: float = 0.0
    lanes: int = LANES


@dataclass(frozen=True)
class Outcome:
    """Orders a second, and what share of its time each part was busy."""

    rate: float
    busy: dict[str, float]

    @property
    def bends_at(self) -> str:
        """Return what is busy all the time, or what there may be at a time where nothing is."""
        *parts, batches = self.busy
        busiest = max(parts, key=lambda name: self.busy[name])
        return busiest if self.busy[busiest] > FULL else batches


class Place:
    """Something that so many can have at a time; who comes first has it first."""

    def __init__(self, places: int) -> None:
        self.places, self.free = places, places
        self.waiting: deque[Process] = deque()
        self.used = 0.0


class Flush:
    """The disk of the database: whoever commits while it is written waits for the next one, with all others."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.running, self.used = seconds, False, 0.0
        self.waiting: list[Process] = []


class Simulation:
    """Runs processes until a time is over: each yields seconds to wait, a place to have, or a flush to wait for."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = count()
        self._events: list[tuple[float, int, Process | Flush, list[Process]]] = []

    def start(self, process: Process) -> None:
        self._at(self.now, process)

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, what, woken = heapq.heappop(self._events)
            if isinstance(what, Flush):
                self._flushed(what, woken)
            else:
                self._go_on(what)

    def leave(self, place: Place) -> None:
        if place.waiting:
            self._at(self.now, place.waiting.popleft())
        else:
            place.free += 1

    def _at(self, time: float, what: Process | Flush, woken: list[Process] | None = None) -> None:
        heapq.heappush(self._events, (time, next(self._order), what, woken or []))

    def _go_on(self, process: Process) -> None:
        wanted = next(process, None)
        if isinstance(wanted, Place):
            if wanted.free:
                wanted.free -= 1
                self._at(self.now, process)
            else:
                wanted.waiting.append(process)
        elif isinstance(wanted, Flush):
            wanted.waiting.append(process)
            if not wanted.running:
                self._flush(wanted)
        elif wanted is not None:
            self._at(self.now + wanted, process)

    def _flush(self, flush: Flush) -> None:
        flush.running, flush.used = True, flush.used + flush.seconds
        woken, flush.waiting = flush.waiting, []
        self._at(self.now + flush.seconds, flush, woken)

    def _flushed(self, flush: Flush, woken: list[Process]) -> None:
        for process in woken:
            self._at(self.now, process)
        flush.running = False
        if flush.waiting:
            self._flush(flush)


def simulated(costs: Costs, layout: Layout, seconds: float = 30.0) -> Outcome:
    """Return what comes of it in the time after a warm-up of the same length."""
    run = _Run(costs, layout)
    run.simulation.run(seconds)
    before = run.delivered, run.used()
    run.simulation.run(2 * seconds)
    places = run.places()
    used = {name: value - before[1][name] for name, value in run.used().items()}
    busy = {name: value / (seconds * places[name]) for name, value in used.items()}
    return Outcome((run.delivered - before[0]) / seconds, busy)


class _Run:
    def __init__(self, costs: Costs, layout: Layout) -> None:
        self.costs, self.layout, self.delivered = costs, layout, 0
        self.simulation = Simulation()
        self._database = Place(layout.cores)
        self._flush = Flush(costs.flush)
        self._lanes = [Place(layout.lanes) for _ in range(layout.connections)]
        self._pythons = [Place(1) for _ in range(layout.workers)]
        for _ in range(THREADS):
            for number, python in enumerate(self._pythons):
                self.simulation.start(self._work(python, number))

    def places(self) -> dict[str, int]:
        return {
            "the workers' Python": self.layout.workers,
            "the machine's cores" if self.layout.shared else "the database's cores": self.layout.cores,
            "the WAL's disk": 1,
            "batches at a time of a connection": self.layout.lanes * self.layout.connections,
        }

    def used(self) -> dict[str, float]:
        lanes = sum(lane.used for lane in self._lanes)
        pythons = sum(python.used for python in self._pythons)
        return dict(zip(self.places(), (pythons, self._database.used, self._flush.used, lanes), strict=True))

    def _work(self, python: Place, at: int) -> Process:
        """Take a batch of one connection after the other, as one of a worker's threads does."""
        while True:
            at = next(
                (n for n in range(at + 1, at + 1 + len(self._lanes)) if self._lanes[n % len(self._lanes)].free), at
            )
            lane = self._lanes[at % len(self._lanes)]
            if not lane.free:
                yield LOOK_AGAIN
                continue
            yield lane
            began = self.simulation.now
            for step in range(STEPS):
                yield from self._compute([python], self.costs.worker / STEPS)
                yield from self._compute([self._database], self.costs.database / STEPS)
                yield self._flush
                if step < ROUND_TRIPS:
                    yield self.layout.round_trip
                    yield from self._compute([], self.costs.server / ROUND_TRIPS)
            self.delivered += BATCH
            lane.used += self.simulation.now - began
            self.simulation.leave(lane)

    def _compute(self, places: Sequence[Place], for_each: float) -> Process:
        """Compute for a batch; on one machine all wait for its cores, which are then the database's, too."""
        wanted = list(dict.fromkeys([*places, *([self._database] if self.layout.shared else [])]))
        left = BATCH * for_each
        while left > 0:
            piece = min(SLICE, left)
            for place in wanted:
                yield place
            yield piece
            for place in wanted:
                place.used += piece
                self.simulation.leave(place)
            left -= piece
