"""One organization does everything at once that an attacker could; the others hardly notice, and memory has an end.

`make test` tries it with 20 organizations, `make test-large` with 100.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from orderflow.bootstrap import open_app
from orderflow.domain.access import Role
from orderflow.flow.people.api_keys import create_key
from orderflow.flow.people.users import create_user
from orderflow.flow.ports import Actor
from orderflow.flow.setup import connections as steps
from orderflow.settings import Settings

SOURCE = Path(__file__).parents[2] / "src"
ACTOR = Actor("test")
MOST_MEMORY = 500 * 1024 * 1024
"""Bytes."""

SLOWER = 2.0
"""Times; the other side of it is that what takes milliseconds may take some of them longer on a busy machine."""

GRACE = 0.25
"""Seconds."""

ORDER = {
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": n, "internal_sku": "INT-1", "qty": 3, "uom": "M", "unit_price": 1.25} for n in (1, 2, 3)],
}

UNKNOWN_FIELDS = "{" + ",".join(f'"f{number}":1' for number in range(800_000)) + "}"
NO_LINES = '{"lines": [' + ",".join(f'{{"line_no": {number}, "x": 1, "qty": "y"}}' for number in range(90_000)) + "]}"

DEEP = '{"a":' * 20_000 + "1" + "}" * 20_000


@dataclass
class Served:
    """A running `orderflow serve`, and a key for each organization."""

    address: tuple[str, int]
    process: subprocess.Popen[bytes]
    keys: list[str]
    email: str
    password: str
    order_ids: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def client(self, organization: int) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.keys[organization]}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60)

    def peak(self) -> int:
        """Return the most memory that the server ever had, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024


@contextmanager
def serving(home: Path, organizations: int, password: str) -> Iterator[Served]:
    app = open_app(Settings(_env_file=None, orderflow_home=home))
    keys = []
    for number in range(organizations):
        org_id = app.create_organization(f"neighbour-{number}")
        keys.append(create_key(app.store, org_id, ACTOR, "key", Role.ADMIN)[1])
        steps.add_connection(app.wiring, org_id, "MOCK", {}, ACTOR, enabled=True)
    email = "viewer@neighbour-0.example"
    first = app.system.organizations()["neighbour-0"]
    create_user(app.store, app.passwords, first, ACTOR, email=email, password=password, role=Role.VIEWER)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    environment = os.environ | {
        "PYTHONPATH": str(SOURCE),
        "ORDERFLOW_HOME": str(home),
        "ORDERFLOW_ALLOWED_NETWORKS": "public,private,127.0.0.0/8",
    }
    command = [sys.executable, "-m", "orderflow", "serve", "--host", address[0], "--port", str(address[1])]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        served = Served(address, process, keys, email, password)
        _wait_until(lambda: httpx.get(f"{served.url}/readyz").status_code == 200)
        yield served
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(40)
        process.kill()
        app.close()


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if true():
                return
        time.sleep(0.1)
    pytest.fail("the server did not start")


def measured(served: Served, rounds: int) -> dict[str, list[float]]:
    """Let every organization but the first read and push, some at a time; returns seconds by kind of request."""
    times: dict[str, list[float]] = {"read": [], "push": [], "alive": []}

    def call(client: httpx.Client, kind: str, method: str, path: str, **options: Any) -> httpx.Response:
        started = time.monotonic()
        answer = client.request(method, path, **options)
        times[kind].append(time.monotonic() - started)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer

    def live(organization: int) -> None:
        with served.client(organization) as client:
            for _ in range(rounds):
                order_id = call(client, "push", "POST", "/draft-orders", json=ORDER).json()["id"]
                call(client, "push", "POST", f"/draft-orders/{order_id}/approve")
                call(client, "push", "POST", f"/draft-orders/{order_id}/push")
                call(client, "read", "GET", f"/draft-orders/{order_id}")
                call(client, "read", "GET", "/draft-orders")
                call(client, "read", "GET", "/me")
                call(client, "alive", "GET", f"{served.url}/readyz")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(live, range(1, len(served.keys))))
    return times


class Attack:
    """What one organization, and somebody who has no account, do at once until they are told to stop."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.over = threading.Event()
        self.done: dict[str, int] = {}
        self._threads: list[threading.Thread] = []
        self._erp = socket.create_server(("127.0.0.1", 0), backlog=200)

    def __enter__(self) -> Self:
        self._start("erp", self._drip_answers)
        for _ in range(45):
            self._start("import", self._drip_an_import)
            self._start("test", self._test_what_drips)
        for _ in range(10):
            self._start("password", self._guess)
            self._start("login", self._sign_in)
        self._start("anonymous", self._send_much_unasked)
        self._start("deep", self._nest)
        self._start("large", self._send_large_orders)
        for _ in range(100):
            self._start("idle", self._hold)
        _wait_until(lambda: self.done.keys() >= {"import", "test", "password", "login", "anonymous", "deep", "large"})
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._erp.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, name: str, step: Callable[[], None]) -> None:
        def repeat() -> None:
            while not self.over.is_set():
                with suppress(OSError, HTTPException, ValueError):
                    step()
                    self.done[name] = self.done.get(name, 0) + 1
                self.over.wait(2)

        thread = threading.Thread(target=repeat, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _drip_answers(self) -> None:
        connection, _ = self._erp.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\n")

        def drip() -> None:
            with closing(connection), suppress(OSError):
                while not self.over.wait(0.5):
                    connection.sendall(b"X-A: b\r\n")

        threading.Thread(target=drip, daemon=True).start()

    def _drip_an_import(self) -> None:
        with closing(socket.create_connection(self.served.address, timeout=30)) as connection:
            connection.sendall(
                b"POST /api/v1/draft-orders/import HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                b"Authorization: Bearer " + self.served.keys[0].encode() + b"\r\n\r\n"
            )
            self.done["import"] = self.done.get("import", 0)
            while not self.over.wait(0.5):
                connection.sendall(b"1\r\n \r\n")

    def _test_what_drips(self) -> None:
        port = self._erp.getsockname()[1]
        config = {"url": f"http://127.0.0.1:{port}/", "body": "{}", "order_number": "id", "plain_http": True}
        self.done["test"] = self.done.get("test", 0) + 1
        self._call("POST", "/connectors/test", json.dumps({"connector_type": "REST_JSON", "config": config}))

    def _guess(self) -> None:
        sign_in = json.dumps({"email": self.served.email, "password": self.served.password})
        token = json.loads(self._call("POST", "/auth/login", sign_in, key="")).get("access_token", "")
        body = json.dumps({"old_password": "not the password", "new_password": "another one, quite long"})
        self._call("POST", "/me/password", body, key=token)

    def _sign_in(self) -> None:
        body = {"email": f"nobody-{time.monotonic()}@neighbour-0.example", "password": "not the password"}
        self._call("POST", "/auth/login", json.dumps(body), key="")

    def _send_much_unasked(self) -> None:
        self.done["anonymous"] = self.done.get("anonymous", 0) + 1
        self._call("POST", "/auth/login", UNKNOWN_FIELDS, key="")

    def _nest(self) -> None:
        self._call("PATCH", "/organization", f'{{"settings": {DEEP}}}')
        self._call("POST", "/draft-orders", DEEP)

    def _send_large_orders(self) -> None:
        self._call("POST", "/draft-orders", NO_LINES)

    def _call(self, method: str, path: str, body: str, key: str | None = None) -> bytes:
        """Send a request over a connection of its own, with as little work here as may be."""
        headers = {"Content-Type": "application/json"}
        if key is None or key:
            headers["Authorization"] = f"Bearer {key or self.served.keys[0]}"
        with closing(HTTPConnection(*self.served.address, timeout=90)) as connection:
            connection.request(method, f"/api/v1{path}", body, headers)
            return connection.getresponse().read()

    def _hold(self) -> None:
        with closing(socket.create_connection(self.served.address, timeout=30)) as connection:
            connection.recv(1)


def late(times: list[float]) -> float:
    """Return the seconds that one in a hundred takes longer than."""
    return sorted(times)[int(len(times) * 0.99) - 1]


@pytest.mark.parametrize(
    ("organizations", "rounds"),
    [(20, 3), pytest.param(100, 6, marks=[pytest.mark.large, pytest.mark.timeout(900)])],
)
def test_one_organization_cannot_take_the_server_from_the_others(
    own_orderflow: Any, secret: Callable[[str], str], organizations: int, rounds: int
) -> None:
    with serving(own_orderflow.home, organizations, secret("password")) as served:
        measured(served, 1)  # connections open, statements prepared
        alone = measured(served, rounds)
        with Attack(served) as attack:
            attacked = measured(served, rounds)
        again = measured(served, rounds)
        for kind, times in attacked.items():
            usual = max(late(alone[kind]), late(again[kind]))
            assert late(times) <= SLOWER * usual + GRACE, f"{kind}: {late(times):.3f} s, alone {usual:.3f} s"
        assert served.peak() < MOST_MEMORY
        assert attack.done["test"] >= 45, attack.done
