"""The memory of `orderflow serve` while a long queue drains: it must not grow with the queue.

`make bench` lets 4,000 orders drain, `make bench-full` 100,000.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import mean

import psutil
from sqlalchemy import text

from benchmarks.api import serve
from benchmarks.installation import Installation
from benchmarks.orders import SMALL
from benchmarks.table import Row
from orderflow.testing.openssh_server import OpenSSHServer

MEGABYTE = 1_000_000
LOOK_EVERY = 0.1
"""Seconds between two looks."""


def measure(full: bool) -> Iterator[Row]:
    orders = 100_000 if full else 4_000
    with Installation() as place, OpenSSHServer() as sshd:
        connection_id = place.connect(sshd)
        place.pause()
        place.request(orders, SMALL)
        with serve(place, LOG_LEVEL="WARNING") as running:
            process = psutil.Process(running.process.pid)
            idle = process.memory_info().rss / MEGABYTE
            place.resume(connection_id)
            used = []
            while _waiting(place):
                used.append(process.memory_info().rss / MEGABYTE)
                time.sleep(LOOK_EVERY)
    warm = used[len(used) // 5 :]  # the first fifth loads SSH and fills the pools
    first, second = mean(warm[: len(warm) // 2]), mean(warm[len(warm) // 2 :])
    flat = second < 1.05 * first
    yield Row(
        "memory of `orderflow serve` while a queue drains, most",
        max(used),
        "MB",
        target="< 300 MB, flat",
        reached=max(used) < 300 and flat,
        note=f"{orders:,} orders; idle {idle:.0f}, first half {first:.0f}, second half {second:.0f}",
    )


def _waiting(place: Installation) -> bool:
    with place.app.database.transaction(place.org_id) as connection:
        query = text("SELECT EXISTS (SELECT FROM erp_export WHERE status = 'PENDING')")
        return bool(connection.execute(query).scalar())
