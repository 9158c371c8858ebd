"""Real servers for tests: a PostgreSQL per test process with a database cloned per test, and SFTP servers."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import insert, make_url, text
from sqlalchemy.orm import Session

from orderflow.channels.sftp.store import close_all
from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import ObjectStoreError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.domain.retry import RetryPolicy
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.ports import Actor, Wiring
from orderflow.postgres.embedded import SETTINGS, EmbeddedPostgres
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.lease_keeper import LeaseKeeper
from orderflow.storage.store import SqlStore
from orderflow.storage.tables.migrations import upgrade
from orderflow.storage.tables.models import ERPConnection, Organization
from orderflow.storage.tables.roles import APP_ROLE
from orderflow.testing.openssh_server import OpenSSHServer
from orderflow.testing.sftp_server import SFTPServer

# Given in the environment, a server of one's own is tested instead; read before the tests clean the environment.
_OWN_SERVER = os.environ.get("ORDERFLOW_TEST_ADMIN_URL")
_numbers = count(1)
_ROOM = 4 << 30
"""Bytes in memory from which on the databases of all test processes are kept there."""


@dataclass
class TestServer:
    """A server that tests make their databases on."""

    __test__ = False

    admin_url: str
    template: str = ""

    def admin(self, statement: str) -> None:
        url = make_url(self.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    def url(self, database: str, user: str | None = None) -> str:
        url = make_url(self.admin_url).set(database=database)
        return (url.set(username=user) if user else url).render_as_string(hide_password=False)

    def create(self, template: str | None = None) -> str:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.admin(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'} STRATEGY FILE_COPY")
        return name

    def drop(self, database: str) -> None:
        self.admin(f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture(scope="session")
def pg_server() -> Iterator[TestServer]:
    if _OWN_SERVER:
        yield TestServer(_OWN_SERVER)
        return
    home = Path(tempfile.mkdtemp(prefix="of-test-", dir=_in_memory()))
    embedded = EmbeddedPostgres(home)
    with pytest.MonkeyPatch.context() as patch:
        # A database for every test is made in a fifth of the time; the machine, whose end this is about, stays up.
        patch.setitem(SETTINGS, "fsync", "off")
        patch.setitem(SETTINGS, "full_page_writes", "off")
        patch.setitem(SETTINGS, "max_wal_size", "256MB")
        patch.setitem(SETTINGS, "shared_buffers", "128MB")  # several servers share this machine
        admin_url = embedded.start()
    yield TestServer(admin_url)
    embedded.stop_if_unused()
    shutil.rmtree(home)


def _in_memory() -> str | None:
    """Return a folder in memory if there is room: the hundreds of files of a database are there in a sixth of the time.

    None: the usual place for temporary folders has to do, as in containers.
    """
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > _ROOM else None


@pytest.fixture(scope="session")
def template(pg_server: TestServer) -> Iterator[str]:
    name = pg_server.create()
    upgrade(pg_server.url(name))
    yield name
    pg_server.drop(name)


@pytest.fixture
def empty_url(pg_server: TestServer) -> Iterator[str]:
    """The owner's URL of a database without any tables."""
    name = pg_server.create()
    yield pg_server.url(name)
    pg_server.drop(name)


@pytest.fixture
def admin_url(pg_server: TestServer, template: str) -> Iterator[str]:
    """The owner's URL of this test's own, migrated database."""
    name = pg_server.create(template)
    yield pg_server.url(name)
    pg_server.drop(name)


@pytest.fixture
def app_url(admin_url: str) -> str:
    """The application's URL of this test's own, migrated database."""
    return make_url(admin_url).set(username=APP_ROLE).render_as_string(hide_password=False)


@pytest.fixture
def database(app_url: str, admin_url: str) -> Iterator[Database]:
    opened = Database(app_url, admin_url)
    yield opened
    opened.close()


@pytest.fixture
def make_org(database: Database) -> Callable[..., UUID]:
    """Makes an organization and returns its id."""

    def make(slug: str | None = None) -> UUID:
        org_id = new_id()
        slug = slug or f"org-{org_id.hex[-12:]}"
        with database.system() as connection:
            connection.execute(insert(Organization).values(id=org_id, slug=slug, name=slug.title()))
        return org_id

    return make


@pytest.fixture
def org(make_org: Callable[..., UUID]) -> UUID:
    """The id of an organization, `acme`."""
    return make_org("acme")


ACTOR = Actor("test", "req-1")


@dataclass
class MemoryDocuments:
    """An object store that can be away."""

    kept: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    def put_many(self, items: Sequence[tuple[str, bytes]]) -> None:
        if self.away:
            raise ObjectStoreError
        self.kept.update(items)

    def get(self, key: str) -> bytes:
        if self.away:
            raise ObjectStoreError
        return self.kept[key]


@dataclass
class Installation:
    """One organization, its steps, and ways to look at what they did."""

    database: Database
    org_id: UUID
    wiring: Wiring
    documents: MemoryDocuments
    connectors: dict[str, ERPConnectorPort]
    woken: list[tuple[UUID, UUID]]

    def connect(self, connector: ERPConnectorPort, config: dict[str, Any] | None = None, **columns: Any) -> UUID:
        """Store an ACTIVE connection to `connector`."""
        self.connectors[connector.connector_type] = connector
        encryption = self.wiring.store.encryption  # type: ignore[attr-defined]  # a SqlStore
        row = ERPConnection(
            org_id=self.org_id,
            connector_type=connector.connector_type,
            config_encrypted=encryption.encrypt_config(config or {"password": "s3cret"}),
            **columns,
        )
        with self.session() as session:
            session.add(row)
            session.commit()
            return row.id

    def session(self) -> Session:
        return self.database.sessions(self.org_id, encryption=self.wiring.store.encryption, wiring=self.wiring)  # type: ignore[attr-defined]  # a SqlStore

    def approved(self, count: int = 1) -> list[UUID]:
        """Store approved orders and return their ids."""
        orders = [an_order(number) for number in range(count)]
        with self.wiring.store.work(self.org_id) as work:
            accept_orders(work, orders, ACTOR)
            for order in orders:
                approve_order(work, order.id, ACTOR)
        return [order.id for order in orders]

    def pushed(self, count: int = 1, **arguments: Any) -> list[UUID]:
        """Store approved orders, request their push, and return their ids."""
        ids = self.approved(count)
        for order_id in ids:
            request_push(self.wiring.store, self.org_id, order_id, ACTOR, **arguments)
        return ids

    def work_off(self, connection_id: UUID) -> int:
        """Push batches until nothing is due; returns how many exports were taken."""
        taken = 0
        while count := push_batch(self.wiring, self.org_id, connection_id):
            taken += count
        return taken

    def retrying(self, **policy: Any) -> None:
        """Change the retry policy."""
        self.wiring = replace(self.wiring, retry=RetryPolicy(**policy))

    def rows(self, query: str, **parameters: Any) -> list[Any]:
        """Run a query as this organization."""
        with self.database.transaction(self.org_id) as connection:
            return list(connection.execute(text(query), parameters).mappings())

    def do(self, statement: str, **parameters: Any) -> None:
        """Run a statement as this organization."""
        with self.database.transaction(self.org_id) as connection:
            connection.execute(text(statement), parameters)

    def order(self, order_id: UUID) -> Any:
        return self.rows("SELECT * FROM draft_order WHERE id = :id", id=order_id)[0]

    def export(self, order_id: UUID) -> Any:
        return self.rows(
            "SELECT * FROM erp_export WHERE draft_order_id = :id ORDER BY created_at DESC LIMIT 1", id=order_id
        )[0]

    def attempts(self, order_id: UUID) -> list[Any]:
        return self.rows("SELECT * FROM erp_push_log WHERE draft_order_id = :id ORDER BY attempt_no", id=order_id)

    def let_leases_run_out(self) -> None:
        self.do("UPDATE erp_export SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")

    def make_all_due(self) -> None:
        self.do("UPDATE erp_export SET next_attempt_at = now() WHERE status = 'PENDING'")


def an_order(number: int = 1) -> DraftOrder:
    """Return an order that is ready."""
    return DraftOrder(
        external_order_number=f"PO-{number}",
        currency="EUR",
        customer=Customer("4711", "Muster GmbH"),
        lines=[DraftOrderLine(1, "INT-999", Decimal(10), "M", Decimal("1.23"))],
    )


@pytest.fixture
def make_order() -> Callable[..., DraftOrder]:
    return an_order


@pytest.fixture
def installation(database: Database, make_org: Callable[..., UUID]) -> Iterator[Installation]:
    connectors: dict[str, ERPConnectorPort] = {}
    woken: list[tuple[UUID, UUID]] = []
    store = SqlStore(database, EncryptionService("ab" * 32), lambda *place: woken.append(place))
    keeper = LeaseKeeper(store.extend_leases, 60, lambda error: pytest.fail(str(error)))

    def connector(kind: str) -> ERPConnectorPort:
        if kind not in connectors:
            raise ValueError(f"Unknown connector type: {kind!r}")
        return connectors[kind]

    documents = MemoryDocuments()
    retry = RetryPolicy(max_attempts=4, base=0.0)
    yield Installation(
        database, make_org(), Wiring(store, documents, connector, keeper, retry), documents, connectors, woken
    )
    keeper.stop()


@pytest.fixture(scope="session")
def sshd() -> Iterator[OpenSSHServer]:
    """The system's own sshd; make folders of your own below its `root`."""
    with OpenSSHServer() as server:
        yield server


@pytest.fixture
def sftp_server() -> Iterator[SFTPServer]:
    """A server in this process that takes a password, and misbehaves by its `faults`."""
    with SFTPServer() as server:
        yield server


@pytest.fixture
def sftp_sessions() -> Iterator[None]:
    """Closes the SFTP sessions that a test opened."""
    yield
    close_all()
