"""How many orders a connection takes in a minute, counted for all workers on all machines.

The connection's row is locked from the look to the claim's commit, so that no two claims see the same room. Times are
those of the database's clock as the row is held, not as a transaction began: it may have waited. No minute has more
orders than allowed, wherever it begins. What lies in the future, as a clock was put back, counts no more.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

LAST_MINUTE = "t.taken_at > clock_timestamp() - interval '1 minute' AND t.taken_at <= clock_timestamp()"
"""SQL for: the orders of the row `t` of `orders_taken` were taken in the last minute."""

PACED = """COALESCE(c.orders_per_minute <= 2 * (
    SELECT sum(t.orders) FROM orders_taken t
    WHERE t.connection_id = c.id
      AND t.taken_at > clock_timestamp() - interval '2 minutes' AND t.taken_at <= clock_timestamp()), false)"""
"""SQL for: what waits for the connection `c` waits for its orders per minute: it takes about as many as it may.

Two minutes and half of them, since between two of its batches it may take more for a moment.
"""

# Not `FOR UPDATE`: claims that have taken a lane of this connection hold its key, and would wait for each other.
_LOCK = text("SELECT orders_per_minute FROM erp_connection WHERE id = :id FOR NO KEY UPDATE")
_FORGET = text(f"DELETE FROM orders_taken t WHERE t.connection_id = :id AND NOT ({LAST_MINUTE})")  # noqa: S608  # built from a constant
_TAKEN = text("SELECT COALESCE(sum(orders), 0) FROM orders_taken WHERE connection_id = :id")
_NOTE = text("""
    INSERT INTO orders_taken (connection_id, taken_at, org_id, orders)
    VALUES (:id, clock_timestamp(), :org_id, :orders)
""")


class SqlRates:
    """The part of `flow.ports.Exports` that keeps one connection from taking too much in a minute."""

    _connection: Connection
    _org_id: UUID

    def may_take(self, connection_id: UUID, wanted: int) -> int:
        """Return how many orders may be taken now, up to `wanted`; nobody else takes any before this is committed."""
        most: int | None = self._connection.execute(_LOCK, {"id": connection_id}).scalar_one()
        if most is None:
            return wanted
        self._connection.execute(_FORGET, {"id": connection_id})
        taken = int(self._connection.execute(_TAKEN, {"id": connection_id}).scalar_one())
        return max(0, min(wanted, most - taken))

    def note_taken(self, connection_id: UUID, orders: int) -> None:
        """Count orders that were taken."""
        if orders:
            self._connection.execute(_NOTE, {"id": connection_id, "org_id": self._org_id, "orders": orders})
