"""The engine on Celery with real brokers: 4 workers, 1 beat, and a receiver that notes every file it gets.

`make test` runs 1,000 orders over 20 connections; `make test-large` runs 5,000 over 100.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from orderflow.bootstrap import open_app
from orderflow.engine.celery import tasks
from orderflow.entrypoints.waking import wake_every_engine
from orderflow.settings import Settings
from orderflow.storage.tables.models import ERPConnection
from tests.acceptance.brokers import Broker, RabbitMQ, Redis, free_port
from tests.waiting import wait_until
from tests.waiting_orders import add_approved, request_all

pytestmark = pytest.mark.slow
WORKERS = 4
PACE = {
    "ORDERFLOW_LEASE_SECONDS": "5",
    "ORDERFLOW_SWEEP_SECONDS": "0.5",
    "ORDERFLOW_BATCH_SIZE": "8",
    "LOG_LEVEL": "WARNING",
}
NUMBERS = count(1)


class Receiver(threading.Thread):
    """The ERP: takes every file out of its folder as soon as it sees it, and notes whose order it was."""

    def __init__(self, root: Path) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.log: Counter[str] = Counter()
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(0.02):
            self._take()

    def stop(self) -> None:
        self._stopped.set()
        self.join()
        self._take()

    def _take(self) -> None:
        for path in self.root.glob("*/*.json"):
            self.log[path.name.split("_")[2]] += 1
            path.unlink()

    def unfinished(self) -> list[Path]:
        return list(self.root.glob("*/*.tmp"))


class Installation:
    """A database, the workers, and a receiver; the app here plays the API, which wakes the workers by messages."""

    def __init__(self, home: Path, broker: Broker) -> None:
        self.broker = broker
        self.home = home
        settings: dict[str, Any] = {"orderflow_home": home / "data", "celery_broker_url": broker.url}
        self.app = open_app(Settings(_env_file=None, database_url="embedded", **settings))
        wake_every_engine(self.app)
        self.receiver = Receiver(home / "inboxes")
        self.receiver.root.mkdir()
        self.receiver.start()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.ports: list[int] = []
        for pool in ("prefork", "threads") * (WORKERS // 2):
            self.start_a_worker(pool)
        self.beat_port = free_port()
        self.beat = self.run("beat", "--schedule", str(home / "beat"), "--metrics-port", str(self.beat_port))
        self.pushed: list[UUID] = []

    def run(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = os.environ | PACE
        environment |= {"ORDERFLOW_HOME": str(self.home / "data"), "CELERY_BROKER_URL": self.broker.url}
        environment |= {"DATABASE_URL": "embedded"}
        command = [sys.executable, "-m", "celery", "-A", "orderflow.engine.celery", *arguments]
        with (self.home / "celery.log").open("ab") as log:
            return subprocess.Popen(
                command,
                env=environment,
                cwd=self.home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for_workers(self) -> None:
        wait_until(lambda: len(tasks.celery.control.ping(timeout=1)) >= WORKERS, self.complaints)

    @contextmanager
    def without_beat(self) -> Iterator[None]:
        os.killpg(self.beat.pid, signal.SIGSTOP)
        yield
        os.killpg(self.beat.pid, signal.SIGCONT)

    def kill_a_worker(self) -> None:
        process = self.workers.pop()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def start_a_worker(self, pool: str = "prefork") -> None:
        self.ports.append(free_port())
        name, port = f"w{next(NUMBERS)}@%h", str(self.ports[-1])
        arguments = ["worker", "--pool", pool, "--concurrency", "2", "-n", name, "--metrics-port", port]
        self.workers.append(self.run(*arguments))

    def close(self) -> None:
        for process in (*self.workers, self.beat):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.receiver.stop()
        tasks.celery.close()
        for name in ("amqp", "control"):  # they keep connections, and the next broker is another one
            tasks.celery.__dict__.pop(name, None)
        self.app.close()

    def organizations(self, connections: int, orders: int) -> list[UUID]:
        """Make organizations with a connection each, and orders that are approved."""
        return [self._organization(f"org-{next(NUMBERS)}", orders) for _ in range(connections)]

    def _organization(self, slug: str, orders: int) -> UUID:
        org_id = self.app.create_organization(slug)
        folder = self.receiver.root / slug
        folder.mkdir()
        sealed = self.app.encryption.encrypt_config({"mode": "filesystem", "export_path": str(folder)})
        with self.app.session(org_id) as session:
            session.add(ERPConnection(org_id=org_id, connector_type="DROPZONE_JSON_V1", config_encrypted=sealed))
            session.commit()
        with self.app.database.transaction(org_id) as connection:
            add_approved(connection, org_id, orders)
        return org_id

    def push(self, *orgs: UUID) -> None:
        for org_id in orgs:
            connection_id = self.connection(org_id)
            with self.app.database.transaction(org_id) as connection:
                self.pushed += request_all(connection, connection_id)
            self.app.waker.wake(org_id, connection_id)

    def connection(self, org_id: UUID) -> UUID:
        return self.column(org_id, "SELECT id FROM erp_connection")[0]

    def column(self, org_id: UUID, query: str) -> list[UUID]:
        with self.app.database.transaction(org_id) as connection:
            return list(connection.execute(text(query)).scalars())

    def pause(self, since: str) -> None:
        with self.app.database.system() as connection:
            connection.execute(text(f"UPDATE organization SET deliveries_paused_at = {since}"))

    def count(self, query: str) -> int:
        with self.app.database.system() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def settled(self) -> int:
        return self.count("SELECT count(*) FROM draft_order WHERE status = 'PUSHED'")

    def wait_for(self, settled: int) -> None:
        wait_until(
            lambda: self.settled() >= settled, lambda: f"{self.settled()} of {settled} delivered: {self.complaints()}"
        )

    def wait_for_orgs(self, orgs: list[UUID]) -> None:
        query = "SELECT id FROM draft_order WHERE status = 'PUSHED'"
        wait_until(lambda: all(self.column(org_id, query) for org_id in orgs), self.complaints)

    def complaints(self) -> str:
        return (self.home / "celery.log").read_text()[-4000:]

    def assert_every_order_arrived_once(self) -> None:
        self.wait_for(len(self.pushed))
        wait_until(lambda: self.receiver.log.total() >= len(self.pushed))
        assert self.receiver.log == Counter(str(order_id) for order_id in self.pushed)
        assert self.receiver.unfinished() == []


@contextmanager
def installation(kind: type[Redis | RabbitMQ]) -> Iterator[Installation]:
    # Not pytest's tmp_path: as root, PostgreSQL's own user must be able to pass through to its data.
    with tempfile.TemporaryDirectory(prefix="of-celery-", ignore_cleanup_errors=True) as folder:
        broker = kind(Path(folder))
        broker.start()
        place = Installation(Path(folder), broker)
        try:
            place.wait_for_workers()
            yield place
        finally:
            place.close()
            broker.close()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(Redis, id="Redis", marks=pytest.mark.xdist_group("celery-redis")),
        pytest.param(RabbitMQ, id="RabbitMQ", marks=pytest.mark.xdist_group("celery-rabbitmq")),
    ],
)
def place(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """One installation for all tests with a broker; what they push adds up, and is counted again by each."""
    with installation(request.param) as made:
        yield made


def test_a_message_that_comes_twice_delivers_nothing_twice(place: Installation) -> None:
    (org_id,) = place.organizations(1, orders=20)
    with place.without_beat():  # no sweep: messages alone do this
        place.push(org_id)
        for _ in range(30):  # the same message before, during and after the delivery
            place.app.waker.send([(org_id, place.connection(org_id))])
            time.sleep(0.01)
        place.assert_every_order_arrived_once()


def test_what_workers_and_beat_do_is_measured_at_ports_of_their_own(place: Installation) -> None:
    place.push(*place.organizations(2, orders=20))
    place.assert_every_order_arrived_once()
    # A worker counts an order once it is settled; none of them was ended yet.
    wait_until(lambda: _pushes_that_workers_count(place) >= len(place.pushed))
    assert _pushes_that_workers_count(place) == len(place.pushed)
    wait_until(lambda: {"beat", "celery"} <= {process.kind for process in place.app.processes.alive()})


def _pushes_that_workers_count(place: Installation) -> float:
    counted = 0.0
    for port in (*place.ports[:WORKERS], place.beat_port):
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=60).json() == {"ready": True}
        shown = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
        assert "orderflow_broker_up 1.0" in shown
        assert "process_resident_memory_bytes" in shown
        counted += sum(float(count) for count in re.findall(r'pushes_total{.*outcome="success"} (\S+)', shown))
    return counted


def test_a_message_that_is_lost_costs_one_sweep(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.app.waker, "send", lambda _: None)
    place.push(*place.organizations(3, orders=10))
    place.assert_every_order_arrived_once()


def test_a_worker_that_is_killed_loses_no_order(place: Installation) -> None:
    place.push(*place.organizations(8, orders=20))
    place.kill_a_worker()
    place.start_a_worker()
    place.assert_every_order_arrived_once()


def test_a_broker_that_is_killed_loses_no_order(place: Installation) -> None:
    orgs = place.organizations(8, orders=20)
    place.push(*orgs[:4])
    place.broker.kill()
    place.push(*orgs[4:])  # nobody can be told: only a sweep finds these
    place.broker.start()
    place.assert_every_order_arrived_once()


def test_one_long_queue_delays_nobody_else(place: Installation) -> None:
    (long,) = place.organizations(1, orders=1_500)
    others = place.organizations(19, orders=1)
    with place.without_beat():
        place.pause("now()")
        place.push(long, *others)
        place.pause("NULL")
        place.app.waker.send([(org_id, place.connection(org_id)) for org_id in (long, *others)])
        place.wait_for_orgs(others)
        assert place.column(long, "SELECT id FROM draft_order WHERE status = 'PUSHING'"), "there was no queue any more"
    place.assert_every_order_arrived_once()


@pytest.mark.parametrize(
    ("connections", "orders"),
    [(20, 50), pytest.param(100, 50, marks=[pytest.mark.large, pytest.mark.timeout(600)])],
)
def test_every_order_once_though_a_worker_dies_and_the_broker_restarts(
    place: Installation, connections: int, orders: int
) -> None:
    orgs = place.organizations(connections, orders)
    before = place.settled()
    place.push(*orgs[::2])
    place.wait_for(before + connections)
    place.kill_a_worker()
    place.broker.kill()
    place.push(*orgs[1::2])
    place.broker.start()
    place.assert_every_order_arrived_once()
    place.start_a_worker()


def test_what_ended_long_ago_is_pruned(place: Installation) -> None:
    with place.app.database.system() as connection:
        connection.execute(text("UPDATE audit_log SET created_at = now() - interval '366 days'"))
        ended = "status = 'CONFIRMED', updated_at = now() - interval '366 days'"
        connection.execute(text(f"UPDATE draft_order SET {ended} WHERE status = 'PUSHED'"))
    tasks.tasks["prune"].apply_async()
    wait_until(lambda: not place.count("SELECT count(*) FROM erp_export"), place.complaints)


def test_a_worker_logs_as_a_server_does():
    program = "from orderflow.engine.celery import app; app.log.setup()"
    line = "import logging; logging.getLogger('celery.worker').warning('lost the broker')"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; {line}"],
        env=os.environ | {"LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=True,
    )
    entry = json.loads(done.stderr.splitlines()[-1])  # before it stands which database it is
    assert (entry["event"], entry["level"], entry["logger"]) == ("lost the broker", "warning", "celery.worker")


@pytest.mark.parametrize(
    ("environment", "says"),
    [({}, "CELERY_BROKER_URL is not set"), ({"ORDERFLOW_BATCH_SIZE": "many"}, "ORDERFLOW_BATCH_SIZE should be")],
)
@pytest.mark.parametrize("command", ["worker", "beat"])
def test_a_setting_that_cannot_be_used_is_named(
    command: str, environment: dict[str, str], says: str, tmp_path: Path
) -> None:
    run = [sys.executable, "-m", "celery", "-A", "orderflow.engine.celery", command]
    done = subprocess.run(
        run, env=os.environ | environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
