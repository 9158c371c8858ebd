"""What may go wrong wherever a step reaches outside: another comes first, the process sleeps, or it dies.

Stores, documents and connectors are handed to the real steps behind these; each call of a port is such a place. A
transaction is one place: the database sees to it that it happens as a whole or not at all, so that a process that
dies within one has died before it, or after its commit and before it heard of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orderflow.domain.errors import ObjectStoreError
from orderflow.testing.simulation.schedule import Died, Scheduler, Task

BEAT = 3.0
"""Seconds between two heartbeats: a third of a lease."""


OF = 400
"""At a place a number below this is drawn; 0 means that nothing happens."""

DOCUMENTS_AWAY, DATABASE_AWAY, BEAT_LOST = 60, 200, 12
"""Once in so many times the object store, or the database, does not answer, or a heartbeat is not heard."""

SLOWEST = 40
"""Seconds that one call may take."""


@dataclass(frozen=True, slots=True)
class Weather:
    """What goes wrong most in a history: situations that need one accident many times are rare where all are alike.

    Attributes:
        dies: How often, of `OF` times, a process is killed at a place.
        sleeps: Likewise, it is stopped for longer than its lease.
        slow: Likewise, what it calls takes its time.
        waits: Likewise, another comes first.
        worse: By how much the odds of what ERPs, documents and database do wrong are worse.
    """

    dies: int = 4
    sleeps: int = 2
    slow: int = 14
    waits: int = 120
    worse: int = 1


WEATHERS = (
    Weather(),
    Weather(),
    Weather(worse=3),
    Weather(dies=30),
    Weather(sleeps=40),
    Weather(slow=100, worse=2),
    Weather(0, 0, 160, 40),
    Weather(sleeps=20, waits=300),
    Weather(0, 0, 60, 0, worse=3),
)


class Accidents:
    """Decides what goes wrong at each place.

    Args:
        scheduler: Whose tasks take turns.
        weather: What goes wrong most.
        tell: Called with one sentence about what happened.
        longest_sleep: Seconds for which a stopped process sleeps: longer than any lease.
    """

    def __init__(
        self, scheduler: Scheduler, weather: Weather, tell: Callable[[str], None], longest_sleep: float
    ) -> None:
        self.scheduler = scheduler
        self._tell = tell
        self._longest_sleep = longest_sleep
        self.begin(weather)

    def begin(self, weather: Weather) -> None:
        """Let accidents happen, in this weather."""
        self.ended = False
        self._worse = weather.worse
        self._dies = 1 + weather.dies
        self._sleeps = self._dies + weather.sleeps
        self._slow = self._sleeps + weather.slow
        self._waits = self._slow + weather.waits

    def place(self, what: str) -> None:
        """Pass a place where the process may die, sleep, or let others come first."""
        task = self.scheduler.current()
        if task.dead:
            raise Died
        number = 0 if self.ended else self.scheduler.choices.below(OF)
        if not 0 < number < self._waits:
            return
        if number < self._slow and task.mortal:
            self._suffer(task, number, what)
        else:
            self.scheduler.let_others(0.001)

    def reply(self, what: str) -> None:
        """Pass the place between what was done and hearing of it."""
        task = self.scheduler.current()
        if task.mortal and not self.ended and 0 < (number := self.scheduler.choices.below(OF)) < self._sleeps:
            self._suffer(task, number, f"hearing of: {what}")

    def happens(self, odds: int) -> bool:
        """Return whether an accident of these odds happens; none does once faults have ended."""
        return not self.ended and self.scheduler.choices.one_in(max(odds // self._worse, 2))

    def _suffer(self, task: Task, number: int, what: str) -> None:
        if number < self._dies:
            self._die(task, what)
        elif number < self._sleeps:
            self._tell(f"{task.name} is stopped before: {what}")
            self.scheduler.let_others(self._longest_sleep)
        else:
            self._take_time(task, 1.0 + self.scheduler.choices.below(SLOWEST))

    def _take_time(self, task: Task, seconds: float) -> None:
        """Be slow, while the heartbeat goes on, if it is heard."""
        heard = not self.happens(BEAT_LOST)
        while seconds > 0:
            self.scheduler.let_others(min(seconds, BEAT))
            seconds -= BEAT
            if task.heartbeat is not None and heard:
                task.heartbeat()

    def _die(self, task: Task, what: str) -> None:
        task.dead = True
        self._tell(f"{task.name} is killed before: {what}")
        raise Died


class DatabaseLostError(Exception):
    """The connection to the database broke: what was asked of it may have happened."""


class AccidentalStore:
    """A store whose every transaction is a place; processes lose their connections to it, people do not."""

    def __init__(self, store: Any, accidents: Accidents) -> None:
        self._store = store
        self._accidents = accidents

    @contextmanager
    def work(self, org_id: UUID) -> Iterator[Any]:
        """Open a transaction: nobody else comes between its beginning and its commit."""
        self._accidents.place("a transaction")
        self._lose()
        with self._store.work(org_id) as work:
            yield work
        self._accidents.reply("a commit")
        self._lose()

    def waiting(self, org_id: UUID, connection_id: UUID, destination: str = "") -> Any:
        """Return the exports that the ERP may still answer."""
        self._accidents.place("reading what waits for an answer")
        return self._store.waiting(org_id, connection_id, destination)

    def extend_leases(self, org_id: UUID, tokens: Sequence[UUID], seconds: float) -> set[UUID]:
        """Extend leases."""
        extended: set[UUID] = self._store.extend_leases(org_id, tokens, seconds)
        return extended

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Lose the call: a sweep looks anyway."""

    def _lose(self) -> None:
        if self._accidents.scheduler.current().mortal and self._accidents.happens(DATABASE_AWAY):
            raise DatabaseLostError


class AccidentalDocuments:
    """An object store that is away at times."""

    def __init__(self, documents: Any, accidents: Accidents) -> None:
        self._documents = documents
        self._accidents = accidents

    def put_many(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Store documents. Raises ObjectStoreError."""
        self._accidents.place("storing documents")
        self._away()
        self._documents.put_many(items)
        self._away()
        self._accidents.reply("documents that are stored")

    def get(self, key: str) -> bytes:
        """Return a document. Raises ObjectStoreError."""
        self._accidents.place("reading a document")
        self._away()
        content: bytes = self._documents.get(key)
        self._accidents.reply("a document that was read")
        return content

    def _away(self) -> None:
        if self._accidents.happens(DOCUMENTS_AWAY):
            raise ObjectStoreError("The document store does not answer.")
