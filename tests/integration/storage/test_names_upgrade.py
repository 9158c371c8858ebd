"""Equal names of connections from before names were unique, numbered by the upgrade while the service goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from orderflow.storage.tables.migrations import upgrade
from tests.integration.storage.revisions import libpq_url, upgrade_to

ADD = """
    INSERT INTO erp_connection (id, org_id, connector_type, name, config_encrypted, status, deleted_at, created_at)
    VALUES (%s, %s, %s, %s, 'x', %s, %s, %s)
"""
DAYS = ("2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04", "2025-01-05")
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'uq_erp_connection_name' AND wait_event_type = 'Lock'"


@pytest.fixture
def before(empty_url: str, upgrader: str) -> str:
    """An administrator's URL of a database as it was before names were unique."""
    upgrade_to(upgrader, "0014")
    return libpq_url(empty_url)


@pytest.fixture
def owner(before: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(before, autocommit=True) as connection:
        yield connection


def organization(owner: psycopg.Connection, slug: str) -> UUID:
    org_id = uuid4()
    owner.execute("INSERT INTO organization (id, slug, name) VALUES (%s, %s, 'X')", (org_id, slug))
    return org_id


def add(
    owner: psycopg.Connection, org_id: UUID, name: str | None, day: int, status: str = "DISABLED", gone: bool = False
) -> UUID:
    connection_id = uuid4()
    kind, deleted_at = f"TYPE_{day}", DAYS[day] if gone else None
    owner.execute(ADD, (connection_id, org_id, kind, name, status, deleted_at, DAYS[day]))
    return connection_id


def names(owner: psycopg.Connection) -> dict[UUID, str]:
    return dict(owner.execute("SELECT id, name FROM erp_connection").fetchall())


def test_equal_names_are_numbered_and_people_are_told(owner: psycopg.Connection, upgrader: str) -> None:
    acme, other = organization(owner, "acme"), organization(owner, "other")
    second = add(owner, acme, "sap", 0)
    first = add(owner, acme, "SAP", 1, status="ACTIVE")
    third = add(owner, acme, "Sap", 2)
    numbered = add(owner, acme, "SAP (2)", 3)
    gone = add(owner, acme, "SAP", 4, gone=True)
    nameless = add(owner, acme, None, 0)
    theirs = add(owner, other, "SAP", 0)
    upgrade(upgrader)
    found = names(owner)
    assert found == {
        first: "SAP",
        second: "sap (3)",
        third: "Sap (4)",
        numbered: "SAP (2)",
        gone: "SAP",
        nameless: None,
        theirs: "SAP",
    }
    told = owner.execute(
        "SELECT entity_id, before, after FROM audit_log WHERE actor = 'upgrade' ORDER BY id"
    ).fetchall()
    expected = {second: ({"name": "sap"}, {"name": "sap (3)"}), third: ({"name": "Sap"}, {"name": "Sap (4)"})}
    assert {entity: (was, now) for entity, was, now in told} == expected
    owner.execute("UPDATE erp_connection SET connector_type = 'SAME', status = 'ACTIVE' WHERE id = %s", (first,))
    owner.execute("UPDATE erp_connection SET connector_type = 'SAME', status = 'ACTIVE' WHERE id = %s", (second,))
    with pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute("UPDATE erp_connection SET name = 'SAP' WHERE id = %s", (second,))


def test_a_name_that_is_given_again_while_it_runs_is_numbered_too(owner: psycopg.Connection, before: str) -> None:
    """By a superuser: for another owner the tables are locked for a moment, and who writes to them is waited for."""
    acme = organization(owner, "acme")
    first = add(owner, acme, "SAP", 0, status="ACTIVE")
    with psycopg.connect(before) as meanwhile:
        second = add(meanwhile, acme, "SAP", 1)
        upgrading = threading.Thread(target=upgrade, args=(before,))
        upgrading.start()
        while owner.execute(WAITS).fetchone() == (0,):
            assert upgrading.is_alive()
            time.sleep(0.01)
    upgrading.join()
    assert names(owner) == {first: "SAP", second: "SAP (2)"}
