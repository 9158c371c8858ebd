"""`flow.ports.OrderKeys` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from orderflow.domain.order_keys import Cancellation, KeyHolder, key_of
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

    def cancel(self, order: DraftOrder, cancellation_id: UUID, cancellation: Cancellation) -> KeyHolder | None:
        """Keep the key of an order that has not come for its cancellation; returns who has it, if somebody does."""
        key = key_of(order)
        if key is None:
            return None
        kept = KeyHolder(cancellation_id, key.content_sha256, cancellation)
        holder = self._tables.order_keys.setdefault(key.key_sha256, kept)
        return None if holder is kept else holder

    def inherit(self, cancellation_id: UUID, order: DraftOrder) -> None:
        """Let an order that came have the key that was kept for its cancellation."""
        if key := key_of(order):
            now, held = KeyHolder(order.id, key.content_sha256), self._tables.order_keys.items()
            self._tables.order_keys = {
                kept: now if holder.order_id == cancellation_id else holder for kept, holder in held
            }

    def note_content(self, order: DraftOrder) -> None:
        """Note that an order which has a key came in anew, saying what it says now."""
        if key := key_of(order):
            now = KeyHolder(order.id, key.content_sha256)
            held = self._tables.order_keys.items()
            self._tables.order_keys = {key: now if holder.order_id == order.id else holder for key, holder in held}
