"""`flow.ports.Orders` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from orderflow.domain.answer_details import Confirmation
from orderflow.domain.orders import DraftOrder
from orderflow.domain.revisions import Revision, RevisionChangedError, write
from orderflow.domain.states import AS_APPROVED, ExportStep, OrderStatus
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

    def as_approved(self, order_id: UUID) -> DraftOrder:
        """Return the order as its deliveries are made from it: as it was approved, or as it is if it is not."""
        row = self.row(order_id)
        number = current_revision(self._tables, order_id) if row.status in AS_APPROVED else None
        return approved_order(self._tables, order_id, number) if number else as_order(row)

    def as_sent(self, order_id: UUID, revision: int | None) -> DraftOrder | None:
        """Return the order as that revision of it has it, None: the last; None if that cannot be read any more."""
        try:
            return approved_order(self._tables, order_id, revision) if revision else self.as_approved(order_id)
        except RevisionChangedError:
            return None

    def revision_of(self, order_id: UUID) -> int | None:
        """Return the number of the revision that the order as it stands was approved as; None: it was not."""
        return current_revision(self._tables, order_id)

    def accept_differences(self, order_id: UUID, by: str) -> bool:
        """Note who accepts what the ERP confirmed otherwise; False if there is nothing to accept."""
        row = self.row(order_id)
        if row.confirmation in (None, Confirmation.AS_ORDERED) or row.differences_accepted_by is not None:
            return False
        self._tables.orders[order_id] = changed(row, differences_accepted_by=by)
        return True

    def keep_revision(self, order_id: UUID, approved_at: datetime, approved_by: str) -> None:
        """Keep the order as it is now as its next revision."""
        add_revision(self._tables, changed(self.row(order_id), approved_at=approved_at, approved_by=approved_by))

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

    def prioritize(self, order_id: UUID, minutes: int) -> int:
        """Change the head start of an order, and of its waiting export; returns what it was."""
        row = self.row(order_id)
        self._tables.orders[order_id] = changed(row, content=replace(row.content, priority=minutes))
        for export in self._tables.exports_of(order_id):
            if export.status in ExportStep.WORK.change.starts:
                self._tables.exports[export.id] = changed(export, priority=minutes)
        return row.content.priority or 0

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


def add_revision(tables: Tables, row: OrderRow) -> int:
    """Keep a row's order as its next revision, and return that one's number."""
    order = as_order(row)
    order.org_id, order.org_slug = order.org_id or tables.org_id, order.org_slug or tables.slug
    content, number = write(order), _last_number(tables, order.id) + 1
    made_at = row.approved_at or tables.now()
    revision = Revision(number, content, sha256(content.encode()).hexdigest(), made_at, row.approved_by)
    tables.revisions[order.id, number] = revision
    return number


def current_revision(tables: Tables, order_id: UUID) -> int | None:
    """Return the number of the revision that the order was approved as when it last was, if there is one."""
    approved_at = tables.orders[order_id].approved_at
    kept = [(number, revision.made_at) for (of, number), revision in tables.revisions.items() if of == order_id]
    return max((number for number, made_at in kept if approved_at in (None, made_at)), default=None)


def approved_order(tables: Tables, order_id: UUID, number: int) -> DraftOrder:
    """Return an order as one of its revisions has it. Raises RevisionChangedError."""
    row, revision = tables.orders[order_id], tables.revisions.get((order_id, number))
    if revision is None:
        raise RevisionChangedError
    return revision.order(row.status, row.erp_order_id)


def _last_number(tables: Tables, order_id: UUID) -> int:
    return max((number for kept, number in tables.revisions if kept == order_id), default=0)
