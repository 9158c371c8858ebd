"""Both stores, for the tests that hold them to the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from tests.integration.conftest import TestServer
from tests.integration.storage.benches import Bench, MemoryBench, SqlBench

PLAIN_OWNER = "plain_owner"
_MAKE_OWNER = f"""
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{PLAIN_OWNER}') THEN
            CREATE ROLE {PLAIN_OWNER} LOGIN CREATEROLE;
        END IF;
    END $$
"""


@pytest.fixture
def upgrader(pg_server: TestServer, empty_url: str) -> str:
    """The URL of who owns the empty database and is no superuser, as of a managed one: security holds its owner too."""
    database = make_url(empty_url).database
    assert database
    pg_server.admin(_MAKE_OWNER)
    pg_server.admin(f"ALTER DATABASE {database} OWNER TO {PLAIN_OWNER}")
    return pg_server.url(database, PLAIN_OWNER)


@pytest.fixture(params=["postgresql", "memory"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """One store, then the other."""
    if request.param == "memory":
        yield MemoryBench()
        return
    database: Database = request.getfixturevalue("database")
    store = SqlStore(database, EncryptionService("ab" * 32))
    yield SqlBench(database, request.getfixturevalue("org"), store)
