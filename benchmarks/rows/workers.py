"""How much more worker processes deliver, and whose processor time it takes: four connections to OpenSSH's sshd.

What one worker costs here is what the simulation of more of them is given: on this machine, where it has to say what
was measured, and on others.

`make bench` measures one and two of them on loopback, `make bench-full` four, too, and at 50 ms.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from uuid import UUID

import psutil
import psycopg
from sqlalchemy import text

from benchmarks.installation import Installation
from benchmarks.interleaved import Figures
from benchmarks.link import link
from benchmarks.orders import SMALL
from benchmarks.scaling import Costs, Layout, simulated
from benchmarks.table import Row
from orderflow.testing.openssh_server import OpenSSHServer

CONNECTIONS = 4
MANY = 40
"""Connections where workers are on machines of their own."""

WARM_UP = 200
"""Orders of each connection, delivered beforehand: what a worker loads once, it has loaded for days."""

LOOPBACK = "on loopback"
LINKS = {LOOPBACK: 0.0, "at 50 ms": 0.05}


def measure(full: bool) -> Iterator[Row]:
    orders, rounds, processes = (2_000, 3, (1, 2, 4)) if full else (400, 2, (1, 2))
    with OpenSSHServer() as server, Installation() as place:
        for where, round_trip in LINKS.items() if full else [(LOOPBACK, 0.0)]:
            with link(server.port, round_trip) as port:
                fleet = Fleet(place, server, port if round_trip else server.port)
                runs = {number: [] for number in processes}
                for _ in range(rounds):
                    for number, seen in runs.items():
                        seen.append(fleet.deliver(number, orders))
                yield from _rows(where, runs, orders)
                fleet.close()
                if not round_trip:
                    yield from _simulated(_costs(runs[1], _flush_seconds(place)), runs)


def _rows(where: str, runs: dict[int, list[tuple[float, dict[str, float]]]], orders: int) -> Iterator[Row]:
    figures = Figures({_processes(number): [rate for rate, _ in seen] for number, seen in runs.items()})
    for number, seen in runs.items():
        name = _processes(number)
        spent = {who: 1000 * statistics.median(cpu[who] for _, cpu in seen) for who in seen[0][1]}
        shares = ", ".join(f"{who} {seconds:.2f}" for who, seconds in spent.items())
        yield Row(
            f"delivered over {CONNECTIONS} connections {where}, {name}",
            figures[name],
            "orders/s",
            peers={} if number == 1 else {_processes(1): figures[_processes(1)]},
            note=f"{len(seen)} runs of {CONNECTIONS * orders} orders; processor seconds per 1,000: {shares}"
            f"; {psutil.cpu_count()} cores",
            spread=figures.spread | {"ours": figures.spread[name]},
        )


def _costs(seen: list[tuple[float, dict[str, float]]], flush: float) -> Costs:
    worker, database, server = (
        statistics.median(cpu[who] for _, cpu in seen) for who in ("workers", "PostgreSQL", "sshd")
    )
    return Costs(worker, database, server, flush)


def _flush_seconds(place: Installation) -> float:
    """Return how long a commit of one row takes, with nobody else there."""
    times = []
    with psycopg.connect(place.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS flushed (n int)")
        for number in range(200):
            began = time.perf_counter()
            connection.execute("INSERT INTO flushed VALUES (%s)", [number])
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def _simulated(costs: Costs, runs: dict[int, list[tuple[float, dict[str, float]]]]) -> Iterator[Row]:
    for number, seen in runs.items():
        layout = Layout(number, CONNECTIONS, psutil.cpu_count() or 1, shared=True)
        measured = statistics.median(rate for rate, _ in seen)
        yield _simulated_row(costs, layout, f"on this machine, {_processes(number)}", {"measured": measured})
    one = simulated(costs, Layout(1, MANY, 8)).rate
    for number in (8, 32):
        for cores in (8, 32):
            where = f"on machines of their own, {number} workers, a database of {cores} cores, {MANY} connections"
            yield _simulated_row(costs, Layout(number, MANY, cores), where, {"1 worker": one})
    for lanes in (3, 16):
        where = f"on machines of their own, 8 workers, one connection with {lanes} batches at a time"
        yield _simulated_row(costs, Layout(8, 1, 8, lanes=lanes), where, {"1 worker": one})


def _simulated_row(costs: Costs, layout: Layout, where: str, beside: dict[str, float]) -> Row:
    outcome = simulated(costs, layout)
    busy = ", ".join(f"{name} {share:.0%}" for name, share in outcome.busy.items())
    note = f"bends at {outcome.bends_at}; busy: {busy}; a commit takes {costs.flush * 1_000:.2g} ms"
    return Row(f"simulated: delivered {where}", outcome.rate, "orders/s", beside, note=note)


def _processes(number: int) -> str:
    return f"{number} worker process{'es' if number > 1 else ''}"


class Fleet:
    """Organizations with a connection each, for any number of workers."""

    def __init__(self, place: Installation, server: OpenSSHServer, port: int) -> None:
        self._place, self._server = place, server
        self._connections: dict[UUID, UUID] = {}
        for number in range(CONNECTIONS):
            place.org_id = place.app.create_organization(f"bench-{port}-{number}")
            self._connections[place.org_id] = place.connect(server, port=port)

    def deliver(self, processes: int, orders: int) -> tuple[float, dict[str, float]]:
        """Return orders per second, and the processor seconds per order of workers, PostgreSQL and sshd."""
        with self._place.workers(processes) as workers:
            self._request(WARM_UP)
            self._drain()
            self._request(orders)
            before = self._processor_seconds(workers)
            seconds = self._drain()
            after = self._processor_seconds(workers)
        all_orders = CONNECTIONS * orders
        return all_orders / seconds, {who: (after[who] - before[who]) / all_orders for who in after}

    def _request(self, orders: int) -> None:
        for org_id in self._connections:
            self._place.org_id = org_id
            self._place.pause()
            self._place.request(orders, SMALL)

    def _drain(self) -> float:
        """Let what waits be delivered; return the seconds until all is."""
        began = time.monotonic()
        for org_id, connection_id in self._connections.items():
            self._place.org_id = org_id
            self._place.resume(connection_id)
        while self._waiting():
            time.sleep(0.02)
        return time.monotonic() - began

    def close(self) -> None:
        """Leave nothing for other workers to look at."""
        with self._place.app.database.system() as connection:
            connection.execute(text("UPDATE erp_connection SET status = 'DISABLED', is_default = false"))

    def _waiting(self) -> bool:
        with self._place.app.database.system() as connection:
            return bool(
                connection.execute(text("SELECT EXISTS (SELECT FROM erp_export WHERE status = 'PENDING')")).scalar()
            )

    def _processor_seconds(self, workers: list) -> dict[str, float]:
        postmaster = psutil.Process(int((self._place.home / "postgres/postmaster.pid").read_text().split()[0]))
        groups = {
            "workers": [psutil.Process(worker.pid) for worker in workers],
            "PostgreSQL": [postmaster, *postmaster.children()],
            "sshd": self._server.processes(),
        }
        return {who: sum(_spent(process) for process in group) for who, group in groups.items()}


def _spent(process: psutil.Process) -> float:
    try:
        return process.cpu_times().user + process.cpu_times().system
    except psutil.NoSuchProcess:
        return 0.0
