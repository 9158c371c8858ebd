"""The few processes in which rules run, shared by organizations: each has one at a time, and nobody waits for long."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Condition

from orderflow.schematron.runner import SECONDS, RulesNotRunError, Runner

MOST = 4
"""Processes; each takes memory, so that a further one is started only while the others are at work."""

LONGEST_WAIT = 5.0
"""Seconds for a place: as long as one document may take."""


class RulesBusyError(RulesNotRunError):
    """No process came free to try the rules in."""

    hint = "Nothing was sent, and it is tried again by itself: other documents are being tried."


class Processes:
    """Hands a process to one thread at a time, and one process to each organization. Safe to share by threads."""

    def __init__(self, most: int = MOST, *, seconds: float = SECONDS, wait: float = LONGEST_WAIT) -> None:
        self._all = [Runner(seconds) for _ in range(most)]
        self._wait = wait
        self._free = list(self._all)
        self._owners: set[Hashable] = set()
        self._changed = Condition()

    @contextmanager
    def one(self, owner: Hashable) -> Iterator[Runner]:
        """Lend a process to an organization. Raises RulesBusyError: it has one, or none came free in time."""
        runner = self._taken(owner)
        try:
            yield runner
        finally:
            self._give_back(owner, runner)

    def close(self) -> None:
        """End the processes."""
        for runner in self._all:
            runner.close()

    def _taken(self, owner: Hashable) -> Runner:
        with self._changed:
            if not self._changed.wait_for(lambda: self._free and owner not in self._owners, self._wait):
                raise RulesBusyError(f"No process came free within {self._wait:g} seconds to try the rules in.")
            self._owners.add(owner)
            return self._free.pop()

    def _give_back(self, owner: Hashable, runner: Runner) -> None:
        with self._changed:
            self._owners.discard(owner)
            self._free.append(runner)  # taken next: it runs, and has the rules
            self._changed.notify_all()
