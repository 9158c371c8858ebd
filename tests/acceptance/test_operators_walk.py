"""An operator's bad day: each thing that goes wrong is told where an operator looks, soon, and nothing is lost.

Two API servers, two Celery workers, beat, PostgreSQL and Redis, all processes of their own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orderflow.postgres.embedded import EmbeddedPostgres
from orderflow.storage.tables.migrations import upgrade
from tests.acceptance.brokers import Redis, free_port
from tests.processes import end_all

pytestmark = [pytest.mark.large, pytest.mark.timeout(900)]
SOON = 10.0
"""Seconds within which an operator is told; a busy machine gets as many again."""


class Erp(threading.Thread):
    """Takes every file, counts it, and confirms it, while it is allowed to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.out, self.answers = folder / "out", folder / "answers"
        for place in (self.out, self.answers):
            place.mkdir()
        self.taken: Counter[str] = Counter()
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.05):
            for file in self.out.glob("*.json"):
                self.taken[json.loads(file.read_text("utf-8"))["header"]["external_order_number"]] += 1
                answer = self.answers / f".{file.name}"
                answer.write_text('{"status": "ACKED"}')
                answer.rename(self.answers / f"ack_{file.name}")
                file.unlink()


class Site:
    """Everything that runs, and where an operator looks."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "database")
        upgrade(self.postgres.start())
        (folder / "broker").mkdir()
        self.redis = Redis(folder / "broker")
        self.redis.start()
        self.erp = Erp(folder)
        self.erp.start()
        self.environment = {
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DATABASE_URL": self.postgres.url("orderflow_app"),
            "CELERY_BROKER_URL": self.redis.url,
            "ENCRYPTION_MASTER_KEY": key,
            "JWT_SECRET": "0123456789abcdef" * 4,
            "PASSWORD_PEPPER": "pepper of the walk",
            "ORDERFLOW_HOME": str(folder / "home"),
            "ORDERFLOW_ORG": "acme",
            "ORDERFLOW_ACK_POLL_SECONDS": "1",
            "ORDERFLOW_SWEEP_SECONDS": "1",
            "ORDERFLOW_LEASE_SECONDS": "5",
            "LOG_FORMAT": "json",
        }
        self.ports = [free_port(), free_port()]
        self.beat_port = free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.ordered: set[str] = set()

    def command(self, *arguments: str, exits: int = 0, **changes: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            env=os.environ | self.environment | changes,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == exits, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def orderflow(self, *arguments: str, exits: int = 0, **changes: str) -> subprocess.CompletedProcess[str]:
        return self.command("orderflow", *arguments, exits=exits, **changes)

    def start(self, name: str) -> None:
        celery = ["celery", "-A", "orderflow.engine.celery"]
        worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "WARNING", "-n", f"{name}@%h"]
        beat = [*celery, "beat", "--schedule", str(self.folder / "beat"), "--metrics-port", str(self.beat_port)]
        serve = ["orderflow", "serve", "--no-engine", "--port"]
        arguments = {
            "api-0": [*serve, str(self.ports[0])],
            "api-1": [*serve, str(self.ports[1])],
            "worker-0": worker,
            "worker-1": worker,
            "beat": [*beat, "--loglevel", "WARNING"],
        }[name]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments], env=os.environ | self.environment, stdout=log, stderr=log
            )

    def stop(self, *names: str, by: int = signal.SIGTERM) -> None:
        for name in names:
            self.running[name].send_signal(by)
        for name in names:
            self.running.pop(name).wait(timeout=60)

    def close(self) -> None:
        end_all(self.running.values())
        self.erp.stopped.set()
        self.redis.close()
        self.postgres.stop_if_unused()

    def get(self, path: str, server: int = 0) -> httpx.Response | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.ports[server]}{path}", timeout=20)
        except httpx.TransportError:
            return None

    def readyz(self, server: int = 0) -> dict[str, Any]:
        answer = self.get("/readyz", server)
        return answer.json() if answer else {}

    def troubles(self) -> set[str]:
        return set(self.readyz().get("troubles", ()))

    def metrics(self) -> str:
        answer = self.get("/metrics")
        return answer.text if answer else ""

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8")

    def findings(self) -> set[str]:
        done = subprocess.run(
            [sys.executable, "-m", "orderflow", "doctor", "--json"],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        found = {finding["code"] for finding in json.loads(done.stdout) if not finding["remark"]}
        assert done.returncode == bool(found), done.stderr
        return found

    def order(self, *numbers: str) -> None:
        """Bring in orders and ask for their delivery."""
        lines = []
        for number in numbers:
            line = {"line_no": 1, "internal_sku": "INT-9", "qty": 1, "uom": "M", "unit_price": 2}
            customer = {"erp_customer_number": "4711", "name": "Acme"}
            order = {"external_order_number": number, "currency": "EUR", "customer": customer, "lines": [line]}
            lines.append(json.dumps(order))
        file = self.folder / "orders.jsonl"
        file.write_text("\n".join(lines))
        self.orderflow("orders", "import", str(file), "--push")
        self.ordered |= set(numbers)

    def confirmed(self) -> set[str]:
        listed = json.loads(self.orderflow("orders", "list", "--status", "CONFIRMED", "-n", "1000", "--json").stdout)
        return {order["external_order_number"] for order in listed}


def soon(look: Callable[[], Any], seconds: float = 2 * SOON) -> None:
    """Wait until an operator who looks sees it."""
    ends = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < ends, f"not told: {seen!r}"
        time.sleep(0.2)


@pytest.fixture
def site(secret: Any) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="of-walk-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # run by root, the database works as another user and has to pass
        made = Site(Path(folder), "4f" * 31 + "a1")
        try:
            made.orderflow("org", "create", "acme")
            config = {"mode": "filesystem", "export_path": str(made.erp.out), "ack_path": str(made.erp.answers)}
            (made.folder / "dropzone.json").write_text(json.dumps(config))
            made.orderflow("connections", "add", "DROPZONE_JSON_V1", "--config", str(made.folder / "dropzone.json"))
            for name in ("api-0", "api-1", "worker-0", "worker-1", "beat"):
                made.start(name)
            soon(lambda: all(made.readyz(server).get("ready") for server in (0, 1)), 90)
            soon(lambda: 'orderflow_processes{kind="beat"} 1.0' in made.metrics(), 90)
            soon(lambda: not made.troubles(), 60)
            yield made
        finally:
            for name in ("api-0", "worker-0", "beat"):
                sys.stderr.write(f"--- {name}\n{made.log(name)[-3000:]}")
            made.close()


def test_each_thing_is_told_and_nothing_is_lost(site: Site) -> None:
    site.order("PO-1", "PO-2")
    soon(lambda: site.confirmed() == site.ordered, 60)
    assert site.findings() == set()
    redis_is_away(site)
    postgres_is_away(site)
    folders_are_somebody_else_s(site)
    the_key_or_a_name_is_wrong(site)
    no_worker_is_there(site)
    assert site.erp.taken == Counter(dict.fromkeys(site.ordered, 1))


def redis_is_away(site: Site) -> None:
    """What is pushed meanwhile is taken, and goes out later."""
    site.redis.kill()
    soon(lambda: "BROKER_UNAVAILABLE" in site.troubles())
    assert "orderflow_broker_up 0.0" in site.metrics()
    assert "BROKER_UNAVAILABLE" in site.findings()
    assert '"code": "BROKER_UNAVAILABLE"' in site.log("api-0")
    site.order("PO-3")
    site.redis.start()
    soon(lambda: site.confirmed() == site.ordered, 90)
    soon(lambda: not site.troubles())


def postgres_is_away(site: Site) -> None:
    pid = int((site.folder / "database/postgres/postmaster.pid").read_text("utf-8").split()[0])
    os.kill(pid, signal.SIGINT)
    soon(lambda: all(site.readyz(server).get("database") == "DATABASE_UNAVAILABLE" for server in (0, 1)))
    assert "orderflow_database_up 0.0" in site.metrics()
    assert "DATABASE_UNAVAILABLE" in site.orderflow("doctor", exits=2).stderr
    site.postgres.start()
    soon(lambda: all(site.readyz(server).get("ready") for server in (0, 1)))


def folders_are_somebody_else_s(site: Site) -> None:
    """That of answers, and that of documents; root may write to any, so a file is in the folder's place."""
    processed = site.erp.answers / "processed"
    processed.rename(site.folder / "moved")
    processed.touch()
    site.order("PO-4")
    soon(lambda: "ANSWERS_NOT_READ" in site.findings(), 60)
    assert "orderflow_polls_failing_seconds" in site.metrics()
    processed.unlink()
    (site.folder / "moved").rename(processed)
    soon(lambda: site.confirmed() == site.ordered, 90)
    objects = site.folder / "home/objects"
    objects.rename(site.folder / "moved")
    objects.touch()
    soon(lambda: "OBJECT_STORE_UNAVAILABLE" in site.troubles())
    assert 'orderflow_trouble{code="OBJECT_STORE_UNAVAILABLE"} 1.0' in site.metrics()
    objects.unlink()
    (site.folder / "moved").rename(objects)
    soon(lambda: not site.troubles())


def the_key_or_a_name_is_wrong(site: Site) -> None:
    wrong = {"ENCRYPTION_MASTER_KEY": "5e" * 31 + "b2"}
    assert "KEY_MISMATCH" in site.orderflow("worker", exits=1, **wrong).stderr
    celery = ("celery", "-A", "orderflow.engine.celery", "worker", "-n", "wrong@%h")
    assert "KEY_MISMATCH" in site.command(*celery, exits=1, **wrong).stderr
    misspelled = site.orderflow("serve", exits=2, ORDERFLOW_BATCH_SIZES="3").stderr
    assert "ORDERFLOW_BATCH_SIZE is" in misspelled
    assert "ORDERFLOW_BATCH_SIZE is" in site.orderflow("config", "check", exits=2, ORDERFLOW_BATCH_SIZES="3").stderr
    site.order("PO-5")
    soon(lambda: site.confirmed() == site.ordered, 60)


def no_worker_is_there(site: Site) -> None:
    site.stop("worker-0", "worker-1")
    soon(lambda: "NO_WORKER" in site.troubles())
    assert "NO_WORKER" in site.findings()
    assert 'orderflow_trouble{code="NO_WORKER"} 1.0' in site.metrics()
    assert '"code": "NO_WORKER"' in site.log("api-0")
    site.order("PO-6")
    site.start("worker-0")
    soon(lambda: site.confirmed() == site.ordered, 90)
    soon(lambda: not site.troubles())


def test_the_key_is_changed_as_the_page_says_while_everything_runs(site: Site) -> None:
    """`docs/operations.md`, "Changing the key", step by step."""
    old, new = site.environment["ENCRYPTION_MASTER_KEY"], site.orderflow("keys", "generate").stdout.strip()
    site.order("PO-1")
    site.environment |= {"ENCRYPTION_MASTER_KEY": new, "ENCRYPTION_PREVIOUS_KEYS": old}
    early = json.loads(site.orderflow("keys", "rotate", "--json").stdout)  # too early: the others lack the new key
    assert len(early["without_key"]) >= 4
    site.order("PO-2")  # waits for a process that has it
    for name in ("api-0", "api-1", "worker-0", "worker-1"):
        site.stop(name)
        site.start(name)
        site.order(f"PO-{name}")
    soon(lambda: all(site.readyz(server).get("ready") for server in (0, 1)), 60)
    soon(lambda: not site.troubles(), 60)
    rotated = json.loads(site.orderflow("keys", "rotate", "--json").stdout)
    assert (rotated["without_key"], rotated["unreadable"], rotated["current"]) == ([], [], 1)
    del site.environment["ENCRYPTION_PREVIOUS_KEYS"]
    for name in ("api-0", "api-1", "worker-0", "worker-1"):
        site.stop(name)
        site.start(name)
    site.order("PO-3")
    soon(lambda: site.confirmed() == site.ordered, 90)
    (connection,) = json.loads(site.orderflow("connections", "list", "--json").stdout)
    assert connection["status"] == "ACTIVE"
    assert site.erp.taken == Counter(dict.fromkeys(site.ordered, 1))
    assert "KEY_MISMATCH" in site.orderflow("worker", exits=1, ENCRYPTION_MASTER_KEY=old).stderr
