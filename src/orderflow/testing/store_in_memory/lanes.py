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

    def may_take(self, connection_id: UUID, wanted: int) -> int:
        """Return how many orders may be taken now, up to `wanted`."""
        row, now = self._tables.connections[connection_id], self._tables.now()
        taken = sum(orders for taken_at, orders in row.taken if now - MINUTE < taken_at <= now)
        return wanted if row.orders_per_minute is None else max(0, min(wanted, row.orders_per_minute - taken))

    def note_taken(self, connection_id: UUID, orders: int) -> None:
        """Count orders that were taken."""
        row, now = self._tables.connections[connection_id], self._tables.now()
        last_minute = [one for one in row.taken if now - MINUTE < one[0] <= now]
        self._tables.connections[connection_id] = changed(row, taken=(*last_minute, (now, orders)))
