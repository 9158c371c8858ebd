"""What the overview and the analytics of a month cost: counted beforehand, beside counted as they are asked for.

Both read the same deliveries, in turns: 100 thousand of a month in `make bench`, a million in `make bench-full`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median, quantiles

from sqlalchemy import text

from benchmarks.installation import Installation
from benchmarks.rows.growth import superuser
from benchmarks.table import Row
from orderflow.storage.views.analytics import analytics
from orderflow.storage.views.statistics import statistics
from orderflow.storage.views.view import View
from orderflow.storage.work.tallies import count_deliveries
from orderflow.testing.openssh_server import OpenSSHServer

COUNTED = "counted as they are asked for"
_FILL = """
    WITH n AS (
        SELECT n, gen_random_uuid() AS id, now() - n * interval '29 days' / %(orders)s AS at
        FROM generate_series(1, %(orders)s) n
    ), o AS (
        INSERT INTO draft_order (id, org_id, status, currency, erp_customer_number, customer_name, created_at,
                                 updated_at)
        SELECT id, %(org)s, 'CONFIRMED', 'EUR', n %% 5000, 'Customer ' || n %% 5000, at, at FROM n
    )
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, created_at, updated_at, sent_at,
                            answered_at, error_json, route, next_attempt_at)
    SELECT id, %(org)s, id, %(connection)s, CASE WHEN n %% 20 = 0 THEN 'FAILED' ELSE 'ACKED' END, at, at,
           at + interval '2 seconds', at + interval '5 minutes',
           CASE WHEN n %% 20 = 0 THEN '{"code": "NO_ARTICLE", "message": "There is none."}'::jsonb END,
           jsonb_build_object('rule', 'rule ' || n %% 7), at
    FROM n
"""
_LOOKS: dict[str, Callable[[View], object]] = {
    "statistics of a month": lambda view: statistics(view, "30d", None),
    "analytics of a month by rule": lambda view: analytics(view, "30d", "route"),
    "analytics of a month by customer, of 5,000": lambda view: analytics(view, "30d", "customer"),
}
_SEEN = text("UPDATE delivery_tally_state SET seen_at = now() - :ago * interval '1 hour'")


def measure(full: bool) -> Iterator[Row]:
    orders, rounds = (1_000_000, 40) if full else (100_000, 10)
    with Installation() as place, OpenSSHServer() as sshd:
        _fill(place, orders, place.connect(sshd))
        seconds = _count(place)
        yield Row(f"the deliveries of {orders:,} orders of a month counted, by hour and day", seconds, "s")
        for name, look in _LOOKS.items():
            yield _row(f"{name}, {orders:,} deliveries, p50", *_in_turns(place, look, rounds))


def _fill(place: Installation, orders: int, connection_id: object) -> None:
    with superuser(place) as connection:
        connection.execute(_FILL, {"orders": orders, "org": place.org_id, "connection": connection_id})
        connection.execute("VACUUM ANALYZE draft_order, erp_export")


def _count(place: Installation) -> float:
    started, more = time.perf_counter(), True
    while more:
        with place.app.store.work(place.org_id) as work:
            more = count_deliveries(work.connection, place.org_id)
    return time.perf_counter() - started


def _in_turns(place: Installation, look: Callable[[View], object], rounds: int) -> tuple[list[float], list[float]]:
    beforehand: list[float] = []
    counted: list[float] = []
    for _ in range(rounds):
        for ago, times in ((0, beforehand), (1, counted)):
            with place.app.store.work(place.org_id) as work:
                work.connection.execute(_SEEN, {"ago": ago})
                started = time.perf_counter()
                look(work.view)
                times.append((time.perf_counter() - started) * 1_000)
    return beforehand, counted


def _row(name: str, beforehand: list[float], counted: list[float]) -> Row:
    p99 = f"p99 {quantiles(beforehand, n=100)[98]:.3g} ms, counted {quantiles(counted, n=100)[98]:.3g}"
    target = "< 50 ms"
    return Row(
        name,
        median(beforehand),
        "ms",
        {COUNTED: median(counted)},
        target=target,
        reached=median(beforehand) < 50,
        note=p99,
    )
