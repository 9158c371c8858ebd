"""A database of the release before last (0007), with work in every state, upgraded while a worker of it goes on."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import structlog
from sqlalchemy import NullPool, create_engine, make_url, text

from orderflow.bootstrap import App, open_app
from orderflow.domain.delivery import Delivery
from orderflow.domain.document import export_document
from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.cli import main
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.secrets.encryption import EncryptionService, bind
from orderflow.secrets.keys import generate_key
from orderflow.settings import Settings
from orderflow.storage.system.older_orders import SqlOlderOrders
from orderflow.storage.tables.migrations import upgrade
from orderflow.storage.tables.roles import APP_ROLE
from orderflow.testing.http_server import MisbehavingHTTPServer
from tests.integration.storage.revisions import upgrade_to

BEFORE = "0007"
ORDER = """
    INSERT INTO draft_order (id, org_id, status, external_order_number, currency, erp_customer_number, approved_at)
    VALUES (:id, :org, :status, :number, 'EUR', '4711', now())
"""
LINE = """
    INSERT INTO draft_order_line (id, org_id, draft_order_id, line_no, internal_sku, qty, uom)
    VALUES (gen_random_uuid(), :org, :id, 1, 'INT-1', 3, 'M')
"""
EXPORT = """
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, begun_at, sent_at)
    VALUES (:export, :org, :id, :connection, :export_status,
            CASE WHEN :begun THEN now() - interval '1 hour' END, CASE WHEN :sent THEN now() END)
"""
ATTEMPT = """
    INSERT INTO erp_push_log (id, org_id, draft_order_id, erp_export_id, attempt_no, connector_type, status,
                              idempotency_key)
    VALUES (gen_random_uuid(), :org, :id, :export, 1, 'REST_JSON', :attempt, gen_random_uuid()::text)
"""
# Order, export, attempt; whether an attempt began that was never settled.
STATES = [
    ("NEW", None, None, False),
    ("NEEDS_REVIEW", None, None, False),
    ("READY", None, None, False),
    ("APPROVED", None, None, False),
    ("PUSHING", "PENDING", None, False),
    ("PUSHING", "PENDING", "PENDING", True),
    ("PUSHED", "SENT", "SUCCESS", False),
    ("CONFIRMED", "ACKED", "SUCCESS", False),
    ("ERROR", "FAILED", "FAILED", False),
    ("REJECTED", None, None, False),
]
SINCE = {OrderStatus.RECALLING, OrderStatus.RECALLED}
"""States that no release had from which this upgrades."""

COUNTS = """
    SELECT (SELECT count(*) FROM draft_order), (SELECT count(*) FROM draft_order_line),
           (SELECT count(*) FROM erp_export), (SELECT count(*) FROM erp_push_log)
"""
# What a worker of that release says: it knows none of the columns that came since.
OLD_LANE = """
    INSERT INTO erp_lane (connection_id, lane, org_id, lease_token, lease_until)
    VALUES (%(connection)s, 2, %(org)s, gen_random_uuid(), now())
"""
OLD_CONNECTION = """
    INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted, status, in_doubt)
    VALUES (gen_random_uuid(), %(org)s, 'MOCK', 'x', 'DISABLED', 'resend')
"""
OLD_EXPORT = """
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status)
    VALUES (gen_random_uuid(), %(org)s, %(order)s, %(connection)s, 'PENDING') RETURNING id
"""


class Old:
    """The database as it was, and what was in it."""

    def __init__(self, admin_url: str, upgrader: str, server: MisbehavingHTTPServer, before: str) -> None:
        self.admin_url, self.upgrader, self.key = admin_url, upgrader, generate_key()
        self.org_id, self.resend, self.hold = uuid4(), uuid4(), uuid4()
        self.orders: dict[tuple[str, bool], UUID] = {}
        upgrade_to(upgrader, before)
        self.do("INSERT INTO organization (id, slug, name) VALUES (:org, 'acme', 'Acme')")
        self._connect(self.resend, "ACTIVE", "resend", server)
        self._connect(self.hold, "DISABLED", "hold", server)
        for state in STATES:
            self._add(*state)

    def do(self, *statements: str, **given: Any) -> None:
        with create_engine(self.admin_url, poolclass=NullPool).begin() as connection:
            for statement in statements:
                connection.execute(text(statement), {"org": self.org_id, **given})

    def rows(self, query: str, **given: Any) -> list[Any]:
        with create_engine(self.admin_url, poolclass=NullPool).connect() as connection:
            return list(connection.execute(text(query), given))

    def as_app(self) -> str:
        return make_url(self.admin_url).set(username=APP_ROLE).render_as_string(hide_password=False)

    def _connect(self, connection_id: UUID, status: str, in_doubt: str, server: MisbehavingHTTPServer) -> None:
        config = {"url": f"{server.url}/orders", "plain_http": True, "order_number": "id"}
        encryption = EncryptionService(self.key)
        self.do(
            "INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted, key_id, status, in_doubt,"
            " is_default) VALUES (:id, :org, 'REST_JSON', :config, :key, :status, :in_doubt, :status = 'ACTIVE')",
            id=connection_id,
            config=encryption.encrypt_config(config, bind(self.org_id, connection_id, "REST_JSON")),
            key=encryption.key_id,
            status=status,
            in_doubt=in_doubt,
        )

    def _add(self, status: str, export_status: str | None, attempt: str | None, begun: bool) -> None:
        order_id = self.orders[status, begun] = uuid4()
        number, export = f"{status}-{begun}", uuid4()
        self.do(ORDER, LINE, id=order_id, status=status, number=number)
        facts = {"export_status": export_status, "begun": begun, "sent": export_status in ("SENT", "ACKED")}
        if export_status:
            self.do(EXPORT, id=order_id, export=export, connection=self.resend, **facts)
        if attempt:
            self.do(ATTEMPT, id=order_id, export=export, attempt=attempt)
            self.do("UPDATE draft_order SET attempts = 1 WHERE id = :id", id=order_id)


@pytest.fixture
def server() -> Iterator[MisbehavingHTTPServer]:
    with MisbehavingHTTPServer() as server:
        yield server


@pytest.fixture
def old(
    request: pytest.FixtureRequest, app_url: str, empty_url: str, upgrader: str, server: MisbehavingHTTPServer
) -> Old:
    return Old(empty_url, upgrader, server, getattr(request, "param", BEFORE))


@pytest.fixture
def opened(old: Old, tmp_path: Path) -> Iterator[Callable[[], App]]:
    """Opens the application on the upgraded database."""
    apps: list[App] = []

    def open_it() -> App:
        given: dict[str, Any] = {
            "database_url": old.as_app(),
            "database_admin_url": old.upgrader,
            "orderflow_home": tmp_path,
        }
        given |= {"encryption_master_key": old.key, "password_pepper": "a pepper", "jwt_secret": generate_key()}
        apps.append(open_app(Settings(_env_file=None, **given)))
        return apps[-1]

    yield open_it
    for app in apps:
        app.close()


def test_nothing_is_lost_and_what_is_in_doubt_is_held(
    old: Old, opened: Callable[[], App], server: MisbehavingHTTPServer
) -> None:
    before = old.rows(COUNTS)
    upgrade(old.upgrader)
    assert old.rows(COUNTS) == before
    found = {row.id: row.status for row in old.rows("SELECT id, status FROM draft_order")}
    assert found == {order_id: status for (status, _), order_id in old.orders.items()}
    assert {status for status, _ in old.orders} == set(OrderStatus) - SINCE, "there is an order in every state"
    changed = {row.id: tuple(row)[1:] for row in old.rows("SELECT id, in_doubt, in_doubt_before FROM erp_connection")}
    assert changed == {old.resend: ("hold", "resend"), old.hold: ("hold", "hold")}
    app = opened()
    while push_batch(app.wiring, old.org_id, old.resend):
        old.do("UPDATE erp_export SET next_attempt_at = now()")
    states = {row.draft_order_id: row for row in old.rows("SELECT * FROM erp_export")}
    assert len(server.taken) == 1, "what no attempt had begun is delivered, what one had begun is not sent again"
    assert states[old.orders["PUSHING", False]].status == "ACKED"
    assert (states[old.orders["PUSHING", True]].status, bool(states[old.orders["PUSHING", True]].held_at)) == (
        "PENDING",
        True,
    )


def test_a_worker_of_that_release_goes_on(old: Old, server: MisbehavingHTTPServer) -> None:
    """It holds a connection, and statements that PostgreSQL has prepared, across the upgrade."""
    given = {"org": old.org_id, "connection": old.resend, "order": old.orders["APPROVED", False]}
    url = old.as_app().replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True, prepare_threshold=0) as worker:
        worker.execute(f"SET orderflow.org_id = '{old.org_id}'")
        for upgraded in (False, True):
            if upgraded:
                upgrade(old.upgrader)
            worker.execute("DELETE FROM erp_lane")
            worker.execute(OLD_LANE, given)
            worker.execute(OLD_CONNECTION, given)
            (export,) = worker.execute(OLD_EXPORT, given).fetchone() or ()
            settle = "UPDATE erp_export SET begun_at = now(), status = 'SENT', sent_at = now() WHERE id = %s"
            assert worker.execute(settle, (export,)).rowcount == 1
            assert worker.execute("SELECT slug FROM organization WHERE id = %s", (old.org_id,)).fetchone() == ("acme",)


@pytest.mark.parametrize("old", ["0013"], indirect=True)
def test_orders_from_before_there_were_revisions_get_theirs_beside_the_work(
    old: Old, opened: Callable[[], App], server: MisbehavingHTTPServer
) -> None:
    upgrade(old.upgrader)
    assert old.rows("SELECT * FROM draft_order_revision") == []
    app = opened()
    pushed = old.orders["PUSHING", False]
    push_batch(app.wiring, old.org_id, old.resend)
    kept = "SELECT draft_order_id, revision, sha256 FROM draft_order_revision ORDER BY draft_order_id"
    by_claim = old.rows(kept)
    assert {row.draft_order_id for row in by_claim} >= {pushed}, "the claim waits for nobody"
    (export,) = old.rows("SELECT * FROM erp_export WHERE draft_order_id = :id", id=pushed)
    with app.store.work(old.org_id) as work:
        delivery = Delivery(export.id, export.created_at)
        assert export.revision == 1
        (taken,) = (body for body in server.taken if body["draft_order_id"] == str(pushed))
        assert taken == json.loads(export_document(work.orders.get(pushed), delivery).content)

    SqlOlderOrders(app.database, batch=2).step()  # and that process is killed
    older = SqlOlderOrders(app.database, batch=2)
    while older.step():
        pass
    found = old.rows(kept)
    wanted = {order_id for (status, _), order_id in old.orders.items() if status in ("APPROVED", "PUSHED", "ERROR")}
    assert {row.draft_order_id for row in found} == wanted | {row.draft_order_id for row in by_claim}
    assert {row.draft_order_id for row in found} >= {old.orders["PUSHING", True]}
    with app.store.work(old.org_id) as work:
        for row in found:
            approved, now = work.orders.as_approved(row.draft_order_id), work.orders.get(row.draft_order_id)
            assert export_document(approved, delivery) == export_document(now, delivery)
            assert approved == now
    while SqlOlderOrders(app.database, batch=100).step():
        pass
    assert old.rows(kept) == found, "each once"


def test_the_command_that_doctor_prints_restores_what_was_chosen(
    old: Old, opened: Callable[[], App], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    upgrade(old.upgrader)
    app = opened()
    for name, value in {
        "DATABASE_URL": old.as_app(),
        "ENCRYPTION_MASTER_KEY": old.key,
        "ORDERFLOW_HOME": str(app.settings.orderflow_home),
        "COLUMNS": "400",
    }.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(list(arguments))
        return capsys.readouterr().out

    printed = run("doctor", "--json")
    (restoring,) = set(re.findall(r"orderflow (connections edit [^\"'`]*?--org \w+)", printed))
    run(*shlex.split(restoring))
    chosen = {row.id: tuple(row)[1:] for row in old.rows("SELECT id, in_doubt, in_doubt_before FROM erp_connection")}
    assert chosen == {old.resend: ("resend", None), old.hold: ("hold", "hold")}
    assert "IN_DOUBT_CHANGED" not in run("doctor", "--json")
    structlog.reset_defaults()
