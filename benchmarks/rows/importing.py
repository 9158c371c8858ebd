"""Orders a second that come in from a file of JSON Lines: through the API, with the command, and by plain SQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

import psycopg

from benchmarks.api import Server, new_key, order_json, serve
from benchmarks.installation import Installation
from benchmarks.interleaved import Figures, medians
from benchmarks.orders import SMALL, make_orders
from benchmarks.peers import plain_import
from benchmarks.table import Row

COPY = "COPY of the file into one jsonb column"
ROWS = "json.loads + executemany into two tables"


def measure(full: bool) -> Iterator[Row]:
    orders = 50_000 if full else 2_000
    with Installation() as place, serve(place, "--no-engine", LOG_LEVEL="WARNING") as running:
        files = _files(place.home, orders)
        file = next(files)
        key = new_key(place)
        assert place.app.embedded is not None
        url = place.app.embedded.url("postgres").replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            plain_import.make_tables(connection)
        peers = {
            COPY: lambda: orders / _timed_peer(plain_import.copy, url, file),
            ROWS: lambda: orders / _timed_peer(plain_import.insert, url, file),
        }
        programs = {
            "api": lambda: orders / _by_api(running, key, next(files), orders),
            "cli": lambda: orders / _by_command(place, next(files), orders),
            **peers,
        }
        figures = medians(programs, 5 if full else 3)
    compared = {name: figures[name] for name in peers}
    note = f"{orders:,} orders of {SMALL} lines; ours are checked one by one, READY or told what they lack, and audited"
    yield Row(
        "import of JSON Lines, API", figures["api"], "orders/s", compared, note=note, spread=_spread(figures, "api")
    )
    note += "; the command's start included"
    yield Row(
        "import of JSON Lines, command", figures["cli"], "orders/s", compared, note=note, spread=_spread(figures, "cli")
    )


def _spread(figures: Figures, ours: str) -> dict[str, float]:
    return figures.spread | {"ours": figures.spread[ours]}


def _files(folder: Path, orders: int) -> Iterator[Path]:
    """Write one file after the other, of orders that were in none before: what came in once is refused."""
    bodies = [order_json(order) for order in make_orders(orders, SMALL)]
    file = folder / "orders.jsonl"
    for number in count():
        file.write_bytes(b"".join(body.replace(b'"PO-', b'"PO-%d-' % number, 1) + b"\n" for body in bodies))
        yield file


def _by_api(running: Server, key: str, file: Path, orders: int) -> float:
    started = time.monotonic()
    connection = HTTPConnection("127.0.0.1", running.port)
    headers = {"X-API-Key": key, "Content-Type": "application/x-ndjson", "Content-Length": str(file.stat().st_size)}
    with file.open("rb") as body:
        connection.request("POST", "/api/v1/draft-orders/import", body, headers)
        answer = connection.getresponse()
        answer.read()
    connection.close()
    assert answer.headers["X-Orders-Accepted"] == str(orders), answer.headers
    return time.monotonic() - started


def _by_command(place: Installation, file: Path, orders: int) -> float:
    started = time.monotonic()
    command = [sys.executable, "-m", "orderflow", "orders", "import", str(file), "--json"]
    environment = os.environ | {"ORDERFLOW_HOME": str(place.home)}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout)["ready"] == orders
    return time.monotonic() - started


def _timed_peer(program: plain_import.Program, url: str, file: Path) -> float:
    with psycopg.connect(url) as connection:
        started = time.monotonic()
        program(connection, file)
        connection.commit()
        return time.monotonic() - started
