"""What the long run measures: memory, files, connections, tables, what lies about, and how long things take."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil
import psycopg

from orderflow.domain.errors import OrderFlowError
from tests.soak.place import Place
from tests.soak.verdict import Verdict, judge

STAYS = {"order_key": "a key for each order that ever came, so that none comes twice"}
"""Tables that grow on purpose, and why."""

MACHINE = "the machine's own pace"
SEEN_ONLY = {
    "WAL": "PostgreSQL keeps up to 2 GB of it",
    "log": "whoever runs it rotates it",
    MACHINE: "others share it",
}
"""What is shown and not judged, and why."""

_TABLES = """
    SELECT c.relname, pg_total_relation_size(c.oid) / 1048576.0, COALESCE(s.n_dead_tup, 0)
    FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
_WAL = "SELECT COALESCE(sum(size), 0) / 1048576.0 FROM pg_ls_waldir()"
_LIVE = "SELECT count(*) FROM draft_order"
# Of what was delivered lately; half of them, so that those that had to wait for what was broken do not count.
_DELIVERY = """
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at))::float8
    FROM erp_export WHERE sent_at > now() - make_interval(secs => %s) AND sent_at > created_at
"""
FLOORS = {
    "MB": 10.0,
    "MB on disk": 2.0,
    "files": 8.0,
    "connections": 4.0,
    "threads": 4.0,
    "rows": 6_000.0,
    "s": 0.1,
    "s of waiting": 1.0,
    "orders": 500.0,
}
"""By unit, what is never called growth: less than an allocator, a pool or a vacuum takes as its next piece."""

SETTLED = 30.0
"""Seconds from a process's start within which it still loads what it needs."""

LEAST_TABLE = 1.0
"""MB below which a table is one of the others."""


@dataclass
class Series:
    """One thing that is measured, over time."""

    unit: str
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def judged(self, allowed: float, machine: Series) -> Verdict:
        """Return whether it stayed flat; times beside those of a piece of work that is always the same."""
        return judge(self.times, self._beside(machine), allowed, FLOORS[self.unit])

    def _beside(self, machine: Series) -> list[float]:
        if self.unit != "s" or self is machine:
            return self.values
        usual, then = median(machine.values), dict(zip(machine.times, machine.values, strict=True))
        return [value * usual / then.get(at, usual) for at, value in zip(self.times, self.values, strict=True)]


class Samples:
    """All series of a run.

    Args:
        took: Returns the seconds that each kind of request took since it was asked last.
        machine: Returns those of a piece of work that is always the same.
    """

    def __init__(
        self, place: Place, took: Callable[[], dict[str, list[float]]], machine: Callable[[], float | None]
    ) -> None:
        self._place, self._took, self._machine = place, took, machine
        self.series: dict[str, Series] = {MACHINE: Series("s")}

    @property
    def machine(self) -> Series:
        """What shows how busy others keep the machine."""
        return self.series[MACHINE]

    def take(self, at: float, every: float) -> None:
        """Measure everything once, `at` seconds after the beginning; what cannot be is left out this time."""
        found = [*self._processes(), *self._files(), *self._latencies()]
        try:
            with self._place.superuser() as connection:
                found += self._database(connection, every)
        except (psycopg.Error, OrderFlowError):
            pass  # it was killed, and nobody has started it yet
        for name, unit, value in found:
            series = self.series.setdefault(name, Series(unit))
            series.times.append(at)
            series.values.append(value)

    def _processes(self) -> Iterator[tuple[str, str, float]]:
        for role, family in self._place.families().items():
            sums: dict[str, float] = defaultdict(float)
            if not family or time.time() - family[0].create_time() < SETTLED:
                continue
            for process in family:
                try:
                    sums["MB"] += process.memory_full_info().uss / 2**20
                    sums["files"] += process.num_fds()
                    sums["threads"] += process.num_threads()
                except psutil.Error:
                    continue  # it ended meanwhile
            if role == "postgres":
                sums.pop("files", None)  # each backend opens as it reads
                sums.pop("threads", None)
            for unit, value in sums.items():
                what = {"MB": "memory", "files": "open files", "threads": "threads"}[unit]
                yield f"{what} of {role}", unit, value

    def _files(self) -> Iterator[tuple[str, str, float]]:
        home = self._place.home
        yield "documents", "rows", float(sum(1 for file in (home / "data" / "objects").rglob("*") if file.is_file()))
        yield "files at the ERP", "rows", float(sum(1 for file in (home / "erp").rglob("*") if file.is_file()))
        yield "log", "MB on disk", _size(home / "processes.log")

    def _latencies(self) -> Iterator[tuple[str, str, float]]:
        if (machine := self._machine()) is not None:
            yield MACHINE, "s", machine
        for kind, seconds in self._took().items():
            if seconds:
                yield f"time of {kind}", "s", median(seconds)

    def _database(self, connection: psycopg.Connection, every: float) -> list[tuple[str, str, float]]:
        found = []
        others = 0.0
        for name, size, dead in connection.execute(_TABLES):
            if size < LEAST_TABLE and f"size of {name}" not in self.series:
                others += float(size)
            else:
                found += [(f"size of {name}", "MB on disk", float(size)), (f"dead rows of {name}", "rows", float(dead))]
        found.append(("size of small tables", "MB on disk", others))
        for name, unit, query in (
            ("connections to PostgreSQL", "connections", _CONNECTIONS),
            ("WAL", "MB on disk", _WAL),
            ("orders in the tables", "orders", _LIVE),
        ):
            found.append((name, unit, float(_one(connection, query) or 0)))
        delivery = _one(connection, _DELIVERY, max(every, 60.0))
        return found if delivery is None else [*found, ("time from push to delivery", "s of waiting", delivery)]


def _one(connection: psycopg.Connection, query: str, *values: float) -> float | None:
    row = connection.execute(query, values or None).fetchone()
    return None if row is None else row[0]


def _size(file: Path) -> float:
    return file.stat().st_size / 2**20 if file.exists() else 0.0
