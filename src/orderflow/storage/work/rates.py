"""How many orders per minute a connection takes, counted for all workers on all machines."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

_SPEND = text("""
    WITH old AS (
        SELECT id, orders_per_minute,
               CASE WHEN this_minute THEN rate_used ELSE 0 END AS used,
               CASE WHEN this_minute THEN rate_since ELSE now() END AS since
        FROM erp_connection
        -- A clock that was set back leaves a minute that begins in the future: it is none.
        CROSS JOIN LATERAL (SELECT rate_since BETWEEN now() - interval '1 minute' AND now() AS this_minute) m
        WHERE id = :id FOR UPDATE OF erp_connection
    )
    UPDATE erp_connection c
    SET rate_used = old.used + LEAST(:wanted, GREATEST(old.orders_per_minute - old.used, 0)), rate_since = old.since
    FROM old WHERE c.id = old.id
    RETURNING LEAST(:wanted, GREATEST(old.orders_per_minute - old.used, 0))
""")
_GIVE_BACK = text("UPDATE erp_connection SET rate_used = GREATEST(rate_used - :unused, 0) WHERE id = :id")


class SqlRates:
    """The part of `flow.ports.Exports` that keeps one connection from taking too much in a minute."""

    _connection: Connection

    def spend(self, connection_id: UUID, wanted: int) -> int:
        """Count up to `wanted` orders against the connection's orders per minute; returns how many are left to take."""
        return int(self._connection.execute(_SPEND, {"id": connection_id, "wanted": wanted}).scalar_one())

    def give_back(self, connection_id: UUID, unused: int) -> None:
        """Count orders back that were not taken."""
        self._connection.execute(_GIVE_BACK, {"id": connection_id, "unused": unused})
