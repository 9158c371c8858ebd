"""The embedded engine: woken by PostgreSQL, swept, outliving a database that goes away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.documents.object_store import ObjectStore
from orderflow.domain.delivery import Ack
from orderflow.domain.errors import UnavailableError
from orderflow.engine.threads import Engine
from orderflow.flow.delivery import claim
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.ports import Actor
from orderflow.secrets.encryption import EncryptionService
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.tables.models import ERPConnection
from orderflow.storage.tables.roles import APP_ROLE
from orderflow.testing.memory import MemoryDropzone
from tests.waiting import PATIENCE, wait_until

ACTOR = Actor("test")


class Running:
    """An engine at work on a dropzone in memory."""

    def __init__(self, app: App, org_id: UUID, make_order: Callable[[int], object]) -> None:
        self.app, self.org_id, self.make_order = app, org_id, make_order
        self.zone = MemoryDropzone()
        ConnectorRegistry.register(self.zone.connector_type, self.zone)
        with app.session(org_id) as session:
            sealed = app.encryption.encrypt_config({})
            session.add(ERPConnection(org_id=org_id, connector_type=self.zone.connector_type, config_encrypted=sealed))
            session.commit()
        self.engine = Engine(app)
        self.engine.start()

    def push(self, count: int) -> None:
        orders = [self.make_order(number) for number in range(count)]
        with self.app.store.work(self.org_id) as work:
            accept_orders(work, orders, ACTOR)  # type: ignore[arg-type]  # DraftOrders
            for order in orders:
                approve_order(work, order.id, ACTOR)  # type: ignore[attr-defined]  # as above
        for order in orders:
            request_push(self.app.store, self.org_id, order.id, ACTOR)  # type: ignore[attr-defined]  # as above

    def count(self, status: str) -> int:
        with self.app.database.transaction(self.org_id) as connection:
            query = text("SELECT count(*) FROM draft_order WHERE status = :status")
            return int(connection.execute(query, {"status": status}).scalar_one())

    def do(self, statement: str) -> None:
        with self.app.database.transaction(self.org_id) as connection:
            connection.execute(text(statement))

    def wait_for(self, status: str, count: int) -> None:
        wait_until(lambda: self.count(status) == count, lambda: f"{self.count(status)} of {count} are {status}")


@pytest.fixture
def running(
    database: Database, make_org: Callable[..., UUID], make_order: Callable[[int], object], tmp_path: Path
) -> Iterator[Running]:
    settings = Settings(orderflow_home=tmp_path, sweep_seconds=0.5, ack_poll_seconds=0.2, batch_size=32)
    app = App(settings, database, EncryptionService("cd" * 32), ObjectStore(tmp_path / "objects"))
    started = Running(app, make_org(), make_order)
    yield started
    started.engine.stop()
    app.waker.close()
    app.keeper.stop()


def test_orders_are_delivered_once_each_and_confirmed(running: Running) -> None:
    running.push(200)
    running.wait_for("PUSHED", 200)
    assert len(running.zone.takes) == len(set(running.zone.takes)) == 200
    running.zone.answers += [Ack(name, "ACKED", erp_order_id="SO", source=name) for name in running.zone.takes]
    running.wait_for("CONFIRMED", 200)


def test_a_wake_up_comes_long_before_the_sweep(running: Running) -> None:
    running.engine.sweep()
    started = time.monotonic()
    running.app.settings.sweep_seconds = 60
    time.sleep(0.6)  # lets the present sweep pass
    started = time.monotonic()
    running.push(1)
    running.wait_for("PUSHED", 1)
    assert time.monotonic() - started < 5
    running.app.settings.sweep_seconds = 0.1


def test_what_nobody_was_woken_for_is_swept_up(running: Running) -> None:
    running.app.store._wake = None  # all wake-ups are lost
    running.push(3)
    running.wait_for("PUSHED", 3)


def test_an_open_breaker_is_probed_and_everything_drains(running: Running) -> None:
    running.zone.script["stage"] = [UnavailableError("refused")] * 5
    running.push(50)

    def probed_and_drained() -> bool:
        running.do("UPDATE erp_connection SET probe_at = now() WHERE breaker_state = 'OPEN'")
        return running.count("PUSHED") == 50

    wait_until(probed_and_drained)
    assert len(running.zone.takes) == 50


def test_it_outlives_the_end_of_all_its_connections(running: Running, admin_url: str) -> None:
    running.push(5)
    running.wait_for("PUSHED", 5)
    with psycopg.connect(admin_url.replace("+psycopg", ""), autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            f" WHERE usename = '{APP_ROLE}' AND datname = current_database()"
        ).fetchall()
    assert ended
    running.push(5)
    running.wait_for("PUSHED", 10)
    assert running.engine.alive


def test_what_ended_long_ago_is_pruned_by_and_by(running: Running) -> None:
    running.app.settings.prune_seconds = 0.1
    running.engine._next["prune"] = 0.0
    running.push(2)
    running.wait_for("PUSHED", 2)
    with running.app.database.system() as connection:
        connection.execute(text("UPDATE audit_log SET created_at = now() - interval '366 days'"))
    running.do("UPDATE draft_order SET status = 'CONFIRMED', updated_at = now() - interval '366 days'")
    running.wait_for("CONFIRMED", 0)


def test_a_batch_that_was_just_being_claimed_when_it_stops_sends_nothing(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, claimed, told = running.app.keeper, threading.Event(), threading.Semaphore(0)
    wind_down = keeper.wind_down

    def wound_down() -> None:
        wind_down()
        told.release()

    def reached(point: str) -> None:
        claimed.set()
        if point in {"claimed", "stored"}:  # the keeper learns of the lease in between
            told.acquire(timeout=20)

    monkeypatch.setattr(keeper, "wind_down", wound_down)
    monkeypatch.setattr(claim, "reached", reached)
    running.push(20)
    assert claimed.wait(PATIENCE)
    assert running.engine.stop(PATIENCE)
    assert running.zone.takes == []
    with running.app.database.transaction(running.org_id) as connection:
        begun = connection.execute(text("SELECT count(*) FROM erp_export WHERE begun_at IS NOT NULL")).scalar_one()
    assert begun == 0, "nothing is in doubt that was never sent"


def test_it_stops_in_order(running: Running) -> None:
    running.push(100)
    running.engine.stop()
    assert not running.engine.alive
    with running.app.database.transaction(running.org_id) as connection:
        held = connection.execute(text("SELECT count(*) FROM erp_export WHERE lease_until > now()")).scalar_one()
    assert held == 0
