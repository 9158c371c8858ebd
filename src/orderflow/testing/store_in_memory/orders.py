"""`flow.ports.Orders` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any
from uuid import UUID

from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import OrderStatus
from orderflow.flow.refusals import no_order
from orderflow.testing.store_in_memory.tables import OrderRow, Tables, changed


class MemoryOrders:
    """The orders of one organization."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add_many(self, orders: Sequence[DraftOrder]) -> None:
        """Insert orders with their lines."""
        for order in orders:
            row = OrderRow(order, order.status, approved_by=order.approved_by, approved_at=order.approved_at)
            self._tables.orders[order.id] = row

    def get(self, order_id: UUID) -> DraftOrder:
        """Return the order with its lines. Raises NotFoundError."""
        return as_order(self.row(order_id))

    def get_many(self, order_ids: Sequence[UUID]) -> dict[UUID, DraftOrder]:
        """Return those of the orders that exist, with their lines, by id."""
        return {order_id: self.get(order_id) for order_id in order_ids if order_id in self._tables.orders}

    def lock_status(self, order_id: UUID) -> OrderStatus:
        """Return the order's state. Raises NotFoundError."""
        return self.row(order_id).status

    def set_status(self, order_id: UUID, status: OrderStatus, **columns: Any) -> None:
        """Change the state, and any further columns with it; it waits for no route any more."""
        self._tables.orders[order_id] = changed(self.row(order_id), status=status, waits=None, **columns)

    def replace(self, order: DraftOrder) -> None:
        """Overwrite the order's content and lines."""
        self._tables.orders[order.id] = changed(
            self.row(order.id), content=order, approved_by=order.approved_by, approved_at=order.approved_at
        )

    def row(self, order_id: UUID) -> OrderRow:
        """Return the order's row. Raises NotFoundError."""
        if order_id not in self._tables.orders:
            raise no_order(order_id)
        return self._tables.orders[order_id]


def as_order(row: OrderRow) -> DraftOrder:
    """Return a row's order as a caller of its own gets it: what one does to it, another does not see."""
    order = copy(row.content)
    order.status, order.erp_order_id, order.delivery_in_progress = row.status, row.erp_order_id, None
    order.approved_by, order.approved_at = row.approved_by, row.approved_at
    return order
