"""A former release's process and ours side by side on one database, which is upgraded while both are at work."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderflow.postgres.embedded import EmbeddedPostgres
from tests.acceptance.brokers import free_port
from tests.acceptance.test_operators_walk import Erp
from tests.waiting import is_ready, wait_until

pytestmark = [pytest.mark.large, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
FORMER = ("84a605a3", "b28f30d7")
"""Commits of former releases: their code is at home in tables of migrations 0007 and 0047, and goes on in ours."""

PASSWORD = "a horse of the test's own"
LINE = {"line_no": 1, "internal_sku": "INT-9", "qty": 1, "uom": "M", "unit_price": 2}
REPEATED = 3
"""Times that a request is sent again that the server could not take: the former release's code does not take its
transaction once more by itself, where PostgreSQL ended it for the upgrade's sake. Nothing of it was kept then."""

SENT_EACH = 25
"""Orders that go to each mixture of releases."""


class Release:
    """One release's code, and its processes."""

    def __init__(self, source: str, environment: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = os.environ | environment | {"PYTHONPATH": source}

    def do(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "orderflow", *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, log: Path) -> None:
        command = [sys.executable, "-m", "orderflow", "serve", "--port", str(self.port)]
        with log.open("ab") as said:
            self._process = subprocess.Popen(command, env=self._environment, stdout=said, stderr=said)
        wait_until(lambda: is_ready(self.url))

    def stop(self, by: int = signal.SIGTERM) -> None:
        if self._process.poll() is None:
            self._process.send_signal(by)
            self._process.wait(timeout=60)


class Shop(threading.Thread):
    """Brings in orders one after the other, at whichever server is named, approves and pushes them."""

    def __init__(self, key: str, *urls: str) -> None:
        super().__init__(daemon=True)
        self.urls = list(urls)
        self.sent: set[str] = set()
        self.refused: list[str] = []
        self._key = key
        self._stopped = threading.Event()

    def run(self) -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {self._key}"}, timeout=60) as client:
            while not self._stopped.is_set():
                number = f"PO-{len(self.sent) + 1}"
                self._send(client, number)
                self.sent.add(number)

    def _send(self, client: httpx.Client, number: str) -> None:
        customer = {"erp_customer_number": "4711", "name": "Acme"}
        order = {"external_order_number": number, "currency": "EUR", "customer": customer, "lines": [LINE]}
        place = "/draft-orders"
        for turn, step in enumerate(("", "/approve", "/push")):
            url = self.urls[(len(self.sent) + turn) % len(self.urls)]
            answer = client.post(f"{url}/api/v1{place}{step}", json=order if not step else {})
            for _ in range(REPEATED):
                if answer.status_code < 500:
                    break
                answer = client.post(f"{url}/api/v1{place}{step}", json=order if not step else {})
            if not answer.is_success:
                self.refused.append(f"{number}{step}: {answer.status_code} {answer.text}")
                return
            if not step:
                place = f"/draft-orders/{answer.json()['id']}"

    def go_on(self, orders: int = SENT_EACH) -> None:
        """Wait until so many more were brought in."""
        goal = len(self.sent) + orders
        wait_until(lambda: len(self.sent) >= goal or self.refused)

    def end(self) -> None:
        self._stopped.set()
        self.join(60)


@pytest.fixture(params=FORMER)
def former(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The source of a former release, from this repository's history."""
    made = subprocess.run(["git", "-C", str(ROOT), "archive", request.param, "src"], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"the history does not reach back to {request.param}: a shallow clone")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        archive.extractall(tmp_path, filter="data")
    return str(tmp_path / "src")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="of-two-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)  # run by root, the database works as another user and has to pass
        yield Path(name)


def test_both_work_on_one_database_and_no_order_is_lost_or_doubled(former: str, folder: Path, secret: Any) -> None:
    database = EmbeddedPostgres(folder / "database")
    admin_url = database.start()
    environment = {
        "DATABASE_ADMIN_URL": admin_url,
        "DATABASE_URL": database.url("orderflow_app"),
        "ENCRYPTION_MASTER_KEY": "4f" * 31 + "a2",
        "JWT_SECRET": "0123456789abcdef" * 4,
        "PASSWORD_PEPPER": "pepper of both",
        "ORDERFLOW_HOME": str(folder / "home"),
        "ORDERFLOW_ORG": "acme",
        "ORDERFLOW_ACK_POLL_SECONDS": "1",
        "ORDERFLOW_SWEEP_SECONDS": "1",
        "ORDERFLOW_PASSWORD": PASSWORD,
    }
    old, new = Release(former, environment), Release(os.pathsep.join(sys.path), environment)
    erp = Erp(folder)
    old.do("db", "upgrade")
    old.do("org", "create", "acme")
    old.do("user", "create", "admin@acme.example")
    config = {"mode": "filesystem", "export_path": str(erp.out), "ack_path": str(erp.answers)}
    (folder / "dropzone.json").write_text(json.dumps(config))
    old.do("connections", "add", "DROPZONE_JSON_V1", "--config", str(folder / "dropzone.json"))
    try:
        erp.start()
        old.start(folder / "old.log")
        shop = Shop(_key(old.url), old.url)
        shop.start()
        shop.go_on()
        new.do("db", "upgrade")
        shop.go_on()
        new.start(folder / "new.log")
        shop.urls = [old.url, new.url]
        shop.go_on(2 * SENT_EACH)
        shop.urls = [new.url]
        shop.go_on(1)
        old.stop(signal.SIGKILL)
        shop.go_on()
        shop.end()
        assert shop.refused == []
        wait_until(lambda: _confirmed(new) == shop.sent)
        assert erp.taken == Counter(dict.fromkeys(shop.sent, 1))
        assert [one for one in json.loads(new.do("doctor", "--json")) if not one["remark"]] == []
    finally:
        for release, name in ((old, "old"), (new, "new")):
            if hasattr(release, "_process"):
                release.stop()
                sys.stderr.write(f"--- {name}\n{(folder / f'{name}.log').read_text('utf-8')[-3000:]}")
        erp.stopped.set()
        database.stop_if_unused()


def _key(url: str) -> str:
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        token = client.post("/auth/login", json={"email": "admin@acme.example", "password": PASSWORD}).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        made = client.post("/api-keys", json={"name": "shop", "role": "ADMIN"}, headers=headers)
        return str(made.raise_for_status().json()["key"])


def _confirmed(release: Release) -> set[str]:
    listed = json.loads(release.do("orders", "list", "--status", "CONFIRMED", "-n", "10000", "--json"))
    return {order["external_order_number"] for order in listed}
