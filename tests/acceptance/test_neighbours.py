"""One organization does everything at once that an attacker could; the others hardly notice, and memory has an end.

`make test` tries it with 10 organizations and bounds that no busy machine reaches; `make test-large` with 100, beside
the same organizations alone, in turns.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderflow.bootstrap import App, open_app
from orderflow.domain.access import Role
from orderflow.flow.people.api_keys import create_key
from orderflow.flow.people.users import create_user
from orderflow.flow.ports import Actor
from orderflow.flow.setup import connections as steps
from orderflow.settings import Settings
from tests.acceptance.attack import REFUSED, HostileERP, Target
from tests.waiting import is_ready, wait_until

ROOT = Path(__file__).parents[2]
ACTOR = Actor("test")
MOST_MEMORY = 500 * 1024 * 1024
"""Bytes."""

LONGEST = 6.0
"""Seconds that a request takes beside the attack at most; without limits it was more than 12 on a calm machine."""

SLOWER = 2.0
"""Times; a pair of rounds, alone and beside, sees the machine as busy with other things as the other does."""

ROUNDS = 5
"""Of both."""

ORDER = {
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": n, "internal_sku": "INT-1", "qty": 3, "uom": "M", "unit_price": 1.25} for n in (1, 2, 3)],
}
Times = dict[str, list[float]]
"""Seconds, by kind of request."""


@dataclass
class Served:
    """A running `orderflow serve`, and an ADMIN's key of each organization; the first is the attacker's."""

    address: tuple[str, int]
    process: subprocess.Popen[bytes]
    keys: list[str]
    email: str
    password: str

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def client(self, organization: int) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.keys[organization]}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60)

    def viewer(self) -> str:
        login = {"email": self.email, "password": self.password}
        return str(httpx.post(f"{self.url}/api/v1/auth/login", json=login, timeout=60).json()["access_token"])

    def peak(self) -> int:
        """Return the most memory that the server ever had, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024


@contextmanager
def serving(home: Path, organizations: int, password: str) -> Iterator[Served]:
    app = open_app(Settings(_env_file=None, orderflow_home=home))
    keys = [_organization(app, number) for number in range(organizations)]
    email = "viewer@neighbour-0.example"
    first = app.system.organizations()["neighbour-0"]
    create_user(app.store, app.passwords, first, ACTOR, email=email, password=password, role=Role.VIEWER)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "ORDERFLOW_HOME": str(home),
        "ORDERFLOW_ACK_POLL_SECONDS": "1",
        "ORDERFLOW_SWEEP_SECONDS": "0.5",
    }
    command = [sys.executable, "-m", "orderflow", "serve", "--host", address[0], "--port", str(address[1])]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        served = Served(address, process, keys, email, password)
        wait_until(lambda: is_ready(served.url))
        yield served
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(40)
        process.kill()
        app.close()


def _organization(app: App, number: int) -> str:
    org_id = app.create_organization(f"neighbour-{number}")
    if number:
        steps.add_connection(app.wiring, org_id, "MOCK", {}, ACTOR, enabled=True)
    return create_key(app.store, org_id, ACTOR, "key", Role.ADMIN)[1]


def leave_answers_open(served: Served, erp: HostileERP, connectors: int) -> None:
    """Let the attacker deliver an order over each of many connectors whose answer never ends, and disable them."""
    url = f"http://127.0.0.1:{erp.port}"
    config = {"url": f"{url}/orders", "plain_http": True, "order_number": "id", "timeout": 300}
    status = {"status_url": f"{url}/drip-head", "status": "state", "confirmed": ["done"]}
    with served.client(0) as client:
        for number in range(connectors):
            body = {"connector_type": "REST_JSON", "name": f"{number}", "status": "ACTIVE", "config": config | status}
            connector = client.post("/connectors", json=body)
            assert connector.status_code == 201, connector.text
            order = f"/draft-orders/{push(client)}"
            wait_until(partial(_is_pushed, client, order))
            client.post(f"/connectors/{connector.json()['id']}/disable").raise_for_status()


def _is_pushed(client: httpx.Client, order: str) -> bool:
    return bool(client.get(order).json()["status"] == "PUSHED")


def push(client: httpx.Client) -> str:
    order_id = client.post("/draft-orders", json=ORDER).json()["id"]
    client.post(f"/draft-orders/{order_id}/approve").raise_for_status()
    client.post(f"/draft-orders/{order_id}/push").raise_for_status()
    return str(order_id)


def live(served: Served, rounds: int, at_once: int) -> Times:
    """Let every organization but the attacker's read and push, some at a time."""
    times: Times = defaultdict(list)

    def organization(number: int) -> None:
        with closing(Neighbour(served.address, served.keys[number], times)) as neighbour:
            for _ in range(rounds):
                neighbour.push_and_read()

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(organization, range(1, len(served.keys))))
    return times


class Neighbour:
    """One organization; its client does as little as may be, for it shares the server's machine."""

    def __init__(self, address: tuple[str, int], key: str, times: Times) -> None:
        self._connection = HTTPConnection(*address, timeout=4 * LONGEST)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._times = times

    def close(self) -> None:
        self._connection.close()

    def push_and_read(self) -> None:
        order_id = self._timed("push", "POST", "/draft-orders", json.dumps(ORDER))["id"]
        self._timed("push", "POST", f"/draft-orders/{order_id}/approve")
        self._timed("push", "POST", f"/draft-orders/{order_id}/push")
        started = time.monotonic()
        self._timed("read", "GET", "/draft-orders")
        self._timed("read", "GET", "/connectors")
        self._timed("read", "GET", "/me")
        while self._timed("read", "GET", f"/draft-orders/{order_id}")["status"] == "PUSHING":
            assert time.monotonic() - started < 60, "an order was not delivered"
            time.sleep(0.05)
        self._times["delivery"].append(time.monotonic() - started)

    def _timed(self, kind: str, method: str, path: str, body: str | None = None) -> Any:
        started = time.monotonic()
        self._connection.request(method, f"/api/v1{path}", body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        self._times[kind].append(time.monotonic() - started)
        assert answer.status < 300, f"{method} {path}: {content!r}"
        return json.loads(content)


@contextmanager
def attacked(target: Target) -> Iterator[dict[str, Any]]:
    """Attack while the block lasts; afterwards the attack's account of itself is in the given one."""
    account: dict[str, Any] = {}
    command = [sys.executable, "-m", "tests.acceptance.attack"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as attack:
        assert attack.stdin
        assert attack.stdout
        attack.stdin.write(json.dumps(asdict(target)) + "\n")
        attack.stdin.flush()
        try:
            assert attack.stdout.readline() == "attacking\n"
            yield account
            attack.stdin.write("enough\n")
            attack.stdin.flush()
            account |= json.loads(attack.stdout.readline())
        finally:
            attack.kill()


def p99(times: list[float]) -> float:
    """Return the seconds that one in a hundred takes longer than."""
    return sorted(times)[int(len(times) * 0.99) - 1]


@contextmanager
def prepared(home: Path, organizations: int, password: str, *, connectors: int, size: int, idle: int) -> Iterator[Any]:
    """Serve, and prepare the attack; gives both."""
    with serving(home, organizations, password) as served:
        with HostileERP() as erp:
            leave_answers_open(served, erp, connectors)
            port = erp.port
        yield served, Target(*served.address, port, served.keys[0], served.viewer(), size, idle)


@pytest.mark.slow
def test_an_attacker_takes_the_server_from_nobody(
    own_orderflow: Any, secret: Callable[[str], str], record_property: Any
) -> None:
    with prepared(own_orderflow.home, 10, secret("password"), connectors=6, size=45, idle=200) as (served, target):
        with attacked(target) as account:
            times = live(served, 2, at_once=2)
        record_property("seconds", {kind: max(found) for kind, found in times.items()})
        assert max(times["read"] + times["push"]) < LONGEST
        assert max(times["delivery"]) < 2 * LONGEST
        assert served.peak() < MOST_MEMORY
        assert account["answers"].keys() >= REFUSED, account
        assert account["asked"].keys() >= {"/drip-head"}, account


@pytest.mark.large
@pytest.mark.timeout(1_800)
def test_beside_an_attacker_no_request_in_a_hundred_takes_twice_as_long(
    own_orderflow: Any, secret: Callable[[str], str], record_property: Any
) -> None:
    with prepared(own_orderflow.home, 100, secret("password"), connectors=20, size=45, idle=1_000) as (served, target):
        live(served, 1, at_once=2)  # statements are prepared, connections open
        alone: Times = defaultdict(list)
        beside: Times = defaultdict(list)
        for _ in range(ROUNDS):
            _add(alone, live(served, 1, at_once=2))
            with attacked(target) as account:
                _add(beside, live(served, 1, at_once=2))
            assert account["answers"].keys() >= REFUSED, account
        for kind in alone:
            record_property(kind, (p99(alone[kind]), p99(beside[kind])))
        record_property("bytes", served.peak())
        slow = {kind: (p99(alone[kind]), p99(beside[kind])) for kind in alone}
        assert {kind: pair for kind, pair in slow.items() if pair[1] > SLOWER * pair[0]} == {}
        assert served.peak() < MOST_MEMORY


def _add(all_times: Times, times: Times) -> None:
    for kind, found in times.items():
        all_times[kind] += found
