"""What a claim, a page and pruning cost when years of settled exports lie in the tables, beside 10 thousand.

`make bench` fills in 150 thousand orders with their exports and attempts, `make bench-full` 10 million. A cost counts
as flat if its median grows by less than half, or by less than a millisecond.

Claims are those of a queue that drains: each takes the next 256 exports, which are settled before the next claim, so
that it meets the dead versions that draining leaves behind, and no others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from statistics import median, quantiles
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
from sqlalchemy import Connection

from benchmarks.installation import Installation
from benchmarks.orders import SMALL
from benchmarks.table import Row
from orderflow.domain.delivery import Lease
from orderflow.domain.ids import new_id
from orderflow.entrypoints.garbage import spare_what_stays
from orderflow.storage.fast.statements import Parameters, run
from orderflow.storage.system.retention import prune
from orderflow.storage.views.deliveries import AttemptFilter, ExportFilter, find_attempts, find_exports
from orderflow.storage.views.orders import OrderFilter, find_orders
from orderflow.storage.views.view import Ask, View
from orderflow.storage.work import leases
from orderflow.storage.work.revisions import catch_up
from orderflow.testing.openssh_server import OpenSSHServer

FEW = 10_000
PAGE = 50
BATCH = 256
"""What a worker claims at a time, unless it is set otherwise."""
QUERY, CLAIM = "claim: the query", "claim: the query, and the orders read with their lines"
PRUNE = "prune of 50 orders"
TABLES = ("draft_order", "erp_export", "erp_push_log")
WARM_UP = 20
"""Repetitions that do not count."""
AT_ONCE = 500_000
"""Orders filled in by one statement."""

_FILL = """
    WITH n AS (
        SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id,
               timestamptz '2020-01-01' + n * interval '15 seconds' AS at
        FROM generate_series(%(first)s::bigint, %(last)s) n
    ), o AS (
        INSERT INTO draft_order (id, org_id, status, created_at, updated_at, external_order_number, order_date,
                                 currency, erp_customer_number, customer_name, created_by, approved_by, approved_at,
                                 erp_order_id, erp_order_id_source, attempts)
        SELECT id, %(org)s, 'CONFIRMED', at, at, 'PO-' || n, at::date, 'EUR', (n %% 5000)::text,
               'Customer ' || n %% 5000, 'ops@acme.example', 'ops@acme.example', at, 'SO-' || n, 'file', 1 FROM n
    ), e AS (
        INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, created_at, updated_at,
                                export_format_version, export_storage_key, filename, document_sha256, document_size,
                                dropzone_path, erp_order_id, next_attempt_at, attempts_spent, staged_at, sent_at,
                                answered_at, requested_by)
        SELECT id, %(org)s, id, %(connection)s, 'ACKED', at, at, 'orderflow_export_json_v1', 'exports/' || id,
               'sales_order_' || id || '.json', repeat('a', 64), 1000, '/orders/sales_order_' || id || '.json',
               'SO-' || n, at, 1, at, at, at, 'ops@acme.example' FROM n
    )
    INSERT INTO erp_push_log (id, org_id, draft_order_id, erp_export_id, attempt_no, connector_type, status,
                              created_at, request_json, response_json, idempotency_key, latency_ms)
    SELECT id, %(org)s, id, id, 1, 'DROPZONE_JSON_V1', 'SUCCESS', at, '{"size": 1000}', '{}', md5(id::text), 40 FROM n
"""
_QUEUE = f"""
    WITH n AS (
        SELECT gen_random_uuid() AS id, clock_timestamp() - interval '1 hour' + n * interval '1 microsecond' AS at
        FROM generate_series(1, %(orders)s) n
    ), o AS (
        INSERT INTO draft_order (id, org_id, status, created_at, updated_at, external_order_number, order_date,
                                 currency, erp_customer_number, customer_name)
        SELECT id, %(org)s, 'PUSHING', at, at, 'PO-' || id, at::date, 'EUR', '4711', 'Muster GmbH' FROM n
    ), l AS (
        INSERT INTO draft_order_line (id, org_id, draft_order_id, line_no, internal_sku, qty, uom, unit_price,
                                      currency, product_description)
        SELECT gen_random_uuid(), %(org)s, id, line_no, 'INT-' || line_no, line_no, 'M', 1.23, 'EUR',
               'Kabel NYM-J 3x1,5 grau, Ring'
        FROM n, generate_series(1, {SMALL}) line_no
    )
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, created_at, updated_at, next_attempt_at)
    SELECT gen_random_uuid(), %(org)s, id, %(connection)s, 'PENDING', at, at, at FROM n
"""  # a constant
_SETTLE = """
    UPDATE erp_export SET status = 'SENT', sent_at = now(), updated_at = now(), lease_token = NULL, lease_until = NULL
    WHERE lease_token = %s
"""
_FURTHER = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s::regclass AND NOT i.indisprimary
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
"""
Times = dict[str, list[float]]


def measure(full: bool) -> Iterator[Row]:
    many = 10_000_000 if full else 150_000
    repetitions = 1_000 if full else 60
    with Installation() as place, OpenSSHServer() as sshd:
        connection_id = place.connect(sshd)
        spare_what_stays()  # as a worker does
        fill(place, connection_id, 0, FEW)
        before = _times(place, connection_id, repetitions)
        fill(place, connection_id, FEW, many)
        after = _times(place, connection_id, repetitions)
    for name, target in ((QUERY, "< 10 ms, flat"), (CLAIM, "")):
        yield _row(f"{name}, {BATCH} orders, p99, with a full table", many, before.pop(name), after.pop(name), target)
    yield _row(f"{PRUNE}, p99, with a full table", many, before.pop(PRUNE), after.pop(PRUNE))
    slowest = max(after, key=lambda name: _p99(after[name]))
    name = f"page of {PAGE}, the slowest of {len(after)} lists, p99, with a full table"
    yield _row(name, many, before[slowest], after[slowest], "< 10 ms, flat", slowest)


def fill(place: Installation, connection_id: UUID, first: int, last: int) -> None:
    """Add settled orders, as the superuser and without looking at foreign keys: it is they that take the time."""
    with superuser(place) as connection:
        with without_indexes(connection):
            for start in range(first, last, AT_ONCE):
                numbers = {"first": start, "last": min(start + AT_ONCE, last) - 1}
                connection.execute(_FILL, {"org": place.org_id, "connection": connection_id, **numbers})
        connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")


@contextmanager
def without_indexes(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Fill `TABLES` without their further indexes, which are made when all rows are there: in a third of the time."""
    found = [one for table in TABLES for one in connection.execute(_FURTHER, [table]).fetchall()]
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    yield
    connection.execute("SET maintenance_work_mem = '512MB'")
    for _, definition in found:
        connection.execute(definition)


def superuser(place: Installation) -> psycopg.Connection[Any]:
    """Return a connection that fills tables: without a look at foreign keys, and without waiting for the disk."""
    connection = place.superuser()
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET synchronous_commit = off")
    return connection


def _times(place: Installation, connection_id: UUID, repetitions: int) -> Times:
    """Return milliseconds for each of what is done with these tables."""
    claims = _claims(place, connection_id, repetitions)  # first, since its orders stay PUSHING, and fill a list
    pages = {name: _repeat(step, repetitions) for name, step in _pages(place).items()}
    return pages | claims | {PRUNE: _repeat_prune(place)}


def _repeat(step: Callable[[], object], repetitions: int) -> list[float]:
    return [_milliseconds(step) for _ in range(WARM_UP + repetitions)][WARM_UP:]


def _milliseconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * 1_000


def _claims(place: Installation, connection_id: UUID, repetitions: int) -> Times:
    """Let a queue drain: claim as a worker does, and settle in one statement, which is not measured."""
    queries: list[float] = []
    claims: list[float] = []
    with superuser(place) as connection, _timed_leases(queries):
        fill_queue(place, connection_id, (WARM_UP + repetitions) * BATCH)
        for _ in range(WARM_UP + repetitions):
            lease = Lease(new_id(), 60)
            claims.append(_milliseconds(partial(_claim, place, connection_id, lease)))
            settle(connection, lease.token)
    return {QUERY: queries[WARM_UP:], CLAIM: claims[WARM_UP:]}


def fill_queue(place: Installation, connection_id: UUID, orders: int) -> None:
    """Add as many orders that are due at a connection, approved and with their lines."""
    with superuser(place) as connection:
        connection.execute(_QUEUE, {"orders": orders, "org": place.org_id, "connection": connection_id})
        _approve_queue(place, connection)
        connection.execute("VACUUM ANALYZE draft_order, draft_order_line, draft_order_revision, erp_export")


def settle(connection: psycopg.Connection[Any], token: UUID) -> None:
    """End what was claimed under a lease, in one statement."""
    connection.execute(_SETTLE, [token])


def _approve_queue(place: Installation, connection: psycopg.Connection[Any]) -> None:
    """Write the revisions that approving would have written."""
    ids = [row[0] for row in connection.execute("SELECT draft_order_id FROM erp_export WHERE status = 'PENDING'")]
    for start in range(0, len(ids), BATCH):
        with place.app.database.system() as transaction:
            catch_up(transaction, ids[start : start + BATCH])
    connection.execute("UPDATE erp_export SET revision = 1 WHERE status = 'PENDING'")


def _claim(place: Installation, connection_id: UUID, lease: Lease) -> None:
    with place.app.store.work(place.org_id) as work:
        assert len(work.exports.lease(connection_id, lease, 60, BATCH)) == BATCH


@contextmanager
def _timed_leases(times: list[float]) -> Iterator[None]:
    """Note how long each query that leases exports takes: it goes by `run`, past what SQLAlchemy tells of."""

    def timed(connection: Connection, statement: str, parameters: Parameters) -> psycopg.Cursor[Any]:
        started = time.perf_counter()
        found = run(connection, statement, parameters)
        if "SKIP LOCKED" in statement:
            times.append((time.perf_counter() - started) * 1_000)
        return found

    with patch.object(leases, "run", timed):
        yield


def _repeat_prune(place: Installation) -> list[float]:
    """Delete the oldest orders with all that belongs to them, in batches that leave most of the small table."""
    with closing(prune(place.app.database, place.app.documents, 1, batch=50)) as batches:
        return _repeat(lambda: next(batches), 60)


def _pages(place: Installation) -> dict[str, Callable[[], object]]:
    with place.app.store.work(place.org_id) as work:
        moment, order_id = _halfway(work.view)
        orders = Ask(PAGE, Ask().of(work.view, OrderFilter()).next_cursor(moment, order_id))
        exports = Ask(PAGE, Ask().of(work.view, ExportFilter()).next_cursor(moment, order_id))

    def page(look: Callable[[View], object]) -> Callable[[], object]:
        def looked() -> object:
            with place.app.store.work(place.org_id) as work:
                return look(work.view)

        return looked

    first = Ask(PAGE)
    confirmed, waiting = OrderFilter(statuses=("CONFIRMED",)), OrderFilter(statuses=("PUSHING",))
    return {
        "orders": page(lambda view: find_orders(view, OrderFilter(), first)),
        "orders, halfway": page(lambda view: find_orders(view, OrderFilter(), orders)),
        "orders by status": page(lambda view: find_orders(view, confirmed, first)),
        "orders that wait": page(lambda view: find_orders(view, waiting, first)),
        "exports": page(lambda view: find_exports(view, ExportFilter(), first)),
        "exports, halfway": page(lambda view: find_exports(view, ExportFilter(), exports)),
        "attempts": page(lambda view: find_attempts(view, AttemptFilter(), first)),
        "attempts of an order": page(lambda view: find_attempts(view, AttemptFilter(order_id=order_id), first)),
    }


def _halfway(view: View) -> tuple[str, UUID]:
    middle = "SELECT created_at, id FROM erp_export WHERE status = 'ACKED' ORDER BY created_at OFFSET 5000 LIMIT 1"
    row = view.connection.exec_driver_sql(middle).one()
    return row.created_at.isoformat(), row.id


def _p99(times: list[float]) -> float:
    return quantiles(times, n=100)[98]


def _row(name: str, many: int, before: list[float], after: list[float], target: str = "", what: str = "") -> Row:
    flat = median(after) < max(1.5 * median(before), median(before) + 1)
    medians = f"{many:,} settled; median {median(before):.3g} → {median(after):.3g} ms"
    return Row(
        name,
        _p99(after),
        "ms",
        {f"with {FEW:,}": _p99(before)},
        target=target,
        reached=(_p99(after) < 10 and flat) if target else None,
        note=f"{what}, {medians}" if what else medians,
    )
