"""kill -9 at every named fault point and in between: every order arrives once, and all records agree.

The ERP here is a thread that watches a folder. It keeps a log of its own of what it takes; that log, not the
folder, is what shows that nothing came twice.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.bootstrap import App, open_app
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.flow.delivery.clean_up import SAFE_AGE
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.ports import Actor
from orderflow.settings import Settings
from orderflow.storage.tables.models import ERPConnection
from tests.waiting import wait_until

ACTOR = Actor("test")
FIRST, MORE = 220, 20
PACE = {
    "ORDERFLOW_LEASE_SECONDS": "5",
    "ORDERFLOW_POLL_LEASE_SECONDS": "5",
    "ORDERFLOW_SWEEP_SECONDS": "0.3",
    "ORDERFLOW_ACK_POLL_SECONDS": "0.5",
    "ORDERFLOW_BATCH_SIZE": "16",
}
WORKER_POINTS = ["claimed", "stored", "staged", "renamed", "settled", "ack read", "ack recorded", "ack moved"]
ORDERS = FIRST + MORE * len(WORKER_POINTS)


class FolderERP(threading.Thread):
    """Takes files as soon as they have their final name, or leaves them; answers each in either case."""

    def __init__(self, inbox: Path, answers: Path, *, takes_away: bool) -> None:
        super().__init__(daemon=True)
        self.inbox, self.answers, self.takes_away = inbox, answers, takes_away
        self.takes: list[str] = []
        self._seen: set[str] = set()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.01):
            for path in self.inbox.glob("*.json"):
                if path.name not in self._seen:
                    self._take(path)

    def stop(self) -> None:
        self._over.set()
        self.join()

    def _take(self, path: Path) -> None:
        order = json.loads(path.read_bytes())
        self.takes.append(order["draft_order_id"])
        if self.takes_away:
            path.unlink()
        else:
            self._seen.add(path.name)
        answer = {"status": "ACKED", "erp_order_id": f"SO-{len(self.takes)}", "processed_at": "2026-01-01T00:00:00Z"}
        draft = self.answers / f"ack_{path.name}.tmp"
        draft.write_text(json.dumps(answer))
        draft.rename(self.answers / f"ack_{path.name}")


class Shop:
    """An installation in a folder, whose worker is another process that can be killed."""

    def __init__(self, home: Path, config: dict[str, Any] | None = None) -> None:
        self.home = home
        self.inbox, self.answers = home / "inbox", home / "answers"
        self.inbox.mkdir(parents=True)
        self.answers.mkdir()
        self.app: App = open_app(Settings(orderflow_home=home / "data"))
        self.org_id: UUID = self.app.create_organization("acme")
        folder = {"mode": "filesystem", "export_path": str(self.inbox), "ack_path": str(self.answers)}
        with self.app.session(self.org_id) as session:
            session.add(
                ERPConnection(
                    org_id=self.org_id,
                    connector_type="DROPZONE_JSON_V1",
                    config_encrypted=self.app.encryption.encrypt_config(config or folder),
                )
            )
            session.commit()

    def approve(self, count: int) -> list[UUID]:
        orders = [an_order(number) for number in range(count)]
        with self.app.store.work(self.org_id) as work:
            accept_orders(work, orders, ACTOR)
            for order in orders:
                approve_order(work, order.id, ACTOR)
        return [order.id for order in orders]

    def push(self, count: int) -> None:
        for order_id in self.approve(count):
            request_push(self.app.store, self.org_id, order_id, ACTOR)

    def run(self, *arguments: str, fault: str = "") -> subprocess.Popen[bytes]:
        environment = os.environ | PACE | {"ORDERFLOW_HOME": str(self.home / "data"), "ORDERFLOW_FAULT": fault}
        return subprocess.Popen(  # our own command
            [sys.executable, "-m", "orderflow", *arguments], env=environment, stdout=subprocess.DEVNULL
        )

    def states(self) -> Counter[str]:
        return Counter({row[0]: row[1] for row in self.rows("SELECT status, count(*) FROM draft_order GROUP BY 1")})

    def rows(self, query: str) -> list[Any]:
        with self.app.database.transaction(self.org_id) as connection:
            return list(connection.execute(text(query)))

    def wait_until_confirmed(self, count: int) -> None:
        wait_until(lambda: self.states()["CONFIRMED"] >= count, self.states)

    def close(self) -> None:
        self.app.close()


def an_order(number: int) -> DraftOrder:
    return DraftOrder(
        external_order_number=f"PO-{number}",
        currency="EUR",
        customer=Customer("4711", "Müller & Söhne"),
        lines=[DraftOrderLine(1, "INT-999", Decimal(10), "M", Decimal("1.23"))],
    )


def killed(process: subprocess.Popen[bytes], seconds: float = 120) -> bool:
    """Wait for a process to be killed by its fault point."""
    return process.wait(timeout=seconds) == -signal.SIGKILL


@pytest.fixture
def shop() -> Iterator[Shop]:
    # Not pytest's tmp_path: as root, PostgreSQL's own user must be able to pass through to its data.
    with tempfile.TemporaryDirectory(prefix="of-crash-", ignore_cleanup_errors=True) as home:
        opened = Shop(Path(home))
        yield opened
        opened.close()


@pytest.mark.timeout(900)  # some processes one after the other, which a busy machine starts slowly
@pytest.mark.parametrize(
    "takes_away",
    [pytest.param(True, id="taken at once"), pytest.param(False, id="never taken", marks=pytest.mark.large)],
)
def test_killed_at_every_fault_point_and_at_random(shop: Shop, takes_away: bool) -> None:
    erp = FolderERP(shop.inbox, shop.answers, takes_away=takes_away)
    erp.start()
    shop.approve(FIRST)
    assert killed(shop.run("push", "--all-approved", fault="requested"))
    assert 0 < shop.states()["PUSHING"] < FIRST
    assert shop.run("push", "--all-approved").wait(timeout=120) == 0
    for point in WORKER_POINTS:
        assert killed(shop.run("worker", fault=point)), point
        shop.push(MORE)
    worker = shop.run("worker")
    time.sleep(random.uniform(1.0, 2.5))  # no secret; any moment will do
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker = shop.run("worker")
    shop.wait_until_confirmed(ORDERS)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    erp.stop()
    assert_all_agree(shop, erp)


def assert_all_agree(shop: Shop, erp: FolderERP) -> None:
    doubled = [order for order, count in Counter(erp.takes).items() if count > 1]
    assert doubled == []
    assert len(erp.takes) == ORDERS
    assert {str(row[0]) for row in shop.rows("SELECT id FROM draft_order WHERE status = 'CONFIRMED'")} == set(erp.takes)
    exports = shop.rows("SELECT status, count(*), count(DISTINCT draft_order_id) FROM erp_export GROUP BY 1")
    assert exports == [("ACKED", ORDERS, ORDERS)]
    logs = dict(shop.rows("SELECT status, count(DISTINCT draft_order_id) FROM erp_push_log GROUP BY 1"))
    assert logs["SUCCESS"] == ORDERS
    assert set(logs) <= {"SUCCESS", "RETRYING"}
    assert left_behind_after_an_hour(shop) == []


def left_behind_after_an_hour(shop: Shop) -> list[Path]:
    """Return what clearing up leaves of what died: a look at the clock, or an attempt whose successor died as early."""
    for path in shop.inbox.glob("*.tmp"):
        os.utime(path, (time.time() - 2 * SAFE_AGE,) * 2)
    ((connection_id,),) = shop.rows("SELECT id FROM erp_connection")
    shop.app.clean_up(shop.org_id, connection_id)
    return list(shop.inbox.glob("*.tmp"))
