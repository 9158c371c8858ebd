"""The overview's numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import Field

from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.api.connector_schemas import Health
from orderflow.entrypoints.api.connectors import health
from orderflow.entrypoints.api.deps import Caller, require
from orderflow.entrypoints.api.languages import told_here
from orderflow.entrypoints.api.looking import looking
from orderflow.entrypoints.api.order_csv import MARK, Comma
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import Moment, Out
from orderflow.entrypoints.csv_lines import csv_line
from orderflow.storage.views.analytics import Analytics, By, Group, analytics
from orderflow.storage.views.connections import ConnectionView
from orderflow.storage.views.statistics import (
    ByRule,
    Deliveries,
    FailureReason,
    Period,
    Point,
    Queue,
    Waiting,
    statistics,
)
from orderflow.storage.views.tallies import CountedAt

router = ApiRouter("/stats", "Overview")


class ConnectorHealth(Out):
    """How one connector does."""

    id: UUID
    connector_type: str
    name: str | None
    status: Literal["ACTIVE", "DISABLED"]
    is_default: bool
    last_test_at: datetime | None
    health: Health


class Stats(Out):
    """The overview."""

    period: Period
    orders_today: dict[OrderStatus, int] = Field(description="Orders that came in today, by state")
    deliveries: Deliveries
    queue: Queue
    connectors: list[ConnectorHealth]
    failures: list[FailureReason]
    waits: list[Waiting] = Field(description="What waits for what now, most first")
    rules: list[ByRule] = Field(description="What each routing rule sent in the period, most first; the first 50")
    series: list[Point] = Field(description="Hours of 24h, six hours of 7d, days of 30d; oldest first")
    counted_at: CountedAt = None


@router.get("")
def get_stats(
    request: Request,
    caller: Annotated[Caller, Depends(require(Permission.READ))],
    period: Period = "24h",
    day_start: Annotated[Moment | None, Query(description="When today began; midnight UTC if left out")] = None,
) -> Stats:
    """Count what went out, how fast, what failed and what waits."""
    with looking(request, caller) as view:
        found = statistics(view, period, day_start)
    return Stats(
        period=found.period,
        orders_today=found.orders_today,
        deliveries=found.deliveries,
        queue=found.queue,
        connectors=[_shown(connection) for connection in found.connections],
        failures=found.failures,
        waits=found.waits,
        rules=found.rules,
        series=found.series,
        counted_at=found.counted_at,
    )


Reader = Annotated[Caller, Depends(require(Permission.READ))]
COLUMNS = (
    "name", "key", "requested", "delivered", "confirmed", "failed", "success_rate", "delivery_seconds_p50",
    "delivery_seconds_p95", "confirmation_seconds_p50", "confirmation_seconds_p95",
)  # fmt: skip
_CSV = {
    "content": {"text/csv": {"schema": {"type": "string"}}},
    "description": f"One group a line, in UTF-8 with a byte order mark: {', '.join(COLUMNS)}",
}


@router.get("/deliveries")
def get_delivery_analytics(
    request: Request, caller: Reader, period: Period = "30d", by: By = "connection"
) -> Analytics:
    """Tell how deliveries went by connection, rule, customer or reason: success, times, and when it failed."""
    with looking(request, caller) as view:
        return _told(analytics(view, period, by))


@router.get("/deliveries/csv", response_class=Response, responses={200: _CSV})
def download_delivery_analytics(
    request: Request, caller: Reader, period: Period = "30d", by: By = "connection", decimal: Comma = "."
) -> Response:
    """Download the same as CSV, in which nothing is taken for a formula."""
    with looking(request, caller) as view:
        found = _told(analytics(view, period, by))
    separator = ";" if decimal == "," else ","
    lines = [csv_line(COLUMNS, separator), *(csv_line(_cells(group, decimal), separator) for group in found.items)]
    disposition = {"Content-Disposition": f'attachment; filename="deliveries-by-{by}-{period}.csv"'}
    return Response(MARK + "".join(lines), media_type="text/csv; charset=utf-8", headers=disposition)


def _told(found: Analytics) -> Analytics:
    """Return it in the request's language: what a reason is called is a sentence."""
    if found.by != "reason":
        return found
    return replace(found, items=[replace(group, name=group.name and told_here(group.name)) for group in found.items])


def _cells(group: Group, decimal: str) -> list[object]:
    times = (group.delivery_seconds, group.confirmation_seconds)
    numbers = [group.success_rate, *(number for time in times for number in (time.p50, time.p95))]
    written = [None if number is None else f"{number:.4f}".replace(".", decimal) for number in numbers]
    return [group.name, group.key, group.requested, group.delivered, group.confirmed, group.failed, *written]


def _shown(connection: ConnectionView) -> ConnectorHealth:
    return ConnectorHealth(
        id=connection.id,
        connector_type=connection.connector_type,
        name=connection.name,
        status=connection.status,
        is_default=connection.is_default,
        last_test_at=connection.last_test_at,
        health=health(connection),
    )
