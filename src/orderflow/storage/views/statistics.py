"""The numbers of the overview: how much went out, how fast, what failed, over a day, a week or a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.domain.states import ARRIVED, OrderStatus
from orderflow.storage.tables.states import among
from orderflow.storage.views.connections import ConnectionView, all_connections
from orderflow.storage.views.deliveries import WAITS_FOR
from orderflow.storage.views.tallies import (
    SHARES,
    TIMES,
    CountedAt,
    Counts,
    Percentiles,
    Steps,
    add,
    counted_at,
    percentiles,
    success_rate,
    times_of,
)
from orderflow.storage.views.view import View
from orderflow.storage.work.tallies import COUNTED, OF_ORDERS, PERIODS, Period

STEPS: Mapping[Period, timedelta] = MappingProxyType(
    {"24h": timedelta(hours=1), "7d": timedelta(hours=6), "30d": timedelta(days=1)}
)
"""How long each point of a period's chart lasts."""

MOST_COUNTED = 10_000
"""Exports of one connection, of what waits for what."""

# All read one stretch of an index on (org_id, created_at); nothing is counted that is older than the period.
_TODAY = text("""
    SELECT status, count(*) AS orders FROM draft_order WHERE org_id = :org_id AND created_at >= :since GROUP BY status
""")
_DELIVERIES = text(f"""
    SELECT count(*) AS requested,
           count(*) FILTER (WHERE {among(ARRIVED)}) AS delivered,
           count(*) FILTER (WHERE status = 'ACKED') AS confirmed,
           count(*) FILTER (WHERE status = 'FAILED') AS failed,
           percentile_cont({SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at))
               FILTER (WHERE sent_at IS NOT NULL) AS delivery_seconds,
           percentile_cont({SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - sent_at))
               FILTER (WHERE status = 'ACKED') AS confirmation_seconds
    FROM erp_export WHERE org_id = :org_id AND created_at >= :since AND {OF_ORDERS}
""")  # noqa: S608  # built from a constant
_FAILURES = f"""
    SELECT error_json ->> 'code' AS code, count(*) AS exports, max(created_at) AS latest_at,
           (array_agg(error_json ->> 'message' ORDER BY created_at DESC))[1] AS latest_message
    FROM erp_export WHERE org_id = :org_id AND created_at >= :since AND error_json IS NOT NULL AND {OF_ORDERS}
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
"""  # noqa: S608  # built from a constant
# Of each connection as many are looked at, so that a million that wait cost no more.
_WAITS = f"""
    SELECT w.waits_for, c.id AS connection_id, COALESCE(c.name, c.connector_type) AS connection_name,
           count(*) AS orders
    FROM erp_connection c JOIN organization g ON g.id = c.org_id CROSS JOIN LATERAL (
        SELECT {WAITS_FOR} AS waits_for FROM erp_export e
        WHERE e.connection_id = c.id AND e.status = 'PENDING' LIMIT {MOST_COUNTED}) w
    WHERE c.org_id = :org_id GROUP BY 1, 2
    UNION ALL
    SELECT waits_for, NULL, NULL, count(*) FROM draft_order
    WHERE org_id = :org_id AND waits_for IS NOT NULL GROUP BY 1
    ORDER BY 4 DESC, 1, 3
"""  # noqa: S608  # built from constants
_BY_RULE = f"""
    SELECT route ->> 'rule' AS rule, count(*) AS requested,
           count(*) FILTER (WHERE {among(ARRIVED)}) AS delivered,
           count(*) FILTER (WHERE status = 'FAILED') AS failed,
           count(*) FILTER (WHERE status = 'PENDING') AS waiting
    FROM erp_export WHERE org_id = :org_id AND created_at >= :since AND route IS NOT NULL
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50
"""  # noqa: S608  # built from a constant
# A step is one of seconds: a day of the session's time zone has 23 or 25 hours where clocks are turned, and a
# stretch of the chart 24.
_SERIES = f"""
    SELECT p.at, COALESCE(c.requested, 0) AS requested, COALESCE(c.delivered, 0) AS delivered,
           COALESCE(c.confirmed, 0) AS confirmed, COALESCE(c.failed, 0) AS failed
    FROM generate_series(
        CAST(:first AS timestamptz), CAST(:last AS timestamptz), make_interval(secs => :seconds)) AS p(at)
    LEFT JOIN (
        SELECT date_bin(make_interval(secs => :seconds), created_at, CAST(:first AS timestamptz)) AS at,
               count(*) AS requested,
               count(*) FILTER (WHERE {among(ARRIVED)}) AS delivered,
               count(*) FILTER (WHERE status = 'ACKED') AS confirmed,
               count(*) FILTER (WHERE status = 'FAILED') AS failed
        FROM erp_export WHERE org_id = :org_id AND created_at >= :first AND {OF_ORDERS}
        GROUP BY 1) c ON c.at = p.at
    ORDER BY p.at
"""  # noqa: S608  # built from a constant


_SUMS = "sum(requested)::int AS requested, sum(delivered)::int AS delivered, sum(failed)::int AS failed"
_ALL_COUNTED = f"SELECT at, requested, delivered, confirmed, failed, {TIMES} {COUNTED}"
_FAILURES_COUNTED = f"""
    SELECT NULLIF(key, '') AS code, sum(requested)::int AS exports, max(latest_at) AS latest_at,
           (array_agg(name ORDER BY latest_at DESC))[1] AS latest_message
    {COUNTED} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
"""
_RULES_COUNTED = f"""
    SELECT NULLIF(key, '') AS rule, {_SUMS}, sum(waiting)::int AS waiting
    {COUNTED} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What was asked for in the period, and what became of it."""

    requested: int
    delivered: Annotated[int, Field(description="At the ERP, confirmed or not")]
    confirmed: int
    failed: int
    success_rate: Annotated[float | None, Field(description="Delivered of what has ended, 0 to 1")]
    delivery_seconds: Annotated[Percentiles, Field(description="From the request until the document was at the ERP")]
    confirmation_seconds: Annotated[Percentiles, Field(description="From there until the ERP's confirmation")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits to be delivered now."""

    waiting: int
    oldest_waiting_at: datetime | None
    oldest_waiting_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReason:
    """Why exports of the period fail or wait; those behind it: `/exports?error_code=…`."""

    code: str | None
    exports: int
    latest_at: datetime
    latest_message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What orders wait for now; those behind it: `/draft-orders?waits_for=…`, with the connector's id."""

    waits_for: Annotated[str, Field(description="A route (NO_ROUTE, ROUTED_TO_NOBODY), or as `waits_for` of an export")]
    connection_id: Annotated[UUID | None, Field(description="null: they wait for a route")]
    connection_name: str | None
    orders: Annotated[int, Field(description=f"Of each connector the first {MOST_COUNTED:,} are looked at")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRule:
    """What a routing rule sent in the period; those behind it: `/exports?route=…`."""

    rule: Annotated[str | None, Field(description="null: no rule was for them, so they went to the default connector")]
    requested: int
    delivered: int
    failed: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One stretch of the chart; counted when they were asked for."""

    at: Annotated[datetime, Field(description="Where it begins")]
    requested: int
    delivered: int
    confirmed: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The numbers of one organization.

    Attributes:
        series: Hours of 24h, six hours of 7d, days of 30d; oldest first.
    """

    period: Period
    orders_today: dict[OrderStatus, int]
    deliveries: Deliveries
    queue: Queue
    connections: list[ConnectionView]
    failures: list[FailureReason]
    waits: list[Waiting]
    rules: list[ByRule]
    series: list[Point]
    counted_at: CountedAt = None


def statistics(view: View, period: Period, day_start: datetime | None) -> Statistics:
    """Return the numbers of one organization.

    Args:
        day_start: When today began for the reader; midnight UTC if not given.
    """
    now = datetime.now(UTC)
    here = {"org_id": view.org_id, "since": now - PERIODS[period]}
    today = here | {"since": day_start or now.replace(hour=0, minute=0, second=0, microsecond=0)}
    connections = all_connections(view)
    at = counted_at(view)
    went = _live(view, period, now) if at is None else _beforehand(Counts.of(view, period, now), now)
    return Statistics(
        period=period,
        orders_today={OrderStatus(row.status): row.orders for row in view.connection.execute(_TODAY, today)},
        queue=_queue(connections, now),
        connections=connections,
        waits=view.rows(Waiting, _WAITS, here),
        counted_at=at,
        deliveries=went.deliveries,
        failures=went.failures,
        rules=went.rules,
        series=went.series,
    )


class _Went(NamedTuple):
    """How the deliveries of a period went."""

    deliveries: Deliveries
    failures: list[FailureReason]
    rules: list[ByRule]
    series: list[Point]


def _live(view: View, period: Period, now: datetime) -> _Went:
    here = {"org_id": view.org_id, "since": now - PERIODS[period]}
    row = view.connection.execute(_DELIVERIES, here).mappings().one()
    times = Percentiles.of(row["delivery_seconds"]), Percentiles.of(row["confirmation_seconds"])
    failures, rules = view.rows(FailureReason, _FAILURES, here), view.rows(ByRule, _BY_RULE, here)
    return _Went(_deliveries(row, *times), failures, rules, _series(view, period, now))


def _beforehand(counted: Counts, now: datetime) -> _Went:
    rows = counted.rows(_ALL_COUNTED, "all")
    sums = {name: sum(row[name] for row in rows) for name in NUMBERS}
    sent_in: Steps = {}
    answered_in: Steps = {}
    for sent, answered in map(times_of, rows):
        add(sent_in, sent)
        add(answered_in, answered)
    failures = counted.rows(_FAILURES_COUNTED, "reason")
    rules = counted.rows(_RULES_COUNTED, "rule")
    return _Went(
        _deliveries(sums, percentiles(sent_in), percentiles(answered_in)),
        [FailureReason(**row) for row in failures],
        [ByRule(**row) for row in rules],
        _binned(rows, counted.period, now),
    )


NUMBERS = ("requested", "delivered", "confirmed", "failed")


def _binned(rows: Sequence[Any], period: Period, now: datetime) -> list[Point]:
    points: dict[datetime, Counter[str]] = {at: Counter() for at in stretches(now, period)}
    for row in rows:
        if (at := stretch_of(row["at"], STEPS[period])) in points:
            points[at].update({name: row[name] for name in NUMBERS})
    return [Point(at=at, **{name: sums[name] for name in NUMBERS}) for at, sums in points.items()]


def _deliveries(row: Mapping[Any, Any], delivery: Percentiles, confirmation: Percentiles) -> Deliveries:
    return Deliveries(
        requested=row["requested"],
        delivered=row["delivered"],
        confirmed=row["confirmed"],
        failed=row["failed"],
        success_rate=success_rate(row),
        delivery_seconds=delivery,
        confirmation_seconds=confirmation,
    )


def _queue(connections: list[ConnectionView], now: datetime) -> Queue:
    oldest = min((one.oldest_waiting_at for one in connections if one.oldest_waiting_at), default=None)
    return Queue(
        waiting=sum(one.waiting for one in connections),
        oldest_waiting_at=oldest,
        oldest_waiting_seconds=max((now - oldest).total_seconds(), 0.0) if oldest else None,
    )


def _series(view: View, period: Period, now: datetime) -> list[Point]:
    starts, seconds = stretches(now, period), STEPS[period].total_seconds()
    return view.rows(Point, _SERIES, {"first": starts[0], "last": starts[-1], "seconds": seconds})


def stretches(now: datetime, period: Period) -> list[datetime]:
    """Return when each stretch of a period's chart begins that ends now, oldest first."""
    step = STEPS[period]
    last = stretch_of(now, step)
    return [last - step * place for place in reversed(range(PERIODS[period] // step))]


def stretch_of(moment: datetime, step: timedelta) -> datetime:
    """Return when the stretch of the chart began in which a moment is."""
    return datetime.fromtimestamp(moment.timestamp() // step.total_seconds() * step.total_seconds(), UTC)
