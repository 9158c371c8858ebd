"""How deliveries went over a period, by connection, rule, customer or reason: success, times, and when it failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from orderflow.domain.states import ARRIVED
from orderflow.storage.tables.states import among
from orderflow.storage.views.connections import all_connections
from orderflow.storage.views.statistics import SPANS, Period
from orderflow.storage.views.tallies import CountedAt, Percentiles, begun, counted_at, hours_of, percentiles, tallies
from orderflow.storage.views.view import View
from orderflow.storage.work.tallies import OF_ORDERS

By = Literal["connection", "route", "customer", "reason"]

MOST_COUNTED = 100_000
"""Deliveries of a period that are counted: the newest."""

MOST_GROUPS = 100

# What a delivery is counted under, and what people call that. The order is looked up by its id for each, so
# that nothing reads all orders of an organization for those of a day.
_OF_ORDER = "(SELECT {} FROM draft_order o WHERE o.id = e.draft_order_id)"
_KEYS: dict[By, tuple[str, str]] = {
    "connection": (
        "e.connection_id::text",
        "(SELECT COALESCE(c.name, c.connector_type) FROM erp_connection c WHERE c.id = e.connection_id)",
    ),
    "route": ("e.route ->> 'rule'", "e.route ->> 'rule'"),
    "customer": (
        _OF_ORDER.format("COALESCE(o.erp_customer_number, o.customer_name)"),
        _OF_ORDER.format("o.customer_name"),
    ),
    "reason": ("e.error_json ->> 'code'", "e.error_json ->> 'message'"),
}
_SHARES = "ARRAY[0.5, 0.95]::float8[]"


def _counted(by: By) -> str:
    key, name = _KEYS[by]
    only = "AND e.error_json IS NOT NULL" if by == "reason" else ""
    return f"""
        SELECT {key} AS key, {name} AS name, e.status, e.created_at, e.sent_at, e.answered_at
        FROM (SELECT * FROM erp_export WHERE org_id = :org_id AND created_at >= :first AND {OF_ORDERS}
              ORDER BY created_at DESC LIMIT {MOST_COUNTED}) e WHERE true {only}
    """  # noqa: S608  # built from constants


def _query(by: By) -> str:
    return f"""
        WITH counted AS MATERIALIZED ({_counted(by)}), groups AS (
            SELECT key, (array_agg(name ORDER BY created_at DESC))[1] AS name, count(*) AS requested,
                   count(*) FILTER (WHERE {among(ARRIVED)}) AS delivered,
                   count(*) FILTER (WHERE status = 'ACKED') AS confirmed,
                   count(*) FILTER (WHERE status = 'FAILED') AS failed,
                   percentile_cont({_SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at))
                       FILTER (WHERE sent_at IS NOT NULL) AS delivery,
                   percentile_cont({_SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - sent_at))
                       FILTER (WHERE status = 'ACKED') AS confirmation
            FROM counted GROUP BY key ORDER BY requested DESC, key LIMIT {MOST_GROUPS}
        ), points AS (
            SELECT key, width_bucket(CAST(extract(epoch FROM created_at) AS float8), CAST(:begin AS float8),
                                     CAST(:end AS float8), CAST(:steps AS int)) AS place,
                   count(*) AS requested, count(*) FILTER (WHERE status = 'FAILED') AS failed
            FROM counted GROUP BY 1, 2
        )
        SELECT g.*, COALESCE((SELECT jsonb_agg(jsonb_build_array(p.place, p.requested, p.failed) ORDER BY p.place)
                              FROM points p WHERE p.key IS NOT DISTINCT FROM g.key), '[]') AS points
        FROM groups g ORDER BY requested DESC, key
    """  # noqa: S608  # built from constants


_COUNTED = "FROM delivery_tally WHERE org_id = :org_id AND counted_by = :by AND hours = :hours AND at >= :since"
_FIRST_COUNTED = f"""
    SELECT key, sum(requested)::int AS requested, sum(delivered)::int AS delivered,
           sum(confirmed)::int AS confirmed, sum(failed)::int AS failed
    {_COUNTED} GROUP BY key ORDER BY 2 DESC, NULLIF(key, '') LIMIT {MOST_GROUPS}
"""
_OF_KEYS = f"""
    SELECT key, name, at, requested, failed, sent_in, answered_in {_COUNTED} AND key = ANY(:keys) ORDER BY latest_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of the period."""

    requested: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What was asked for under one name in the period, and what became of it."""

    key: Annotated[str | None, Field(description="An id, a rule, a customer's number, or a code; null: none")]
    name: Annotated[str | None, Field(description="What people call it; of a reason the newest text")]
    requested: int
    delivered: Annotated[int, Field(description="At the ERP, confirmed or not")]
    confirmed: int
    failed: int
    success_rate: Annotated[float | None, Field(description="Delivered of what has ended, 0 to 1")]
    delivery_seconds: Annotated[Percentiles, Field(description="From the request until the document was at the ERP")]
    confirmation_seconds: Annotated[Percentiles, Field(description="From there until the ERP's confirmation")]
    series: Annotated[list[Stretch], Field(description="As the overview's chart has them, oldest first")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytics:
    """How deliveries went, most first."""

    period: Period
    by: Annotated[By, Field(description="Under what they are counted", examples=["connection"])]
    since: datetime
    items: Annotated[
        list[Group],
        Field(description=f"The first {MOST_GROUPS}; where `counted_at` is null, of the newest {MOST_COUNTED:,}"),
    ]
    counted_at: CountedAt = None


def analytics(view: View, period: Period, by: By) -> Analytics:
    """Return how the deliveries of a period went, under what they are counted by."""
    span, step = SPANS[period]
    end = datetime.now(UTC)
    first = end - span
    steps = int(span / step)
    if (at := counted_at(view)) is not None:
        return _beforehand(view, period, by, at)
    times = {"first": first, "begin": first.timestamp(), "end": end.timestamp(), "steps": steps}
    rows = view.mappings(_query(by), times)
    return Analytics(period=period, by=by, since=first, items=[_live(row, steps) for row in rows])


def _beforehand(view: View, period: Period, by: By, at: datetime) -> Analytics:
    span, step = SPANS[period]
    hours, end, steps = hours_of(span), datetime.now(UTC), int(span / step)
    since = begun(end - span, hours)
    groups = tallies(view, _FIRST_COUNTED, by, since, hours)
    keys = [group["key"] for group in groups]
    rows: dict[str, list[Any]] = {key: [] for key in keys}
    for row in tallies(view, _OF_KEYS, by, since, hours, keys=keys):
        rows[row["key"]].append(row)
    names = {str(one.id): one.name or one.connector_type for one in all_connections(view)} if by == "connection" else {}
    begin = end.timestamp() - span.total_seconds()
    items = []
    for group in groups:
        of_group = rows[group["key"]]
        points = [
            (int((row["at"].timestamp() - begin) // step.total_seconds()) + 1, row["requested"], row["failed"])
            for row in of_group
        ]
        times = {
            "delivery": percentiles(row["sent_in"] for row in of_group),
            "confirmation": percentiles(row["answered_in"] for row in of_group),
        }
        shown = {"key": group["key"] or None, "name": names.get(group["key"], of_group[-1]["name"]), "points": points}
        items.append(_group({**group, **times, **shown}, steps))
    return Analytics(period=period, by=by, since=since, items=items, counted_at=at)


def _group(row: Any, steps: int) -> Group:
    ended = row["delivered"] + row["failed"]
    series = [Stretch(requested=0, failed=0)] * steps
    for place, requested, failed in row["points"]:
        at = min(max(place, 1), steps) - 1  # what came while it was asked stands in the last
        series[at] = Stretch(requested=series[at].requested + requested, failed=series[at].failed + failed)
    return Group(
        key=row["key"],
        name=row["name"],
        requested=row["requested"],
        delivered=row["delivered"],
        confirmed=row["confirmed"],
        failed=row["failed"],
        success_rate=row["delivered"] / ended if ended else None,
        delivery_seconds=row["delivery"],
        confirmation_seconds=row["confirmation"],
        series=series,
    )


def _live(row: Any, steps: int) -> Group:
    times = {name: _percentiles(row[name]) for name in ("delivery", "confirmation")}
    return _group({**row, **times}, steps)


def _percentiles(found: list[float] | None) -> Percentiles:
    p50, p95 = found or (None, None)
    return Percentiles(p50=p50, p95=p95)
