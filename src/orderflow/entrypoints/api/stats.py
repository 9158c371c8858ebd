"""The overview's numbers."""

from __future__ import annotations

from collections.abc import Iterator
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
from orderflow.entrypoints.api.order_csv import MARK, SEPARATORS, Comma
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import Moment, Out, Text
from orderflow.entrypoints.csv_lines import csv_line
from orderflow.storage.views.analytics import Analytics, By, Went, analytics
from orderflow.storage.views.connections import ConnectionView
from orderflow.storage.views.statistics import (
    ByRule,
    Deliveries,
    FailureReason,
    Point,
    Queue,
    Waiting,
    statistics,
)
from orderflow.storage.views.tallies import CountedAt
from orderflow.storage.work.tallies import Period

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
_NUMBERS = (
    "requested", "delivered", "confirmed", "failed", "success_rate", "delivery_seconds_p50", "delivery_seconds_p95",
    "confirmation_seconds_p50", "confirmation_seconds_p95",
)  # fmt: skip
COLUMNS = ("name", "key", *_NUMBERS)
OVER_TIME = ("name", "key", "at", *_NUMBERS)
_CSV = {
    "content": {"text/csv": {"schema": {"type": "string"}}},
    "description": f"One group a line, in UTF-8 with a byte order mark: {', '.join(COLUMNS)}. With `over_time` one "
    "stretch of a group a line, and `at`, where it begins, after `key`",
}


def _only(
    connection_id: Annotated[UUID | None, Query(description="Over this connector")] = None,
    route: Annotated[Text | None, Query(description="Sent by the routing rule of this name; empty: by none")] = None,
    customer: Annotated[
        Text | None, Query(description="Of this customer, by the key that `by=customer` tells; empty: of none")
    ] = None,
) -> dict[By, str]:
    wanted: dict[By, str | None] = {
        "connection": str(connection_id) if connection_id else None,
        "route": route,
        "customer": customer,
    }
    return {by: key for by, key in wanted.items() if key is not None}


Only = Annotated[dict[By, str], Depends(_only)]


@router.get("/deliveries")
def get_delivery_analytics(
    request: Request, caller: Reader, only: Only, period: Period = "30d", by: By = "connection"
) -> Analytics:
    """Tell how deliveries went by connection, rule, customer or reason: success, times, and when it failed.

    All of them, or only those of a connector, rule or customer: by reason, why these failed. Those are counted one by
    one, of the newest deliveries.
    """
    with looking(request, caller) as view:
        return _told(analytics(view, period, by, only))


@router.get("/deliveries/csv", response_class=Response, responses={200: _CSV})
def download_delivery_analytics(
    request: Request,
    caller: Reader,
    only: Only,
    period: Period = "30d",
    by: By = "connection",
    decimal: Comma = ".",
    over_time: Annotated[bool, Query(description="A line for each stretch of time, not one for all")] = False,
) -> Response:
    """Download the same as CSV, in which nothing is taken for a formula."""
    with looking(request, caller) as view:
        found = _told(analytics(view, period, by, only))
    rows = _stretches(found, decimal) if over_time else _groups(found, decimal)
    lines = [csv_line(row, SEPARATORS[decimal]) for row in rows]
    name = f"deliveries-by-{by}-{period}{'-over-time' if over_time else ''}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(MARK + "".join(lines), media_type="text/csv; charset=utf-8", headers=disposition)


def _told(found: Analytics) -> Analytics:
    """Return it in the request's language: what a reason is called is a sentence."""
    if found.by != "reason":
        return found
    return replace(found, items=[replace(group, name=group.name and told_here(group.name)) for group in found.items])


def _groups(found: Analytics, decimal: str) -> Iterator[tuple[object, ...]]:
    yield COLUMNS
    for group in found.items:
        yield (group.name, group.key, *_numbers(group, decimal))


def _stretches(found: Analytics, decimal: str) -> Iterator[tuple[object, ...]]:
    yield OVER_TIME
    for group in found.items:
        for stretch in group.series:
            yield (group.name, group.key, stretch.at.isoformat(), *_numbers(stretch, decimal))


def _numbers(went: Went, decimal: str) -> list[object]:
    times = (went.delivery_seconds, went.confirmation_seconds)
    numbers = [went.success_rate, *(number for time in times for number in (time.p50, time.p95))]
    written = [None if number is None else f"{number:.4f}".replace(".", decimal) for number in numbers]
    return [went.requested, went.delivered, went.confirmed, went.failed, *written]


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
