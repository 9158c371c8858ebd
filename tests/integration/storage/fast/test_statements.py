"""Statements that are kept until somebody looks: all of them run, in an order in which they mean the same."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from psycopg.rows import tuple_row
from sqlalchemy import Connection, exc, text

from orderflow.domain.ids import new_id
from orderflow.storage.database import Database
from orderflow.storage.fast import statements
from orderflow.storage.fast.statements import MOST, MOST_KEPT, later, later_rows, run, run_together
from orderflow.storage.work import orders, revisions

ADD = """
    INSERT INTO draft_order (id, org_id, status, notes)
    SELECT id, org_id, status, notes FROM jsonb_populate_recordset(NULL::draft_order, CAST(%(rows)s AS jsonb))
"""
CHANGE = """
    UPDATE draft_order o SET notes = r.notes
    FROM jsonb_populate_recordset(NULL::draft_order, CAST(%(rows)s AS jsonb)) r WHERE o.id = r.id
"""
SET_NOTES = "UPDATE draft_order SET notes = %(notes)s WHERE id = %(id)s"
APPEND = "UPDATE draft_order SET notes = notes || '!'"


@pytest.fixture
def connection(database: Database, org: UUID) -> Iterator[Connection]:
    with database.transaction(org) as connection:
        yield connection


def add(connection: Connection, org: UUID, notes: str = "") -> UUID:
    row = {"id": new_id(), "org_id": org, "status": "NEW", "notes": notes}
    later_rows(connection, ADD, [row])
    return row["id"]  # type: ignore[return-value]  # the id made above


def notes(connection: Connection) -> dict[UUID, str]:
    return {row["id"]: row["notes"] for row in run(connection, "SELECT id, notes FROM draft_order", {})}


def test_rows_for_the_same_statement_go_in_one(connection: Connection, org: UUID) -> None:
    ids = [add(connection, org, str(number)) for number in range(5)]
    assert len([kept for kept in connection.info[statements._KEPT] if not kept.begins]) == 1
    assert notes(connection) == {order_id: str(number) for number, order_id in enumerate(ids)}


def test_a_row_does_not_overtake_what_is_kept_about_it(connection: Connection, org: UUID) -> None:
    first, second = add(connection, org), add(connection, org)
    later_rows(connection, CHANGE, [{"id": first, "notes": "1"}])
    later(connection, SET_NOTES, {"id": second, "notes": "2"}, about=second)
    later_rows(connection, CHANGE, [{"id": second, "notes": "3"}])
    later_rows(connection, CHANGE, [{"id": second, "notes": "4"}])
    later(connection, SET_NOTES, {"id": first, "notes": "5"}, about=first)
    assert notes(connection) == {first: "5", second: "4"}


def test_nothing_overtakes_a_statement_that_may_be_about_any_row(connection: Connection, org: UUID) -> None:
    first = add(connection, org, "a")
    later(connection, APPEND, {})
    second = add(connection, org, "b")
    assert notes(connection) == {first: "a!", second: "b"}


def test_sqlalchemy_sees_what_was_kept(connection: Connection, org: UUID) -> None:
    order_id = add(connection, org)
    assert connection.execute(text("SELECT id FROM draft_order")).scalars().all() == [order_id]


@pytest.mark.parametrize("length", [10, MOST - 500, MOST, 10 * MOST, 3 * MOST_KEPT])
def test_statements_of_any_length_come_through(
    connection: Connection, org: UUID, database: Database, length: int
) -> None:
    long = {add(connection, org, "é" * length) for _ in range(3)}
    short = add(connection, org, "short")
    later(connection, SET_NOTES, {"id": short, "notes": "x" * length}, about=short)
    connection.commit()
    with database.transaction(org) as another:
        lengths = {order_id: len(text) for order_id, text in notes(another).items()}
    assert lengths == dict.fromkeys([*long, short], length)


def test_statements_that_are_asked_together_are_answered_each(connection: Connection, org: UUID) -> None:
    order_id = add(connection, org, "kept")
    sent = (SET_NOTES + " RETURNING notes", {"id": order_id, "notes": "é" * MOST})
    assert run_together(connection, sent, ("SELECT count(*) AS many FROM draft_order", {})) == [
        [{"notes": "é" * MOST}],
        [{"many": 1}],
    ]


def test_nothing_is_executed_after_one_of_them_that_fails(database: Database, org: UUID) -> None:
    with database.transaction(org) as connection:
        order_id = add(connection, org, "before")
    after = (SET_NOTES, {"id": order_id, "notes": "after"})
    with pytest.raises(exc.DataError), database.transaction(org) as connection:
        run_together(connection, ("SELECT 1 / 0", {}), after)
    with database.transaction(org) as connection:
        assert notes(connection) == {order_id: "before"}


def test_the_error_of_a_kept_statement_comes_up_at_the_commit_and_nothing_is_stored(
    database: Database, org: UUID
) -> None:
    row = {"id": new_id(), "org_id": org, "status": "NEW"}
    with pytest.raises(exc.IntegrityError), database.transaction(org) as connection:
        later_rows(connection, ADD, [row, row])
    with database.transaction(org) as connection:
        assert notes(connection) == {}


def test_what_was_kept_by_a_transaction_that_failed_is_forgotten(database: Database, org: UUID) -> None:
    def fail() -> None:
        with database.transaction(org) as connection:
            add(connection, org)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.transaction(org) as connection:
        assert notes(connection) == {}


@pytest.mark.parametrize(
    "statement",
    [revisions._KEEP, orders._SET_STATUS.format(changes="", status="'APPROVED'")],
    ids=["revisions", "status"],
)
def test_orders_are_found_by_their_ids_while_their_tables_are_new(connection: Connection, statement: str) -> None:
    """What PostgreSQL plans for a new table it does with thousands of rows, until it is analyzed."""
    plan = "\n".join(line for (line,) in run(connection, f"EXPLAIN {statement}", {"rows": "[]"}, tuple_row))
    assert "Index Scan using pk_draft_order on draft_order o" in plan, plan
    assert "Seq Scan on draft_order" not in plan, plan
