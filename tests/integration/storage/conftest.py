"""Both stores, for the tests that hold them to the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from tests.integration.storage.benches import Bench, MemoryBench, SqlBench


@pytest.fixture(params=["postgresql", "memory"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """One store, then the other."""
    if request.param == "memory":
        yield MemoryBench()
        return
    database: Database = request.getfixturevalue("database")
    store = SqlStore(database, EncryptionService("ab" * 32))
    yield SqlBench(database, request.getfixturevalue("org"), store)
