"""What a claim and a page cost when years of settled exports lie in the tables, beside the same with 10 thousand.

`make bench` fills in 300 thousand orders with their exports and attempts, `make bench-full` 10 million.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median, quantiles
from uuid import UUID

import psycopg

from benchmarks.installation import Installation
from benchmarks.orders import SMALL
from benchmarks.table import Row
from orderflow.domain.delivery import Lease
from orderflow.domain.ids import new_id
from orderflow.storage.search import AttemptFilter, ExportFilter, OrderFilter, SqlSearch
from orderflow.storage.store import SqlWork
from orderflow.testing.openssh_server import OpenSSHServer

FEW = 10_000
PAGE = 50
BATCH = 256
"""What a worker claims at a time, unless it is set otherwise."""
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


def measure(full: bool) -> Iterator[Row]:
    many = 10_000_000 if full else 300_000
    repetitions = 1_000 if full else 200
    with Installation() as place, OpenSSHServer() as sshd:
        connection_id = place.connect(sshd)
        place.request(BATCH, SMALL)
        fill(place, connection_id, 0, FEW)
        before = {name: _times(step, repetitions) for name, step in _steps(place, connection_id).items()}
        fill(place, connection_id, FEW, many)
        after = {name: _times(step, repetitions) for name, step in _steps(place, connection_id).items()}
    yield _row(f"claim of {BATCH} orders, p99, with a full table", many, "claim", before["claim"], after["claim"])
    pages = {name: times for name, times in after.items() if name != "claim"}
    slowest = max(pages, key=lambda name: _p99(pages[name]))
    name = f"page of {PAGE}, the slowest of {len(pages)} lists, p99, with a full table"
    yield _row(name, many, slowest, before[slowest], after[slowest])


def fill(place: Installation, connection_id: UUID, first: int, last: int) -> None:
    """Add settled orders, as the superuser and without looking at foreign keys: it is they that take the time."""
    assert place.app.embedded is not None
    with psycopg.connect(place.app.embedded.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        for start in range(first, last, AT_ONCE):
            numbers = {"first": start, "last": min(start + AT_ONCE, last) - 1}
            connection.execute(_FILL, {"org": place.org_id, "connection": connection_id, **numbers})
        connection.execute("VACUUM ANALYZE draft_order, erp_export, erp_push_log")


def _steps(place: Installation, connection_id: UUID) -> dict[str, Callable[[], float]]:
    deep = _middle(place)
    any_order = deep[1]

    def page(look: Callable[[SqlSearch], object]) -> Callable[[], float]:
        def timed() -> float:
            started = time.perf_counter()
            with place.app.store.work(place.org_id) as work:
                look(SqlSearch(work.connection, place.org_id))
            return time.perf_counter() - started

        return timed

    start = (None, None)
    return {
        "claim": lambda: _claim(place, connection_id),
        "orders": page(lambda search: search.orders(OrderFilter(), start, PAGE)),
        "orders, halfway": page(lambda search: search.orders(OrderFilter(), deep, PAGE)),
        "orders by status": page(lambda search: search.orders(OrderFilter(statuses=("CONFIRMED",)), start, PAGE)),
        "orders that wait": page(lambda search: search.orders(OrderFilter(statuses=("PUSHING",)), start, PAGE)),
        "exports": page(lambda search: search.exports(ExportFilter(), start, PAGE)),
        "exports, halfway": page(lambda search: search.exports(ExportFilter(), deep, PAGE)),
        "attempts": page(lambda search: search.attempts(AttemptFilter(), start, PAGE)),
        "attempts of an order": page(lambda search: search.attempts(AttemptFilter(order_id=any_order), start, PAGE)),
    }


def _claim(place: Installation, connection_id: UUID) -> float:
    """Claim a batch as a worker does, and give it back."""
    lease = Lease(new_id(), 60)
    started = time.perf_counter()
    with place.app.store.work(place.org_id) as work:
        attempts = work.exports.lease(connection_id, lease, 60, BATCH)
    seconds = time.perf_counter() - started
    assert len(attempts) == BATCH
    with place.app.store.work(place.org_id) as work:
        work.exports.release(lease, [attempt.export_id for attempt in attempts], 0, None)
    return seconds


def _middle(place: Installation) -> tuple[object, UUID]:
    with place.app.store.work(place.org_id) as work:
        return _place_in(work)


def _place_in(work: SqlWork) -> tuple[object, UUID]:
    middle = "SELECT created_at, id FROM erp_export WHERE status = 'ACKED' ORDER BY created_at OFFSET 5000 LIMIT 1"
    row = work.connection.exec_driver_sql(middle).one()
    return row[0], row[1]


def _times(step: Callable[[], float], repetitions: int) -> list[float]:
    for _ in range(20):
        step()
    return [step() * 1_000 for _ in range(repetitions)]


def _p99(times: list[float]) -> float:
    return quantiles(times, n=100)[98]


def _row(name: str, many: int, what: str, before: list[float], after: list[float]) -> Row:
    flat = median(after) < 1.5 * median(before)
    return Row(
        name,
        _p99(after),
        "ms",
        {f"with {FEW:,}": _p99(before)},
        target="< 10 ms, flat",
        reached=_p99(after) < 10 and flat,
        note=f"{what}, {many:,} settled; median {median(before):.2g} → {median(after):.2g} ms",
    )
