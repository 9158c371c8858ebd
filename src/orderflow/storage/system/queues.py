"""How much waits where, across organizations: for the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from orderflow.domain.bulk import BulkStatus
from orderflow.domain.states import BreakerState, ExportStep
from orderflow.storage.database import Database
from orderflow.storage.system.due import COULD_DELIVER
from orderflow.storage.tables.states import among, may
from orderflow.storage.views.deliveries import WAITS_FOR
from orderflow.storage.work.clock import CLOSED, IN_USE
from orderflow.storage.work.queue import IN_TURN, due

_QUEUES = text(f"""
    SELECT g.slug, c.connector_type, c.id, {CLOSED} AS closed, p.depth,
           -- As the doctor tells it: of one that nobody uses, only if orders wait for a person.
           CASE WHEN {IN_USE} OR (c.breaker_state = 'PAUSED' AND p.depth > 0) THEN c.breaker_state ELSE 'CLOSED' END
               AS breaker_state,
           CASE WHEN {IN_USE} THEN extract(epoch FROM c.certificate_ends_at - now())::float8 END AS certificate,
           COALESCE(extract(epoch FROM now() - p.oldest), 0)::float8 AS oldest,
           CASE WHEN d.since IS NULL THEN 0 ELSE extract(epoch FROM now() - GREATEST(d.since, c.closed_until)) END
               ::float8 AS due,
           s.unanswered
    FROM erp_connection c
    JOIN organization g ON g.id = c.org_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS depth, min(e.created_at) AS oldest FROM erp_export e
        WHERE e.connection_id = c.id AND e.status = 'PENDING') p
    LEFT JOIN LATERAL (
        SELECT min(w.next_attempt_at) AS since FROM (
            SELECT e.next_attempt_at FROM erp_export e WHERE e.connection_id = c.id AND {due("e")}
            ORDER BY {IN_TURN} LIMIT 1000) w) d ON d.since IS NOT NULL AND {COULD_DELIVER}
    CROSS JOIN LATERAL (
        SELECT count(*) AS unanswered FROM (
            SELECT FROM erp_export e WHERE e.connection_id = c.id AND e.status = 'SENT' LIMIT 10000) capped) s
    WHERE c.deleted_at IS NULL
""")  # noqa: S608  # built from constants


MOST_RULES = 50
"""Of one organization, by name; the rest goes together."""

_WAITS = text(f"""
    SELECT g.slug, c.connector_type, c.id::text AS connection, w.reason, count(*) AS waiting
    FROM erp_connection c JOIN organization g ON g.id = c.org_id CROSS JOIN LATERAL (
        SELECT {WAITS_FOR} AS reason FROM erp_export e
        WHERE e.connection_id = c.id AND e.status = 'PENDING' LIMIT 10000) w
    GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT g.slug, '', '', w.waits_for, count(*) FROM organization g CROSS JOIN LATERAL (
        SELECT o.waits_for FROM draft_order o WHERE o.org_id = g.id AND o.waits_for IS NOT NULL LIMIT 10000) w
    GROUP BY 1, 4
""")  # noqa: S608  # built from constants
_BY_RULE = text(f"""
    SELECT slug, CASE WHEN place <= {MOST_RULES} THEN rule ELSE '(others)' END AS rule, sum(depth)::int AS depth FROM (
        SELECT g.slug, COALESCE(w.rule, '(default)') AS rule, count(*) AS depth,
               row_number() OVER (PARTITION BY g.slug ORDER BY count(*) DESC, w.rule) AS place
        FROM organization g CROSS JOIN LATERAL (
            SELECT e.route ->> 'rule' AS rule FROM erp_export e
            WHERE e.org_id = g.id AND {may(ExportStep.MOVE, "e.status")} AND e.route_version IS NOT NULL LIMIT 10000) w
        GROUP BY g.slug, w.rule) routed
    GROUP BY 1, 2
""")  # noqa: S608  # built from a constant
_BULK = text(f"""
    SELECT g.slug, count(*) AS jobs, sum(j.total - j.done - j.waiting - j.refused)::int AS orders
    FROM bulk_job j JOIN organization g ON g.id = j.org_id WHERE {among([BulkStatus.RUNNING], "j.status")} GROUP BY 1
""")  # noqa: S608  # built from a constant


@dataclass(frozen=True, slots=True)
class Queue:
    """One connection's queue.

    Attributes:
        breaker_state: CLOSED, too, of a DISABLED one, unless orders wait there for a person.
        closed: By its opening hours.
        oldest_seconds: 0 if nothing waits.
        due_seconds: For so long one has waited for workers alone, of the first 1,000 in turn; 0: none does.
        unanswered: Counted up to 10,000.
        certificate_seconds: Until its last certificate ends; None: it needs none, or is DISABLED.
    """

    organization: str
    connector_type: str
    connection_id: UUID
    breaker_state: BreakerState
    closed: bool
    depth: int
    oldest_seconds: float
    unanswered: int
    certificate_seconds: float | None = None
    due_seconds: float = 0.0


def queues(database: Database) -> list[Queue]:
    """Return the queue of every connection that is not deleted. Raises DatabaseError."""
    with database.system() as connection:
        return [
            Queue(
                row.slug,
                row.connector_type,
                row.id,
                BreakerState(row.breaker_state),
                row.closed,
                row.depth,
                row.oldest,
                row.unanswered,
                row.certificate,
                row.due,
            )
            for row in connection.execute(_QUEUES)
        ]


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits for what, and what is left to do to many.

    Attributes:
        reasons: Organization, connector type, connection (both empty: a route) and reason; how many, of each
            connection up to 10,000, and as many for a route.
        rules: Organization and routing rule, the largest `MOST_RULES` by name; how many exports wait, counted up to
            10,000 of each organization.
        jobs: Organization; running bulk jobs, and the orders that are left of them.
    """

    reasons: dict[tuple[str, str, str, str], int]
    rules: dict[tuple[str, str], int]
    jobs: dict[str, tuple[int, int]]


def waits(database: Database) -> Waits:
    """Return what waits for what. Raises DatabaseError."""
    with database.system() as connection:
        return Waits(
            {tuple(row[:4]): row.waiting for row in connection.execute(_WAITS)},
            {(row.slug, row.rule): row.depth for row in connection.execute(_BY_RULE)},
            {row.slug: (row.jobs, row.orders) for row in connection.execute(_BULK)},
        )
