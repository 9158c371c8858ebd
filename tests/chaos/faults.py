"""Everything that can break between us and an ERP, each as a function that breaks it and lets it come back."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import get_args

from orderflow.flow.fault_points import FaultPoint
from tests.chaos.installation import LEASE, WORKERS, Installation

PATIENCE = 15.0
"""Seconds for a process to get to its fault point."""

ELSEWHERE = ("ack come", "ack kept", "bulk batch")
"""Nothing gets there here: connectors/test_every_answer.py and acceptance/test_bulk_jobs.py kill there."""

Fault = Callable[[Installation, random.Random], bool]
"""Breaks something; returns whether it came to it."""


def kill_worker(place: Installation, chance: random.Random) -> bool:
    role = chance.choice(WORKERS)
    place.kill_worker(role)
    place.start_worker(role)
    return True


def kill_erp(place: Installation, chance: random.Random) -> bool:
    place.kill_erp()
    time.sleep(chance.uniform(0, 1))
    place.start_erp()
    return True


def kill_database(place: Installation, chance: random.Random) -> bool:
    place.kill_database()
    return True


def kill_everything(place: Installation, chance: random.Random) -> bool:
    place.kill_database()
    for role in WORKERS:
        place.kill_worker(role)
    place.kill_erp()
    place.start_erp()
    for role in WORKERS:
        place.start_worker(role)
    return True


def stop_beyond_the_lease(place: Installation, chance: random.Random) -> bool:
    worker = place.workers[chance.choice(WORKERS)]
    worker.send_signal(signal.SIGSTOP)
    time.sleep(LEASE + chance.uniform(0.5, 2))
    worker.send_signal(signal.SIGCONT)
    return True


def die_at(point: str) -> Fault:
    def fault(place: Installation, chance: random.Random) -> bool:
        place.resume()
        if point == "requested":
            place.approve(40)
            return _killed(place, place.run("push", "--all-approved", fault=point))
        for role in WORKERS:  # else the other one may do the work
            place.kill_worker(role)
        place.enter(80)
        place.start_worker("worker", fault=f"{point}:{chance.randint(1, 2)}")
        died = _killed(place, place.workers["worker"])
        for role in WORKERS:
            place.start_worker(role)
        return died

    return fault


def _killed(place: Installation, process: subprocess.Popen[bytes]) -> bool:
    try:
        return process.wait(timeout=PATIENCE) == -signal.SIGKILL
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def reset(place: Installation, chance: random.Random) -> bool:
    place.line.reset()
    return True


def reset_in_mid_file(place: Installation, chance: random.Random) -> bool:
    place.line.reset_after = chance.randint(1, 40_000)
    return True


def refuse(place: Installation, chance: random.Random) -> bool:
    place.line.refuse()
    time.sleep(chance.uniform(0.2, 2))
    place.line.accept()
    return True


def clog(mode: str) -> Fault:
    def fault(place: Installation, chance: random.Random) -> bool:
        place.line.mode = mode  # type: ignore[assignment]  # one of line.Mode
        time.sleep(chance.uniform(1, 4))
        place.line.mode = "open"
        return True

    return fault


def drop_on(operation: str) -> Fault:
    def fault(place: Installation, chance: random.Random) -> bool:
        place.tell_erp(drop_connection_on=operation, drop_after=chance.randint(0, 20), drops=1)
        return True

    return fault


def misbehave(**wanted: object) -> Fault:
    """The ERP's server misbehaves for a while, in one of the ways of its `Faults`."""

    def fault(place: Installation, chance: random.Random) -> bool:
        place.tell_erp(**wanted)
        place.line.reset()
        time.sleep(chance.uniform(0.5, 2))
        place.tell_erp(max_sessions=None, disk_full=False, no_posix_rename=False, deny_stat=False, delay=0.0)
        return True

    return fault


FAULTS: dict[str, Fault] = {
    "kill -9 a worker": kill_worker,
    "kill -9 the ERP's server": kill_erp,
    "kill -9 PostgreSQL": kill_database,
    "kill -9 all at once": kill_everything,
    "SIGSTOP beyond the lease": stop_beyond_the_lease,
    **{f"kill -9 at '{point}'": die_at(point) for point in get_args(FaultPoint) if point not in ELSEWHERE},
    "reset": reset,
    "reset in mid-file": reset_in_mid_file,
    "connection refused": refuse,
    "black hole": clog("black hole"),
    "1 byte at a time": clog("trickle"),
    "2 s latency": clog("slow"),
    **{f"server drops at {where}": drop_on(where) for where in ("open", "write", "rename", "after_rename")},
    "server out of sessions": misbehave(max_sessions=0),
    "server's disk full": misbehave(disk_full=True),
    "no posix-rename": misbehave(no_posix_rename=True),
    "stat denied": misbehave(deny_stat=True),
    "slow server": misbehave(delay=0.3),
}


def shuffled(chance: random.Random) -> Iterator[tuple[str, Fault]]:
    """Yield faults without end, every kind once before any comes again."""
    names = list(FAULTS)
    for place in cycle(range(len(names))):
        if place == 0:
            chance.shuffle(names)
        yield names[place], FAULTS[names[place]]
