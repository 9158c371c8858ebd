"""The numbers of the overview: how much went out, how fast, what failed, over a day, a week or a month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.states import ARRIVED
from orderflow.storage.tables.states import among
from orderflow.storage.views.reading import SqlReading

Period = Literal["24h", "7d", "30d"]
_SPANS: dict[Period, tuple[timedelta, timedelta]] = {
    "24h": (timedelta(hours=24), timedelta(hours=1)),
    "7d": (timedelta(days=7), timedelta(hours=6)),
    "30d": (timedelta(days=30), timedelta(days=1)),
}
"""How far back each period reaches, and how long each point of its chart lasts."""

# All read one stretch of an index on (org_id, created_at); nothing is counted that is older than the period.
_TODAY = text("""
    SELECT status, count(*) AS orders FROM draft_order WHERE org_id = :org_id AND created_at >= :since GROUP BY status
""")
_SHARES = "ARRAY[0.5, 0.95]::float8[]"
_DELIVERIES = text(f"""
    SELECT count(*) AS requested,
           count(*) FILTER (WHERE {among(ARRIVED)}) AS delivered,
           count(*) FILTER (WHERE status = 'ACKED') AS confirmed,
           count(*) FILTER (WHERE status = 'FAILED') AS failed,
           percentile_cont({_SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at))
               FILTER (WHERE sent_at IS NOT NULL) AS delivery_seconds,
           percentile_cont({_SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - sent_at))
               FILTER (WHERE status = 'ACKED') AS confirmation_seconds
    FROM erp_export WHERE org_id = :org_id AND created_at >= :since
""")  # noqa: S608  # built from a constant
_FAILURES = text("""
    SELECT error_json ->> 'code' AS code, count(*) AS exports, max(created_at) AS latest_at,
           (array_agg(error_json ->> 'message' ORDER BY created_at DESC))[1] AS latest_message
    FROM erp_export WHERE org_id = :org_id AND created_at >= :since AND error_json IS NOT NULL
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
""")
_SERIES = text(f"""
    SELECT p.at, COALESCE(c.requested, 0) AS requested, COALESCE(c.delivered, 0) AS delivered,
           COALESCE(c.confirmed, 0) AS confirmed, COALESCE(c.failed, 0) AS failed
    FROM generate_series(CAST(:first AS timestamptz), CAST(:last AS timestamptz), CAST(:step AS interval)) AS p(at)
    LEFT JOIN (
        SELECT date_bin(CAST(:step AS interval), created_at, CAST(:first AS timestamptz)) AS at,
               count(*) AS requested,
               count(*) FILTER (WHERE {among(ARRIVED)}) AS delivered,
               count(*) FILTER (WHERE status = 'ACKED') AS confirmed,
               count(*) FILTER (WHERE status = 'FAILED') AS failed
        FROM erp_export WHERE org_id = :org_id AND created_at >= :first
        GROUP BY 1) c ON c.at = p.at
    ORDER BY p.at
""")  # noqa: S608  # built from a constant


def statistics(connection: Connection, org_id: UUID, period: Period, day_start: datetime | None) -> dict[str, Any]:
    """Return the numbers of one organization.

    Args:
        day_start: When today began for the reader; midnight UTC if not given.
    """
    span, step = _SPANS[period]
    now = datetime.now(UTC)
    here = {"org_id": org_id, "since": now - span}
    today = here | {"since": day_start or now.replace(hour=0, minute=0, second=0, microsecond=0)}
    connections = SqlReading(connection, org_id).connections()
    return {
        "period": period,
        "orders_today": {row.status: row.orders for row in connection.execute(_TODAY, today)},
        "deliveries": _deliveries(connection.execute(_DELIVERIES, here).mappings().one()),
        "queue": _queue(connections, now),
        "connectors": connections,
        "failures": [dict(row) for row in connection.execute(_FAILURES, here).mappings()],
        "series": _series(connection, org_id, now, span, step),
    }


def _deliveries(row: Any) -> dict[str, Any]:
    ended = row["delivered"] + row["failed"]
    numbers: dict[str, Any] = {name: row[name] for name in ("requested", "delivered", "confirmed", "failed")}
    numbers["success_rate"] = row["delivered"] / ended if ended else None
    for name in ("delivery_seconds", "confirmation_seconds"):
        p50, p95 = row[name] or (None, None)
        numbers[name] = {"p50": p50, "p95": p95}
    return numbers


def _queue(connections: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    oldest = min((row["oldest_waiting_at"] for row in connections if row["oldest_waiting_at"]), default=None)
    return {
        "waiting": sum(row["waiting"] for row in connections),
        "oldest_waiting_at": oldest,
        "oldest_waiting_seconds": max((now - oldest).total_seconds(), 0.0) if oldest else None,
    }


def _series(
    connection: Connection, org_id: UUID, now: datetime, span: timedelta, step: timedelta
) -> list[dict[str, Any]]:
    last = datetime.fromtimestamp(now.timestamp() // step.total_seconds() * step.total_seconds(), UTC)
    parameters = {"org_id": org_id, "first": last - span + step, "last": last, "step": step}
    return [dict(row) for row in connection.execute(_SERIES, parameters).mappings()]
