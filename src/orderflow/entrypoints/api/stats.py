"""The overview's numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import Field

from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.api.connector_schemas import Health
from orderflow.entrypoints.api.connectors import health
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import Moment, Out
from orderflow.storage.views.statistics import Period, statistics

router = ApiRouter("/stats", "Overview")


class Percentiles(Out):
    """Half and nineteen in twenty were at most this; null: there was none."""

    p50: float | None
    p95: float | None


class Deliveries(Out):
    """What was asked for in the period, and what became of it."""

    requested: int
    delivered: int = Field(description="At the ERP, confirmed or not")
    confirmed: int
    failed: int
    success_rate: float | None = Field(description="Delivered of what has ended, 0 to 1")
    delivery_seconds: Percentiles = Field(description="From the request until the document was at the ERP")
    confirmation_seconds: Percentiles = Field(description="From there until the ERP's confirmation")


class Queue(Out):
    """What waits to be delivered now."""

    waiting: int
    oldest_waiting_at: datetime | None
    oldest_waiting_seconds: float | None


class ConnectorHealth(Out):
    """How one connector does."""

    id: UUID
    connector_type: str
    name: str | None
    status: Literal["ACTIVE", "DISABLED"]
    is_default: bool
    last_test_at: datetime | None
    health: Health


class FailureReason(Out):
    """Why exports of the period fail or wait; those behind it: `/exports?error_code=…`."""

    code: str | None
    exports: int
    latest_at: datetime
    latest_message: str | None


class Point(Out):
    """One stretch of the chart; counted when they were asked for."""

    at: datetime = Field(description="Where it begins")
    requested: int
    delivered: int
    confirmed: int
    failed: int


class Stats(Out):
    """The overview."""

    period: Period
    orders_today: dict[OrderStatus, int] = Field(description="Orders that came in today, by state")
    deliveries: Deliveries
    queue: Queue
    connectors: list[ConnectorHealth]
    failures: list[FailureReason]
    series: list[Point] = Field(description="Hours of 24h, six hours of 7d, days of 30d; oldest first")


@router.get("", response_model=Stats)
def get_stats(
    request: Request,
    caller: Annotated[Caller, Depends(require(Permission.READ))],
    period: Period = "24h",
    day_start: Annotated[Moment | None, Query(description="When today began; midnight UTC if left out")] = None,
) -> Any:
    """Count what went out, how fast, what failed and what waits."""
    with app_of(request).store.work(caller.org_id) as work:
        found = statistics(work.connection, caller.org_id, period, day_start)
    found["connectors"] = [row | {"health": health(row)} for row in found["connectors"]]
    return found
