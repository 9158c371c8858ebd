"""A day without a break: orders come wave after wave, everything goes wrong, and after each wave nothing may be left.

Store, connections and processes stay what they are from wave to wave. Of each wave the same is asked as of a history
(`verdict`): it drains, and all books agree. Then what ended is deleted, as pruning does, and what remains is counted:
rows that nobody waits for, and Python's objects. Both have to be as many in the evening as in the morning.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from orderflow.domain import clock, ids
from orderflow.domain.states import ConnectionStatus
from orderflow.testing.simulation.accidents import WEATHERS
from orderflow.testing.simulation.choices import Choices
from orderflow.testing.simulation.erps import SimulatedErp
from orderflow.testing.simulation.schedule import StuckError
from orderflow.testing.simulation.verdict import violations
from orderflow.testing.simulation.world import World, made_ids
from orderflow.testing.store_in_memory.tables import changed

ORDERS = 4
"""In a wave."""

PRUNED = ("orders", "revisions", "order_keys", "holds", "confirmed", "exports", "attempts", "bulk_jobs", "inbound")
"""Tables whose rows go with the orders that ended."""

MORNING = 1 / 4
"""Of a day that is not compared: what is made once is made then."""

LEAST = 2
"""Waves, however long they take: less tells nothing of what grows."""

FEW, OBJECTS = 8, 2_000
"""Rows that are no growth: the lanes that killed workers leave. And by how many objects waves differ anyway."""


class Day(World):
    """A world that goes on.

    Attributes:
        waves: How many there were.
        brought_in: Orders in all of them.
        left: The rows that remained after each wave, by table, and Python's objects beyond those before the first.
    """

    def __init__(self, choices: Choices) -> None:
        super().__init__(choices)
        self.brought_in = 0
        self._objects_before = len(gc.get_objects())
        self.left: list[dict[str, int]] = []

    @property
    def waves(self) -> int:
        """How many waves there were."""
        return len(self.left)

    def live(self, seconds: float) -> list[str]:
        """Live for so long; returns what went wrong, and what grew."""
        with ExitStack() as stack:
            stack.enter_context(clock.running_by(self.clock))
            stack.enter_context(ids.made_by(made_ids()))
            self._furnish()
            while self.clock.seconds < seconds or self.waves < LEAST:
                if wrong := self._wave():
                    return [*self.story, "", *wrong]
        return list(self._grown())

    def told(self) -> str:
        """Return what happened, in a line."""
        last = ", ".join(f"{count:,} {what}" for what, count in self.left[-1].items() if count > 0)
        return f"{self.waves:,} waves, {self.brought_in:,} orders, all through; left after the last: {last}"

    def _wave(self) -> list[str]:
        self.began, self.nothing_new, self.scheduler.turns = self.clock.seconds, False, 0
        self._open_in_the_morning()
        self.accidents.begin(WEATHERS[self.choices.below(len(WEATHERS))])
        self._bring_in(ORDERS)
        self.brought_in += ORDERS
        try:
            self._happen()
        except StuckError as error:
            return [str(error)]
        if wrong := violations(self):
            return wrong
        self._prune()
        self.left.append(self._counted())
        return []

    def _open_in_the_morning(self) -> None:
        """Have every connection ACTIVE, and the first the default, as people do who want orders to go out."""
        self.tables.paused = False
        for number, row in enumerate(self.tables.connections.values()):
            opened = changed(row, status=ConnectionStatus.ACTIVE, is_default=number == 0)
            self.tables.connections[row.id] = opened

    def _prune(self) -> None:
        """Delete what ended, here and at the ERPs, and what this simulation notes for its stories."""
        for table in PRUNED:
            getattr(self.tables, table).clear()
        self.tables.audit.clear()
        self.store.documents.contents.clear()
        for erp in self.erps.values():
            _forget(erp)
        self.books.__init__()  # type: ignore[misc]  # anew, for ERPs hold on to it
        for noted in (self.story, self.choices.drawn, self.sends_allowed, self.kept_back, self.seen_there, self.missed):
            noted.clear()

    def _counted(self) -> dict[str, int]:
        gc.collect()
        tables = {name: len(rows) for name, rows in _sized(self.tables)}
        return tables | {"tasks": len(self.scheduler.tasks), "objects": len(gc.get_objects()) - self._objects_before}

    def _grown(self) -> Iterator[str]:
        compared = self.left[min(int(len(self.left) * MORNING), len(self.left) - LEAST) :]
        half = len(compared) // 2
        for what in compared[0]:
            morning, evening = (max(one[what] for one in some) for some in (compared[:half], compared[half:]))
            if evening > morning + (OBJECTS if what == "objects" else FEW):
                yield f"{what} grew from {morning:,} to {evening:,}"


def _sized(tables: Any) -> Iterator[tuple[str, Any]]:
    for name in tables.__dataclass_fields__:
        rows = getattr(tables, name)
        if isinstance(rows, (dict, list)):
            yield name, rows


def _forget(erp: SimulatedErp) -> None:
    """Let an ERP forget what it took, as its people delete what is old."""
    for noted in vars(erp).values():
        if isinstance(noted, (dict, list, set)):
            noted.clear()
