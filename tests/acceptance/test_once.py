"""Two servers on one database, called at the same moment: of each order there is one, and nobody waits in a circle."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from orderflow.bootstrap import App, open_app
from orderflow.domain.access import Role
from orderflow.flow.people.api_keys import create_key
from orderflow.flow.ports import Actor
from orderflow.settings import Settings
from tests.acceptance.conftest import CommandLine
from tests.waiting import is_ready, wait_until

ROOT = Path(__file__).parents[2]
AT_ONCE = 8
"""Pairs; so that a server stores several orders in one transaction."""

STATISTICS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def an_order(number: object, notes: str = "as ever") -> dict[str, Any]:
    lines = [{"line_no": 1, "internal_sku": "INT-1", "qty": 3, "uom": "M"}]
    customer = {"erp_customer_number": "4711"}
    return {
        "external_order_number": f"{number}",
        "customer": customer,
        "currency": "EUR",
        "notes": notes,
        "lines": lines,
    }


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """Run `orderflow serve` on the installation of a home; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "ORDERFLOW_HOME": str(home)}
    command = [sys.executable, "-m", "orderflow", "serve", "--port", port]
    log = home / f"serve-{port}.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said) as process,
    ):
        try:
            wait_until(lambda: is_ready(f"http://127.0.0.1:{port}"))
            yield f"http://127.0.0.1:{port}/api/v1"
        finally:
            ended = process.poll()
            process.terminate()
            sys.stderr.write(f"port {port}, ended {ended}:\n{log.read_text()[-20_000:]}\n")  # shown if the test fails


class Pair:
    """Two servers, and a client of each."""

    def __init__(self, app: App, clients: list[httpx.Client]) -> None:
        self._app, self._clients = app, clients
        self.org_id = app.system.organizations()["acme"]

    def post(self, orders: tuple[dict[str, Any], dict[str, Any]]) -> list[httpx.Response]:
        """Send one order to each server, at the same moment."""
        both = Barrier(2)

        def send(client: httpx.Client, order: dict[str, Any]) -> httpx.Response:
            both.wait(60)
            return client.post("/draft-orders", json=order)

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(send, self._clients, orders))

    def bring(self, files: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
        """Send a file to each server, at the same moment; returns what became of each line."""
        both = Barrier(2)

        def send(client: httpx.Client, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
            both.wait(60)
            answer = client.post("/draft-orders/import", content="\n".join(map(json.dumps, orders)))
            return [json.loads(line) for line in answer.text.splitlines()]

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(send, self._clients, files))

    def numbers(self) -> list[tuple[str, int]]:
        """Return the number of each order that is stored, and how many have it."""
        query = text("SELECT external_order_number, count(*) FROM draft_order GROUP BY 1")
        with self._app.database.transaction(self.org_id) as connection:
            return [(number, orders) for number, orders in connection.execute(query)]

    def deadlocks(self) -> int:
        with self._app.database.transaction(self.org_id) as connection:
            return int(connection.execute(STATISTICS).scalar_one())


@pytest.fixture
def pair(own_orderflow: CommandLine) -> Iterator[Pair]:
    with ExitStack() as stack:
        app = open_app(Settings(_env_file=None, orderflow_home=own_orderflow.home))
        stack.callback(app.close)
        _, key = create_key(app.store, app.create_organization("acme"), Actor("test"), "key", Role.ADMIN)
        urls = [stack.enter_context(serving(own_orderflow.home)) for _ in range(2)]
        headers = {"Authorization": f"Bearer {key}"}
        kept = httpx.Limits(max_keepalive_connections=0)  # none is used that the server just closed as idle
        made = [httpx.Client(base_url=url, headers=headers, timeout=60, limits=kept) for url in urls]
        yield Pair(app, [stack.enter_context(client) for client in made])


@pytest.mark.parametrize("pairs", [24, pytest.param(200, marks=pytest.mark.large)])
def test_of_two_orders_of_one_number_there_is_one(pair: Pair, pairs: int) -> None:
    equal = [(an_order(f"E-{n}"), an_order(f" E-{n}\u00a0")) for n in range(pairs)]
    unequal = [(an_order(f"U-{n}", "one"), an_order(f"U-{n}", "other")) for n in range(pairs)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(pair.post, [two for both in zip(equal, unequal, strict=True) for two in both]))
    for same, other in zip(answers[::2], answers[1::2], strict=True):
        assert sorted(answer.status_code for answer in same) == [200, 201]
        assert len({answer.json()["id"] for answer in same}) == 1
        made, refused = sorted(other, key=lambda answer: answer.status_code)
        assert (made.status_code, refused.status_code) == (201, 409)
        assert refused.json()["error"]["details"]["order_id"] == made.json()["id"]
    assert sorted(pair.numbers()) == sorted((f"{kind}-{n}", 1) for n in range(pairs) for kind in "EU")
    assert pair.deadlocks() == 0


@pytest.mark.parametrize("orders", [500, pytest.param(20_000, marks=pytest.mark.large)])
def test_two_files_of_the_same_orders_make_each_once_whichever_way_they_are_sorted(pair: Pair, orders: int) -> None:
    file = [an_order(number) for number in range(orders)]
    forwards, backwards = pair.bring((file, file[::-1]))
    assert [line["id"] for line in forwards] == [line["id"] for line in backwards[::-1]]
    came_in = [line["duplicate"] for line in (*forwards, *backwards)]
    assert came_in.count(False) == came_in.count(True) == orders
    assert sorted(pair.numbers()) == sorted((f"{number}", 1) for number in range(orders))
    assert pair.deadlocks() == 0
