"""A whole installation that can be hurt: embedded PostgreSQL, `orderflow serve`, `orderflow worker`, an ERP, a line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import psutil
from sqlalchemy import text

from orderflow.bootstrap import open_app
from orderflow.domain.bulk import BulkAction
from orderflow.domain.errors import OrderFlowError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.order.bulk import carry_out
from orderflow.flow.ports import Actor, BulkJob
from orderflow.flow.setup import connections as steps
from orderflow.flow.setup.probe import test_connection
from orderflow.settings import Settings
from orderflow.storage.views.bulk_jobs import ResultFilter, find_results
from orderflow.storage.views.view import Ask
from tests.chaos.line import Line
from tests.processes import end_all

LEASE = 5
"""Seconds, the shortest that may be set, so that much can go wrong in little time."""

PACE = {
    "ORDERFLOW_LEASE_SECONDS": str(LEASE),
    "ORDERFLOW_POLL_LEASE_SECONDS": "5",
    "ORDERFLOW_SWEEP_SECONDS": "0.3",
    "ORDERFLOW_ACK_POLL_SECONDS": "0.5",
    "ORDERFLOW_BATCH_SIZE": "32",
    "ORDERFLOW_RETRY_BASE_SECONDS": "0.3",
}
WORKERS = ("serve", "worker")
ACTOR = Actor("chaos")
PASSWORD = "sesame"  # the test server's only account


class Installation:
    """Everything that a delivery needs, in `home`; `confirmed` are the orders whose push was confirmed to us."""

    def __init__(self, home: Path) -> None:
        self.home, self.erp_root = home, home / "erp"
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.confirmed: set[UUID] = set()
        self._erp_port = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.erp_root.mkdir()
            self._log = stack.enter_context((self.home / "processes.log").open("ab"))
            self.start_erp()
            stack.callback(self.kill_erp)
            self.line = stack.enter_context(Line(self._erp_port))
            self.app = open_app(Settings(orderflow_home=self.home / "data"))
            stack.callback(self.app.close)
            stack.callback(self.app.revive)
            stack.callback(self.stop_workers)
            self._connect()
            for role in WORKERS:
                self.start_worker(role)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start_erp(self) -> None:
        """Start the ERP's server, on the same port each time."""
        self.erp = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.receiver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.tell_erp(root=str(self.erp_root), port=self._erp_port, password=PASSWORD)
        assert self.erp.stdout is not None
        where = json.loads(self.erp.stdout.readline())
        self._erp_port, self.fingerprint = where["port"], where["fingerprint"]

    def tell_erp(self, **wanted: Any) -> None:
        """Change how the ERP's server misbehaves."""
        assert self.erp.stdin is not None
        self.erp.stdin.write(json.dumps(wanted) + "\n")
        self.erp.stdin.flush()

    def kill_erp(self) -> None:
        """Kill -9 the ERP and its server."""
        self.erp.kill()
        self.erp.wait()
        for stream in (self.erp.stdin, self.erp.stdout):
            assert stream is not None
            stream.close()

    def start_worker(self, role: str, fault: str = "") -> None:
        """Start `orderflow serve` or `orderflow worker`, with a fault point if one is named."""
        arguments = ["serve", "--port", "0"] if role == "serve" else ["worker"]
        self.workers[role] = self.run(*arguments, fault=fault)

    def kill_worker(self, role: str) -> None:
        """Kill -9 a worker."""
        self.workers[role].kill()
        self.workers[role].wait()

    def stop_workers(self) -> None:
        """End the workers in good order; kills one that hangs."""
        end_all(self.workers.values(), seconds=20)

    def run(self, *arguments: str, fault: str = "") -> subprocess.Popen[bytes]:
        """Start an `orderflow` command in this installation."""
        ours = {"ORDERFLOW_HOME": str(self.home / "data"), "ORDERFLOW_FAULT": fault}
        return subprocess.Popen(
            [sys.executable, "-m", "orderflow", *arguments],
            env=os.environ | PACE | ours,
            stdout=self._log,
            stderr=self._log,
        )

    def kill_database(self) -> None:
        """Kill -9 PostgreSQL's first process; the others end by themselves, without a checkpoint."""
        lines = (self.home / "data" / "postgres" / "postmaster.pid").read_text().splitlines()
        if psutil.pid_exists(int(lines[0])):
            os.kill(int(lines[0]), signal.SIGKILL)

    def enter(self, count: int) -> None:
        """Enter, approve and push orders, as far as the database is there."""
        try:
            self.push_all()
            self.approve(count)
            self.push_all()
        except OrderFlowError:  # whatever was committed is pushed the next time
            self.app.revive()

    def approve(self, count: int) -> None:
        """Enter and approve orders."""
        orders = [an_order(number) for number in range(count)]
        with self.app.store.work(self.org_id) as work:
            accept_orders(work, orders, ACTOR)
            for order in orders:
                approve_order(work, order.id, ACTOR)

    def push_all(self) -> None:
        """Push what is approved; also what was left when a fault cut its request off."""
        ids = [row[0] for row in self.rows("SELECT id FROM draft_order WHERE status = 'APPROVED'")]
        job = BulkJob(new_id(), BulkAction.PUSH, ACTOR)
        carry_out(self.app.store, self.org_id, job, ids)
        with self.app.store.work(self.org_id) as work:
            results = find_results(work.view, ResultFilter(job.id), Ask(len(ids))).items
        self.confirmed |= {result.order_id for result in results if result.error is None}

    def resume(self, seconds: float = 15) -> None:
        """Press "test" as a person would, until the connection delivers."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and self.rows("SELECT 1 FROM erp_connection WHERE breaker_state <> 'CLOSED'"):
            test_connection(self.app.wiring, self.org_id, self.connection_id, ACTOR)

    def rows(self, query: str) -> list[Any]:
        """Run a query in the organization, however often the database has to be waited for."""
        for _ in range(60):
            try:
                with self.app.database.transaction(self.org_id) as connection:
                    return list(connection.execute(text(query)))
            except OrderFlowError:
                self.app.revive()
                time.sleep(0.2)
        raise TimeoutError("the database did not come back")

    def _connect(self) -> None:
        self.org_id = self.app.create_organization("acme")
        config = {
            "mode": "sftp",
            "host": "127.0.0.1",
            "port": self.line.port,
            "username": "orderflow",
            "password": PASSWORD,
            "host_key": self.fingerprint,
            "export_path": "/orders",
            "ack_path": "/answers",
            "connect_timeout": 2,
            "timeout": 3,
        }
        wiring = self.app.wiring
        self.connection_id = steps.add_connection(wiring, self.org_id, "DROPZONE_JSON_V1", config, ACTOR, name="ERP")
        assert test_connection(wiring, self.org_id, self.connection_id, ACTOR).success
        steps.enable_connection(wiring, self.org_id, self.connection_id, ACTOR)


def an_order(number: int) -> DraftOrder:
    return DraftOrder(
        external_order_number=f"PO-{number}",
        currency="EUR",
        customer=Customer("4711", "Müller & Söhne"),
        lines=[DraftOrderLine(1, "INT-999", Decimal(10), "M", Decimal("1.23"))],
    )
