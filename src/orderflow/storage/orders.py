"""Orders in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, text, update

from orderflow.domain.errors import NotFoundError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine, SourceDocument
from orderflow.domain.states import OrderStatus
from orderflow.storage.models import DraftOrderLineRow, DraftOrderRow
from orderflow.storage.records import columns

_LINE_FIELDS = tuple(field.name for field in fields(DraftOrderLine))
_LINE_COLUMNS = ", ".join(f"l.{name}" for name in _LINE_FIELDS)
_PLAIN_FIELDS = (
    "external_order_number",
    "order_date",
    "currency",
    "requested_delivery_date",
    "notes",
    "ship_to",
    "bill_to",
    "created_by",
    "approved_by",
    "approved_at",
    "erp_order_id",
)
_orders = DraftOrderRow.__table__
_lines = DraftOrderLineRow.__table__


class SqlOrders:
    """The orders of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def add_many(self, orders: Sequence[DraftOrder]) -> None:
        """Insert orders with their lines."""
        if not orders:
            return
        self._connection.execute(insert(DraftOrderRow), [self._order_values(order) for order in orders])
        lines = [self._line_values(order.id, line) for order in orders for line in order.lines]
        if lines:
            self._connection.execute(insert(DraftOrderLineRow), lines)

    def get(self, order_id: UUID) -> DraftOrder:
        """Return the order with its lines, locked. Raises NotFoundError."""
        found = self._load("WHERE o.id = :id FOR UPDATE OF o", {"id": order_id})
        if not found:
            raise _not_found(order_id)
        return found[0]

    def get_many(self, order_ids: Sequence[UUID]) -> dict[UUID, DraftOrder]:
        """Return those of the orders that exist, with their lines, by id."""
        return {order.id: order for order in self._load("WHERE o.id = ANY(:ids)", {"ids": list(order_ids)})}

    def lock_status(self, order_id: UUID) -> OrderStatus:
        """Lock the order and return its state. Raises NotFoundError."""
        status = self._connection.execute(
            select(_orders.c.status).where(_orders.c.id == order_id).with_for_update()
        ).scalar_one_or_none()
        if status is None:
            raise _not_found(order_id)
        return OrderStatus(status)

    def set_status(self, order_id: UUID, status: OrderStatus, **columns: Any) -> None:
        """Change the state, and any further columns with it."""
        self._connection.execute(update(DraftOrderRow).where(_orders.c.id == order_id).values(status=status, **columns))

    def replace(self, order: DraftOrder) -> None:
        """Overwrite the order's content and lines."""
        values = self._order_values(order)
        kept = {"id", "org_id", "created_by", "created_at", "erp_order_id"}
        changes = {name: value for name, value in values.items() if name not in kept}
        self._connection.execute(update(DraftOrderRow).where(_orders.c.id == order.id).values(**changes))
        self._connection.execute(delete(DraftOrderLineRow).where(_lines.c.draft_order_id == order.id))
        lines = [self._line_values(order.id, line) for line in order.lines]
        if lines:
            self._connection.execute(insert(DraftOrderLineRow), lines)

    def _order_values(self, order: DraftOrder) -> dict[str, Any]:
        customer = order.customer or Customer()
        source = order.source_document or SourceDocument()
        values = {name: getattr(order, name) for name in _PLAIN_FIELDS}
        values |= {"id": order.id, "org_id": self._org_id, "status": order.status}
        values |= {"customer_id": customer.id, "erp_customer_number": customer.erp_customer_number}
        values |= {"customer_name": customer.name, "source_document_id": source.document_id}
        values |= {"source_file_name": source.file_name, "source_sha256": source.sha256}
        if order.created_at is not None:
            values["created_at"] = order.created_at
        return values

    def _line_values(self, order_id: UUID, line: DraftOrderLine) -> dict[str, Any]:
        values = {name: getattr(line, name) for name in _LINE_FIELDS}
        return values | {"org_id": self._org_id, "draft_order_id": order_id}

    def _load(self, where: str, parameters: Mapping[str, Any]) -> list[DraftOrder]:
        query = text(
            f"SELECT {columns(DraftOrderRow, 'o')}, g.slug AS org_slug"  # noqa: S608  # `where` is one of the two texts above
            f" FROM draft_order o JOIN organization g ON g.id = o.org_id {where}"
        )
        rows = self._connection.execute(query, parameters).mappings().all()
        lines = self._lines_of([row["id"] for row in rows])
        return [_order(row, lines[row["id"]]) for row in rows]

    def _lines_of(self, order_ids: Sequence[UUID]) -> dict[UUID, list[DraftOrderLine]]:
        query = text(
            f"SELECT l.draft_order_id, {_LINE_COLUMNS} FROM draft_order_line l"  # noqa: S608  # built from constants
            " WHERE l.draft_order_id = ANY(:ids) ORDER BY l.draft_order_id, l.line_no"
        )
        found: dict[UUID, list[DraftOrderLine]] = defaultdict(list)
        for order_id, *values in self._connection.execute(query, {"ids": list(order_ids)}):
            found[order_id].append(DraftOrderLine(*values))  # by position: an order may have thousands
        return found


def _order(row: Mapping[Any, Any], lines: Iterable[DraftOrderLine]) -> DraftOrder:
    return DraftOrder(
        id=row["id"],
        org_id=row["org_id"],
        org_slug=row["org_slug"],
        status=OrderStatus(row["status"]),
        created_at=row["created_at"],
        customer=Customer(row["erp_customer_number"], row["customer_name"], row["customer_id"]),
        source_document=SourceDocument(row["source_document_id"], row["source_file_name"], row["source_sha256"]),
        lines=list(lines),
        **{name: row[name] for name in _PLAIN_FIELDS},
    )


def _not_found(order_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no order {order_id} in this organization.")
