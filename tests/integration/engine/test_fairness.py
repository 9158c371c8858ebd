"""Nobody waits for somebody else's connection: not for a long queue, not for a server that hangs.

`make test-large` runs the long queue with 50,000 orders.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncssh
import httpx
import pytest
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.documents.object_store import ObjectStore
from orderflow.engine.threads import Engine
from orderflow.secrets.encryption import EncryptionService
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.tables.models import ERPConnection
from orderflow.testing.http_server import MisbehavingHTTPServer
from tests.acceptance.attack import HostileERP
from tests.waiting import wait_until
from tests.waiting_orders import add_approved, request_all

pytestmark = pytest.mark.slow


_SENT = text("""
    WITH pushed AS (
        UPDATE draft_order SET status = 'PUSHED'
        WHERE id = (SELECT id FROM draft_order WHERE status = 'APPROVED' LIMIT 1) RETURNING id, org_id
    )
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, sent_at, erp_order_id, filename)
    SELECT gen_random_uuid(), org_id, id, :connection, 'SENT', now(), 'SO-1', id || '.json' FROM pushed
""")


class Place:
    """An engine that is not started yet, and organizations with a connection each."""

    def __init__(self, app: App, make_org: Callable[..., UUID], folder: Path) -> None:
        self.app, self._make_org, self._folder = app, make_org, folder
        self.engine = Engine(app)

    def waiting(self, orders: int, **config: Any) -> UUID:
        """Make an organization whose orders wait for its connection, by default to a folder."""
        org_id = self._make_org()
        inbox = self._folder / str(org_id)
        inbox.mkdir()
        sealed = self.app.encryption.encrypt_config(config or {"mode": "filesystem", "export_path": str(inbox)})
        row = ERPConnection(org_id=org_id, connector_type="DROPZONE_JSON_V1", config_encrypted=sealed)
        with self.app.session(org_id) as session:
            session.add(row)
            session.commit()
            connection_id = row.id
        with self.app.database.transaction(org_id) as connection:
            add_approved(connection, org_id, orders)
            request_all(connection, connection_id)
        return org_id

    def unanswered(self, connections: int, kind: str, **config: Any) -> UUID:
        """Make an organization that waits for the answer to an order over each of its connections, all disabled."""
        org_id, sealed = self._make_org(), self.app.encryption.encrypt_config(config)
        options = {"org_id": org_id, "connector_type": kind, "status": "DISABLED", "config_encrypted": sealed}
        rows = [ERPConnection(**options) for _ in range(connections)]
        with self.app.session(org_id) as session:
            session.add_all(rows)
            session.commit()
            ids = [row.id for row in rows]
        with self.app.database.transaction(org_id) as connection:
            add_approved(connection, org_id, connections)
            for connection_id in ids:
                connection.execute(_SENT, {"connection": connection_id})
        return org_id

    def count(self, orgs: list[UUID], status: str) -> int:
        query = text("SELECT count(*) FROM erp_export WHERE status = :status AND org_id = ANY(:orgs)")
        with self.app.database.system() as connection:
            return int(connection.execute(query, {"status": status, "orgs": orgs}).scalar_one())

    def seconds_until_sent(self, orgs: list[UUID], within: float) -> float:
        began = time.monotonic()
        while self.count(orgs, "SENT") < len(orgs):
            assert time.monotonic() - began < within, f"{self.count(orgs, 'SENT')} of {len(orgs)} sent"
            time.sleep(0.05)
        return time.monotonic() - began


@pytest.fixture
def place(
    database: Database, make_org: Callable[..., UUID], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Place]:
    settings = Settings(
        _env_file=None, orderflow_home=tmp_path, sweep_seconds=0.5, ack_poll_seconds=0.5, worker_threads=4
    )
    app = App(settings, database, EncryptionService("cd" * 32), ObjectStore(tmp_path / "objects"))
    made = Place(app, make_org, tmp_path)
    yield made
    made.engine.stop()
    app.waker.close()
    app.keeper.stop()


@pytest.mark.parametrize("orders", [3_000, pytest.param(50_000, marks=[pytest.mark.large, pytest.mark.timeout(600)])])
def test_one_long_queue_delays_nobody_else(place: Place, orders: int, record_property: Any) -> None:
    long = place.waiting(orders)
    others = [place.waiting(1) for _ in range(99)]
    place.engine.start()
    record_property("seconds", place.seconds_until_sent(others, within=15))
    assert place.count([long], "PENDING") > orders / 2, "the long queue was not there any more"
    assert place.count([long], "SENT") > 0, "and is not starved either"


@pytest.fixture
def hanging() -> Iterator[dict[str, Any]]:
    """The configuration of a server that accepts connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        yield {
            "mode": "sftp",
            "host": "127.0.0.1",
            "port": server.getsockname()[1],
            "username": "u",
            "password": "pass-of-nobody",
            "host_key": " ".join(key.split()[:2]),
            "export_path": "/in",
            "connect_timeout": 1,
        }


def test_a_server_that_hangs_holds_only_its_own_connection(place: Place, hanging: dict[str, Any]) -> None:
    place.waiting(500, **hanging)
    others = [place.waiting(1) for _ in range(20)]
    place.engine.start()
    assert place.seconds_until_sent(others, within=15) < 5
    assert place.count(others, "PENDING") == 0


def test_more_hanging_servers_than_threads_hold_others_up_once_and_no_longer_than_their_timeouts(
    place: Place, hanging: dict[str, Any]
) -> None:
    hung = [place.waiting(10, **{**hanging, "username": f"u{number}"}) for number in range(20)]
    place.engine.start()
    time.sleep(0.7)  # all four threads are held by now
    (late,) = [place.waiting(1)]
    assert place.seconds_until_sent([late], within=30) < 20 / 4 * 1 + 5
    wait_until(lambda: breakers(place, hung) == {"OPEN"}, lambda: breakers(place, hung))
    assert place.seconds_until_sent([place.waiting(1)], within=10) < 3, "from now on they hold nobody up"


def endless(kind: str, port: int) -> tuple[str, dict[str, Any]]:
    """Return a type of connector, and the configuration by which it reads answers from a server that never ends one."""
    if kind == "http":
        url = f"http://127.0.0.1:{port}/drip-head"
        status = {"status_url": url, "status": "status", "confirmed": ["done"], "timeout": 60}
        return "REST_JSON", {"url": url, "plain_http": True, "order_number": "id", **status}
    server = {"mode": kind, "host": "127.0.0.1", "port": port, "username": "u", "password": "pass-of-nobody"}
    return "DROPZONE_JSON_V1", {**server, "export_path": "/in", "ack_path": "/out", "timeout": 60}


@pytest.mark.parametrize("kind", ["http", "ftp", "sftp"])
def test_answers_that_never_end_hold_up_no_other_organizations(place: Place, kind: str) -> None:
    """Its connectors are disabled, as an attacker's would be: what was sent over them is asked about all the same."""
    with HostileERP() as erp, MisbehavingHTTPServer() as server:
        connector_type, config = endless(kind, erp.port)
        place.unanswered(0, "MOCK")  # where there is one organization only, it may have all threads
        place.unanswered(20, connector_type, **config)
        place.engine.start()
        wait_until(lambda: erp.asked, lambda: "nothing was asked of the server without an end")
        server.order_status = "done"
        httpx.post(f"{server.url}/orders", json={}, headers={"Idempotency-Key": "1"}, timeout=60).raise_for_status()
        url = f"{server.url}/orders/{{{{ erp_order_id }}}}"
        status = {"status_url": url, "status": "status", "confirmed": ["done"]}
        rest = {"url": f"{server.url}/orders", "plain_http": True, "order_number": "id", **status}
        others = [place.unanswered(1, "REST_JSON", **rest) for _ in range(5)]
        ends = time.monotonic() + 30  # where all threads were held, it was a minute, and then a minute again
        while (answered := place.count(others, "ACKED")) < len(others):
            assert time.monotonic() < ends, f"{answered} of {len(others)} answers were read"
            time.sleep(0.1)


def breakers(place: Place, orgs: list[UUID]) -> set[str]:
    query = text("SELECT DISTINCT breaker_state FROM erp_connection WHERE org_id = ANY(:orgs)")
    with place.app.database.system() as connection:
        return set(connection.execute(query, {"orgs": orgs}).scalars())
