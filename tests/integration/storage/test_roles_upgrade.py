"""The roles are made, found or refused, on a server of their own: they belong to all of its databases."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from orderflow.postgres.embedded import EmbeddedPostgres
from orderflow.postgres.errors import DatabaseSetupError
from orderflow.storage.database import Database
from orderflow.storage.tables.migrations import upgrade
from tests.integration.conftest import TestServer

ROLES = ("orderflow_app", "orderflow_system", "owner", "second")
INHERITS = "SELECT pg_has_role('orderflow_app', 'orderflow_system', 'USAGE')"


@pytest.fixture(scope="module")
def bare() -> Iterator[TestServer]:
    home = Path(tempfile.mkdtemp(prefix="of-roles-"))
    embedded = EmbeddedPostgres(home)
    yield TestServer(embedded.start())
    embedded.stop_if_unused()
    shutil.rmtree(home)


@pytest.fixture
def server(bare: TestServer) -> Iterator[TestServer]:
    """A server on which there are two owners who may make roles, and nothing else."""
    for owner in ("owner", "second"):
        bare.admin(f"CREATE ROLE {owner} LOGIN CREATEROLE")
    yield bare
    for role in ROLES:
        bare.admin(f"DROP ROLE IF EXISTS {role}")


@contextmanager
def owned(server: TestServer, owner: str = "owner") -> Iterator[str]:
    """A database of one of both."""
    name = server.create()
    server.admin(f"ALTER DATABASE {name} OWNER TO {owner}")
    try:
        yield server.url(name, owner)
    finally:
        server.drop(name)


@pytest.mark.parametrize("inherits", ["NOINHERIT", "INHERIT"])
def test_a_role_that_was_made_beforehand_is_taken(server: TestServer, inherits: str) -> None:
    server.admin(f"CREATE ROLE orderflow_app LOGIN {inherits}")
    with owned(server) as url:
        upgrade(url)
        assert _inherits(server) is False


def test_two_owners_have_a_database_each(server: TestServer) -> None:
    with owned(server) as first, owned(server, "second") as second:
        upgrade(first)
        upgrade(second)


def test_an_owner_may_be_who_works_as_the_service(server: TestServer) -> None:
    with owned(server) as url:
        upgrade(url)
        database = Database(url)
        with database.system() as connection:
            assert connection.exec_driver_sql("SELECT current_user").scalar() == "orderflow_system"
        database.close()


def test_a_membership_that_only_others_may_grant_is_asked_for(server: TestServer) -> None:
    server.admin("CREATE ROLE orderflow_app LOGIN NOINHERIT")
    server.admin("CREATE ROLE orderflow_system NOLOGIN")
    _assert_refused_until_it_is_done(server, "owner may not make it one")


def test_a_role_that_sees_all_organizations_at_all_times_is_refused(server: TestServer) -> None:
    server.admin("CREATE ROLE orderflow_app LOGIN")
    server.admin("CREATE ROLE orderflow_system NOLOGIN")
    server.admin("GRANT orderflow_system TO orderflow_app")
    _assert_refused_until_it_is_done(server, "organizations are not kept apart")


def test_so_is_one_that_came_to_it_later(server: TestServer) -> None:
    with owned(server) as url:
        upgrade(url)
        server.admin("GRANT orderflow_system TO orderflow_app WITH INHERIT TRUE")
        with pytest.raises(DatabaseSetupError, match="organizations are not kept apart") as refused:
            upgrade(url)
        assert refused.value.code == "DATABASE_ROLE_UNSAFE"
        server.admin(_asked_for(refused.value.hint))
        upgrade(url)


def test_what_the_owner_let_it_inherit_is_mended(server: TestServer) -> None:
    with owned(server) as url:
        upgrade(url)
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as owner:
            owner.execute("GRANT orderflow_system TO orderflow_app WITH INHERIT TRUE")
        assert _inherits(server) is True
        upgrade(url)
        assert _inherits(server) is False


def test_a_schema_in_which_all_may_make_tables_is_told(server: TestServer) -> None:
    """As before PostgreSQL 15: it belongs to a superuser."""
    with owned(server) as url, psycopg.connect(_as_admin(server, url), autocommit=True) as admin:
        admin.execute("ALTER SCHEMA public OWNER TO postgres")
        admin.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        told: list[str] = []
        upgrade(url, told.append)
        admin.execute(_asked_for(told[-1]))
        told.clear()
        upgrade(url, told.append)
        assert told == []
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as owner:
            owner.execute("CREATE TABLE of_a_later_step ()")


def _assert_refused_until_it_is_done(server: TestServer, because: str) -> None:
    with owned(server) as url:
        with pytest.raises(DatabaseSetupError, match=because) as refused:
            upgrade(url)
        server.admin(_asked_for(refused.value.message))
        assert _inherits(server) is False
        upgrade(url)
        assert _inherits(server) is False


def _as_admin(server: TestServer, url: str) -> str:
    return server.url(make_url(url).database or "").replace("+psycopg", "")


def _inherits(server: TestServer) -> bool:
    with psycopg.connect(server.admin_url.replace("+psycopg", "")) as connection:
        return bool((connection.execute(INHERITS).fetchone() or [None])[0])


def _asked_for(told: str) -> str:
    return told.partition("has to run: ")[2].splitlines()[0]
