"""How much one connection may take at a time: lanes, shared by all workers on all machines, and orders per minute."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.delivery import Lease
from orderflow.storage.work.clock import LONGEST_LEASE, past

_TAKE_LANE = text(f"""
    INSERT INTO erp_lane AS held (connection_id, lane, org_id, lease_token, lease_until)
    SELECT :connection_id, n, :org_id, :token, now() + make_interval(secs => :seconds)
    FROM generate_series(1, :most) AS n
    WHERE NOT EXISTS (
        SELECT FROM erp_lane l
        WHERE l.connection_id = :connection_id AND l.lane = n AND NOT {past("l.lease_until", LONGEST_LEASE)})
    ORDER BY random()  -- two workers at the same moment should not both reach for the first
    LIMIT 1
    ON CONFLICT (connection_id, lane) DO UPDATE
    SET lease_token = excluded.lease_token, lease_until = excluded.lease_until
    WHERE {past("held.lease_until", LONGEST_LEASE)}
    RETURNING lane
""")  # noqa: S608  # built from constants
_LEAVE_LANE = text("DELETE FROM erp_lane WHERE connection_id = :connection_id AND lease_token = :token")
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


class SqlLanes:
    """The part of `flow.ports.Exports` that keeps one connection from taking too much."""

    _connection: Connection
    _org_id: UUID

    def take_lane(self, connection_id: UUID, lease: Lease, seconds: float, most: int) -> bool:
        """Take one of the connection's `most` lanes; False if other workers hold them all."""
        parameters = {"connection_id": connection_id, "org_id": self._org_id, "token": lease.token, "most": most}
        return self._connection.execute(_TAKE_LANE, parameters | {"seconds": seconds}).first() is not None

    def leave_lane(self, connection_id: UUID, lease: Lease) -> None:
        """Give the lane back."""
        self._connection.execute(_LEAVE_LANE, {"connection_id": connection_id, "token": lease.token})

    def spend(self, connection_id: UUID, wanted: int) -> int:
        """Count up to `wanted` orders against the connection's orders per minute; returns how many are left to take."""
        return int(self._connection.execute(_SPEND, {"id": connection_id, "wanted": wanted}).scalar_one())

    def give_back(self, connection_id: UUID, unused: int) -> None:
        """Count orders back that were not taken."""
        self._connection.execute(_GIVE_BACK, {"id": connection_id, "unused": unused})
