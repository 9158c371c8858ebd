"""How orders, answers and processes stand, across organizations: for the metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from orderflow.domain.answer_details import Level
from orderflow.domain.states import ENDED, OPEN, ExportStep, OrderStatus
from orderflow.storage.database import Database
from orderflow.storage.tables.states import among, listed, may, overdue

MOST = 10_000
"""Orders of one organization and state, and deliveries of one connection, that are looked at."""

_LIVING = [status for status in OrderStatus if status not in ENDED]
# One stretch of an index on (org_id, status) each.
_ORDERS = text(f"""
    SELECT g.slug, s.status, o.orders FROM organization g
    CROSS JOIN unnest(ARRAY[{listed(_LIVING)[1:-1]}]) AS s(status)
    CROSS JOIN LATERAL (
        SELECT count(*) AS orders FROM (
            SELECT FROM draft_order d WHERE d.org_id = g.id AND d.status = s.status LIMIT {MOST}) capped) o
    WHERE o.orders > 0
""")  # noqa: S608  # built from constants
_ANSWERS = text(f"""
    SELECT g.slug, c.connector_type, c.id,
           COALESCE(extract(epoch FROM now() - s.oldest), 0)::float8 AS unanswered_seconds,
           COALESCE(extract(epoch FROM now() - c.poll_failing_since), 0)::float8 AS failing_seconds,
           (SELECT count(*) FROM erp_export e WHERE e.connection_id = c.id AND e.unreadable_answer IS NOT NULL
              AND {among(OPEN, "e.status")}) AS unreadable,
           s.overdue,
           (SELECT count(w.held_at) FROM (
               SELECT e.held_at FROM erp_export e WHERE e.connection_id = c.id AND {may(ExportStep.WORK, "e.status")}
               LIMIT {MOST}) w) AS held
    FROM erp_connection c JOIN organization g ON g.id = c.org_id
    CROSS JOIN LATERAL (
        SELECT min(e.sent_at) AS oldest, count(*) FILTER (WHERE {" OR ".join(map(overdue, Level))}) AS overdue
        FROM (SELECT * FROM erp_export e WHERE e.connection_id = c.id AND {may(ExportStep.CONFIRM, "e.status")}
              ORDER BY e.sent_at LIMIT {MOST}) e) s
    WHERE c.deleted_at IS NULL
""")  # noqa: S608  # built from constants
_PROCESSES = text("""
    SELECT kind, count(*) FILTER (WHERE seen_at > now() - interval '1 minute') AS alive,
           extract(epoch FROM now() - max(seen_at))::float8 AS seen_seconds
    FROM process GROUP BY kind
""")
_WEBHOOKS = text("""
    SELECT g.slug, w.id, w.status = 'DISABLED' AS disabled, w.missed,
           COALESCE(extract(epoch FROM now() - w.failing_since), 0)::float8 AS failing_seconds,
           (SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.endpoint_id = w.id AND d.delivered_at IS NULL
                                  LIMIT :most) waiting) AS waiting,
           COALESCE(extract(epoch FROM now() - o.at), 0)::float8 AS oldest_seconds
    FROM webhook_endpoint w JOIN organization g ON g.id = w.org_id
    CROSS JOIN LATERAL (
        SELECT min(at) AS at FROM (
            (SELECT e.at FROM webhook_delivery d JOIN event e ON e.org_id = d.org_id AND e.number = d.number
             WHERE d.endpoint_id = w.id AND d.delivered_at IS NULL ORDER BY d.number LIMIT 1)
            UNION ALL
            (SELECT e.at FROM event e WHERE e.org_id = w.org_id AND e.number > w.position ORDER BY e.number LIMIT 1)
            UNION ALL
            (SELECT e.at FROM event e WHERE e.org_id = w.org_id AND e.number IS NULL ORDER BY e.id LIMIT 1)
        ) oldest) o
""")
_EVENTS = text("SELECT g.slug, c.last, c.pruned FROM event_counter c JOIN organization g ON g.id = c.org_id")
_OUTBOX = text("SELECT count(*) FROM (SELECT FROM notification WHERE done_at IS NULL LIMIT 10000) waiting")


@dataclass(frozen=True, slots=True)
class Answers:
    """How the answers of one connection's ERP stand.

    Attributes:
        unanswered_seconds: Since the oldest delivery that is not answered; 0: all are.
        failing_seconds: For so long they cannot be looked for; 0: they can.
        unreadable: Answers that came and cannot be read, of deliveries that are open.
        overdue: Of the oldest `MOST` unanswered, those that are not answered, received or understood in time.
        held: Deliveries of which nobody knows whether they arrived, among `MOST` that wait.
    """

    organization: str
    connector_type: str
    connection_id: UUID
    unanswered_seconds: float = 0.0
    failing_seconds: float = 0.0
    unreadable: int = 0
    overdue: int = 0
    held: int = 0


@dataclass(frozen=True, slots=True)
class WebhookStanding:
    """How one webhook does.

    Attributes:
        failing_seconds: It has taken nothing for so long; 0: it takes what it is sent.
        waiting: Events that were noted for it and not taken, counted up to `MOST`.
        oldest_seconds: Since the oldest event happened that it may have to get; 0: there is none.
        missed: Events that were deleted before they were sent.
    """

    organization: str
    id: UUID
    disabled: bool = False
    failing_seconds: float = 0.0
    waiting: int = 0
    oldest_seconds: float = 0.0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How everything stands.

    Attributes:
        orders: Organization and state, of orders that have not ended; how many, counted up to `MOST`.
        processes: Kind; how many are alive, and the seconds since one was last seen. `beat` is who has Celery sweep.
        outbox: Notifications that wait to be told.
        events: Organization; the last event's number, and the highest that is kept no longer.
    """

    orders: dict[tuple[str, str], int] = field(default_factory=dict)
    answers: list[Answers] = field(default_factory=list)
    processes: dict[str, tuple[int, float]] = field(default_factory=dict)
    outbox: int = 0
    webhooks: list[WebhookStanding] = field(default_factory=list)
    events: dict[str, tuple[int, int]] = field(default_factory=dict)


def standing(database: Database) -> Standing:
    """Return how everything stands. Raises DatabaseError."""
    with database.system() as connection:
        return Standing(
            {(row.slug, row.status): row.orders for row in connection.execute(_ORDERS)},
            [_answers(row) for row in connection.execute(_ANSWERS)],
            {row.kind: (row.alive, max(0.0, row.seen_seconds)) for row in connection.execute(_PROCESSES)},
            connection.execute(_OUTBOX).scalar_one(),
            [_webhook(row) for row in connection.execute(_WEBHOOKS, {"most": MOST})],
            {row.slug: (row.last, row.pruned) for row in connection.execute(_EVENTS)},
        )


def _webhook(row: Any) -> WebhookStanding:
    late = (row.failing_seconds, row.waiting, row.oldest_seconds)
    return WebhookStanding(row.slug, row.id, row.disabled, *late, row.missed)


def _answers(row: Any) -> Answers:
    return Answers(
        row.slug,
        row.connector_type,
        row.id,
        row.unanswered_seconds,
        row.failing_seconds,
        row.unreadable,
        row.overdue,
        row.held,
    )
