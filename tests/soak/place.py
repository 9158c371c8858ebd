"""A whole installation that works for hours: API, worker, Celery's worker and beat, Redis, PostgreSQL, and an ERP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg

from orderflow.bootstrap import open_app
from orderflow.domain.access import Role
from orderflow.flow.people.api_keys import create_key
from orderflow.flow.ports import Actor
from orderflow.flow.setup import connections as steps
from orderflow.flow.setup.probe import test_connection
from orderflow.settings import Settings
from tests.acceptance.brokers import Redis, free_port
from tests.processes import end_all

ACTOR = Actor("soak")
PASSWORD = "sesame"  # the test server's only account
PACE = {
    "ORDERFLOW_ACK_POLL_SECONDS": "1",
    "ORDERFLOW_CLEANUP_SECONDS": "30",
    "ORDERFLOW_LEASE_SECONDS": "10",
    "ORDERFLOW_POLL_LEASE_SECONDS": "10",
    "ORDERFLOW_RETENTION_DAYS": "1",
    "ORDERFLOW_EVENT_RETENTION_DAYS": "1",
    "ORDERFLOW_RETRY_BASE_SECONDS": "1",
    "ORDERFLOW_RETRY_CAP_SECONDS": "10",
    "LOG_LEVEL": "WARNING",
}
"""Waits of minutes are made seconds, so that an hour holds many of each."""

ROLES = ("api", "worker", "celery", "beat")
KINDS = {"serve", "worker", "celery", "beat"}
"""What these say that they are."""

START_SECONDS = 120


class Place:
    """Everything that the long run needs, in `home`.

    Attributes:
        key: Of the API, for an ADMIN.
        url: Of the API.
        ended: How often a process ended by itself, and was started again.
    """

    def __init__(self, home: Path, prune_seconds: float) -> None:
        self.home, self._erp_root, self._erp_port = home, home / "erp", 0
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ended: Counter[str] = Counter()
        self._killed: set[str] = set()
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._pace = {**PACE, "ORDERFLOW_PRUNE_SECONDS": str(prune_seconds)}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._erp_root.mkdir()
            self._log = stack.enter_context((self.home / "processes.log").open("ab"))
            self.start_erp()
            stack.callback(self.kill_erp)
            self.redis = Redis(self.home)
            self.redis.start()
            stack.callback(self.redis.close)
            self.app = open_app(Settings(orderflow_home=self.home / "data"))
            stack.callback(self.app.close)
            stack.callback(self.app.revive)
            self._connect()
            stack.callback(self._stop)
            for role in ROLES:
                self.start(role)
            self._wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, role: str) -> None:
        """Start one of our processes."""
        ours = ["-m", "orderflow"]
        celery = ["-m", "celery", "-A", "orderflow.engine.celery"]
        command = {
            "api": [*ours, "serve", "--no-engine", "--port", str(self._port)],
            "worker": [*ours, "worker"],
            "celery": [*celery, "worker", "--concurrency", "2"],
            "beat": [*celery, "beat", "--schedule", str(self.home / "beat")],
        }[role]
        broker = {"CELERY_BROKER_URL": self.redis.url, "DATABASE_URL": "embedded"}
        environment = os.environ | self._pace | broker | {"ORDERFLOW_HOME": str(self.home / "data")}
        self.processes[role] = subprocess.Popen(
            [sys.executable, *command], env=environment, cwd=self.home, stdout=self._log, stderr=self._log
        )
        self._killed.discard(role)

    def start_what_ended(self) -> None:
        """Start again what ended by itself, as systemd and the like do."""
        for role in self.processes.keys() - self._killed:
            if self.processes[role].poll() is not None:
                self.ended[role] += 1
                self.start(role)

    def kill(self, role: str) -> None:
        """Kill -9 one of our processes."""
        self._killed.add(role)
        self.processes[role].kill()
        self.processes[role].wait()

    def start_erp(self) -> None:
        """Start the ERP's server, on the same port each time."""
        self._erp = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.erp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._tell({"root": str(self._erp_root), "port": self._erp_port, "password": PASSWORD})
        assert self._erp.stdout is not None
        where = json.loads(self._erp.stdout.readline())
        self._erp_port, self._fingerprint = where["port"], where["fingerprint"]

    def set_password(self, password: str) -> None:
        """Let the ERP take another password than before."""
        self._tell({"password": password})

    def kill_erp(self) -> None:
        """Kill -9 the ERP and its server."""
        self._erp.kill()
        self._erp.wait()
        for stream in (self._erp.stdin, self._erp.stdout):
            assert stream is not None
            stream.close()

    def kill_database(self) -> None:
        """Kill -9 PostgreSQL's first process; whoever needs it next starts it."""
        os.kill(self.postmaster, signal.SIGKILL)
        time.sleep(1)
        self.app.revive()

    @property
    def postmaster(self) -> int:
        """PostgreSQL's first process."""
        return int((self.home / "data" / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    def superuser(self) -> psycopg.Connection[Any]:
        """Return a connection that passes by row-level security and triggers, for what makes time pass."""
        assert self.app.embedded is not None
        url = self.app.embedded.url("postgres").replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, options="-c session_replication_role=replica")

    def resume(self) -> None:
        """Press "test" as a person would whose connection stands still."""
        test_connection(self.app.wiring, self.org_id, self.connection_id, ACTOR)

    def families(self) -> Mapping[str, list[psutil.Process]]:
        """Return our processes with their children, and PostgreSQL's."""
        roots = {role: process.pid for role, process in self.processes.items()} | {"postgres": self.postmaster}
        return {role: _family(pid) for role, pid in roots.items()}

    def _tell(self, wanted: Mapping[str, Any]) -> None:
        assert self._erp.stdin is not None
        self._erp.stdin.write(json.dumps(wanted) + "\n")
        self._erp.stdin.flush()

    def _connect(self) -> None:
        self.org_id = self.app.create_organization("acme")
        config = {
            "mode": "sftp",
            "host": "127.0.0.1",
            "port": self._erp_port,
            "username": "orderflow",
            "password": PASSWORD,
            "host_key": self._fingerprint,
            "export_path": "/orders",
            "ack_path": "/answers",
            "reads_changes": True,
            "reads_recalls": True,
            "connect_timeout": 2,
            "timeout": 3,
        }
        wiring = self.app.wiring
        self.connection_id = steps.add_connection(wiring, self.org_id, "DROPZONE_JSON_V1", config, ACTOR, name="ERP")
        assert test_connection(wiring, self.org_id, self.connection_id, ACTOR).success
        steps.enable_connection(wiring, self.org_id, self.connection_id, ACTOR)
        self.key = create_key(self.app.store, self.org_id, ACTOR, "soak", Role.ADMIN)[1]

    def _wait(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while {one.kind for one in self.app.processes.alive()} != KINDS:
            assert time.monotonic() < ends, (self.home / "processes.log").read_text()[-5000:]
            time.sleep(0.5)

    def _stop(self) -> None:
        end_all(self.processes.values())


def _family(pid: int) -> list[psutil.Process]:
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
