"""A whole installation to be measured: an embedded PostgreSQL, one organization, workers in processes of their own."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import psycopg
from sqlalchemy import text

from benchmarks.orders import make_orders
from orderflow.bootstrap import open_app
from orderflow.domain.bulk import BulkAction
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.order.bulk import carry_out
from orderflow.flow.ports import Actor, BulkJob
from orderflow.flow.setup import connections as steps
from orderflow.settings import Settings
from orderflow.testing.openssh_server import OpenSSHServer

ACTOR = Actor("bench")
ENTERED = 100
"""Orders that come in as people's do, before they are copied."""
MOST_LINES = 10_000
"""That are written by one transaction."""

_names = count(1)
_CONTENT = "replace(c.content, m.old::text, m.id::text)"
_DIGEST = f"encode(sha256(convert_to({_CONTENT}, 'UTF8')), 'hex')"
_COPIED = {
    "draft_order": ("id", "'id', m.id"),
    "draft_order_line": ("draft_order_id", "'id', gen_random_uuid(), 'draft_order_id', m.id"),
    "draft_order_revision": ("draft_order_id", f"'draft_order_id', m.id, 'content', {_CONTENT}, 'sha256', {_DIGEST}"),
    "erp_export": ("draft_order_id", "'id', m.export_id, 'draft_order_id', m.id"),
}
"""What there is of an order that waits: in which table, by which column, and what of a copy is its own."""
_COPY = """
    INSERT INTO {table} SELECT made.*
    FROM unnest(CAST(:old AS uuid[]), CAST(:id AS uuid[]), CAST(:export_id AS uuid[])) m(old, id, export_id)
    JOIN {table} c ON c.{named} = m.old
    CROSS JOIN LATERAL jsonb_populate_record(c, jsonb_build_object({values})) made
"""


@cache
def _prepared() -> Path:
    """Return the data of an installation that nobody has used yet: to make it takes seconds, to copy it a moment."""
    home = _folder()
    atexit.register(shutil.rmtree, home)
    open_app(Settings(orderflow_home=home)).close()
    return home


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="of-bench-", dir="/var/tmp"))


def _copy(home: Path, to: Path) -> None:
    # With its owners: the embedded PostgreSQL has a user of its own where we are root.
    subprocess.run(["cp", "--archive", f"{home}/.", str(to)], check=True)


class Installation:
    """Everything but the ERP's server.

    Attributes:
        home: Its data; removed at the end.
        app: The application, for what is not measured: making connections and orders.
        org_id: The organization.
    """

    def __init__(self) -> None:
        self.home = _folder()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.home)
            _copy(_prepared(), self.home)
            self.app = open_app(Settings(orderflow_home=self.home))
            stack.callback(self.app.close)
            self.org_id = self.app.create_organization("bench")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def database_url(self) -> str:
        """An empty database on the same PostgreSQL, as libpq takes it, for programs to be compared with."""
        assert self.app.embedded is not None
        return self.app.embedded.url("postgres", "postgres").replace("postgresql+psycopg", "postgresql")

    def superuser(self) -> psycopg.Connection[Any]:
        """Return a connection to our own database that is above row-level security, in autocommit mode."""
        assert self.app.embedded is not None
        url = self.app.embedded.url("postgres", "orderflow").replace("postgresql+psycopg", "postgresql")
        return psycopg.connect(url, autocommit=True)

    def connect(self, server: OpenSSHServer, *, port: int | None = None, **config: Any) -> UUID:
        """Add and enable a connection to a new folder of the server, by way of `port` if one is given."""
        folder = server.root / f"ours-{next(_names)}"
        folder.mkdir()
        config = {
            "mode": "sftp",
            "host": server.host,
            "port": port or server.port,
            "username": server.username,
            "ssh_key": server.client_key,
            "host_key": server.host_keys[0],
            "export_path": str(folder),
            **config,
        }
        return self.connect_to("DROPZONE_JSON_V1", config, folder.name)

    def connect_to(self, connector_type: str, config: dict[str, Any], name: str = "") -> UUID:
        """Add and enable a connection; it is the default, and the only one."""
        wiring = self.app.wiring
        self._execute("UPDATE erp_connection SET status = 'DISABLED', is_default = false")
        name = name or f"{connector_type}-{next(_names)}"
        connection_id = steps.add_connection(wiring, self.org_id, connector_type, config, ACTOR, name=name)
        steps.enable_connection(wiring, self.org_id, connection_id, ACTOR)
        return connection_id

    def request(self, orders: int, lines: int) -> None:
        """Enter, approve and push some orders to the default connection, and copy these until there are as many."""
        some = make_orders(min(orders, ENTERED, MOST_LINES // lines), lines)
        self.push(some)
        at_once = max(MOST_LINES // lines, 1)
        for start in range(len(some), orders, at_once):
            ids = [new_id() for _ in range(min(orders - start, at_once))]
            new = {"old": [some[n % len(some)].id for n in range(len(ids))], "id": ids}
            new["export_id"] = [new_id() for _ in ids]
            with self.app.database.transaction(self.org_id) as connection:
                for table, (named, values) in _COPIED.items():
                    connection.execute(text(_COPY.format(table=table, named=named, values=values)), new)

    def push(self, orders: Sequence[DraftOrder]) -> None:
        """Enter, approve and push orders to the default connection."""
        with self.app.store.work(self.org_id) as work:
            accept_orders(work, orders, ACTOR)
            for order in orders:
                approve_order(work, order.id, ACTOR)
        job = BulkJob(new_id(), BulkAction.PUSH, ACTOR)
        ended = carry_out(self.app.store, self.org_id, job, [order.id for order in orders])
        assert not ended.reasons, ended.reasons

    def pause(self) -> None:
        """Let deliveries wait."""
        self._execute("UPDATE organization SET deliveries_paused_at = now() WHERE id = :org_id")

    def resume(self, connection_id: UUID) -> None:
        """Let deliveries go on at once."""
        self._execute("UPDATE organization SET deliveries_paused_at = NULL WHERE id = :org_id")
        self.app.store.wake(self.org_id, connection_id)

    def deliver(self, orders: int, connection_id: UUID) -> float:
        """Let what waits be delivered by the workers that run; returns seconds until the last is settled."""
        seconds = self.drain(connection_id)
        sent = self._scalar(
            "SELECT count(*) FROM erp_export WHERE connection_id = :id AND status = 'SENT'", connection_id
        )
        assert sent == orders, f"{sent} of {orders} were delivered"
        return seconds

    def drain(self, connection_id: UUID) -> float:
        """Let the workers that run take what waits; returns seconds until nothing does, whatever became of it."""
        started = time.monotonic()
        self.resume(connection_id)
        self._wait(lambda: not self._scalar("SELECT EXISTS (SELECT FROM erp_export WHERE status = 'PENDING')"))
        return time.monotonic() - started

    @contextmanager
    def workers(self, number: int = 1, **environment: str) -> Iterator[list[subprocess.Popen[bytes]]]:
        """Run `orderflow worker` in processes of their own, until they listen."""
        ours = {"ORDERFLOW_HOME": str(self.home), **environment}
        command = [sys.executable, "-m", "orderflow", "worker"]
        log = (self.home / "workers.log").open("wb")
        processes = [subprocess.Popen(command, env=os.environ | ours, stdout=log, stderr=log) for _ in range(number)]
        try:
            self._wait(lambda: (self.home / "workers.log").read_bytes().count(b"engine started") == number)
            yield processes
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(timeout=60)
            log.close()

    def _wait(self, done: Callable[[], Any], most: timedelta = timedelta(minutes=10)) -> None:
        ends = time.monotonic() + most.total_seconds()
        while not done():
            assert time.monotonic() < ends, (self.home / "workers.log").read_text()[-5000:]
            time.sleep(0.02)

    def _scalar(self, query: str, connection_id: UUID | None = None) -> Any:
        with self.app.database.transaction(self.org_id) as connection:
            return connection.execute(text(query), {"id": connection_id} if connection_id else {}).scalar()

    def _execute(self, statement: str) -> None:
        parameters = {"org_id": self.org_id} if ":org_id" in statement else {}
        with self.app.database.transaction(self.org_id) as connection:
            connection.execute(text(statement), parameters)
