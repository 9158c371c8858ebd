"""Events get parts while they are written and numbered, also by the former release, and by an upgrade in two goes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from orderflow.postgres.errors import DatabaseSetupError
from orderflow.storage.tables.migrations import upgrade
from tests.integration.storage.revisions import libpq_url, upgrade_to

ADD = "INSERT INTO draft_order (id, org_id, status) VALUES (%s, %s, 'NEEDS_REVIEW')"
CHANGE = "UPDATE draft_order SET status = 'READY' WHERE id = %s"
FORMER_NUMBERING = """
    WITH fresh AS (
        SELECT id, row_number() OVER (ORDER BY id) AS place
        FROM (SELECT id FROM event WHERE org_id = %(org)s AND number IS NULL ORDER BY id LIMIT %(most)s) waiting
    ), numbered AS (
        UPDATE event e SET number = %(last)s + fresh.place FROM fresh WHERE e.id = fresh.id RETURNING e.id
    )
    UPDATE event_counter SET last = last + (SELECT count(*) FROM numbered) WHERE org_id = %(org)s
"""


@pytest.fixture
def before(empty_url: str, upgrader: str) -> str:
    """An administrator's URL of a database whose events have no parts."""
    upgrade_to(upgrader, "0052")
    return libpq_url(empty_url)


@pytest.fixture
def owner(before: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(before, autocommit=True) as connection:
        yield connection


@pytest.fixture
def org_id(owner: psycopg.Connection) -> UUID:
    org_id = uuid4()
    owner.execute("INSERT INTO organization (id, slug, name) VALUES (%s, 'acme', 'X')", (org_id,))
    owner.execute("INSERT INTO event_counter (org_id) VALUES (%s)", (org_id,))
    return org_id


def change_orders(connection: psycopg.Connection, org_id: UUID, count: int) -> None:
    for _ in range(count):
        order_id = uuid4()
        connection.execute(ADD, (order_id, org_id))
        connection.execute(CHANGE, (order_id,))


def number_as_the_former_release(connection: psycopg.Connection, org_id: UUID, most: int) -> None:
    with connection.transaction():
        found = connection.execute("SELECT last FROM event_counter WHERE org_id = %s FOR UPDATE", (org_id,)).fetchone()
        assert found
        connection.execute(FORMER_NUMBERING, {"org": org_id, "most": most, "last": found[0]})


def assert_each_has_its_number(connection: psycopg.Connection, org_id: UUID, events: int) -> None:
    number_as_the_former_release(connection, org_id, events)
    told = connection.execute("SELECT number, order_id, id, tableoid::regclass::text FROM event ORDER BY number")
    numbers, orders, ids, parts = zip(*told.fetchall(), strict=True)
    assert numbers == tuple(range(1, events + 1)), "each once, without a gap"
    assert set(parts) == {"event_numbered"}
    by_order = [sorted(ids[place] for place, each in enumerate(orders) if each == order) for order in set(orders)]
    assert all([i for i in ids if i in own] == own for own in by_order), "those of one order as they were written"


def test_an_upgrade_that_broke_off_goes_on_and_what_happened_in_between_is_there(
    owner: psycopg.Connection, upgrader: str, org_id: UUID
) -> None:
    change_orders(owner, org_id, 10)
    number_as_the_former_release(owner, org_id, 7)
    owner.execute("CREATE TABLE event_numbered (taken int)")
    with pytest.raises(DatabaseSetupError, match="event_numbered"):
        upgrade(upgrader)
    change_orders(owner, org_id, 10)
    assert owner.execute("SELECT count(*) FROM event").fetchone() == (40,)
    number_as_the_former_release(owner, org_id, 20)
    owner.execute("DROP TABLE event_numbered")
    upgrade(upgrader)
    change_orders(owner, org_id, 10)
    assert_each_has_its_number(owner, org_id, 60)


def test_events_are_written_and_numbered_while_they_get_their_parts(
    owner: psycopg.Connection, before: str, upgrader: str, org_id: UUID
) -> None:
    done, written = threading.Event(), 0

    def number() -> None:
        with psycopg.connect(before, autocommit=True) as reader:
            while not done.is_set():
                number_as_the_former_release(reader, org_id, 3)

    def upgraded() -> None:
        try:
            upgrade(upgrader)
        finally:
            done.set()

    threads = [threading.Thread(target=work) for work in (number, upgraded)]
    for thread in threads:
        thread.start()
    while not done.is_set():
        change_orders(owner, org_id, 1)
        written += 2
    for thread in threads:
        thread.join()
    assert owner.execute("SELECT relkind::text FROM pg_class WHERE oid = 'event'::regclass").fetchone() == ("p",)
    assert_each_has_its_number(owner, org_id, written)


def test_the_former_release_numbers_without_reading_what_is_numbered(
    owner: psycopg.Connection, upgrader: str, org_id: UUID
) -> None:
    upgrade(upgrader)
    change_orders(owner, org_id, 5)
    owner.execute("SET ROLE orderflow_app")
    owner.execute("SELECT set_config('orderflow.org_id', %s, false)", (str(org_id),))
    values = {"org": org_id, "most": 100, "last": 0}
    plan = "\n".join(line for (line,) in owner.execute(f"EXPLAIN {FORMER_NUMBERING}", values))
    assert "event_waiting" in plan
    assert "on event_numbered" not in plan
    number_as_the_former_release(owner, org_id, 7)
    number_as_the_former_release(owner, org_id, 7)
    owner.execute("RESET ROLE")
    assert_each_has_its_number(owner, org_id, 10)


def test_what_nobody_reads_has_its_number_before_orders_have_to_wait(
    owner: psycopg.Connection, upgrader: str, org_id: UUID
) -> None:
    change_orders(owner, org_id, 50)
    other = uuid4()
    owner.execute("INSERT INTO organization (id, slug, name) VALUES (%s, 'other', 'X')", (other,))
    change_orders(owner, other, 50)  # which has no counter yet
    upgrade(upgrader)
    counted = owner.execute("SELECT org_id, count(*), max(number) FROM event_numbered GROUP BY 1").fetchall()
    assert sorted(counted) == sorted([(org_id, 100, 100), (other, 100, 100)])
    last = owner.execute("SELECT last FROM event_counter WHERE org_id = %s", (other,)).fetchone()
    assert last == (100,)
