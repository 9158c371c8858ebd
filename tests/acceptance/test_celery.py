"""The engine on Celery and a real Redis: every order once, though a worker is killed and the broker restarts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.bootstrap import App, open_app
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.entrypoints.waking import wake_every_engine
from orderflow.flow.accept_order import accept_orders
from orderflow.flow.many_orders import act_on_many
from orderflow.flow.ports import Actor
from orderflow.settings import Settings
from orderflow.storage.models import ERPConnection

CONNECTIONS, ORDERS_EACH = 10, 30
ACTOR = Actor("test")


class Redis:
    """A Redis server of our own, which can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(self.folder),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # our own command
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise TimeoutError("Redis did not start")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's tmp_path: as root, PostgreSQL's own user must be able to pass through to its data.
    with tempfile.TemporaryDirectory(prefix="of-celery-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def redis(home: Path) -> Iterator[Redis]:
    server = Redis(home)
    yield server
    server.kill()


@contextmanager
def celery(home: Path, broker: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "ORDERFLOW_HOME": str(home / "data"),
        "CELERY_BROKER_URL": broker,
        "ORDERFLOW_LEASE_SECONDS": "5",
        "ORDERFLOW_SWEEP_SECONDS": "0.5",
        "ORDERFLOW_BATCH_SIZE": "8",
    }
    command = [sys.executable, "-m", "celery", "-A", "orderflow.entrypoints.celery", *arguments]
    process = subprocess.Popen(  # our own command
        command, env=environment, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def organizations(app: App, home: Path) -> dict[UUID, Path]:
    """Set up one organization per connection, each with its folder and its approved orders."""
    folders = {}
    for number in range(CONNECTIONS):
        org_id = app.create_organization(f"org-{number}")
        folder = folders[org_id] = home / f"inbox-{number}"
        folder.mkdir()
        config = {"mode": "filesystem", "export_path": str(folder)}
        sealed = app.encryption.encrypt_config(config)
        with app.session(org_id) as session:
            session.add(ERPConnection(org_id=org_id, connector_type="DROPZONE_JSON_V1", config_encrypted=sealed))
            session.commit()
        with app.store.work(org_id) as work:
            accept_orders(work, [an_order(n) for n in range(ORDERS_EACH)], ACTOR)
    return folders


def an_order(number: int) -> DraftOrder:
    return DraftOrder(
        external_order_number=f"PO-{number}",
        currency="EUR",
        customer=Customer("4711", "Muster GmbH"),
        lines=[DraftOrderLine(1, "INT-999", Decimal(10), "M", Decimal("1.23"))],
    )


def push_all(app: App, org_id: UUID) -> None:
    with app.database.transaction(org_id) as connection:
        ids = list(connection.execute(text("SELECT id FROM draft_order")).scalars())
    for action in ("approve", "push"):
        assert all(error is None for _, error in act_on_many(app.store, org_id, action, ids, ACTOR))  # type: ignore[arg-type]  # two literals


def delivered(app: App, org_id: UUID) -> int:
    with app.database.transaction(org_id) as connection:
        return int(connection.execute(text("SELECT count(*) FROM draft_order WHERE status = 'PUSHED'")).scalar_one())


def test_every_order_once_though_a_worker_dies_and_the_broker_restarts(home: Path, redis: Redis) -> None:
    app = open_app(Settings(orderflow_home=home / "data", celery_broker_url=redis.url))
    wake_every_engine(app)
    folders = organizations(app, home)
    worker = ("worker", "--concurrency", "2", "--loglevel", "WARNING")
    with (
        celery(home, redis.url, *worker, "-n", "one@%h") as first,
        celery(home, redis.url, *worker, "-n", "two@%h"),
        celery(home, redis.url, "beat", "--loglevel", "WARNING", "--schedule", str(home / "beat")),
    ):
        half = list(folders)[: CONNECTIONS // 2]
        for org_id in half:
            push_all(app, org_id)
        wait_for(app, half, at_least=20)
        os.killpg(first.pid, signal.SIGKILL)
        redis.kill()
        for org_id in set(folders) - set(half):
            push_all(app, org_id)  # while there is no broker: only the sweep can find these
        redis.start()
        wait_for(app, list(folders), at_least=CONNECTIONS * ORDERS_EACH)
    for org_id, folder in folders.items():
        orders = Counter(json.loads(path.read_bytes())["draft_order_id"] for path in folder.glob("*.json"))
        assert set(orders.values()) == {1}
        assert len(orders) == ORDERS_EACH == delivered(app, org_id)
        assert list(folder.glob("*.tmp")) == []
    app.close()


def wait_for(app: App, orgs: list[UUID], at_least: int, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while (done := sum(delivered(app, org_id) for org_id in orgs)) < at_least:
        assert time.monotonic() < ends, f"{done} of {at_least} delivered"
        time.sleep(0.1)


def test_a_worker_logs_as_a_server_does():
    program = "from orderflow.entrypoints.celery import app; app.log.setup()"
    line = "import logging; logging.getLogger('celery.worker').warning('lost the broker')"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; {line}"],
        env=os.environ | {"LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=True,
    )
    entry = json.loads(done.stderr)
    assert (entry["event"], entry["level"], entry["logger"]) == ("lost the broker", "warning", "celery.worker")
