"""How long one order takes on an idle system: from the request to push it to the file at the server, under its name."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.api import new_key, order_json, serve
from benchmarks.installation import Installation
from benchmarks.orders import SMALL, make_orders
from benchmarks.peers import paramiko_steps
from benchmarks.table import Row
from orderflow.testing.openssh_server import OpenSSHServer

PEER = "paramiko, a connection for each order"
LOOK_EVERY = 0.0005
"""Seconds between two looks into the folder."""


def measure(full: bool) -> Iterator[Row]:
    count = 1_000 if full else 120
    with Installation() as place, OpenSSHServer() as sshd:
        place.connect(sshd)
        [folder] = sshd.root.iterdir()
        target = paramiko_steps.Target.of(sshd)
        key = new_key(place)
        with serve(place, LOG_LEVEL="WARNING") as running:
            api = Api(running.port, key)
            bodies = [order_json(order) for order in make_orders(count + 3, SMALL)]
            for body in bodies[:3]:  # the first one logs in
                _seconds(api, body, folder)
            ours, theirs = [], []
            for number, body in enumerate(bodies[3:]):
                ours.append(_seconds(api, body, folder) * 1_000)
                if number % 4 == 0:
                    theirs.append(paramiko_steps.timed_deliver(target, str(sshd.root / f"{number}.json"), body) * 1_000)
                time.sleep(random.uniform(0.02, 0.06))
    for name, at in (("median", 49), ("p99", 98)):
        figure = quantiles(ours, n=100)[at]
        peers = {PEER: quantiles(theirs, n=100)[at]}
        what = f"one order on an idle system, from the request to the file, {name}"
        yield Row(what, figure, "ms", peers, target="< 150 ms", reached=figure < 150, note=f"{count} orders")


class Api:
    """The API, over one connection kept open."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port)
        self._headers = {"X-API-Key": key, "Content-Type": "application/json"}

    def post(self, path: str, body: bytes | None = None) -> Any:
        self._connection.request("POST", f"/api/v1{path}", body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status < 300, content
        return json.loads(content)


def _seconds(api: Api, body: bytes, folder: Path) -> float:
    order_id = api.post("/draft-orders", body)["id"]
    api.post(f"/draft-orders/{order_id}/approve")
    started = time.perf_counter()
    api.post(f"/draft-orders/{order_id}/push")
    _wait(lambda: any(file.suffix == ".json" for file in folder.iterdir()))
    seconds = time.perf_counter() - started
    for file in folder.iterdir():  # the ERP takes it
        file.unlink()
    return seconds


def _wait(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not done():
        assert time.monotonic() < ends, "no file came"
        time.sleep(LOOK_EVERY)
