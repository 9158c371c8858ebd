"""Exports that waited for an unavailable target for longer than their connection wants. Runs as `orderflow_system`."""

from __future__ import annotations

from sqlalchemy import text

from orderflow.storage.database import Database

AT_ONCE = 500

# Of what may have reached the target nobody says that it failed.
_WAITED_TOO_LONG = """
    c.breaker_state = 'OPEN' AND e.created_at < now() - make_interval(secs => c.give_up_after)
    AND e.status = 'PENDING' AND e.held_at IS NULL AND e.begun_at IS NULL AND e.staged_at IS NULL
    AND (e.lease_until IS NULL OR e.lease_until < now())
"""
# Orders first, then exports that nobody holds: see `leases.py` on who may wait for whom.
_LOCK_ORDERS = text(f"""
    SELECT o.id FROM draft_order o
    WHERE o.status = 'PUSHING' AND o.id IN (
        SELECT e.draft_order_id FROM erp_connection c JOIN erp_export e ON e.connection_id = c.id
        WHERE {_WAITED_TOO_LONG} LIMIT {AT_ONCE})
    ORDER BY o.id FOR UPDATE SKIP LOCKED
""")  # noqa: S608  # built from constants
_FAIL = text(f"""
    WITH late AS (
        SELECT e.id, e.draft_order_id,
               jsonb_build_object(
                   'code', 'GAVE_UP', 'message', format('The target was away for longer than %s s.', c.give_up_after),
                   'hint', 'Nothing was sent. Push the order again when the target is back.',
                   'details', COALESCE(c.breaker_error, 'null')) AS error
        FROM erp_export e JOIN erp_connection c ON c.id = e.connection_id
        WHERE e.draft_order_id = ANY(:orders) AND {_WAITED_TOO_LONG}
        FOR UPDATE OF e SKIP LOCKED
    ), failed AS (
        UPDATE erp_export e
        SET status = 'FAILED', error_json = late.error, lease_token = NULL, lease_until = NULL, updated_at = now()
        FROM late WHERE e.id = late.id
    ), closed AS (
        UPDATE erp_push_log l SET status = 'FAILED', error_message = late.error ->> 'message'
        FROM late WHERE l.erp_export_id = late.id AND l.status = 'PENDING'
    ), told AS (
        UPDATE draft_order o SET status = 'ERROR', error_json = late.error, updated_at = now()
        FROM late WHERE o.id = late.draft_order_id RETURNING o.org_id, o.id
    )
    INSERT INTO audit_log (id, org_id, actor, action, entity_type, entity_id, after)
    SELECT gen_random_uuid(), org_id, 'orderflow', 'DRAFT_PUSH_FAILED', 'draft_order', id, '{{"code": "GAVE_UP"}}'
    FROM told
""")  # noqa: S608  # built from constants


def give_up(database: Database) -> int:
    """Fail what waited too long; returns how many orders that were.

    Raises:
        DatabaseError: The database is away.
    """
    with database.system() as connection:
        orders = list(connection.execute(_LOCK_ORDERS).scalars())
        return connection.execute(_FAIL, {"orders": orders}).rowcount if orders else 0
