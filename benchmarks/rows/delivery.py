"""Delivered orders a second to OpenSSH: the whole engine, beside programs that only move files, and the old way.

Ours is `orderflow worker` with all that it does: claim, document, object copy, log, staging, rename, settle, all on
a PostgreSQL with fsync. The clock runs from the moment that deliveries may begin to the last one settled; the session
to the server is opened within, as the peers open theirs. Every file is counted at the server after every run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from itertools import count

from benchmarks.installation import Installation
from benchmarks.interleaved import medians
from benchmarks.link import link
from benchmarks.orders import LARGE, SMALL, write_documents
from benchmarks.redis import redis
from benchmarks.table import Row
from orderflow.testing.openssh_server import OpenSSHServer

ROUND_TRIP = 0.05
LIMIT, BATCH, OLD_WAY = "our SFTP layer alone (the limit)", "sftp -b", "Celery, paramiko per order"
KEPT, OLD_WAY_2, LFTP = "Celery, paramiko session kept", "Celery, paramiko per order, 2 processes", "lftp, 8 at once"
CELERY = frozenset({OLD_WAY, OLD_WAY_2, KEPT})


@dataclass(frozen=True)
class Case:
    """One row: orders of so many lines over a link; of each program as many orders as take it some seconds.

    Args:
        once: Peers that run once unless all is measured in full: they are slow, and far from all others.
        rounds: How often the others run unless all is measured in full.
        left: Peers that are measured in full only.
    """

    row: str
    lines: int
    round_trip: float
    ours: int
    peers: dict[str, int]
    targets: dict[str, float]
    once: frozenset[str]
    rounds: int = 3
    left: frozenset[str] = frozenset({OLD_WAY_2, KEPT})


def measure(full: bool) -> Iterator[Row]:
    """Yield a row for small and large orders, on loopback and over a link of 50 ms."""
    more = 3 if full else 1
    cases = [
        Case(
            "delivered orders, 3 lines, loopback",
            SMALL,
            0,
            3000 * more,
            {LIMIT: 3000, BATCH: 2000 * more, LFTP: 200, OLD_WAY: 20 * more, OLD_WAY_2: 30 * more, KEPT: 600},
            {BATCH: 1.2, OLD_WAY: 100},
            frozenset({LFTP}) | CELERY,
        ),
        Case(
            "delivered orders, 500 lines, loopback",
            LARGE,
            0,
            300 * more,
            {LIMIT: 300, BATCH: 300 * more, LFTP: 100, OLD_WAY: 10 * more, KEPT: 60 * more},
            {},
            CELERY,
            left=CELERY,
        ),
        Case(
            "delivered orders, 3 lines, 50 ms link",
            SMALL,
            ROUND_TRIP,
            2500 * more,
            {LIMIT: 2500, BATCH: 20 * more, LFTP: 60, OLD_WAY: 5 * more, KEPT: 10 * more},
            {BATCH: 250, OLD_WAY: 500},
            frozenset({BATCH, LFTP}) | CELERY,
            rounds=2,
        ),
        Case(
            "delivered orders, 500 lines, 50 ms link",
            LARGE,
            ROUND_TRIP,
            300 * more,
            {LIMIT: 300, BATCH: 20, LFTP: 60, OLD_WAY: 5 * more},
            {},
            frozenset({BATCH, LFTP}) | CELERY,
            rounds=2,
            left=CELERY,
        ),
    ]
    with ExitStack() as stack:
        bench = _Bench(stack)
        for case in cases:
            yield bench.row(replace(case, once=frozenset(), rounds=5, left=frozenset()) if full else case)


class _Bench:
    def __init__(self, stack: ExitStack) -> None:
        self.server = stack.enter_context(OpenSSHServer())
        self.installation = stack.enter_context(Installation())
        self.broker = stack.enter_context(redis())
        self.folders = (self.server.root / f"peer-{number}" for number in count())
        self.key = self.installation.home / "client_key"
        self.key.touch(mode=0o600)
        self.key.write_text(self.server.client_key)

    def row(self, case: Case) -> Row:
        peers = {name: files for name, files in case.peers.items() if name not in case.left}
        way = link(self.server.port, case.round_trip) if case.round_trip else nullcontext(self.server.port)
        with way as port, self.installation.workers():
            self.ours(
                replace(case, ours=case.ours // 10), port
            )  # a worker runs for days: what it loads first is loaded
            programs: dict[str, Callable[[], float]] = {"ours": lambda: self.ours(case, port)}
            for name, files in peers.items():
                programs[name] = self.peer(name, files, case.lines, port)
            figures = medians(programs, case.rounds, case.once)
        ours = figures.pop("ours")
        wanted = [f"≥ {ratio:g}x {name}" for name, ratio in case.targets.items()]
        reached = [ours >= ratio * figures[name] for name, ratio in case.targets.items()]
        note = f"{case.ours} orders a run, {case.rounds} runs; of the peers " + ", ".join(map(str, peers.values()))
        met = all(reached) if reached else None
        return Row(case.row, ours, "orders/s", figures, ", ".join(wanted), met, note, figures.spread)

    def ours(self, case: Case, port: int) -> float:
        connection_id = self.installation.connect(self.server, port=port)
        self.installation.pause()
        self.installation.request(case.ours, case.lines)
        return case.ours / self.installation.deliver(case.ours, connection_id)

    def peer(self, name: str, files: int, lines: int, port: int) -> Callable[[], float]:
        documents = self.installation.home / f"documents-{files}-{lines}"
        if not documents.exists():
            write_documents(documents, files, lines)
        known_hosts = self.installation.home / f"known_hosts-{port}"
        known_hosts.write_text(f"[{self.server.host}]:{port} {self.server.host_keys[0]}\n")
        where = ["--port", str(port), "--user", self.server.username, "--key", str(self.key)]
        where += ["--known-hosts", str(known_hosts), "--files", str(documents)]

        def run() -> float:
            folder = next(self.folders)  # a fresh one for each run: deleting thousands of files slows ext4 down
            folder.mkdir()
            seconds = _seconds([*self._program(name), *where, "--folder", str(folder)])
            moved = sum(1 for _ in folder.glob("*.json"))
            assert moved == files, f"{name} moved {moved} of {files} files"
            return files / seconds

        return run

    def _program(self, name: str) -> list[str]:
        if name == LIMIT:
            return ["wire_only"]
        if name == BATCH:
            return ["sftp_batch"]
        if name == LFTP:
            return ["lftp_parallel"]
        celery = ["celery_paramiko", "--database", self.installation.database_url, "--broker", self.broker]
        return celery + {OLD_WAY: [], OLD_WAY_2: ["--concurrency", "2"], KEPT: ["--keep"]}[name]


def _seconds(command: list[str]) -> float:
    program, *arguments = command
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.peers.{program}", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=600,
        env=os.environ | {"C_FORCE_ROOT": "1"},
    )
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])
