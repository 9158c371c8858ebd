"""A database that the next release has upgraded, while processes of this one still work on it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from orderflow.postgres.errors import DatabaseSetupError
from orderflow.storage.database import Database
from orderflow.storage.tables.migrations import ensure_current, upgrade
from orderflow.storage.tables.models import Base
from orderflow.storage.views.orders import one_order
from orderflow.storage.views.view import View
from orderflow.testing.memory import MemoryDropzone


def as_owner(admin_url: str, *statements: str) -> None:
    with create_engine(admin_url, poolclass=NullPool).begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_what_it_adds_disturbs_no_statement_that_is_prepared(installation: Any, admin_url: str) -> None:
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)

    def work() -> None:
        for _ in range(7):  # psycopg prepares a statement when it comes for the sixth time
            (order_id,) = installation.pushed()
            installation.work_off(connection_id)
            with installation.database.transaction(installation.org_id) as connection:
                assert one_order(View(connection, installation.org_id), order_id).status == "PUSHED"

    work()
    tables = Base.metadata.tables.keys() - {"event_waiting", "event_numbered"}  # parts, which have what the whole has
    as_owner(admin_url, *[f"ALTER TABLE {table} ADD COLUMN carrier text" for table in sorted(tables)])
    work()
    assert len(zone.takes) == 14


def test_its_tables_will_do_for_as_long_as_it_says_so(database: Database, admin_url: str) -> None:
    as_owner(admin_url, "UPDATE alembic_version SET version_num = '9998'")
    ensure_current(database)
    upgrade(admin_url)
    as_owner(admin_url, "COMMENT ON TABLE alembic_version IS '9997'")
    for refuse in (lambda: ensure_current(database), lambda: upgrade(admin_url)):
        with pytest.raises(DatabaseSetupError, match="a later release upgraded it") as caught:
            refuse()
        assert "Run that release here too" in caught.value.hint
    as_owner(admin_url, "COMMENT ON TABLE alembic_version IS NULL")
    with pytest.raises(DatabaseSetupError, match="a later release"):
        ensure_current(database)
