"""What the page asks of very many orders: lists by any filter, searches, totals, statistics, what needs somebody.

100 thousand orders of three years in `make bench`, 10 million in `make bench-full`, nine in ten of one organization, of
5,000 customers over five connections. One in a thousand is in each of seven states, all others are CONFIRMED; one in
thirty has an attempt that failed. Rows are made by SQL, without lines, successful attempts, revisions and log: no look
of these reads them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median, quantiles
from typing import Any, get_args
from uuid import UUID

import psycopg

from benchmarks.installation import Installation
from benchmarks.rows.growth import AT_ONCE, TABLES, superuser, without_indexes
from benchmarks.table import Row
from orderflow.domain.states import ERPExportStatus, OrderStatus
from orderflow.entrypoints.garbage import spare_what_stays
from orderflow.storage.views.analytics import By, analytics
from orderflow.storage.views.deliveries import AttemptFilter, ExportFilter, WaitsFor, find_attempts, find_exports
from orderflow.storage.views.needs import needs
from orderflow.storage.views.order_lists import OrderSort, sorted_orders, totals
from orderflow.storage.views.orders import OrderFilter, OrderNumber, find_orders
from orderflow.storage.views.statistics import statistics
from orderflow.storage.views.view import Ask, View
from orderflow.storage.work.tallies import Period, count_deliveries
from orderflow.testing.openssh_server import OpenSSHServer

Look = Callable[[View], object]
FIRST = Ask(50)
WARM_UP = 3
CONNECTIONS = 5
COMMON, RARE = "TARGET_AWAY", "NO_ARTICLE"
"""Codes of failures: of nearly all, and of one in a hundred."""

_STATUS = """
    CASE kind WHEN 0 THEN 'ERROR' WHEN 1 THEN 'NEEDS_REVIEW' WHEN 2 THEN 'READY' WHEN 3 THEN 'APPROVED'
              WHEN 4 THEN 'PUSHING' WHEN 5 THEN 'REJECTED' WHEN 6 THEN 'PUSHED' ELSE 'CONFIRMED' END
"""
_FILL = f"""
    WITH n AS MATERIALIZED (
        SELECT n, ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id, n %% 1000 AS kind,
               CASE WHEN n %% 10 = 9 THEN %(other)s::uuid ELSE %(org)s::uuid END AS org,
               (%(connections)s::uuid[])[1 + n %% {CONNECTIONS}] AS connection,
               %(now)s::timestamptz - (%(orders)s - n) * (interval '1095 days' / %(orders)s) AS at,
               CASE WHEN n %% 100000 = 0 THEN '{RARE}' ELSE '{COMMON}' END AS code
        FROM generate_series(%(first)s::bigint, %(last)s) n
    ), s AS MATERIALIZED (
        SELECT *, {_STATUS} AS status,
               jsonb_build_object('code', code, 'message', 'It was not taken.') AS error FROM n
    ), o AS (
        INSERT INTO draft_order (id, org_id, status, created_at, updated_at, external_order_number, order_date,
                                 currency, erp_customer_number, customer_name, created_by, approved_by, approved_at,
                                 erp_order_id, attempts, amount, requested_delivery_date, error_json, error_code,
                                 named)
        SELECT id, org, status, at, at, 'PO-' || n, at::date, 'EUR', (n %% 5000)::text, 'Customer ' || n %% 5000,
               'ops@acme.example', 'ops@acme.example', at, 'SO-' || n, 1, n %% 1000 + 0.5, at::date + 7,
               CASE WHEN status = 'ERROR' THEN error END, CASE WHEN status = 'ERROR' THEN code END,
               lower('PO-' || n || ' ' || n %% 5000 || ' Customer ' || n %% 5000 || ' SO-' || n) FROM s
    ), e AS (
        INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, created_at, updated_at, filename,
                                document_sha256, document_size, export_storage_key, dropzone_path, next_attempt_at,
                                staged_at, sent_at, answered_at, requested_by, held_at, route, error_json, error_code)
        SELECT id, org, id, connection, CASE status WHEN 'ERROR' THEN 'FAILED' WHEN 'PUSHING' THEN 'PENDING'
                                                    WHEN 'PUSHED' THEN 'SENT' ELSE 'ACKED' END,
               at, at, 'sales_order_' || id || '.json', repeat('a', 64), 1000, 'exports/' || id,
               '/orders/sales_order_' || id || '.json', at, at, at + interval '2 seconds', at + interval '5 minutes',
               'ops@acme.example', CASE WHEN status = 'PUSHING' AND n %% 3 = 0 THEN at END,
               jsonb_build_object('rule', 'rule ' || n %% 7),
               CASE WHEN status = 'ERROR' THEN error END, CASE WHEN status = 'ERROR' THEN code END
        FROM s WHERE status IN ('ERROR', 'PUSHING', 'PUSHED', 'CONFIRMED')
    )
    INSERT INTO erp_push_log (id, org_id, draft_order_id, erp_export_id, attempt_no, connector_type, status, created_at,
                              response_json, error_message, error_code, idempotency_key, latency_ms)
    SELECT id, org, id, id, 1, 'DROPZONE_JSON_V1', 'RETRYING', at, error, 'It was not taken.', code, md5(id::text), 40
    FROM s WHERE n %% 30 = 0
"""


def measure(full: bool) -> Iterator[Row]:
    orders, rounds = (10_000_000, 200) if full else (100_000, 20)
    with Installation() as place, OpenSSHServer() as sshd:
        connections = [place.connect(sshd) for _ in range(CONNECTIONS)]
        with superuser(place) as connection:
            _fill(place, connection, connections, orders)
        spare_what_stays()  # as a server does
        while _counts(place):
            pass
        for what, looks in _looks(connections[0]).items():
            yield _row(what, orders, {name: _times(place, look, rounds) for name, look in looks.items()})


def _fill(place: Installation, connection: psycopg.Connection[object], connections: list[UUID], orders: int) -> None:
    values = {"org": place.org_id, "other": place.app.create_organization("other"), "connections": connections}
    values |= {"now": datetime.now(UTC), "orders": orders}
    with without_indexes(connection):
        for start in range(1, orders + 1, AT_ONCE):
            numbers = {"first": start, "last": min(start + AT_ONCE, orders + 1) - 1}
            connection.execute(_FILL, values | numbers)
    connection.execute("UPDATE erp_connection SET status = 'ACTIVE'")
    connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")


def _counts(place: Installation) -> bool:
    with place.app.store.work(place.org_id) as work:
        return count_deliveries(work.connection, place.org_id)


def _looks(connection: UUID) -> Mapping[str, Mapping[str, Look]]:
    """Return what is looked at, in groups of which each makes a row."""
    return {
        "a list by any filter": {**_order_lists(connection), **_delivery_lists(connection)},
        "a sorted list": {f"sort={sort}": _sorted(sort) for sort in OrderSort},
        "a search": {f"q={words}": _orders(search=words) for words in ("Customer 77", "PO-99", "PO-77", "nowhere")},
        "totals": _totals(connection),
        "statistics and analytics of a day, a week, a month": _overviews(),
        "what needs somebody": {"needs": needs},
    }


def _order_lists(connection: UUID) -> Mapping[str, Look]:
    now = datetime.now(UTC)
    week = {"created_from": now - timedelta(days=400), "created_to": now - timedelta(days=393)}
    return {
        "all": _orders(),
        **{f"orders {status}": _orders(statuses=[status]) for status in OrderStatus},
        "orders in ERROR or READY": _orders(statuses=["ERROR", "READY"]),
        "orders of a connection": _orders(connection_id=connection),
        "orders by a common code": _orders(error_code=COMMON),
        "orders by a rare code": _orders(error_code=RARE),
        "orders by a rule": _orders(route="rule 3"),
        "orders by a number": _orders(number=OrderNumber("PO-77")),
        "orders of a week": _orders(**week),
        "orders that changed": _orders(updated_from=now - timedelta(hours=1)),
        "orders that wait for a worker": _orders(waits_for=[WaitsFor.WORKER]),
        "orders on hold": _orders(on_hold=True),
        "orders that differ": _orders(differs=True),
        "orders with an unreadable answer": _orders(unreadable=True),
    }


def _delivery_lists(connection: UUID) -> Mapping[str, Look]:
    return {
        "exports": _exports(),
        **{f"exports {status}": _exports(statuses=[status]) for status in ERPExportStatus},
        "exports FAILED or PENDING": _exports(statuses=["FAILED", "PENDING"]),
        "exports of a connection": _exports(connection_id=connection),
        "exports by a common code": _exports(error_code=COMMON),
        "exports by a rare code": _exports(error_code=RARE),
        "exports by a rule": _exports(route="rule 3"),
        "exports in doubt": _exports(held=True),
        "exports overdue": _exports(overdue=True),
        "exports that wait for a worker": _exports(waits_for=[WaitsFor.WORKER]),
        "attempts": _attempts(),
        "attempts that failed": _attempts(statuses=["RETRYING", "FAILED"]),
        "attempts of a connection": _attempts(connection_id=connection),
        "attempts by a common code": _attempts(error_code=COMMON),
        "attempts by a rare code": _attempts(error_code=RARE),
    }


def _totals(connection: UUID) -> Mapping[str, Look]:
    asked = {
        "of all": OrderFilter(),
        "in ERROR": OrderFilter(statuses=["ERROR"]),
        "by a common code": OrderFilter(error_code=COMMON),
        "of a connection": OrderFilter(connection_id=connection),
        "of a search": OrderFilter(search="Customer 7"),
        "of a search that finds nothing": OrderFilter(search="nowhere"),
    }
    return {what: _total(wanted) for what, wanted in asked.items()}


def _overviews() -> Mapping[str, Look]:
    looks: dict[str, Look] = {}
    for period in get_args(Period):
        looks[f"statistics of {period}"] = partial(statistics, period=period, day_start=None)
        for by in get_args(By):
            looks[f"analytics of {period} by {by}"] = partial(analytics, period=period, by=by)
    return looks


def _total(wanted: OrderFilter) -> Look:
    return lambda view: totals(view, wanted)


def _orders(**wanted: Any) -> Look:
    return lambda view: find_orders(view, OrderFilter(**wanted), FIRST)


def _exports(**wanted: Any) -> Look:
    return lambda view: find_exports(view, ExportFilter(**wanted), FIRST)


def _attempts(**wanted: Any) -> Look:
    return lambda view: find_attempts(view, AttemptFilter(**wanted), FIRST)


def _sorted(sort: OrderSort) -> Look:
    return lambda view: sorted_orders(view, OrderFilter(), sort, FIRST)


def _times(place: Installation, look: Look, rounds: int) -> Sequence[float]:
    """Return milliseconds of each time, the first few left out."""
    times = []
    for _ in range(WARM_UP + rounds):
        with place.app.store.work(place.org_id) as work:
            started = time.perf_counter()
            look(work.view)
            times.append((time.perf_counter() - started) * 1_000)
    return times[WARM_UP:]


def _row(what: str, orders: int, times: Mapping[str, Sequence[float]]) -> Row:
    worst = {name: quantiles(of_look, n=100)[98] for name, of_look in times.items()}
    slowest = sorted(worst, key=lambda name: worst[name], reverse=True)
    told = "; ".join(f"{name}: {median(times[name]):.3g} ({worst[name]:.3g})" for name in slowest[:3])
    return Row(
        f"{what}, the slowest of {len(times)}, p99, beside very many orders",
        worst[slowest[0]],
        "ms",
        target="< 50 ms",
        reached=worst[slowest[0]] < 50,
        note=f"{orders:,} orders; the slowest, medians and p99: {told}",
    )
