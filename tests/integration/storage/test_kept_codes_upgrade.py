"""Codes of failures get a column while the service goes on, and amounts are kept, also beside the former release."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from orderflow.postgres.errors import DatabaseSetupError
from orderflow.storage.database import Database
from orderflow.storage.tables.migrations import upgrade
from orderflow.storage.tables.roles import APP_ROLE
from orderflow.storage.views.deliveries import AttemptFilter, ExportFilter, find_attempts, find_exports
from orderflow.storage.views.order_lists import totals
from orderflow.storage.views.orders import OrderFilter, find_orders
from orderflow.storage.views.view import Ask, View
from tests.integration.storage.revisions import libpq_url, upgrade_to

MANY = 2_500
FAIL = """
    WITH o AS (
        INSERT INTO draft_order (id, org_id, status, currency, error_json)
        SELECT gen_random_uuid(), %(org)s, 'ERROR', 'EUR', %(error)s::jsonb FROM generate_series(1, %(many)s)
        RETURNING id
    ), e AS (
        INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, error_json)
        SELECT gen_random_uuid(), %(org)s, o.id, %(connection)s, 'FAILED', %(error)s::jsonb FROM o
        RETURNING id, draft_order_id
    )
    INSERT INTO erp_push_log (id, org_id, draft_order_id, erp_export_id, attempt_no, connector_type, status,
                              idempotency_key, error_message, response_json)
    SELECT gen_random_uuid(), %(org)s, e.draft_order_id, e.id, 1, 'MOCK', 'FAILED', gen_random_uuid()::text, 'No.',
           %(error)s::jsonb FROM e
"""
CONNECT = """
    INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted, status)
    VALUES (%s, %s, 'MOCK', 'x', 'DISABLED')
"""
CODES = "SELECT error_code, count(*) FROM {} GROUP BY 1"
TABLES = ("draft_order", "erp_export", "erp_push_log")
FORMER_ADD = "INSERT INTO draft_order (id, org_id, status, currency) VALUES (%(id)s, %(org)s, 'NEEDS_REVIEW', 'EUR')"
FORMER_LINE = """
    INSERT INTO draft_order_line (id, org_id, draft_order_id, line_no, qty, unit_price)
    VALUES (gen_random_uuid(), %(org)s, %(id)s, %(line_no)s, %(qty)s, %(price)s)
"""


@pytest.fixture
def admin(empty_url: str, upgrader: str, app_url: str) -> Iterator[psycopg.Connection]:
    """A superuser in a database as it was before."""
    upgrade_to(upgrader, "0054")
    with psycopg.connect(libpq_url(empty_url), autocommit=True) as connection:
        yield connection


@pytest.fixture
def org_id(admin: psycopg.Connection) -> UUID:
    return organization(admin, "acme")


@pytest.fixture
def as_app(empty_url: str) -> Iterator[Database]:
    """The application's way into that database."""
    opened = Database(make_url(empty_url).set(username=APP_ROLE).render_as_string(hide_password=False))
    yield opened
    opened.close()


def organization(admin: psycopg.Connection, slug: str) -> UUID:
    org_id = uuid4()
    admin.execute("INSERT INTO organization (id, slug, name) VALUES (%s, %s, 'X')", (org_id, slug))
    return org_id


def fail(admin: psycopg.Connection, org_id: UUID, code: str, many: int) -> None:
    connection_id = uuid4()
    admin.execute(CONNECT, (connection_id, org_id))
    error = json.dumps({"code": code, "message": "No."})
    admin.execute(FAIL, {"org": org_id, "connection": connection_id, "many": many, "error": error})


def write(admin: psycopg.Connection, org_id: UUID, order_id: UUID, **lines: tuple[str, str | None]) -> None:
    for number, (qty, price) in enumerate(lines.values(), start=1):
        line = {"org": org_id, "id": order_id, "line_no": number, "qty": qty, "price": price}
        admin.execute(FORMER_LINE, line)


def worth(as_app: Database, org_id: UUID, order_id: UUID) -> Decimal | None:
    with as_app.transaction(org_id) as connection:
        view = View(connection, org_id)
        (found,) = [one for one in find_orders(view, OrderFilter(), Ask(50)).items if one.id == order_id]
        summed = totals(view, OrderFilter()).sums
        assert sum(one.amount for one in summed) == (found.amount or 0)
    return found.amount


def test_failures_from_before_are_found_by_their_code(
    admin: psycopg.Connection, upgrader: str, org_id: UUID, as_app: Database
) -> None:
    other = organization(admin, "other")
    fail(admin, org_id, "TARGET_AWAY", MANY)
    fail(admin, org_id, "REFUSED", 3)
    fail(admin, other, "REFUSED", 2)
    admin.execute("CREATE TABLE new_idx_erp_push_log_error (taken int)")
    with pytest.raises(DatabaseSetupError, match="new_idx_erp_push_log_error"):
        upgrade(upgrader)
    fail(admin, org_id, "BETWEEN", 2)
    admin.execute("DROP TABLE new_idx_erp_push_log_error")
    upgrade(upgrader)
    fail(admin, org_id, "SINCE", 1)
    expected = {"TARGET_AWAY": MANY, "REFUSED": 5, "BETWEEN": 2, "SINCE": 1}
    for table in TABLES:
        assert dict(admin.execute(CODES.format(table)).fetchall()) == expected
    forced = admin.execute("SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname = ANY(%s)", ([*TABLES],))
    assert forced.fetchone() == (True,), "their owner is held to it again"
    with as_app.transaction(org_id) as connection:
        view = View(connection, org_id)
        assert len(find_orders(view, OrderFilter(error_code="REFUSED"), Ask(50)).items) == 3
        assert len(find_exports(view, ExportFilter(error_code="REFUSED"), Ask(50)).items) == 3
        assert len(find_attempts(view, AttemptFilter(error_code="REFUSED"), Ask(50)).items) == 3


def test_who_holds_a_failure_is_not_waited_for_long(
    admin: psycopg.Connection, upgrader: str, empty_url: str, org_id: UUID
) -> None:
    upgrade(upgrader)
    fail(admin, org_id, "REFUSED", 3)
    admin.execute("UPDATE draft_order SET error_code = NULL")
    admin.execute("SET statement_timeout = '20s'")
    step = import_module("orderflow.storage.tables.migrations.versions.0055_kept_codes")
    fill = step._FILL.format(table="draft_order", failed="error_json IS NOT NULL", code="error_json ->> 'code'")
    with psycopg.connect(libpq_url(empty_url)) as worker:
        worker.execute("SELECT FROM draft_order FOR UPDATE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            admin.execute(fill)
        worker.rollback()
        worker.execute("SELECT FROM draft_order FOR KEY SHARE")  # as who adds an export of it
        admin.execute(fill)
    assert admin.execute(CODES.format("draft_order")).fetchall() == [("REFUSED", 3)]


def test_a_code_changes_and_goes_with_its_error(admin: psycopg.Connection, upgrader: str, org_id: UUID) -> None:
    upgrade(upgrader)
    fail(admin, org_id, "REFUSED", 1)
    for table, column in zip(TABLES, ("error_json", "error_json", "response_json"), strict=True):
        admin.execute(f'UPDATE {table} SET {column} = \'{{"code": "AWAY"}}\'')
        assert admin.execute(CODES.format(table)).fetchall() == [("AWAY", 1)]
        admin.execute(f"UPDATE {table} SET {column} = NULL")
        assert admin.execute(CODES.format(table)).fetchall() == [(None, 1)]
    admin.execute('UPDATE erp_push_log SET response_json = \'{"code": "FINE"}\', error_message = NULL')
    assert admin.execute(CODES.format("erp_push_log")).fetchall() == [(None, 1)], "of a success it is no failure's"


def test_an_order_is_worth_what_its_lines_say_whichever_release_writes_them(
    admin: psycopg.Connection, upgrader: str, org_id: UUID, as_app: Database
) -> None:
    order = uuid4()
    upgrade(upgrader)
    admin.execute(FORMER_ADD, {"id": order, "org": org_id})
    assert worth(as_app, org_id, order) is None
    write(admin, org_id, order, first=("2", "1.50"), second=("1", "0.25"))
    assert worth(as_app, org_id, order) == Decimal("3.25"), "brought in by the former release"
    admin.execute("UPDATE draft_order SET amount = 3.25")
    admin.execute("DELETE FROM draft_order_line")
    write(admin, org_id, order, first=("2", "7"))
    assert worth(as_app, org_id, order) == Decimal(14), "edited by it"
    admin.execute("UPDATE draft_order SET amount = 14")
    admin.execute("UPDATE draft_order_line SET qty = 3")
    assert worth(as_app, org_id, order) == Decimal(21), "edited by hand"
    admin.execute("DELETE FROM draft_order")
    assert admin.execute("SELECT count(*) FROM draft_order_line").fetchone() == (0,)


def test_of_many_lines_that_go_at_once_the_amounts_are_forgotten_at_once(
    admin: psycopg.Connection, upgrader: str, org_id: UUID
) -> None:
    upgrade(upgrader)
    orders = [uuid4() for _ in range(3)]
    for order in orders:
        admin.execute(FORMER_ADD, {"id": order, "org": org_id})
        write(admin, org_id, order, first=("2", "1.50"), second=("1", "0.25"))
    admin.execute("UPDATE draft_order SET amount = 3.25")
    told = admin.execute(
        "EXPLAIN (ANALYZE) DELETE FROM draft_order_line WHERE draft_order_id = ANY(%s)", (orders[:2],)
    ).fetchall()
    assert [line.split()[-1] for (line,) in told if "forget_amount" in line] == ["calls=1"]
    amounts: dict[UUID, Decimal | None] = dict(admin.execute("SELECT id, amount FROM draft_order").fetchall())
    assert amounts == {orders[0]: None, orders[1]: None, orders[2]: Decimal("3.25")}
