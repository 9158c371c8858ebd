"""Transactions, row-level security, and what happens when the server goes away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, Table, event, exc, func, insert, select, text, update
from sqlalchemy.orm import Session

from orderflow.domain.ids import new_id
from orderflow.postgres.errors import DatabaseError, DatabaseSetupError
from orderflow.storage.database import Database, normal_url
from orderflow.storage.fast.statements import later, run
from orderflow.storage.tables.models import AuditLog, Base, DraftOrderRow, Organization
from orderflow.storage.wake import Waker, listen

NOBODY = UUID(int=0)
WALLED = [table for table in Base.metadata.sorted_tables if "org_id" in table.c]


def _add_order(connection: Connection, org_id: UUID) -> UUID:
    order_id = new_id()
    connection.execute(insert(DraftOrderRow).values(id=order_id, org_id=org_id, status="NEW"))
    return order_id


def _orders(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(DraftOrderRow)).scalar_one()


def _end_all_connections(admin_url: str) -> None:
    with psycopg.connect(admin_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE usename = 'orderflow_app' AND datname = current_database()"
        )


def _add_order_after_the_server_went(connection: Connection, org_id: UUID, admin_url: str) -> None:
    _end_all_connections(admin_url)
    _add_order(connection, org_id)


def test_a_transaction_is_kept_at_its_end_and_undone_by_an_exception(database: Database, org: UUID) -> None:
    with database.transaction(org) as connection:
        _add_order(connection, org)
    with pytest.raises(ZeroDivisionError), database.transaction(org) as connection:
        _add_order(connection, org).int // 0
    with database.transaction(org) as connection:
        assert _orders(connection) == 1


def test_many_transactions_in_turn_on_one_connection_keep_to_their_organizations(
    database: Database, make_org: Callable[[], UUID]
) -> None:
    orgs = [make_org(), make_org()]
    for org_id in orgs * 10:  # more often than the driver needs to start preparing statements
        with database.transaction(org_id) as connection:
            _add_order(connection, org_id)
    for org_id in orgs:
        with database.transaction(org_id) as connection:
            assert _orders(connection) == 10
    with database.system() as connection:
        assert _orders(connection) == 20


@pytest.mark.parametrize("table", WALLED, ids=lambda table: table.name)
def test_without_an_organization_there_are_no_rows_and_no_inserts(database: Database, org: UUID, table: Table) -> None:
    with database.dedicated() as connection:
        assert connection.execute(f"SELECT count(*) FROM {table.name}").fetchone() == (0,)
        connection.execute("SET orderflow.org_id = ''")  # what a session holds after its first transaction
        assert connection.execute(f"SELECT count(*) FROM {table.name}").fetchone() == (0,)
        found = connection.execute("SELECT has_table_privilege(%s, 'INSERT')", (table.name,)).fetchone()
        assert found
        (may_insert,) = found
        wall = "row-level security" if may_insert else "permission denied"  # some tables the application only reads
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match=wall):
            connection.execute(_row_of(table), (org,))


def _row_of(table: Table) -> str:
    """Return an INSERT that fails on nothing before the wall: checks of the wall come before those of the columns."""
    return f"INSERT INTO {table.name} (org_id) VALUES (%s)"


def test_without_an_organization_orders_that_exist_are_not_seen_nor_changed(database: Database, org: UUID) -> None:
    with database.transaction(org) as connection:
        _add_order(connection, org)
    with database.dedicated() as connection:
        assert connection.execute("SELECT count(*) FROM draft_order").fetchone() == (0,)
        assert connection.execute("UPDATE draft_order SET status = 'READY'").rowcount == 0


def test_another_organizations_rows_are_neither_seen_nor_changed_nor_made(
    database: Database, org: UUID, make_org: Callable[[], UUID]
) -> None:
    other = make_org()
    with database.transaction(org) as connection:
        order_id = _add_order(connection, org)
    with database.transaction(other) as connection:
        assert _orders(connection) == 0
        by_id = update(DraftOrderRow).where(DraftOrderRow.id == order_id)
        assert connection.execute(by_id.values(status="READY")).rowcount == 0
    with pytest.raises(exc.ProgrammingError, match="row-level security"), database.transaction(other) as connection:
        _add_order(connection, org)
    with pytest.raises(exc.ProgrammingError, match="row-level security"), database.transaction(org) as connection:
        connection.execute(update(DraftOrderRow).values(org_id=other))


def test_an_organization_may_change_its_own_settings_only(
    database: Database, org: UUID, make_org: Callable[[], UUID]
) -> None:
    make_org()
    with database.transaction(org) as connection:
        assert connection.execute(update(Organization).values(name="Acme GmbH")).rowcount == 1
    for forbidden in (update(Organization).values(slug="x"), insert(Organization).values(slug="x", name="x")):
        with pytest.raises(exc.ProgrammingError, match="permission denied"), database.transaction(org) as connection:
            connection.execute(forbidden)


def test_the_audit_log_can_only_grow(database: Database, org: UUID) -> None:
    with database.transaction(org) as connection:
        connection.execute(insert(AuditLog).values(org_id=org, actor="ops", action="DRAFT_CREATED"))
    for statement in ("DELETE FROM audit_log", "UPDATE audit_log SET actor = 'nobody'"):
        with pytest.raises(exc.ProgrammingError, match="permission denied"), database.transaction(org) as connection:
            connection.execute(text(statement))


def test_the_system_role_ends_with_its_transaction(database: Database, org: UUID) -> None:
    with database.system() as connection:
        _add_order(connection, org)
        assert connection.execute(text("SELECT current_user")).scalar_one() == "orderflow_system"
    with database.transaction(NOBODY) as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == "orderflow_app"
        assert _orders(connection) == 0


def test_every_transaction_of_a_session_belongs_to_its_organization(database: Database, org: UUID) -> None:
    with database.sessions(org, encryption="service") as session:
        for _ in range(2):
            session.add(DraftOrderRow(org_id=org, status="NEW"))
            session.commit()
        assert session.scalar(select(func.count()).select_from(DraftOrderRow)) == 2
        session.rollback()
        assert session.info == {"org_id": org, "encryption": "service"}
        with Session(session.get_bind()) as another:  # a program that opens its own transactions on our bind
            assert another.scalar(select(func.count()).select_from(DraftOrderRow)) == 2


def test_a_session_names_its_organization_in_every_query(database: Database, org: UUID) -> None:
    with database.sessions(org) as session:
        session.add(DraftOrderRow(org_id=org, status="NEW"))
        session.commit()
        asked: list[str] = []
        event.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
        assert len(session.scalars(select(DraftOrderRow).where(DraftOrderRow.status == "NEW")).all()) == 1
    assert "draft_order.org_id =" in asked[-1]


@pytest.mark.parametrize(
    ("statements", "round_trips"),
    [
        pytest.param(0, 0, id="nothing"),
        pytest.param(1, 2, id="one, with the beginning, and the end"),
        pytest.param(2, 3, id="two"),
    ],
)
def test_a_transaction_begins_with_its_first_statement_in_one_round_trip(
    database: Database, org: UUID, tmp_path: Path, statements: int, round_trips: int
) -> None:
    driver: Any
    with database.transaction(org) as connection:
        driver = connection.connection.dbapi_connection
    with (tmp_path / "trace").open("w+") as trace:
        driver.pgconn.trace(trace.fileno())
        with database.transaction(org) as connection:
            assert connection.connection.dbapi_connection is driver
            for _ in range(statements):
                run(connection, "SELECT 1", {})
        assert driver
        driver.pgconn.untrace()
    assert (tmp_path / "trace").read_text().count("ReadyForQuery") == round_trips


def test_what_was_kept_goes_with_the_commit_in_one_round_trip(database: Database, org: UUID, tmp_path: Path) -> None:
    with (tmp_path / "trace").open("w+") as trace, database.transaction(org) as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.pgconn.trace(trace.fileno())
        later(connection, "SELECT 1", {})
        later(connection, "SELECT 2", {})
        connection.commit()
        driver.pgconn.untrace()
    assert (tmp_path / "trace").read_text().count("ReadyForQuery") == 1


def test_a_statement_of_its_own_costs_one_round_trip_and_sees_no_row(
    database: Database, org: UUID, admin_url: str
) -> None:
    with database.transaction(org) as connection:
        connection.execute(
            text("INSERT INTO draft_order (id, org_id, status) VALUES (gen_random_uuid(), :org, 'NEW')"), {"org": org}
        )
    database.at_once("UPDATE draft_order SET notes = %s", ("seen",))
    with database.transaction(org) as connection:
        assert connection.execute(text("SELECT notes FROM draft_order")).scalar() is None
    _end_all_connections(admin_url)
    database.at_once("SELECT pg_notify(%s, '')", ("nobody",))


def test_connections_that_the_server_closed_are_replaced_unnoticed(
    database: Database, org: UUID, admin_url: str
) -> None:
    with database.transaction(org), database.transaction(org), database.transaction(org):
        pass  # three connections wait in the pool now
    _end_all_connections(admin_url)
    for _ in range(5):
        with database.transaction(org) as connection:
            assert _orders(connection) == 0
    _end_all_connections(admin_url)
    with database.sessions(org) as session:
        assert session.scalar(select(1)) == 1


def test_a_connection_lost_in_a_transaction_is_one_clear_error(database: Database, org: UUID, admin_url: str) -> None:
    with pytest.raises(DatabaseError) as caught, database.transaction(org) as connection:
        _add_order_after_the_server_went(connection, org, admin_url)
    assert caught.value.code == "DATABASE_UNAVAILABLE"
    with database.transaction(org) as connection:
        assert _orders(connection) == 0


def test_a_listener_whose_connection_ends_hears_one_clear_error(database: Database, org: UUID, admin_url: str) -> None:
    heard = threading.Event()

    def tell() -> None:
        while not heard.wait(0.05):
            Waker(database, lambda error: pytest.fail(str(error))).send([(org, org)])

    places = listen(database, 0.05, threading.Event())
    with ThreadPoolExecutor(1) as pool:
        pool.submit(tell)
        assert next(places) == (org, org)
        heard.set()
    _end_all_connections(admin_url)
    with pytest.raises(DatabaseError, match="cannot be reached"):
        list(places)


def test_a_server_that_is_not_there_is_one_clear_error(org: UUID) -> None:
    away = Database("postgresql://orderflow_app:hush@127.0.0.1:1/orderflow")
    for attempt in (away.system, away.dedicated):
        with pytest.raises(DatabaseError, match="cannot be reached") as caught, attempt():
            pass
        assert caught.value.code == "DATABASE_UNAVAILABLE"
    assert "hush" not in repr(away)


def test_a_superuser_is_refused_as_the_pools_login(admin_url: str, org: UUID) -> None:
    database = Database(admin_url)
    with pytest.raises(DatabaseSetupError, match="superuser") as caught, database.transaction(org):
        pass
    assert caught.value.code == "DATABASE_ROLE_UNSAFE"
    assert "DATABASE_ADMIN_URL" in caught.value.hint
    database.close()


@pytest.mark.parametrize(("attributes", "message"), [("BYPASSRLS", "BYPASSRLS"), ("", "may not work as orderflow_app")])
def test_a_login_that_bypasses_the_wall_or_is_no_member_is_refused(
    admin_url: str, make_login: Callable[[str], str], attributes: str, message: str
) -> None:
    database = Database(make_login(attributes))
    with pytest.raises(DatabaseSetupError, match=message), database.system():
        pass
    database.close()


def test_another_login_works_as_the_applications_role(make_login: Callable[[str], str], org: UUID) -> None:
    database = Database(make_login("IN ROLE orderflow_app"))
    with database.transaction(org) as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == "orderflow_app"
        _add_order(connection, org)
    with database.system() as connection:
        assert _orders(connection) == 1
    with database.transaction(NOBODY) as connection:
        assert _orders(connection) == 0
    database.close()


@pytest.fixture
def make_login(admin_url: str, request: pytest.FixtureRequest) -> Callable[[str], str]:
    def make(attributes: str) -> str:
        name = f"login_{new_id().hex}"
        with psycopg.connect(admin_url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute(f"CREATE ROLE {name} LOGIN {attributes}")
        return admin_url.replace("postgres@", f"{name}@")

    return make


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_way_to_write_the_url_means_psycopg_3(scheme: str) -> None:
    assert normal_url(f"{scheme}://u:p@h:1/d?sslmode=require") == "postgresql+psycopg://u:p@h:1/d?sslmode=require"


@pytest.mark.parametrize("url", ["hush", "mysql://root:hush@h/d", "postgresql://u:hush@h:port/d"])
def test_a_url_that_cannot_be_used_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        normal_url(url)
    assert "hush" not in str(caught.value.as_json())
