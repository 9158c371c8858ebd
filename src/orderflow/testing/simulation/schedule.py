"""Workers, people and ERPs that take turns on one thread, on a clock of their own.

Each is a greenlet: the real, synchronous steps run in it unchanged, and wherever they reach outside, another may come
first. Who goes on is drawn (`Choices`); when all of them wait, the clock jumps to the first that need not any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from uuid import UUID

from greenlet import getcurrent, greenlet

from orderflow.testing.simulation.choices import Choices

BEGINNING = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
"""When every history begins."""


class Died(BaseException):  # no error: what a SIGKILL looks like from within
    """The process was killed: nothing of it runs any more, not even what `finally` says."""


class StuckError(AssertionError):
    """A history did not come to its end."""


class SimulatedClock:
    """Seconds since the beginning, moved by the scheduler only."""

    def __init__(self) -> None:
        self.seconds, self._now = 0.0, BEGINNING

    def forward_to(self, seconds: float) -> None:
        """Let it be so many seconds after the beginning."""
        self.seconds, self._now = seconds, BEGINNING + timedelta(seconds=seconds)

    def monotonic(self) -> float:
        """Return the seconds of `time.monotonic()`."""
        return self.seconds

    def now(self) -> datetime:
        """Return the time of day, UTC."""
        return self._now


@dataclass(eq=False)
class Task:
    """Somebody who takes turns.

    Attributes:
        name: For the story.
        wakes_at: Until then it waits, in seconds of the clock.
        dead: It was killed: whatever it still calls does nothing.
        mortal: A process that may be killed or stopped; people and ERPs are not.
        heartbeat: Extends the lease of what it works on; a stopped process has none.
        token: That of the last lease it had.
        blind_until: Until then the process lacks the key that secrets are sealed with.
    """

    name: str
    run: greenlet
    mortal: bool
    wakes_at: float = 0.0
    dead: bool = False
    heartbeat: Callable[[], None] | None = None
    token: UUID | None = None
    blind_until: float = 0.0


_WAKES_AT = attrgetter("wakes_at")


@dataclass
class Scheduler:
    """Lets tasks take turns until none is left."""

    choices: Choices
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    tasks: list[Task] = field(default_factory=list)
    turns: int = 0
    most_turns: int = 20_000

    def spawn(self, name: str, work: Callable[[], None], *, mortal: bool = False) -> Task:
        """Add a task that begins at its first turn."""
        task = Task(name, greenlet(lambda: self._live(work)), mortal, self.clock.seconds)
        self.tasks.append(task)
        return task

    def current(self) -> Task:
        """Return the task whose turn it is."""
        return self._now

    def let_others(self, seconds: float = 0.0) -> None:
        """Wait at least so long; others come first."""
        task = self._now
        task.wakes_at = self.clock.seconds + seconds
        self._hub.switch()
        if task.dead:
            raise Died

    def run(self) -> None:
        """Let all tasks take turns until they have ended.

        Raises:
            StuckError: They do not end.
        """
        self._hub = getcurrent()
        while self.tasks:
            self.turns += 1
            if self.turns > self.most_turns:
                raise StuckError(f"{[task.name for task in self.tasks]} do not come to an end.")
            task = self._next()
            self._now = task
            task.run.switch()
            if task.run.dead:
                self.tasks.remove(task)

    def _next(self) -> Task:
        now = self.clock.seconds
        awake = [task for task in self.tasks if task.wakes_at <= now]
        if not awake:
            first = min(self.tasks, key=_WAKES_AT)
            self.clock.forward_to(first.wakes_at)
            return first
        return awake[self.choices.below(len(awake))] if len(awake) > 1 else awake[0]

    @staticmethod
    def _live(work: Callable[[], None]) -> None:
        try:
            work()
        except Died:
            return
