"""`flow.ports.Holds` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from orderflow.flow.ports import Hold
from orderflow.testing.store_in_memory.leases import is_unleased, is_unsent
from orderflow.testing.store_in_memory.tables import Tables, changed


class MemoryHolds:
    """The holds on the orders of one organization; a claim asks them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of(self, order_id: UUID) -> list[Hold]:
        """Return the holds on an order, the oldest first."""
        return self._tables.holds_of(order_id)

    def place(self, hold: Hold) -> None:
        """Store a hold; a worker that is late finds its token void."""
        self._tables.holds[hold.id] = replace(hold, placed_at=self._tables.now())
        for row in self._tables.exports_of(hold.draft_order_id):
            if is_unsent(row) and is_unleased(row, self._tables.now()):
                self._tables.exports[row.id] = changed(row, lease_token=None, lease_until=None)

    def release(self, order_id: UUID, hold_ids: Sequence[UUID]) -> bool:
        """Delete holds; nobody else is ever in the way."""
        for hold in self._tables.holds_of(order_id):
            if hold.id in hold_ids:
                del self._tables.holds[hold.id]
        return True
