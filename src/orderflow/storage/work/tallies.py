"""How the deliveries of each hour and day went, counted once and kept: for organizations that have very many.

Each count is made of the rows themselves, and made anew when one of them changes: when that was, a trigger keeps
(migration 0040), whichever release changed it. So nothing is written on an order's own way, and no count can drift for
long: each day is counted anew once a day, and one that was counted otherwise is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

import structlog
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.domain.states import ARRIVED, ERPExportStatus, OrderStatus
from orderflow.storage.tables.states import among, is_order, quoted

MANY = 20_000
"""Deliveries of a month beyond which they are counted beforehand, until there are only half as many."""

KEPT = timedelta(days=32)
KEPT_HOURLY = timedelta(days=9)
OVERLAP = timedelta(minutes=5)
"""By which a look goes back behind the one before: what changes is dated by the beginning of its transaction."""

NEXT_CHECK = timedelta(days=1) / KEPT.days
"""Until the next of the days that are kept is counted anew, whether it changed or not."""

HOUR, DAY = 1, 24
"""Hours of a count."""

Period = Literal["24h", "7d", "30d"]
PERIODS: Mapping[Period, timedelta] = MappingProxyType(
    {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
)
"""That people look at, and how far back each reaches."""

MOST_GROUPS = 100
"""Keys that counts are told of: those of which there are most."""

FACTOR, LEAST_SECONDS = 1.1, 0.01
"""Times are counted in steps, each by a tenth longer than the one before, from a hundredth of a second on."""

log = structlog.get_logger(__name__)
OF_ORDERS = f"{is_order()} AND COALESCE(error_json ->> 'code' <> {quoted(OrderStatus.RECALLED)}, true)"
"""Recalls are none, and what was recalled before it was answered neither failed nor was confirmed."""

_MORE_THAN = f"""
    SELECT FROM erp_export e WHERE e.org_id = {{}} AND e.created_at > now() - interval '{KEPT.days} days'
    ORDER BY e.created_at DESC OFFSET {{}} LIMIT 1
"""  # from constants
# Several processes look, and one of them counts.
DUE = text(f"""
    SELECT g.id, g.id FROM organization g LEFT JOIN delivery_tally_state s ON s.org_id = g.id
    WHERE CASE WHEN s.org_id IS NULL THEN EXISTS ({_MORE_THAN.format("g.id", MANY)})
               ELSE s.seen_at IS NULL OR s.seen_at NOT BETWEEN now() - interval '45 seconds' AND now() END
""")  # noqa: S608  # from constants
# An INSERT alone would wait for who changes the row that it meets.
_BEGIN = text("""
    INSERT INTO delivery_tally_state (org_id, checked_at) SELECT :org_id, now()
    WHERE NOT EXISTS (SELECT FROM delivery_tally_state WHERE org_id = :org_id) ON CONFLICT DO NOTHING
""")
COUNTED = "FROM delivery_tally WHERE org_id = :org_id AND counted_by = :by AND hours = :hours AND at >= :since"
"""SQL for the counts of one kind, of a period."""

FIRST_COUNTED = f"""
    SELECT key {COUNTED} GROUP BY 1 ORDER BY sum(requested) DESC, NULLIF(key, '') LIMIT {MOST_GROUPS}
"""
"""SQL for the keys of which there are most, most first."""

_STATE = text("""
    SELECT seen_at, checked_at, checked_day, now() AS now FROM delivery_tally_state
    WHERE org_id = :org_id FOR UPDATE SKIP LOCKED
""")
_SEEN = text("""
    UPDATE delivery_tally_state SET seen_at = :seen_at, checked_at = :checked_at, checked_day = :checked_day
    WHERE org_id = :org_id
""")
# There may be any number of customers, so that whoever looks would add up the days of all to find these.
_RANKED = text("""
    UPDATE delivery_tally_state SET first_customers = :first, ranked_at = seen_at WHERE org_id = :org_id
""").bindparams(bindparam("first", type_=JSONB))
_ARE_FEW = text(f"SELECT NOT EXISTS ({_MORE_THAN.format(':org_id', MANY // 2)})")
_END = (
    text("DELETE FROM delivery_tally WHERE org_id = :org_id"),
    text("DELETE FROM delivery_tally_state WHERE org_id = :org_id"),
)
_CHANGED = text("""
    SELECT DISTINCT date_trunc('day', created_at, 'UTC') FROM erp_export
    WHERE org_id = :org_id AND updated_at >= :since AND created_at >= :kept
""")
_FORGET = text(f"""
    DELETE FROM delivery_tally
    WHERE org_id = :org_id AND (at < :kept OR (hours = {HOUR} AND at < :kept_hourly))
""")  # noqa: S608  # from a constant
_BEFORE = text("""
    DELETE FROM delivery_tally WHERE org_id = :org_id AND at >= :first AND at < :last
    RETURNING counted_by, hours, requested, delivered, confirmed, failed
""")
_STEP = f"floor(ln(GREATEST(extract(epoch FROM {{}})::float8, {LEAST_SECONDS}) / {LEAST_SECONDS}) / ln({FACTOR}))::int"
_OF_ORDER = "(SELECT {} FROM draft_order o WHERE o.id = e.draft_order_id)"
# The order is looked up by its id for each, so that nothing reads all orders of an organization for those of a day.
_COUNT = text(f"""
    WITH e AS MATERIALIZED (
        SELECT erp_export.*, {OF_ORDERS} AS counts FROM erp_export
        WHERE org_id = :org_id AND created_at >= :first AND created_at < :last
    ), keyed AS (
        SELECT k.counted_by, k.key, k.name, e.status, e.created_at,
               CASE WHEN e.sent_at IS NOT NULL THEN {_STEP.format("e.sent_at - e.created_at")} END AS sent_in,
               CASE WHEN {among([ERPExportStatus.ACKED], "e.status")} AND e.answered_at IS NOT NULL
                         AND e.sent_at IS NOT NULL
                    THEN {_STEP.format("e.answered_at - e.sent_at")} END AS answered_in
        FROM e JOIN draft_order o ON o.id = e.draft_order_id CROSS JOIN LATERAL (VALUES
            ('all', CASE WHEN e.counts THEN '' END, NULL),
            ('connection', CASE WHEN e.counts THEN e.connection_id::text END, NULL),
            ('route', CASE WHEN e.counts THEN COALESCE(e.route ->> 'rule', '') END, e.route ->> 'rule'),
            ('rule', CASE WHEN e.route IS NOT NULL THEN COALESCE(e.route ->> 'rule', '') END, NULL),
            ('customer', CASE WHEN e.counts THEN COALESCE(o.erp_customer_number, o.customer_name, '') END,
                         o.customer_name),
            ('reason', CASE WHEN e.counts AND e.error_json IS NOT NULL
                            THEN COALESCE(e.error_json ->> 'code', '') END, e.error_json ->> 'message')
        ) k(counted_by, key, name) WHERE k.key IS NOT NULL
    ), sized AS (SELECT * FROM keyed, (VALUES ({HOUR}), ({DAY})) h(hours) WHERE hours = {DAY} OR :hourly)
    INSERT INTO delivery_tally (org_id, counted_by, hours, at, key, name, requested, delivered, confirmed, failed,
                                waiting, sent_in, answered_in, latest_at)
    SELECT :org_id, counted_by, hours, at, key, name, requested, delivered, confirmed, failed, waiting,
           (SELECT COALESCE(jsonb_object_agg(b, n), '{{}}') FROM (
               SELECT b, count(*) AS n FROM unnest(sent_in) b WHERE b IS NOT NULL GROUP BY b) s),
           (SELECT COALESCE(jsonb_object_agg(b, n), '{{}}') FROM (
               SELECT b, count(*) AS n FROM unnest(answered_in) b WHERE b IS NOT NULL GROUP BY b) s),
           latest_at
    FROM (
        SELECT counted_by, hours, date_bin(hours * interval '1 hour', created_at, timestamptz 'epoch') AS at, key,
               (array_agg(name ORDER BY created_at DESC) FILTER (WHERE name IS NOT NULL))[1] AS name,
               count(*) AS requested,
               count(*) FILTER (WHERE {among(ARRIVED)}) AS delivered,
               count(*) FILTER (WHERE {among([ERPExportStatus.ACKED])}) AS confirmed,
               count(*) FILTER (WHERE {among([ERPExportStatus.FAILED])}) AS failed,
               count(*) FILTER (WHERE {among([ERPExportStatus.PENDING])}) AS waiting,
               array_agg(sent_in) AS sent_in, array_agg(answered_in) AS answered_in, max(created_at) AS latest_at
        FROM sized GROUP BY 1, 2, 3, 4) counted
    RETURNING counted_by, hours, requested, delivered, confirmed, failed
""")  # noqa: S608  # from constants
Sums = tuple[int, ...]


def seconds_of(step: int) -> float:
    """Return the middle of a step of time, in seconds; it is within 5 % of each time that was counted in it."""
    return LEAST_SECONDS * FACTOR**step * math.sqrt(FACTOR)


def counts_of(period: Period, now: datetime) -> tuple[int, datetime]:
    """Return the hours of each count that a period is put together from, and when the first of them begins."""
    span = PERIODS[period]
    hours = DAY if span > timedelta(days=8) else HOUR
    start = (now - span).replace(minute=0, second=0, microsecond=0)
    return hours, start if hours == HOUR else start.replace(hour=0)


def tally(connection: Connection, org_id: UUID) -> bool:
    """Count, or delete all counts where there are only few deliveries by now; True: go on.

    In a transaction of the organization.
    """
    if not connection.execute(_ARE_FEW, {"org_id": org_id}).scalar_one():
        return count_deliveries(connection, org_id)
    for statement in _END:
        connection.execute(statement, {"org_id": org_id})
    return False


def count_deliveries(connection: Connection, org_id: UUID) -> bool:
    """Count again the days of which something changed since the last look, and now and then one that did not.

    The first time a day is counted with each call; True until all are, so that what changed meanwhile is counted, too.
    In a transaction of the organization; while another one counts, nothing is done.
    """
    connection.execute(_BEGIN, {"org_id": org_id})
    state = connection.execute(_STATE, {"org_id": org_id}).one_or_none()
    if state is None:
        return False
    if state.seen_at is None:
        _begin(connection, org_id, state)
        return True
    _go_on(connection, org_id, state)
    return False


def _begin(connection: Connection, org_id: UUID, state: Any) -> None:
    day = _next_day(state)
    _count(connection, org_id, day, state.now)
    ends = day == _day(state.now)
    # What changed since it began is seen by the next look.
    seen = {"seen_at": state.checked_at if ends else None, "checked_at": state.checked_at, "checked_day": day}
    connection.execute(_SEEN, {"org_id": org_id, **seen})


def _go_on(connection: Connection, org_id: UUID, state: Any) -> None:
    first = _day(state.now - KEPT)
    limits = {"org_id": org_id, "kept": first, "kept_hourly": _day(state.now - KEPT_HOURLY)}
    connection.execute(_FORGET, limits)
    since = {"since": min(state.seen_at, state.now) - OVERLAP}
    changed = {_day(day) for day in connection.execute(_CHANGED, limits | since).scalars()}
    for day in sorted(changed):
        _count(connection, org_id, day, state.now)
    seen = {"seen_at": state.now, "checked_at": state.checked_at, "checked_day": state.checked_day}
    if abs(state.now - state.checked_at) > NEXT_CHECK:
        seen |= {"checked_at": state.now, "checked_day": _next_day(state)}
        _check(connection, org_id, seen["checked_day"], state.now, told=seen["checked_day"] not in changed)
    connection.execute(_SEEN, {"org_id": org_id, **seen})
    ranked = {period: _first_customers(connection, org_id, period, state.now) for period in PERIODS}
    connection.execute(_RANKED, {"org_id": org_id, "first": ranked})


def _first_customers(connection: Connection, org_id: UUID, period: Period, now: datetime) -> list[str]:
    hours, since = counts_of(period, now.astimezone(UTC))
    wanted = {"org_id": org_id, "by": "customer", "hours": hours, "since": since}
    return [*connection.execute(text(FIRST_COUNTED), wanted).scalars()]


def _next_day(state: Any) -> datetime:
    """Return the day after the one that was counted anew last: of those that are kept, and after today the first."""
    first, last = _day(state.now - KEPT), _day(state.now)
    following = first if state.checked_day is None else _day(state.checked_day) + timedelta(days=1)
    return following if first <= following <= last else first


def _check(connection: Connection, org_id: UUID, day: datetime, now: datetime, *, told: bool) -> None:
    before, after = _count(connection, org_id, day, now)
    # Where there are fewer, old orders were deleted, which nothing dates.
    if told and before != after and before[:1] <= after[:1]:
        log.warning("deliveries of a day had been counted otherwise", day=f"{day:%Y-%m-%d}", before=before, after=after)


def _count(connection: Connection, org_id: UUID, day: datetime, now: datetime) -> tuple[Sums, Sums]:
    """Count a day; returns what its sums were, and are."""
    of_day = {"org_id": org_id, "first": day, "last": day + timedelta(days=1)}
    before = connection.execute(_BEFORE, of_day).all()
    after = connection.execute(_COUNT, of_day | {"hourly": day >= _day(now - KEPT_HOURLY)}).all()
    return _summed(before), _summed(after)


def _summed(rows: Iterable[Any]) -> Sums:
    counted: list[Sums] = [tuple(row[2:]) for row in rows if row[:2] == ("all", DAY)]
    return counted[0] if counted else ()


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
