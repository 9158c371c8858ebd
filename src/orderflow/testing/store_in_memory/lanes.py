"""How much one connection may take at a time, in memory."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from orderflow.domain.delivery import Lease
from orderflow.testing.store_in_memory.tables import Tables, changed

MINUTE = timedelta(minutes=1)


class MemoryLanes:
    """The part of `flow.ports.Exports` that keeps one connection from taking too much."""

    _tables: Tables

    def take_lane(self, connection_id: UUID, lease: Lease, seconds: float, most: int) -> bool:
        """Take one of the connection's `most` lanes; False if other workers hold them all."""
        now = self._tables.now()
        for lane in range(most):
            held = self._tables.lanes.get((connection_id, lane))
            if held is None or held[1] < now:
                self._tables.lanes[connection_id, lane] = (lease.token, self._tables.after(seconds))
                return True
        return False

    def leave_lane(self, connection_id: UUID, lease: Lease) -> None:
        """Give the lane back."""
        lanes = self._tables.lanes
        for place in [place for place, held in lanes.items() if place[0] == connection_id and held[0] == lease.token]:
            del lanes[place]

    def spend(self, connection_id: UUID, wanted: int) -> int:
        """Count up to `wanted` orders against the orders per minute; returns how many may be taken."""
        row, now = self._tables.connections[connection_id], self._tables.now()
        fresh = row.rate_since is not None and row.rate_since > now - MINUTE
        used = row.rate_used if fresh else 0
        allowed = min(wanted, max((row.orders_per_minute or wanted) - used, 0))
        since = row.rate_since if fresh else now
        self._tables.connections[connection_id] = changed(row, rate_used=used + allowed, rate_since=since)
        return allowed

    def give_back(self, connection_id: UUID, unused: int) -> None:
        """Count orders back that were not taken."""
        row = self._tables.connections[connection_id]
        self._tables.connections[connection_id] = changed(row, rate_used=max(row.rate_used - unused, 0))
