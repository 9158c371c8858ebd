"""The migrations make exactly the tables of the models, behind walls."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from orderflow.postgres.errors import DatabaseSetupError
from orderflow.storage.database import Database
from orderflow.storage.tables import migrations
from orderflow.storage.tables.migrations import current_and_head, ensure_current, upgrade
from orderflow.storage.tables.models import Base
from tests.integration.storage.revisions import upgrade_to

SHAPE = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
 WHERE c.connamespace = 'public'::regnamespace AND c.conrelid::regclass::text <> 'alembic_version' AND c.contype <> 'n'
UNION ALL
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL
SELECT relname, 'options', reloptions::text FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
UNION ALL
SELECT table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default, numeric_scale)
  FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""


@pytest.fixture
def migrated(admin_url: str) -> Iterator[Connection]:
    with create_engine(admin_url, poolclass=NullPool).connect() as connection:
        yield connection


def test_autogenerate_finds_nothing_to_do(migrated: Connection) -> None:
    context = MigrationContext.configure(migrated, opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, Base.metadata) == []


def test_columns_constraints_indexes_and_options_equal_the_models(migrated: Connection, empty_url: str) -> None:
    with create_engine(empty_url, poolclass=NullPool).begin() as made:
        Base.metadata.create_all(made)
        wanted = set(made.execute(text(SHAPE)))
    assert set(migrated.execute(text(SHAPE))) == wanted


def test_every_table_is_walled_off(migrated: Connection) -> None:
    rows = migrated.execute(
        text(
            "SELECT relname, relrowsecurity AND relforcerowsecurity,"
            " (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) FROM pg_class c"
            " WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"
        )
    )
    found = {name: (forced, policies) for name, forced, policies in rows}
    policies = {"organization": 3, "event": 3, "sign_in_source": 1}
    assert found == {name: (True, policies.get(name, 2)) for name in Base.metadata.tables}


def test_the_roles_own_nothing_and_bypass_nothing(migrated: Connection) -> None:
    rows = migrated.execute(
        text(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit, rolcanlogin,"
            " (SELECT count(*) FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname LIKE 'orderflow%'"
        )
    )
    assert sorted(tuple(row) for row in rows) == [
        ("orderflow_app", False, False, False, False, False, True, 0),
        ("orderflow_system", False, False, False, False, True, False, 0),
    ]


def test_two_processes_may_upgrade_at_once(empty_url: str) -> None:
    steps: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: upgrade(empty_url, steps.append), range(2)))
    applied = [step[:4] for step in steps]
    assert applied == sorted(set(applied)), "each once, in order"
    with create_engine(empty_url, poolclass=NullPool).connect() as connection:
        current, head = current_and_head(connection)
    assert current == head == applied[-1]


def test_who_waits_for_another_upgrade_is_told_so_once(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "TELL_AFTER", 0.0)
    told: Queue[str] = Queue()
    with create_engine(empty_url, poolclass=NullPool).connect() as other, ThreadPoolExecutor(1) as pool:
        other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": migrations._LOCK})
        other.commit()
        upgraded = pool.submit(upgrade, empty_url, told.put)
        try:
            assert "another upgrade" in told.get(timeout=30)
        finally:
            other.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": migrations._LOCK})
            other.commit()  # an index waits for whoever has a transaction
        upgraded.result(60)
    assert [step for step in told.queue if "another upgrade" in step] == []


def test_a_table_in_use_is_waited_for_and_nobody_behind_it_for_long(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "BRIEFLY", 50)
    monkeypatch.setattr(migrations, "PAUSE", 0.05)
    told: Queue[str] = Queue()
    _back_to_the_release_before(empty_url)
    with create_engine(empty_url, poolclass=NullPool).connect() as dump, ThreadPoolExecutor(1) as pool:
        dump.execute(text("LOCK TABLE erp_export IN ACCESS SHARE MODE"))
        upgraded = pool.submit(upgrade, empty_url, told.put)
        while "in use" not in told.get(timeout=60):
            pass
        with create_engine(empty_url, poolclass=NullPool).connect() as other:
            assert other.execute(text("SELECT count(*) FROM erp_export")).scalar_one() == 0
        dump.rollback()
        upgraded.result(60)
    with create_engine(empty_url, poolclass=NullPool).connect() as connection:
        current, head = current_and_head(connection)
    assert current == head


def test_a_table_that_is_always_in_use_ends_the_upgrade_with_what_to_do(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "BRIEFLY", 20)
    monkeypatch.setattr(migrations, "PAUSE", 0)
    monkeypatch.setattr(migrations, "TRIES", 3)
    _back_to_the_release_before(empty_url)
    with create_engine(empty_url, poolclass=NullPool).connect() as dump:
        dump.execute(text("LOCK TABLE erp_export IN ACCESS SHARE MODE"))
        with pytest.raises(DatabaseSetupError, match="in use all the time") as refused:
            upgrade(empty_url)
    assert "pg_stat_activity" in refused.value.hint


def test_an_upgrade_that_broke_off_after_making_indexes_goes_on(empty_url: str, migrated: Connection) -> None:
    """What it left is one that is unfinished, one that is whole, and one that took its place already."""
    upgrade_to(empty_url, "0044")
    with create_engine(empty_url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE INDEX new_idx_erp_export_org ON erp_export (org_id)"))
        connection.execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'new_idx_erp_export_org'::regclass")
        )
        connection.execute(text("CREATE INDEX new_idx_erp_push_log_org ON erp_push_log (org_id, created_at)"))
        connection.execute(text("DROP INDEX idx_audit_log_actor"))
        connection.execute(text("CREATE INDEX idx_audit_log_actor ON audit_log (org_id, action, created_at)"))
        connection.execute(text("DROP INDEX idx_audit_log_action"))
    upgrade_to(empty_url, "0048")
    with create_engine(empty_url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CREATE INDEX new_pk_draft_order ON draft_order (id)"))
        connection.execute(text("DROP INDEX idx_erp_export_order"))
        connection.execute(text("CREATE INDEX new_idx_erp_export_order ON erp_export (draft_order_id)"))
    upgrade_to(empty_url, "0052")
    before = _shape(empty_url)
    for done, again in (("0044", "0045"), ("0047", "0049"), ("0051", "0052")):
        _upgrade_again(empty_url, done, again)
    assert _shape(empty_url) == before
    upgrade_to(empty_url, "head")
    wanted = set(migrated.execute(text(SHAPE)))
    assert _shape(empty_url) == wanted
    _upgrade_again(empty_url, "0052", "head")
    assert _shape(empty_url) == wanted


def _upgrade_again(url: str, done: str, again: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :done"), {"done": done})
    upgrade_to(url, again)


def _shape(url: str) -> set[Any]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return set(connection.execute(text(SHAPE)))


def _back_to_the_release_before(url: str) -> None:
    upgrade_to(url, "0016")


def test_an_old_database_is_told_apart_from_a_current_one(database: Database, admin_url: str) -> None:
    ensure_current(database)
    with create_engine(admin_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(DatabaseSetupError, match="at revision 0001") as caught:
        ensure_current(database)
    assert "orderflow db upgrade" in caught.value.hint


def test_a_database_that_was_never_set_up_is_told_so(database: Database, empty_url: str) -> None:
    empty = Database(empty_url.replace("postgres@", "orderflow_app@"))
    with pytest.raises(DatabaseSetupError, match="at revision none"):
        ensure_current(empty)
    empty.close()


def test_an_upgrade_that_fails_later_says_how_far_it_came_and_goes_on_from_there(empty_url: str) -> None:
    def run(statement: str) -> None:
        with create_engine(empty_url, poolclass=NullPool).begin() as connection:
            connection.execute(text(statement))

    run("CREATE TABLE saved_view (of_somebody_else int)")
    told: list[str] = []
    with pytest.raises(DatabaseSetupError, match=r"beyond revision 0037: .*\"saved_view\"") as caught:
        upgrade(empty_url, told.append)
    assert told[-1].startswith("0037: ")
    assert "steps that were told are done" in caught.value.hint
    assert "Nothing was changed" not in caught.value.hint
    run("DROP TABLE saved_view")
    told.clear()
    upgrade(empty_url, told.append)
    assert told[0].startswith("0038: ")


def test_an_upgrade_for_which_the_disk_is_too_small_says_how_far_it_came(empty_url: str) -> None:
    with create_engine(empty_url, poolclass=NullPool).begin() as connection:
        connection.execute(
            text("""
                CREATE FUNCTION full_disk() RETURNS event_trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF current_query() LIKE '%CREATE TABLE saved_view%' THEN
                        RAISE 'no space left on device' USING ERRCODE = 'disk_full';
                    END IF;
                END $$
            """)
        )
        connection.execute(text("CREATE EVENT TRIGGER full_disk ON ddl_command_start EXECUTE FUNCTION full_disk()"))
    with pytest.raises(DatabaseSetupError, match=r"beyond revision 0037: .*no space left") as caught:
        upgrade(empty_url)
    assert "steps that were told are done" in caught.value.hint


def test_limits_of_the_role_end_no_step(empty_url: str, upgrader: str) -> None:
    """Looked at from within, where an index is made: outside of transactions, it has to wait for all others."""
    name = make_url(empty_url).database
    with create_engine(empty_url, poolclass=NullPool).begin() as connection:
        found = connection.execute(text("SELECT name FROM pg_settings WHERE name ~ '_timeout$' AND context = 'user'"))
        limits = [limit for limit in found.scalars() if limit.startswith(("statement", "lock", "idle", "transaction"))]
        for limit in limits:
            connection.execute(text(f"ALTER DATABASE {name} SET {limit} = '1h'"))
        connection.execute(
            text(
                """
                CREATE FUNCTION no_limits() RETURNS event_trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF current_query() LIKE '%INDEX CONCURRENTLY%' AND EXISTS (
                        SELECT FROM pg_settings WHERE name = ANY(TG_ARGS) AND setting <> '0')
                    THEN
                        RAISE 'limited';
                    END IF;
                END $$
            """.replace("TG_ARGS", f"ARRAY{limits}")
            )
        )
        connection.execute(text("CREATE EVENT TRIGGER no_limits ON ddl_command_start EXECUTE FUNCTION no_limits()"))
    assert len(limits) >= 4
    upgrade(upgrader)


def test_a_failing_upgrade_changes_nothing_and_says_what_to_do(app_url: str, empty_url: str) -> None:
    as_app = empty_url.replace("postgres@", "orderflow_app@")
    with pytest.raises(DatabaseSetupError, match="could not be upgraded") as caught:
        upgrade(as_app)
    assert "DATABASE_ADMIN_URL" in caught.value.hint
