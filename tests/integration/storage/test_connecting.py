"""A connection whose server, database or login is set up for something else is put right, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, insert, make_url, text

from orderflow.domain.ids import new_id
from orderflow.postgres.errors import DatabaseError, DatabaseSetupError
from orderflow.storage.database import Database
from orderflow.storage.fast.statements import run
from orderflow.storage.tables.migrations import upgrade
from orderflow.storage.tables.models import DraftOrderRow
from orderflow.storage.tables.roles import APP_ROLE
from tests.integration.conftest import TestServer

Settle = Callable[..., None]


@pytest.fixture
def settle(pg_server: TestServer, database: Database, admin_url: str, org: UUID) -> Settle:
    """Gives settings to this test's own database, for every session that begins; those of before are ended."""

    def settle(**settings: str) -> None:
        for name, value in settings.items():
            pg_server.admin(f"ALTER DATABASE {make_url(admin_url).database} SET {name} = {value}")
        database.close()

    return settle


def shown(connection: Connection, name: str) -> str:
    return str(connection.execute(text(f"SHOW {name}")).scalar_one())


def test_a_transaction_reads_what_was_committed_whatever_the_default_is(
    settle: Settle, database: Database, org: UUID
) -> None:
    settle(default_transaction_isolation="'repeatable read'")
    with database.transaction(org) as connection:
        assert shown(connection, "default_transaction_isolation") == "repeatable read"
        assert shown(connection, "transaction_isolation") == "read committed"
    with database.system() as connection:
        assert shown(connection, "transaction_isolation") == "read committed"


def test_what_is_committed_is_on_the_disk_whatever_the_default_is(
    settle: Settle, app_url: str, database: Database, org: UUID
) -> None:
    settle(synchronous_commit="off")
    with database.transaction(org) as connection:
        assert shown(connection, "synchronous_commit") == "on"
    pooled = Database(app_url, pgbouncer=True)
    with pytest.raises(DatabaseSetupError, match="synchronous_commit is off"), pooled.transaction(org):
        pass
    pooled.close()


@pytest.mark.parametrize("waits_for", ["remote_apply", "local"])
def test_who_waits_for_more_or_knows_what_they_do_goes_on(
    settle: Settle, database: Database, org: UUID, waits_for: str
) -> None:
    settle(synchronous_commit=waits_for)
    with database.transaction(org) as connection:
        assert shown(connection, "synchronous_commit") == waits_for


def test_times_and_texts_are_read_as_they_are_written(settle: Settle, database: Database, org: UUID) -> None:
    settle(datestyle="German, DMY", standard_conforming_strings="off", intervalstyle="sql_standard")
    with database.transaction(org) as connection:
        assert isinstance(connection.execute(text("SELECT now()")).scalar_one(), datetime)
        assert connection.execute(text(r"SELECT 'C:\new'")).scalar_one() == r"C:\new"


def test_a_server_that_takes_no_writes_is_away(settle: Settle, database: Database, org: UUID) -> None:
    settle(default_transaction_read_only="on")
    with pytest.raises(DatabaseError, match="read-only") as caught, database.transaction(org):
        pass
    assert caught.value.code == "DATABASE_UNAVAILABLE"


@pytest.mark.parametrize(
    "statement", [text("DELETE FROM draft_order"), "DELETE FROM draft_order"], ids=["slow", "fast"]
)
def test_a_connection_whose_server_became_a_standby_is_replaced(
    database: Database, org: UUID, statement: object
) -> None:
    def process(connection: Connection) -> int:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())

    def write(connection: Connection) -> None:
        before.append(process(connection))
        connection.execute(text("SET TRANSACTION READ ONLY"))
        if isinstance(statement, str):
            run(connection, statement, {})
        else:
            connection.execute(statement)  # type: ignore[call-overload]  # the other of the two

    before: list[int] = []
    with pytest.raises(DatabaseError, match="standby"), database.transaction(org) as connection:
        write(connection)
    with database.transaction(org) as connection:
        assert process(connection) not in before
        connection.execute(insert(DraftOrderRow).values(id=new_id(), org_id=org, status="NEW"))


@pytest.fixture
def inheriting(pg_server: TestServer, admin_url: str) -> Iterator[None]:
    """The application's role has the rights of the one that sees all, as one that was made without NOINHERIT."""
    with psycopg.connect(admin_url.replace("+psycopg", "")) as connection:
        by_grant = connection.info.server_version >= 160_000
    grant, role = f"GRANT orderflow_system TO {APP_ROLE} WITH INHERIT", f"ALTER ROLE {APP_ROLE}"
    pg_server.admin(f"{grant} TRUE" if by_grant else f"{role} INHERIT")
    yield
    pg_server.admin(f"{grant} FALSE" if by_grant else f"{role} NOINHERIT")


@pytest.mark.usefixtures("inheriting")
def test_a_role_that_would_see_every_organization_is_refused(app_url: str) -> None:
    database = Database(app_url)
    with pytest.raises(DatabaseSetupError, match="no organization would be kept apart") as caught:
        database.dedicated()
    assert caught.value.code == "DATABASE_ROLE_UNSAFE"
    assert "orderflow db upgrade" in caught.value.hint


def test_a_role_that_owns_the_tables_is_refused(app_url: str, admin_url: str) -> None:
    database = Database(app_url)
    with psycopg.connect(admin_url.replace("+psycopg", "")) as admin:
        admin.execute(f"ALTER TABLE draft_order OWNER TO {APP_ROLE}")
    with pytest.raises(DatabaseSetupError, match="owns OrderFlow's tables") as caught:
        database.dedicated()
    assert caught.value.code == "DATABASE_ROLE_UNSAFE"


def test_a_database_without_a_place_for_every_letter_is_refused(pg_server: TestServer, app_url: str) -> None:
    name = f"{make_url(app_url).database}_latin"
    pg_server.admin(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
    latin = Database(pg_server.url(name, APP_ROLE))
    with pytest.raises(DatabaseSetupError, match="LATIN1") as caught, latin.system():
        pass
    assert "UTF8" in caught.value.hint
    with pytest.raises(DatabaseSetupError, match="LATIN1"):
        upgrade(pg_server.url(name))
    latin.close()
    pg_server.drop(name)
