"""Behind a real PgBouncer in transaction mode, whose two server connections serve whoever comes next."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import make_url, text

from orderflow.bootstrap import App
from orderflow.documents.object_store import ObjectStore
from orderflow.engine.threads import Engine
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.ports import Actor
from orderflow.postgres.errors import DatabaseSetupError
from orderflow.secrets.encryption import EncryptionService
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.tables.migrations import upgrade
from orderflow.storage.tables.models import ERPConnection
from tests.waiting import wait_until

ACTOR = Actor("test")


@pytest.fixture
def bouncer(request: pytest.FixtureRequest, app_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of the test's database through PgBouncer, in transaction mode unless the test says another."""
    url = make_url(app_url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = str(url.query.get("host") or url.host)
    users = tmp_path / "users.txt"
    users.write_text('"orderflow_app" ""\n"postgres" ""\n')
    config = tmp_path / "pgbouncer.ini"
    config.write_text(
        f"""
        [databases]
        * = host={server} port={url.port or 5432}
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = trust
        auth_file = {users}
        pool_mode = {getattr(request, "param", "transaction")}
        default_pool_size = 2
        server_check_delay = 0
        """.replace("        ", "")
    )
    command = ["pgbouncer", str(config)]
    if os.getuid() == 0:  # which PgBouncer refuses to run as
        command = ["pgbouncer", "-u", _owner_of(server, tmp_path), str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        through = f"postgresql://{url.username}@127.0.0.1:{port}/{url.database}"
        try:
            _wait_for(through, process)
            yield through
        finally:
            process.kill()


def _owner_of(server: str, folder: Path) -> str:
    """Return the user who may open the server's socket, and let it into the test's folder."""
    for place in (folder, *folder.parents[:-2]):
        place.chmod(0o755)
    return Path(server).owner() if server.startswith("/") else "postgres"


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    def answers() -> bool:
        assert process.poll() is None, process.stderr and process.stderr.read()
        return _answers(url)

    wait_until(answers, lambda: "PgBouncer does not answer")


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_thousand_transactions_of_many_threads_none_of_which_fails(
    bouncer: str, make_org: Callable[..., UUID]
) -> None:
    orgs = [make_org() for _ in range(4)]
    database = Database(bouncer, pool_size=8, pgbouncer=True)

    def ask(number: int) -> UUID:
        with database.transaction(orgs[number % 4]) as connection:
            connection.execute(text("SELECT :n + count(*) FROM draft_order"), {"n": number % 7}).scalar_one()
            return UUID(connection.execute(text("SELECT current_setting('orderflow.org_id')")).scalar_one())

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(1000))) == [orgs[number % 4] for number in range(1000)]
    database.close()


def test_orders_are_delivered_once_each_without_listening(
    bouncer: str, make_org: Callable[..., UUID], make_order: Callable[[int], Any], tmp_path: Path
) -> None:
    org_id, inbox = make_org(), tmp_path / "inbox"
    inbox.mkdir()
    settings = Settings(_env_file=None, orderflow_home=tmp_path, sweep_seconds=0.2, pgbouncer=True)
    database = Database(bouncer, pool_size=8, pgbouncer=True)
    app = App(settings, database, EncryptionService("cd" * 32), ObjectStore(tmp_path / "objects"))
    sealed = app.encryption.encrypt_config({"mode": "filesystem", "export_path": str(inbox)})
    with app.session(org_id) as session:
        session.add(ERPConnection(org_id=org_id, connector_type="DROPZONE_JSON_V1", config_encrypted=sealed))
        session.commit()
    engine = Engine(app)
    engine.start()
    try:
        orders = [make_order(number) for number in range(100)]
        with app.store.work(org_id) as work:
            accept_orders(work, orders, ACTOR)
            for order in orders:
                approve_order(work, order.id, ACTOR)
        for order in orders:
            request_push(app.store, org_id, order.id, ACTOR)
        wait_until(lambda: len(list(inbox.glob("*.json"))) == 100, lambda: len(list(inbox.iterdir())))
        assert [pruned.orders for pruned in app.prune()] in ([], [0])
    finally:
        engine.stop()
        app.close()


def test_a_login_that_would_have_to_change_its_role_is_refused(bouncer: str) -> None:
    database = Database(bouncer.replace("orderflow_app@", "postgres@"), pgbouncer=True)
    with pytest.raises(DatabaseSetupError, match="log in as orderflow_app itself"), database.system():
        pass
    database.close()


@pytest.mark.parametrize("bouncer", ["transaction", "session"], indirect=True)
def test_an_upgrade_goes_to_the_server_itself(bouncer: str, admin_url: str) -> None:
    as_owner = bouncer.replace("orderflow_app@", "postgres@")
    with pytest.raises(DatabaseSetupError, match="leads to a pooler") as refused:
        upgrade(as_owner)
    assert "DATABASE_ADMIN_URL" in refused.value.hint
    upgrade(admin_url)  # no lock was left behind


@pytest.mark.parametrize("hosts", ["{down},{up}", "{up},{down}"])
def test_of_several_hosts_the_one_that_is_there_is_taken(bouncer: str, hosts: str) -> None:
    url = make_url(bouncer)
    listed = hosts.format(up=f"127.0.0.1:{url.port}", down="127.0.0.1:1")
    database = Database(f"postgresql://orderflow_app@{listed}/{url.database}?target_session_attrs=any", pgbouncer=True)
    with database.system() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    database.close()
