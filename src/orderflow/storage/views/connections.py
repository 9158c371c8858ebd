"""Connections as people see them, with their health, without their configuration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from orderflow.domain.states import BreakerState
from orderflow.flow.refusals import no_connection
from orderflow.storage.views.deliveries import OPENS_AT, RESTS_UNTIL
from orderflow.storage.views.problem import Problem, TestProblem
from orderflow.storage.views.view import Sql, Stored, Table, View
from orderflow.storage.work.clock import CLOSED

_CONNECTIONS = Table(
    "c",
    """FROM erp_connection c
    CROSS JOIN LATERAL (
        SELECT count(*) AS waiting, min(e.created_at) AS oldest_waiting_at FROM erp_export e
        WHERE e.connection_id = c.id AND e.status = 'PENDING') w
    CROSS JOIN LATERAL (
        SELECT count(*) AS unanswered FROM (
            SELECT FROM erp_export e WHERE e.connection_id = c.id AND e.status = 'SENT' LIMIT 10000) capped) u
    """,
)
_OLDEST_UNANSWERED = "(SELECT min(e.sent_at) FROM erp_export e WHERE e.connection_id = c.id AND e.status = 'SENT')"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """A connection and how it does."""

    id: UUID
    name: str | None
    connector_type: str
    status: Literal["ACTIVE", "DISABLED"]
    is_default: bool
    in_doubt: Literal["resend", "hold"]
    change_by_recall: bool
    commit_within: int | None
    key_id: str | None
    breaker_state: BreakerState
    breaker_since: datetime | None
    breaker_error: Problem | None
    poll_error: Problem | None
    last_test_at: datetime | None
    test_error: TestProblem | None
    delivered_at: datetime | None
    next_poll_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    rests_until: Annotated[datetime | None, Sql(RESTS_UNTIL)]
    opening_hours: Stored | None
    closed: Annotated[bool, Sql(CLOSED)]
    opens_at: Annotated[datetime | None, Sql(OPENS_AT)]
    closes_at: Annotated[datetime | None, Sql(f"CASE WHEN NOT {CLOSED} THEN c.open_until END")]
    give_up_after: int | None
    answer_within: int | None
    received_within: int | None
    understood_within: int | None
    orders_per_minute: int | None
    answer_token_prefix: str | None
    answer_token_at: datetime | None
    certificate_ends_at: datetime | None
    waiting: Annotated[int, Sql("w.waiting")]
    oldest_waiting_at: Annotated[datetime | None, Sql("w.oldest_waiting_at")]
    unanswered: Annotated[int, Sql("u.unanswered")]
    oldest_unanswered_at: Annotated[datetime | None, Sql(_OLDEST_UNANSWERED)]


def all_connections(view: View) -> list[ConnectionView]:
    """Return every connection, the oldest first."""
    query = f"{_CONNECTIONS.select(ConnectionView)} WHERE c.deleted_at IS NULL ORDER BY c.created_at, c.id"
    return view.rows(ConnectionView, query, {})


def one_connection(view: View, connection_id: UUID) -> ConnectionView:
    """Return one connection. Raises NotFoundError."""
    query = f"{_CONNECTIONS.select(ConnectionView)} WHERE c.deleted_at IS NULL AND c.id = :id"
    found = view.one(ConnectionView, query, {"id": connection_id})
    if found is None:
        raise no_connection(connection_id)
    return found
