"""The overview's numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import Field

from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.api.connector_schemas import Health
from orderflow.entrypoints.api.connectors import health
from orderflow.entrypoints.api.deps import Caller, require
from orderflow.entrypoints.api.looking import looking
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import Moment, Out
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
    )


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
