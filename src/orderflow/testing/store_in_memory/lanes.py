"""How much one connection may take at a time, in memory."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from orderflow.domain.delivery import Lease
from orderflow.flow.ports import SESSION_LINGERS, Crew
from orderflow.testing.store_in_memory.tables import LaneRow, Tables, changed

MINUTE = timedelta(minutes=1)


class MemoryLanes:
    """The part of `flow.ports.Exports` that keeps one connection from taking too much."""

    _tables: Tables

    def take_lane(self, connection_id: UUID, lease: Lease, seconds: float, most: int, crew: Crew | None = None) -> bool:
        """Take one of the connection's `most` lanes; False if others hold them all, or as many as may are signed in."""
        process, held = crew.process if crew else None, self._held_lanes(connection_id)
        others = {lane.process or lane.token for lane in held.values()} - {process}
        free = [n for n in range(most) if n not in held or (process is not None and held[n].token == process)]
        if not free or (crew is not None and len(others) >= crew.most):
            return False
        self._tables.lanes[connection_id, free[0]] = LaneRow(lease.token, self._tables.after(seconds), process)
        return True

    def leave_lane(self, connection_id: UUID, lease: Lease) -> None:
        """Give the lane back; where sessions are counted, it is the process's own for as long as its session lasts."""
        for place, lane in list(self._tables.lanes.items()):
            if place[0] != connection_id or lane.token != lease.token:
                continue
            del self._tables.lanes[place]
            if lane.process is not None:
                left = LaneRow(lane.process, self._tables.after(SESSION_LINGERS), lane.process)
                self._tables.lanes[place] = left

    def _held_lanes(self, connection_id: UUID) -> dict[int, LaneRow]:
        lanes, now = self._tables.lanes, self._tables.now()
        return {place[1]: lane for place, lane in lanes.items() if place[0] == connection_id and lane.until >= now}

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
