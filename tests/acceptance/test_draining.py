"""API servers are replaced one after the other, and the tables upgraded, while requests come in: none is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.acceptance.brokers import free_port
from tests.acceptance.conftest import CommandLine
from tests.waiting import is_ready, wait_until

pytestmark = [pytest.mark.large, pytest.mark.timeout(900)]
THREADS = 4


class Server:
    """`orderflow serve` in two processes, which drains for long enough that `Balancer` has noticed."""

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "ORDERFLOW_HOME": str(home)}
        self._environment |= {"ORDERFLOW_DRAIN_SECONDS": "2", "LOG_LEVEL": "WARNING"}

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "orderflow",
            "serve",
            "--no-engine",
            "--workers",
            "2",
            "--port",
            str(self.port),
        ]
        self._process = subprocess.Popen(command, env=self._environment)
        wait_until(self._is_ready)

    def _is_ready(self) -> bool:
        assert self._process.poll() is None
        return is_ready(self.url)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(timeout=60) == 0


class Balancer:
    """What stands before servers: asks each whether it is ready, and sends requests to those that are."""

    def __init__(self, servers: list[Server]) -> None:
        self.ready = [server.url for server in servers]
        self._urls = list(self.ready)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._stopped.wait(0.1):
            self.ready = [url for url in self._urls if is_ready(url)] or self._urls

    @contextmanager
    def load(self, key: str) -> Iterator[Counter[str]]:
        """Send requests from several threads; yields how they ended."""
        ended: Counter[str] = Counter()
        self._thread.start()
        clients = [threading.Thread(target=self._send, args=(key, n, ended)) for n in range(THREADS)]
        for client in clients:
            client.start()
        try:
            yield ended
        finally:
            self._stopped.set()
            for client in (*clients, self._thread):
                client.join()

    def _send(self, key: str, thread: int, ended: Counter[str]) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            number = 0
            while not self._stopped.is_set():
                number += 1
                order = {"external_order_number": f"PO-{thread}-{number}", "currency": "EUR"}
                try:
                    answer = client.post(f"{random.choice(self.ready)}/api/v1/draft-orders", json=order)
                    ended[str(answer.status_code)] += 1
                except httpx.TransportError as error:
                    ended[type(error).__name__] += 1


@pytest.fixture
def key(own_orderflow: CommandLine, tmp_path: Path) -> str:
    own_orderflow("org", "create", "acme")
    own_orderflow.environment["ORDERFLOW_PASSWORD"] = "a horse of the test's own"
    own_orderflow("user", "create", "admin@acme.example")
    server = Server(own_orderflow.home)
    server.start()
    with httpx.Client(base_url=f"{server.url}/api/v1", timeout=60) as client:
        signed_in = {"email": "admin@acme.example", "password": "a horse of the test's own"}
        token = client.post("/auth/login", json=signed_in).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        made = client.post("/api-keys", json={"name": "load", "role": "ADMIN"}, headers=headers).json()
    server.stop()
    return str(made["key"])


def test_not_one_request_is_reset_while_servers_are_replaced(own_orderflow: CommandLine, key: str) -> None:
    servers = [Server(own_orderflow.home) for _ in range(2)]
    for server in servers:
        server.start()
    with Balancer(servers).load(key) as ended:
        for server in servers:
            before = ended["201"]
            while ended["201"] < before + 50:
                time.sleep(0.05)
            server.stop()
            server.start()
        own_orderflow("db", "upgrade")
    for server in servers:
        server.stop()
    assert set(ended) == {"201"}, ended
    assert len(own_orderflow.json("orders", "list", "-n", "10000")) == ended["201"] > 100
