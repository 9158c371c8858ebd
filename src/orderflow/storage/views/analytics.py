"""How deliveries went over a period, by connection, rule, customer or reason: success, times, and when it failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from orderflow.domain.states import ARRIVED
from orderflow.storage.tables.states import among
from orderflow.storage.views.connections import all_connections
from orderflow.storage.views.statistics import NUMBERS, STEPS, stretch_of, stretches
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
from orderflow.storage.work.tallies import COUNTED, MOST_GROUPS, OF_ORDERS, PERIODS, Period

By = Literal["connection", "route", "customer", "reason"]

MOST_COUNTED = 100_000
"""Deliveries of a period that are counted: the newest."""

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
_ALL: Mapping[By, str] = MappingProxyType({})
_NOTHING = {**dict.fromkeys(NUMBERS, 0), "delivery": None, "confirmation": None}
_SUMS = f"""
    count(*) AS requested, count(*) FILTER (WHERE {among(ARRIVED)}) AS delivered,
    count(*) FILTER (WHERE status = 'ACKED') AS confirmed, count(*) FILTER (WHERE status = 'FAILED') AS failed,
    percentile_cont({SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM sent_at - created_at))
        FILTER (WHERE sent_at IS NOT NULL) AS delivery,
    percentile_cont({SHARES}) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - sent_at))
        FILTER (WHERE status = 'ACKED') AS confirmation
"""


def _counted(by: By, only: Iterable[By]) -> str:
    key, name = _KEYS[by]
    failed = ["e.error_json IS NOT NULL"] if by == "reason" else []
    wanted = " AND ".join(["true", *failed, *(f"COALESCE({_KEYS[each][0]}, '') = :only_{each}" for each in only)])
    return f"""
        SELECT COALESCE({key}, '') AS key, {name} AS name, e.status, e.created_at, e.sent_at, e.answered_at
        FROM (SELECT * FROM erp_export WHERE org_id = :org_id AND created_at >= :since AND {OF_ORDERS}
              ORDER BY created_at DESC LIMIT {MOST_COUNTED}) e WHERE {wanted}
    """  # noqa: S608  # built from constants


def _query(by: By, only: Iterable[By]) -> str:
    return f"""
        WITH counted AS MATERIALIZED ({_counted(by, only)}), groups AS (
            SELECT key, (array_agg(name ORDER BY created_at DESC))[1] AS name, {_SUMS}
            FROM counted GROUP BY key ORDER BY requested DESC, NULLIF(key, '') LIMIT {MOST_GROUPS}
        ), points AS (
            SELECT key, LEAST(CAST(:steps AS int), width_bucket(CAST(extract(epoch FROM created_at) AS float8),
                       CAST(:begin AS float8), CAST(:end AS float8), CAST(:steps AS int))) AS place, {_SUMS}
            FROM counted WHERE key IN (SELECT key FROM groups) GROUP BY 1, 2
        ), lines AS (SELECT key, jsonb_object_agg(place, to_jsonb(points)) AS points FROM points GROUP BY 1)
        SELECT g.*, l.points FROM groups g JOIN lines l USING (key) ORDER BY requested DESC, NULLIF(key, '')
    """  # noqa: S608  # built from constants


_OF_KEYS = f"""
    SELECT key, name, at, requested, delivered, confirmed, failed, {TIMES}
    {COUNTED} AND key = ANY(:keys) ORDER BY latest_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """How deliveries went."""

    requested: int
    delivered: Annotated[int, Field(description="At the ERP, confirmed or not")]
    confirmed: int
    failed: int
    success_rate: Annotated[float | None, Field(description="Delivered of what has ended, 0 to 1")]
    delivery_seconds: Annotated[Percentiles, Field(description="From the request until the document was at the ERP")]
    confirmation_seconds: Annotated[Percentiles, Field(description="From there until the ERP's confirmation")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch(Went):
    """How deliveries went that were asked for in a stretch of the period."""

    at: Annotated[datetime, Field(description="Where it begins")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Went):
    """What was asked for under one name in the period, and what became of it."""

    key: Annotated[str | None, Field(description="An id, a rule, a customer's number, or a code; null: none")]
    name: Annotated[str | None, Field(description="What people call it; of a reason the newest text")]
    series: Annotated[
        list[Stretch], Field(description="Hours of 24h, six hours of 7d, days of 30d, in UTC; oldest first")
    ]


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


def analytics(view: View, period: Period, by: By, only: Mapping[By, str] = _ALL) -> Analytics:
    """Return how the deliveries of a period went, under what they are counted by.

    Args:
        only: The keys of those that are counted, an empty one for none; then they are counted one by one.
    """
    now = datetime.now(UTC)
    at = None if only else counted_at(view)
    if at is not None:
        return _beforehand(Counts.of(view, period, now), by, at, now)
    since, step = now - PERIODS[period], STEPS[period]
    starts = stretches(now, period)
    times = {"begin": starts[0].timestamp(), "end": (starts[-1] + step).timestamp(), "steps": len(starts)}
    keys = {f"only_{name}": key for name, key in only.items()}
    rows = view.mappings(_query(by, only), {"since": since, **times, **keys})
    return Analytics(period=period, by=by, since=since, items=[_live(row, starts) for row in rows])


def _live(row: Mapping[str, Any], starts: list[datetime]) -> Group:
    # What came before the first stretch is in place 0.
    places = {place: row["points"].get(str(place), _NOTHING) for place in range(1, len(starts) + 1)}
    series = [Stretch(at=at, **_went(places[place])) for place, at in enumerate(starts, start=1)]
    return Group(key=row["key"] or None, name=row["name"], series=series, **_went(row))


def _went(row: Mapping[str, Any]) -> dict[str, Any]:
    return _rated(row, Percentiles.of(row["delivery"]), Percentiles.of(row["confirmation"]))


def _rated(sums: Mapping[str, Any], delivery: Percentiles, confirmation: Percentiles) -> dict[str, Any]:
    rate = {"success_rate": success_rate(sums)}
    times = {"delivery_seconds": delivery, "confirmation_seconds": confirmation}
    return {name: sums[name] for name in NUMBERS} | rate | times


def _beforehand(counted: Counts, by: By, at: datetime, now: datetime) -> Analytics:
    period, starts = counted.period, stretches(now, counted.period)
    counts: dict[str, list[_Count]] = {key: [] for key in counted.first(by)}
    for row in counted.rows(_OF_KEYS, by, keys=[*counts]):
        counts[row["key"]].append(_Count(row, *times_of(row)))
    names = _names(counted.view) if by == "connection" else {}
    begins = cache(partial(stretch_of, step=STEPS[period]))  # counts of many keys begin at the same few moments
    nothing = _summed([])
    items = []
    for key, of_key in counts.items():
        if not of_key:  # it had some in the hour or day before
            continue
        parts: dict[datetime, list[_Count]] = defaultdict(list)
        for count in of_key:
            parts[begins(count.row["at"])].append(count)
        went = {start: _summed(part) for start, part in parts.items()}
        series = [Stretch(at=start, **went.get(start, nothing)) for start in starts]
        name = names.get(key, of_key[-1].row["name"])
        items.append(Group(key=key or None, name=name, series=series, **_summed(of_key)))
    items.sort(key=lambda group: group.requested, reverse=True)
    return Analytics(period=period, by=by, since=counted.since, items=items, counted_at=at)


def _names(view: View) -> Mapping[str, str]:
    return {str(one.id): one.name or one.connector_type for one in all_connections(view)}


class _Count(NamedTuple):
    """How deliveries of an hour or a day went, and how long they took."""

    row: Mapping[Any, Any]
    sent_in: Steps
    answered_in: Steps


def _summed(counts: Sequence[_Count]) -> dict[str, Any]:
    """Return what counts add up to, as `Went` has it."""
    if len(counts) == 1:  # as most are: a customer's of one day
        return _rated(counts[0].row, percentiles(counts[0].sent_in), percentiles(counts[0].answered_in))
    sent_in: Steps = {}
    answered_in: Steps = {}
    for count in counts:
        add(sent_in, count.sent_in)
        add(answered_in, count.answered_in)
    numbers = {name: sum(count.row[name] for count in counts) for name in NUMBERS}
    return _rated(numbers, percentiles(sent_in), percentiles(answered_in))
