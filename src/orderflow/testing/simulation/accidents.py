"""What may go wrong wherever a step reaches outside: another comes first, the process sleeps, or it dies.

Stores, documents and connectors are handed to the real steps behind these; each call of a port is such a place. A
transaction is one place: the database sees to it that it happens as a whole or not at all, so that a process that
dies within one has died before it, or after its commit and before it heard of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from orderflow.domain.errors import ObjectStoreError
from orderflow.testing.simulation.schedule import Died, Scheduler, Task

BEAT = 3.0
"""Seconds between two heartbeats: a third of a lease."""


DIES, SLEEPS, IS_SLOW, WAITS = 4, 6, 20, 140
"""At a place a number below `OF` is drawn: below the first of these a process dies, below the second it is stopped …"""

OF = 400
"""Of so many; 0, like all from the last of them on, means that nothing happens."""

DOCUMENTS_AWAY = 60
"""Once in so many times the object store does not answer."""


class Accidents:
    """Decides what goes wrong at each place.

    Args:
        scheduler: Whose tasks take turns.
        tell: Called with one sentence about what happened.
        longest_sleep: Seconds for which a stopped process sleeps: longer than any lease.
    """

    def __init__(self, scheduler: Scheduler, tell: Callable[[str], None], longest_sleep: float) -> None:
        self.scheduler = scheduler
        self.ended = False
        self._tell = tell
        self._longest_sleep = longest_sleep

    def place(self, what: str) -> None:
        """Pass a place where the process may die, sleep, or let others come first."""
        task = self.scheduler.current()
        if task.dead:
            raise Died
        number = 0 if self.ended else self.scheduler.choices.below(OF)
        if number == 0 or number >= WAITS or not task.mortal:
            if not task.mortal or number:
                return
            self.scheduler.let_others(0.001)
        elif number < DIES:
            self._die(task, what)
        elif number < SLEEPS:
            self._tell(f"{task.name} is stopped before: {what}")
            self.scheduler.let_others(self._longest_sleep)
        elif number < IS_SLOW:
            self._take_time(task, 1.0 + number)
        else:
            self.scheduler.let_others(0.001)

    def reply(self, what: str) -> None:
        """Pass the place between what was done and hearing of it."""
        task = self.scheduler.current()
        if task.mortal and not self.ended and 0 < self.scheduler.choices.below(OF) < DIES:
            self._die(task, f"hearing of: {what}")

    def happens(self, odds: int) -> bool:
        """Return whether an accident of these odds happens; none does once faults have ended."""
        return not self.ended and self.scheduler.choices.one_in(odds)

    def _take_time(self, task: Task, seconds: float) -> None:
        """Be slow, while the heartbeat goes on."""
        while seconds > 0:
            self.scheduler.let_others(min(seconds, BEAT))
            seconds -= BEAT
            if task.heartbeat is not None:
                task.heartbeat()

    def _die(self, task: Task, what: str) -> None:
        task.dead = True
        self._tell(f"{task.name} is killed before: {what}")
        raise Died


class AccidentalStore:
    """A store whose every transaction is a place."""

    def __init__(self, store: Any, accidents: Accidents) -> None:
        self._store = store
        self._accidents = accidents

    @contextmanager
    def work(self, org_id: UUID) -> Iterator[Any]:
        """Open a transaction: nobody else comes between its beginning and its commit."""
        self._accidents.place("a transaction")
        with self._store.work(org_id) as work:
            yield work
        self._accidents.reply("a commit")

    def waiting(self, org_id: UUID, connection_id: UUID) -> Any:
        """Return the exports that the ERP may still answer."""
        self._accidents.place("reading what waits for an answer")
        return self._store.waiting(org_id, connection_id)

    def extend_leases(self, org_id: UUID, tokens: Sequence[UUID], seconds: float) -> set[UUID]:
        """Extend leases."""
        extended: set[UUID] = self._store.extend_leases(org_id, tokens, seconds)
        return extended

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Lose the call: a sweep looks anyway."""


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
        return content

    def _away(self) -> None:
        if self._accidents.happens(DOCUMENTS_AWAY):
            raise ObjectStoreError("The document store does not answer.")
