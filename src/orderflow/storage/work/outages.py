"""Exports that wait for a target that is away, in PostgreSQL: found, and ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.states import AttemptStatus, AttemptStep, BreakerState, ExportStep, OrderEvent
from orderflow.flow.ports import LONGEST_CHANCE, Outage
from orderflow.storage.records import as_json
from orderflow.storage.tables.states import among, becomes, changed_since, may, on_hold, quoted, tells_order, unsent
from orderflow.storage.work.clock import open_for, unleased

IS_AWAY = f"""
    {among([BreakerState.OPEN], "c.breaker_state")} AND c.give_up_after IS NOT NULL AND c.deleted_at IS NULL
    AND {open_for(f"LEAST(c.give_up_after, {LONGEST_CHANCE})")}
"""
"""SQL for: the target of the connection `c` is away, not waited for for ever, and had its chance since it opened."""

WAITS_UNSENT = f"""
    {may(ExportStep.GIVE_UP, "e.status")} AND {tells_order("e")} AND {unsent("e")} AND {unleased("e")} AND NOT e.on_hold
    AND NOT {on_hold("e.draft_order_id")} AND NOT {changed_since("e")}
"""
"""SQL for: the export `e` waits for its target, nothing of it was sent, nobody works on it; nor on hold nor changed."""


def waits_for_longer(seconds: str) -> str:
    """Return SQL for: the export `e` could have gone out so many seconds ago, which is SQL too."""
    since = f"now() - make_interval(secs => {seconds})"
    return f"(e.created_at < {since} AND COALESCE(e.not_before < {since}, true))"


_OUTAGE = text(f"SELECT c.give_up_after, c.breaker_error FROM erp_connection c WHERE c.id = :id AND {IS_AWAY}")  # noqa: S608  # built from a constant
# Orders first, then exports that nobody holds: see `leases.py` on who may wait for whom.
_LOCK_ORDERS = text(f"""
    SELECT o.id FROM draft_order o
    WHERE {may(OrderEvent.GIVE_UP, "o.status")} AND o.id IN (
        SELECT e.draft_order_id FROM erp_export e
        WHERE e.connection_id = :id AND {waits_for_longer(":seconds")} AND {WAITS_UNSENT}
        ORDER BY e.created_at LIMIT :limit)
    ORDER BY o.id FOR UPDATE SKIP LOCKED
""")  # noqa: S608  # built from constants
_LATE = text(f"""
    SELECT e.id FROM erp_export e
    WHERE e.draft_order_id = ANY(:orders) AND e.connection_id = :id
      AND {waits_for_longer(":seconds")} AND {WAITS_UNSENT}
    ORDER BY e.created_at FOR UPDATE SKIP LOCKED
""")  # noqa: S608  # built from constants
_GIVE_UP = text(f"""
    WITH ended AS (
        UPDATE erp_export e
        SET status = {becomes(ExportStep.GIVE_UP)}, error_json = CAST(:error AS jsonb), lease_token = NULL,
            lease_until = NULL, updated_at = now()
        WHERE e.id = ANY(:ids) AND {WAITS_UNSENT}
        RETURNING e.id, e.draft_order_id
    ), closed AS (
        UPDATE erp_push_log l SET status = {quoted(AttemptStatus.FAILED)}, error_message = :message
        FROM ended WHERE l.erp_export_id = ended.id AND {may(AttemptStep.END, "l.status")}
    )
    UPDATE draft_order o
    SET status = {becomes(OrderEvent.GIVE_UP)}, error_json = CAST(:error AS jsonb), updated_at = now()
    FROM ended WHERE o.id = ended.draft_order_id AND {may(OrderEvent.GIVE_UP, "o.status")}
    RETURNING o.id
""")  # noqa: S608  # built from constants


def outage(connection: Connection, connection_id: UUID) -> Outage | None:
    """Return for how long the connection's target is waited for, and what is wrong with it; None if it is not away."""
    row = connection.execute(_OUTAGE, {"id": connection_id}).first()
    return Outage(row.give_up_after, row.breaker_error) if row else None


def waiting_for_longer(connection: Connection, connection_id: UUID, seconds: int, limit: int) -> list[UUID]:
    """Lock up to `limit` orders that have waited for longer, and their exports; returns the exports."""
    values: dict[str, Any] = {"id": connection_id, "seconds": seconds}
    orders = list(connection.execute(_LOCK_ORDERS, values | {"limit": limit}).scalars())
    return list(connection.execute(_LATE, values | {"orders": orders}).scalars()) if orders else []


def give_up(connection: Connection, export_ids: Sequence[UUID], error: dict[str, Any]) -> list[UUID]:
    """End exports of which nothing was sent, with their attempts and orders; returns the orders."""
    values = {"ids": list(export_ids), "error": as_json(error), "message": error["message"]}
    return list(connection.execute(_GIVE_UP, values).scalars()) if export_ids else []
