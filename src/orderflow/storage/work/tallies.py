"""How the deliveries of each hour and day went, counted once and kept: for organizations that have very many.

Each count is made of the rows themselves, and made anew when one of them changes. So it cannot drift for long: once a
day all are made anew, and one that was otherwise before is told. Nothing is written on an order's own way.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from orderflow.domain.states import ARRIVED, ERPExportStatus, OrderStatus
from orderflow.storage.tables.states import among, is_order, quoted

MANY = 20_000
"""Deliveries of a month beyond which they are counted beforehand."""

KEPT = timedelta(days=32)
KEPT_HOURLY = timedelta(days=9)
OVERLAP = timedelta(minutes=5)
"""By which a look goes back behind the one before: what changes is dated by the beginning of its transaction."""

CHECKED_AFTER = timedelta(days=1)
HOUR, DAY = 1, 24
"""Hours of a count."""

FACTOR, LEAST_SECONDS = 1.1, 0.01
"""Times are counted in steps, each by a tenth longer than the one before, from a hundredth of a second on."""

log = structlog.get_logger(__name__)
OF_ORDERS = f"{is_order()} AND COALESCE(error_json ->> 'code' <> {quoted(OrderStatus.RECALLED)}, true)"
"""Recalls are none, and what was recalled before it was answered neither failed nor was confirmed."""

LARGE = text(f"""
    SELECT g.id, g.id FROM organization g CROSS JOIN LATERAL (
        SELECT FROM erp_export e WHERE e.org_id = g.id AND e.created_at > now() - interval '{KEPT.days} days'
        ORDER BY e.created_at DESC OFFSET {MANY} LIMIT 1) many
""")  # noqa: S608  # from constants
_STATE = text("""
    INSERT INTO delivery_tally_state (org_id) VALUES (:org_id) ON CONFLICT (org_id) DO UPDATE SET org_id = :org_id
    RETURNING seen_at, checked_at, now() AS now
""")
_SEEN = text("""
    UPDATE delivery_tally_state SET seen_at = :now, checked_at = CASE WHEN :all THEN :now ELSE checked_at END
    WHERE org_id = :org_id
""")
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
               (array_agg(name ORDER BY created_at DESC))[1] AS name, count(*) AS requested,
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


def count_deliveries(connection: Connection, org_id: UUID) -> int:
    """Count again the days of which something changed since the last look; returns how many.

    Everything is counted once a day, and the first time. In a transaction of the organization.
    """
    state = connection.execute(_STATE, {"org_id": org_id}).one()
    kept = _day(state.now - KEPT)
    everything = state.seen_at is None or state.checked_at is None or state.now - state.checked_at > CHECKED_AFTER
    since = kept if everything else state.seen_at - OVERLAP
    changed = set(connection.execute(_CHANGED, {"org_id": org_id, "since": since, "kept": kept}).scalars())
    days = {kept + timedelta(days=number) for number in range(KEPT.days + 1)} if everything else changed
    lately = {"org_id": org_id, "since": (state.seen_at or state.now) - OVERLAP, "kept": kept}
    expected = set(connection.execute(_CHANGED, lately).scalars()) if everything else changed
    hourly = _day(state.now - KEPT_HOURLY)
    connection.execute(_FORGET, {"org_id": org_id, "kept": kept, "kept_hourly": hourly})
    for day in sorted(days):
        told = everything and state.seen_at is not None and day not in expected
        _count(connection, org_id, day, hourly=day >= hourly, told=told)
    connection.execute(_SEEN, {"org_id": org_id, "now": state.now, "all": everything})
    return len(days)


def _count(connection: Connection, org_id: UUID, day: datetime, *, hourly: bool, told: bool) -> None:
    of_day = {"org_id": org_id, "first": day, "last": day + timedelta(days=1)}
    before = _summed(connection.execute(_BEFORE, of_day).all())
    after = _summed(connection.execute(_COUNT, of_day | {"hourly": hourly}).all())
    if told and before != after:
        log.warning("deliveries of a day had been counted otherwise", day=f"{day:%Y-%m-%d}", before=before, after=after)


def _summed(rows: object) -> Sums:
    counted: list[Sums] = [tuple(row[2:]) for row in rows if row[:2] == ("all", DAY)]  # type: ignore[attr-defined]  # rows of a query
    return tuple(map(sum, zip(*counted, strict=True))) if counted else ()


def _day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
