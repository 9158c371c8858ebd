"""`flow.ports.OrderKeys` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from orderflow.domain.order_keys import KeyHolder, key_of
from orderflow.domain.orders import DraftOrder
from orderflow.testing.store_in_memory.tables import Tables


class MemoryOrderKeys:
    """The keys of the orders of one organization."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def take(self, orders: Sequence[DraftOrder]) -> dict[UUID, KeyHolder]:
        """Take the orders' keys; returns who has the key of each order that could not get it, by the order's id."""
        held = {}
        for order in orders:
            if key := key_of(order):
                mine = KeyHolder(order.id, key.content_sha256)
                holder = self._tables.order_keys.setdefault(key.key_sha256, mine)
                if holder.order_id != order.id:
                    held[order.id] = holder
        return held

    def free(self, order_id: UUID) -> None:
        """Let another order have the key of this one."""
        kept = {key: holder for key, holder in self._tables.order_keys.items() if holder.order_id != order_id}
        self._tables.order_keys = kept

    def note_content(self, order: DraftOrder) -> None:
        """Note that an order which has a key came in anew, saying what it says now."""
        if key := key_of(order):
            now = KeyHolder(order.id, key.content_sha256)
            held = self._tables.order_keys.items()
            self._tables.order_keys = {key: now if holder.order_id == order.id else holder for key, holder in held}
