"""A recall and the ERP's taking meet while workers are killed: each order is either taken or recalled, in all books.

Three ERPs at once: two take files by renaming them, out of a folder and out of one that an OpenSSH server serves; one
reads files and deletes them, and reads recalls. Each keeps a log of its own, by which the orders are held.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.flow.delivery.recall import end_recall, recall_in
from orderflow.flow.delivery.request import request_push
from orderflow.storage.tables.models import ERPConnection
from orderflow.testing.openssh_server import OpenSSHServer
from tests.acceptance.test_crashes import ACTOR, WORKER_POINTS, Shop
from tests.waiting import wait_until

PATIENCE = 300.0
"""Seconds."""

NEXT = 24
"""Of the files that lie ready, how many are about to be recalled: the ERP takes from among these."""

chance = random.SystemRandom()


class ERP(threading.Thread, ABC):
    """Looks into its inbox for as long as it runs; the oldest files first, which are recalled first, too."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self.inbox, self.answers, self.aside = home / "inbox", home / "answers", home / "aside"
        for folder in (self.inbox, self.answers, self.aside):
            folder.mkdir(parents=True)
        self.taken: set[str] = set()
        self.cancelled: set[str] = set()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.005):
            files = sorted(self.inbox.glob("*.json"), key=lambda path: path.name.partition("_order_")[2])[:NEXT]
            chance.shuffle(files)
            for path in files[: chance.randint(0, 3)]:
                self.take(path)

    def stop(self) -> None:
        self._over.set()
        self.join()

    @abstractmethod
    def take(self, path: Path) -> None:
        """Do with one file what this ERP does."""

    def answer(self, name: str, **said: Any) -> None:
        """Answer a document."""
        kind = "ack" if said["status"] == "ACKED" else "error"
        draft = self.answers / f"{kind}_{name}.tmp"
        draft.write_text(json.dumps(said))
        draft.rename(self.answers / f"{kind}_{name}")


class RenamingERP(ERP):
    """Renames a file away, and has it then."""

    def take(self, path: Path) -> None:
        with suppress(FileNotFoundError):  # it was recalled first
            path.rename(self.aside / path.name)
            self.taken.add(_order_in(self.aside / path.name))


class ReadingERP(ERP):
    """Reads a file and deletes it. A recall that comes first is kept; of those that come later half are refused."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.said: dict[str, dict[str, Any]] = {}

    def take(self, path: Path) -> None:
        document = json.loads(path.read_bytes())
        order_id = document["draft_order_id"]
        if path.name.startswith("recall_"):
            self.answer(path.name, **self.said.setdefault(document["recall_id"], self._recall(order_id)))
        elif order_id not in self.cancelled:
            assert order_id not in self.taken, "it came twice"
            self.taken.add(order_id)
            self.answer(path.name, status="ACKED", erp_order_id=f"SO-{len(self.taken)}")
        path.unlink()

    def _recall(self, order_id: str) -> dict[str, Any]:
        if order_id in self.taken and chance.random() < 0.5:
            return {"status": "FAILED", "message": "It is on the lorry."}
        self.taken.discard(order_id)
        self.cancelled.add(order_id)
        return {"status": "ACKED"}


def die(worker: subprocess.Popen[bytes]) -> None:
    """Wait until a worker is killed where it was to be, or kill it where it gets to no such place any more."""
    try:
        worker.wait(20)
    except subprocess.TimeoutExpired:
        worker.kill()
    assert worker.wait() == -signal.SIGKILL


def _order_in(path: Path) -> str:
    order_id: str = json.loads(path.read_bytes())["draft_order_id"]
    return order_id


class Three:
    """A shop, and the ERPs that its orders go to, an equal part to each."""

    def __init__(self, shop: Shop, home: Path, server: OpenSSHServer, orders: int) -> None:
        self.shop = shop
        renames = {"receiver_takes": "rename"}
        local = {"mode": "filesystem"}
        login = {"host": server.host, "port": server.port, "username": server.username}
        login |= {"ssh_key": server.client_key, "host_key": server.host_keys[0]}
        three: list[tuple[str, ERP, dict[str, Any]]] = [
            ("folder", RenamingERP(home / "renames"), local | renames),
            ("sftp", RenamingERP(server.root / "erp"), {"mode": "sftp"} | login | renames),
            ("reads", ReadingERP(home / "reads"), local | {"reads_recalls": True}),
        ]
        self.erps = {self._connect(name, erp, config): erp for name, erp, config in three}
        ids = shop.approve(orders * len(self.erps))
        self.orders = {way: ids[at :: len(self.erps)] for at, way in enumerate(self.erps)}
        for way, order_ids in self.orders.items():
            for order_id in order_ids:
                request_push(shop.app.store, shop.org_id, order_id, ACTOR, connection_id=way)

    def _connect(self, name: str, erp: ERP, config: dict[str, Any]) -> UUID:
        config = config | {"export_path": str(erp.inbox), "ack_path": str(erp.answers)}
        with self.shop.app.session(self.shop.org_id) as session:
            row = ERPConnection(
                org_id=self.shop.org_id,
                name=name,
                connector_type="DROPZONE_JSON_V1",
                config_encrypted=self.shop.app.encryption.encrypt_config(config),
            )
            session.add(row)
            session.commit()
            return row.id

    def recall_all(self) -> None:
        for order_ids in zip(*self.orders.values(), strict=True):  # as they lie in the folders
            with self.shop.app.store.work(self.shop.org_id) as work:
                for order_id in sorted(order_ids):
                    recall_in(work, order_id, "the customer cancelled it", ACTOR)

    def undecided(self) -> int:
        """Count the recalls that are neither ended, nor such that nobody but a person can know."""
        query = "SELECT count(*) FROM erp_export WHERE kind = 'recall' AND status IN ('PENDING', 'SENT')"
        return int(self.shop.rows(f"{query} AND error_json ->> 'code' IS DISTINCT FROM 'IN_DOUBT'")[0][0])

    def wait(self, what: str, left: Any) -> None:
        wait_until(lambda: not left(), lambda: f"{what}: {self.shop.states()}", seconds=PATIENCE)


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's tmp_path: as root, PostgreSQL's own user must be able to pass through to its data.
    with tempfile.TemporaryDirectory(prefix="of-race-", ignore_cleanup_errors=True) as path:
        yield Path(path)


@pytest.mark.timeout(900)  # a dozen processes one after the other, which a busy machine starts slowly
@pytest.mark.parametrize(
    ("orders", "points"),
    [
        pytest.param(24, [], id="few"),
        *(pytest.param(500, WORKER_POINTS, id=f"many-{n}", marks=pytest.mark.large) for n in range(4)),
    ],
)
def test_each_order_is_either_taken_or_recalled_and_all_books_say_which(
    home: Path, orders: int, points: list[str]
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(OpenSSHServer())
        shop = Shop(home / "shop", {"mode": "filesystem", "export_path": str(home), "ack_path": str(home)})
        stack.callback(shop.close)
        three = Three(shop, home, server, orders)

        def worker(fault: str = "") -> subprocess.Popen[bytes]:
            started = shop.run("worker", fault=fault)
            stack.callback(started.kill)
            return started

        first = worker()
        three.wait("delivering", lambda: shop.states()["PUSHING"])
        first.kill()
        first.wait()
        three.recall_all()
        for erp in three.erps.values():
            erp.start()
        for point in points:
            die(worker(f"{point}:{chance.randint(1, 3)}"))
        by_chance = worker()
        time.sleep(chance.uniform(1.0, 2.0))
        by_chance.kill()
        by_chance.wait()
        last = worker()
        three.wait("recalling", three.undecided)
        last.kill()
        last.wait()
        for erp in three.erps.values():
            erp.stop()
        for way, erp in three.erps.items():
            assert_all_agree(three, way, erp)


def assert_all_agree(three: Three, way: UUID, erp: ERP) -> None:
    away = {_order_in(path) for path in erp.inbox.glob("*.recalled")} | erp.cancelled
    everything = {str(order_id) for order_id in three.orders[way]}
    assert not erp.taken & away, "never both"
    assert erp.taken | away == everything, "never neither"

    rows = three.shop.rows(f"SELECT id, status FROM draft_order WHERE id = ANY(ARRAY{sorted(everything)}::uuid[])")
    told = {str(row[0]): row[1] for row in rows}
    assert {order_id for order_id, status in told.items() if status == "RECALLED"} == away
    assert Counter(told[order_id] for order_id in erp.taken).keys() <= {"PUSHED", "CONFIRMED", "RECALLING"}
    in_doubt = [UUID(order_id) for order_id, status in told.items() if status == "RECALLING"]
    for order_id in in_doubt:  # nobody knows who renamed it, so a person looks, and says
        with three.shop.app.store.work(three.shop.org_id) as work:
            end_recall(work, order_id, ACTOR)
    sent = "SELECT count(*), count(DISTINCT draft_order_id) FROM erp_export WHERE kind = 'order'"
    assert len(set(three.shop.rows(f"{sent} AND connection_id = '{way}'")[0])) == 1
