"""Claims that meet: many at once of one connection, whose due exports all want first, and of a connection each.

It is the query by which a worker takes 256 exports, and the commit; what was taken is settled before its taker takes
more, which is not measured. Where claims would wait for each other, those at once would take no more a second than one.
`make bench` has one and 8 at once, `make bench-full` 32, too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from statistics import quantiles
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.installation import Installation
from benchmarks.interleaved import Figures
from benchmarks.rows.growth import BATCH, fill_queue, settle
from benchmarks.table import Row
from orderflow.domain.ids import new_id
from orderflow.storage.work.leases import _LEASE  # the query itself
from orderflow.testing.openssh_server import OpenSSHServer

_CLAIM = _LEASE[False, False]
Seen = dict[int, list[tuple[float, list[float]]]]
"""By how many were at it: claims per second, and the seconds of each; of each run."""


def measure(full: bool) -> Iterator[Row]:
    rounds, claims, numbers = (5, 32, (1, 8, 32)) if full else (1, 16, (1, 8))
    with Installation() as place, OpenSSHServer() as sshd:
        many = [place.connect(sshd) for _ in range(max(numbers))]
        for where, connections in (("one connection", many[:1]), ("a connection each", many)):
            seen: Seen = {number: [] for number in numbers}
            for _ in range(rounds):
                for number, runs in seen.items():
                    runs.append(_run(place, connections[:number], number, claims))
            yield from _rows(where, seen)


def _rows(where: str, seen: Seen) -> Iterator[Row]:
    figures = Figures({_at_once(number): [rate for rate, _ in runs] for number, runs in seen.items()})
    for number, runs in seen.items():
        name, times = _at_once(number), [seconds * 1_000 for _, some in runs for seconds in some]
        yield Row(
            f"claims of {BATCH} exports of {where}, {name}",
            figures[name],
            "claims/s",
            {} if number == 1 else {_at_once(1): figures[_at_once(1)]},
            note=f"p99 of one {quantiles(times, n=100)[98]:.3g} ms; all were full",
            spread=figures.spread | ({"ours": figures.spread[name]} if name in figures.spread else {}),
        )


def _at_once(number: int) -> str:
    return f"{number} at once"


def _run(place: Installation, connections: list[UUID], number: int, claims: int) -> tuple[float, list[float]]:
    """Return claims per second of all, and the seconds of each, by so many who begin together; `claims` in all."""
    each = claims // number
    for connection_id in connections:
        fill_queue(place, connection_id, BATCH * claims // len(connections))
    begin, times = threading.Barrier(number + 1), list[float]()
    claimers = [
        threading.Thread(target=_claim, args=(place, connections[n % len(connections)], each, begin, times))
        for n in range(number)
    ]
    for claimer in claimers:
        claimer.start()
    begin.wait()
    for claimer in claimers:
        claimer.join()
    assert len(times) == each * number, "a claim was not full, or failed"
    return number / (sum(times) / len(times)), times


def _claim(place: Installation, connection_id: UUID, claims: int, begin: threading.Barrier, times: list[float]) -> None:
    with _connected(place) as connection:
        begin.wait()
        for _ in range(claims):
            lease: dict[str, Any] = {"connection_id": connection_id, "token": new_id(), "limit": BATCH, "seconds": 60}
            started = time.perf_counter()
            taken = connection.execute(_CLAIM, lease, prepare=True)
            times.append(time.perf_counter() - started)
            if taken.rowcount != BATCH:
                raise AssertionError(f"{taken.rowcount} exports")
            settle(connection, lease["token"])


def _connected(place: Installation) -> psycopg.Connection[Any]:
    assert place.app.embedded is not None
    return psycopg.connect(place.app.embedded.url("postgres").replace("+psycopg", ""), autocommit=True)
