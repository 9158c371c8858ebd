"""What somebody can do who gets to say SQL as the service's own role: not more than the service does itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, exc, make_url, text
from sqlalchemy.orm import Session

from orderflow.domain.ids import new_id
from orderflow.storage.database import Database
from orderflow.storage.tables.migrations import current_and_head, upgrade
from orderflow.storage.tables.models import ERPConnection
from orderflow.storage.tables.roles import APP_ROLE, SYSTEM_ROLE

FORBIDDEN = [
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_put(1, 0, 'x')",
    "SELECT lo_unlink(1)",
    "SELECT lo_open(1, 131072)",
    "SELECT lowrite(0, 'x')",
    "SELECT pg_cancel_backend(pg_backend_pid())",
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT pg_logical_emit_message(true, 'a', 'x')",
    "CREATE TEMPORARY TABLE mine (a int)",
    "CREATE TABLE mine (a int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE draft_order DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE draft_order NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY one_organization ON draft_order",
    "TRUNCATE draft_order",
    "COPY draft_order TO '/tmp/orders'",
    "COPY draft_order TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "ALTER ROLE orderflow_app BYPASSRLS",
    "GRANT orderflow_system TO orderflow_app WITH ADMIN OPTION",
    "ALTER SYSTEM SET log_statement = 'all'",
    "UPDATE alembic_version SET version_num = '0001'",
]


def as_app(owner_url: str) -> str:
    url = make_url(owner_url).set(username=APP_ROLE, drivername="postgresql")
    return url.render_as_string(hide_password=False)


@pytest.fixture
def upgraded(empty_url: str) -> str:
    """The owner's URL of a database that was set up here: what is granted on a database itself is not cloned."""
    upgrade(empty_url)
    return empty_url


@pytest.mark.parametrize("role", ["orderflow_app", "orderflow_system"])
def test_neither_role_may_do_what_the_service_never_does(upgraded: str, role: str) -> None:
    allowed = []
    with psycopg.connect(as_app(upgraded), autocommit=True) as connection:
        connection.execute(f"SET ROLE {role}")
        for statement in FORBIDDEN:
            try:
                connection.execute(statement)
            except psycopg.errors.InsufficientPrivilege:
                continue
            allowed.append(statement)
    assert allowed == []


def test_the_owner_of_a_managed_database_upgrades_it_too(pg_server: Any, empty_url: str) -> None:
    """They may not take PostgreSQL's own functions from anybody; all else holds."""
    name = f"owner_{secrets.token_hex(4)}"
    database = make_url(empty_url).database
    pg_server.admin(f"CREATE ROLE {name} LOGIN CREATEROLE")
    try:
        pg_server.admin(f"ALTER DATABASE {database} OWNER TO {name}")
        pg_server.admin(f"GRANT {APP_ROLE}, {SYSTEM_ROLE} TO {name} WITH ADMIN OPTION")  # other tests made the roles
        owner_url = make_url(empty_url).set(username=name).render_as_string(hide_password=False)
        upgrade(owner_url)
        with create_engine(owner_url, poolclass=NullPool).connect() as connection:
            current, head = current_and_head(connection)
        assert current == head
        with psycopg.connect(as_app(empty_url), autocommit=True) as connection:
            for statement in FORBIDDEN[FORBIDDEN.index("CREATE TEMPORARY TABLE mine (a int)") :]:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
    finally:
        pg_server.drop(database)
        pg_server.admin(f"CREATE DATABASE {database}")
        pg_server.admin(f"DROP ROLE {name}")


@pytest.fixture
def foreign(database: Database, make_org: Callable[[], UUID]) -> Iterator[tuple[UUID, UUID]]:
    """A connection and a user of another organization."""
    other, user_id = make_org(), new_id()
    with database.sessions(other, encryption=None) as session:
        connection = ERPConnection(org_id=other, connector_type="MOCK", config_encrypted=b"sealed")
        session.add(connection)
        _add_user(session, other, user_id)
        session.commit()
        yield connection.id, user_id


def _add_user(session: Session, org_id: UUID, user_id: UUID) -> None:
    query = "INSERT INTO app_user (id, org_id, email, password_hash, role) VALUES (:id, :org, :email, 'x', 'OPS')"
    session.execute(text(query), {"id": user_id, "org": org_id, "email": f"{user_id}@other.example"})


# The lanes of a connection are what lets workers deliver over it.
_LANE = """
    INSERT INTO erp_lane (connection_id, lane, org_id, lease_token, lease_until)
    VALUES (:connection, 1, :org, gen_random_uuid(), now() + interval '1 year')
"""
_EXPORT = """
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id)
    VALUES (gen_random_uuid(), :org, gen_random_uuid(), :connection)
"""
_NOTIFICATION = """
    INSERT INTO notification (id, org_id, connection_id, event, since, data)
    VALUES (gen_random_uuid(), :org, :connection, 'PAUSED', now(), '{}')
"""
_KEY = """
    INSERT INTO api_key (id, org_id, name, role, key_hash, prefix, user_id)
    VALUES (gen_random_uuid(), :org, 'k', 'OPS', 'h', 'p', :user)
"""
_SESSION = "INSERT INTO ended_session (id, org_id, user_id, expires_at) VALUES (gen_random_uuid(), :org, :user, now())"


@pytest.mark.parametrize(
    "statement", [_LANE, _EXPORT, _NOTIFICATION, _KEY, _SESSION], ids=lambda statement: statement.split()[2]
)
def test_nothing_names_a_connection_or_user_of_another_organization(
    database: Database, org: UUID, foreign: tuple[UUID, UUID], statement: str
) -> None:
    given = {"org": org, "connection": foreign[0], "user": foreign[1]}
    with pytest.raises((exc.IntegrityError, exc.ProgrammingError)) as caught, database.transaction(org) as connection:
        connection.execute(text(statement), given)
    assert "violates foreign key" in str(caught.value) or "permission denied" in str(caught.value)


def test_an_organization_reads_of_no_other_that_it_exists(
    database: Database, org: UUID, make_org: Callable[[], UUID]
) -> None:
    make_org()
    with database.transaction(org) as connection:
        assert connection.execute(text("SELECT id FROM organization")).scalars().all() == [org]
