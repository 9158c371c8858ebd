"""How much waits where, across organizations: for the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from orderflow.domain.states import BreakerState
from orderflow.storage.database import Database
from orderflow.storage.work.clock import CLOSED

_QUEUES = text(f"""
    SELECT g.slug, c.connector_type, c.id, c.breaker_state, {CLOSED} AS closed, p.depth,
           COALESCE(extract(epoch FROM now() - p.oldest), 0)::float8 AS oldest, s.unanswered
    FROM erp_connection c
    JOIN organization g ON g.id = c.org_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS depth, min(e.created_at) AS oldest FROM erp_export e
        WHERE e.connection_id = c.id AND e.status = 'PENDING') p
    CROSS JOIN LATERAL (
        SELECT count(*) AS unanswered FROM (
            SELECT FROM erp_export e WHERE e.connection_id = c.id AND e.status = 'SENT' LIMIT 10000) capped) s
    WHERE c.deleted_at IS NULL
""")  # noqa: S608  # built from a constant


@dataclass(frozen=True, slots=True)
class Queue:
    """One connection's queue.

    Attributes:
        closed: By its opening hours.
        oldest_seconds: 0 if nothing waits.
        unanswered: Counted up to 10,000.
    """

    organization: str
    connector_type: str
    connection_id: UUID
    breaker_state: BreakerState
    closed: bool
    depth: int
    oldest_seconds: float
    unanswered: int


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
            )
            for row in connection.execute(_QUEUES)
        ]
