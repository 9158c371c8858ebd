"""Orders in PostgreSQL."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.rows import tuple_row
from sqlalchemy import Connection

from orderflow.domain.orders import (
    ADJUSTMENTS,
    HEADER,
    LINE_BY_NAME,
    LINE_IN_PLACE,
    TEXTS_BY_NAME,
    AllowanceCharge,
    Customer,
    DraftOrder,
    DraftOrderLine,
    SourceDocument,
    amount_of,
    line_of,
)
from orderflow.domain.revisions import RevisionChangedError, adjustments
from orderflow.domain.states import AS_APPROVED, ExportStep, OrderStatus
from orderflow.domain.typed import typed
from orderflow.flow.refusals import no_order
from orderflow.storage.fast.holding import Holding
from orderflow.storage.fast.statements import later, later_rows, run
from orderflow.storage.records import columns
from orderflow.storage.tables.models import DraftOrderRow
from orderflow.storage.tables.models.orders import PRICE_DECIMALS, QTY_DECIMALS
from orderflow.storage.tables.states import differs, may, quoted
from orderflow.storage.work import revisions

_LINE_FIELDS = (*LINE_IN_PLACE, *LINE_BY_NAME)
_LINE_COLUMNS = ", ".join(f"l.{name}" for name in _LINE_FIELDS)
_PLAIN_FIELDS = (*HEADER, *TEXTS_BY_NAME, "created_by", "approved_by", "approved_at", "erp_order_id", "import_id")
_ORDER_COLUMNS = (
    *_PLAIN_FIELDS,
    *ADJUSTMENTS,
    "id",
    "org_id",
    "status",
    "customer_id",
    "erp_customer_number",
    "customer_name",
    "source_document_id",
    "source_file_name",
    "source_sha256",
    "amount",
)
_KEPT = {"id", "org_id", "status", "created_by", "erp_order_id", "import_id"}
_CHANGED = [name for name in _ORDER_COLUMNS if name not in _KEPT]


def _insert(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(columns)
    return (
        f"INSERT INTO {table} ({names})"  # noqa: S608  # names of this module
        f" SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, CAST(%(rows)s AS jsonb))"
    )


_ADD = _insert("draft_order", (*_ORDER_COLUMNS, "created_at", "updated_at"))
_ADD_LINES = _insert("draft_order_line", ("org_id", "draft_order_id", *_LINE_FIELDS))
_REPLACE = f"""
    UPDATE draft_order o SET {", ".join(f"{name} = r.{name}" for name in _CHANGED)}, updated_at = now()
    FROM jsonb_populate_recordset(NULL::draft_order, CAST(%(rows)s AS jsonb)) r WHERE o.id = r.id
"""  # noqa: S608  # as above
_LOCK_STATUS = "SELECT status FROM draft_order WHERE id = %(id)s FOR UPDATE"
_LOCK_VERSION = "SELECT version FROM draft_order WHERE id = %(id)s FOR UPDATE"
# All rows of one statement get one status. Said so, PostgreSQL expects few rows, and finds each by its id, whatever is
# known of the table; of a hundred it would look through all orders while the table is new.
_SET_STATUS = """
    UPDATE draft_order o SET status = r.status, version = o.version + 1, updated_at = now(), push_requested_at = NULL,
        push_request = NULL, waits_for = NULL, waits_seen = NULL{changes}
    FROM jsonb_populate_recordset(NULL::draft_order, CAST(%(rows)s AS jsonb)) r
    WHERE o.id = r.id AND r.status = {status}
"""
_QUOTED = {status: quoted(status) for status in OrderStatus}
_ACCEPT_DIFFERENCES = f"""
    UPDATE draft_order o SET differences_accepted_at = now(), differences_accepted_by = %(by)s, version = o.version + 1,
        updated_at = now()
    WHERE o.id = %(id)s AND {differs("o")} RETURNING o.id
"""  # noqa: S608  # built from a constant
_LOAD = f"""
    SELECT {columns(DraftOrderRow, "o")}, g.slug AS org_slug
    FROM draft_order o JOIN organization g ON g.id = o.org_id
"""  # noqa: S608  # built from constants
_LOAD_ONE = f"{_LOAD} WHERE o.id = %(id)s FOR UPDATE OF o"
_LOAD_MANY = f"{_LOAD} WHERE o.id = ANY(%(ids)s)"
_LOAD_LINES = f"""
    SELECT l.draft_order_id, {_LINE_COLUMNS} FROM draft_order_line l
    WHERE l.draft_order_id = ANY(%(ids)s) ORDER BY l.draft_order_id, l.line_no
"""  # noqa: S608  # as above
# A worker that has the export locked is at it: it has gone out, or waits with the head start that it had.
_PRIORITIZE = f"""
    WITH e AS (
        UPDATE erp_export SET priority = %(minutes)s WHERE id IN (
            SELECT id FROM erp_export WHERE draft_order_id = %(id)s AND {may(ExportStep.WORK)} FOR UPDATE SKIP LOCKED)
    )
    UPDATE draft_order o SET priority = %(minutes)s, version = o.version + 1, updated_at = now()
    FROM draft_order old WHERE o.id = %(id)s AND old.id = o.id
    RETURNING COALESCE(old.priority, 0) AS was
"""  # noqa: S608  # built from constants
_DELETE_LINES = "DELETE FROM draft_order_line WHERE draft_order_id = %(id)s"


class SqlOrders:
    """The orders of one organization, in one transaction.

    Args:
        holding: The orders that the transaction is about; if it knows none, each is locked, and waited for, when it
            is asked for.
    """

    def __init__(self, connection: Connection, org_id: UUID, holding: Holding | None = None) -> None:
        self._connection = connection
        self._org_id = org_id
        self._holding = holding or Holding(connection, org_id)

    def add_many(self, orders: Sequence[DraftOrder]) -> None:
        """Insert orders with their lines."""
        if not orders:
            return
        later_rows(self._connection, _ADD, map(self._order_values, orders))
        self._add_lines(orders)

    def get(self, order_id: UUID) -> DraftOrder:
        """Return the order with its lines, locked. Raises NotFoundError."""
        found = self._load(_LOAD_ONE, {"id": order_id})
        if not found:
            raise no_order(order_id)
        return found[0]

    def get_many(self, order_ids: Sequence[UUID]) -> dict[UUID, DraftOrder]:
        """Return those of the orders that exist, with their lines, by id."""
        return {order.id: order for order in self._load(_LOAD_MANY, {"ids": list(order_ids)})}

    def as_approved(self, order_id: UUID) -> DraftOrder:
        """Return the order as its deliveries are made from it: as it was approved, or as it is if it is not."""
        order = self.get(order_id)
        revision = revisions.last(self._connection, order_id) if order.status in AS_APPROVED else None
        return revision.order(order.status, order.erp_order_id) if revision else order

    def as_sent(self, order_id: UUID, revision: int | None) -> DraftOrder | None:
        """Return the order as that revision of it has it, None: the last; None if that cannot be read any more."""
        if revision is not None:
            return revisions.orders(self._connection, [(order_id, revision)]).get((order_id, revision))
        try:
            return self.as_approved(order_id)
        except RevisionChangedError:
            return None

    def revision_of(self, order_id: UUID) -> int | None:
        """Return the number of the revision that the order as it stands was approved as; None: it was not."""
        return revisions.current(self._connection, order_id)

    def accept_differences(self, order_id: UUID, by: str) -> bool:
        """Note who accepts what the ERP confirmed otherwise; False if there is nothing to accept."""
        return run(self._connection, _ACCEPT_DIFFERENCES, {"id": order_id, "by": by}).fetchone() is not None

    def keep_revision(self, order_id: UUID, approved_at: datetime, approved_by: str) -> None:
        """Keep the order, which is locked, as it is now as its next revision."""
        revisions.keep(self._connection, order_id, approved_at, approved_by)

    def lock_status(self, order_id: UUID) -> OrderStatus:
        """Lock the order and return its state.

        Raises:
            NotFoundError: There is no such order.
            LockedError: The transaction holds orders, and this is none of them.
        """
        if self._holding.known:
            return self._holding.state(order_id)[0]
        return OrderStatus(self._locked(_LOCK_STATUS, order_id)["status"])

    def version(self, order_id: UUID) -> int:
        """Lock the order and return its version: how often people have changed or decided it. Raises as above."""
        if self._holding.known:
            return self._holding.state(order_id)[1]
        return int(self._locked(_LOCK_VERSION, order_id)["version"])

    def set_status(self, order_id: UUID, status: OrderStatus, **columns: Any) -> None:
        """Change the state, and any further columns with it, to what a person decided: the order has a new version.

        It waits for no route any more.
        """
        changes = "".join(f", {name} = r.{name}" for name in columns)  # names that our code gave
        statement = _SET_STATUS.format(changes=changes, status=_QUOTED[status])
        later_rows(self._connection, statement, [{"id": order_id, "status": status, **columns}])
        self._holding.note_status(order_id, status)

    def prioritize(self, order_id: UUID, minutes: int) -> int:
        """Change the head start of an order, and of its waiting export; returns what it was."""
        row = run(self._connection, _PRIORITIZE, {"id": order_id, "minutes": minutes}).fetchone()
        return int(row["was"]) if row else minutes

    def replace(self, order: DraftOrder) -> None:
        """Overwrite the order's content and lines."""
        later(self._connection, _DELETE_LINES, {"id": order.id})  # first: with its lines it forgets its amount
        later_rows(self._connection, _REPLACE, [self._order_values(order)])
        self._add_lines([order])

    def _locked(self, query: str, order_id: UUID) -> dict[str, Any]:
        row: dict[str, Any] | None = run(self._connection, query, {"id": order_id}).fetchone()
        if row is None:
            raise no_order(order_id)
        return row

    def _add_lines(self, orders: Sequence[DraftOrder]) -> None:
        lines = (self._line_values(order.id, line) for order in orders for line in order.lines)
        later_rows(self._connection, _ADD_LINES, lines)

    def _order_values(self, order: DraftOrder) -> dict[str, Any]:
        customer = order.customer or Customer()
        source = order.source_document or SourceDocument()
        values = {name: getattr(order, name) for name in _PLAIN_FIELDS}
        values |= {name: adjustments(getattr(order, name)) for name in ADJUSTMENTS}
        values |= {"id": order.id, "org_id": self._org_id, "status": order.status}
        values |= {"customer_id": customer.id, "erp_customer_number": customer.erp_customer_number}
        values |= {"customer_name": customer.name, "source_document_id": source.document_id}
        values |= {"source_file_name": source.file_name, "source_sha256": source.sha256}
        values["amount"] = amount_of(order) if order.lines and _kept_as_they_are(order.lines) else None
        created_at = order.created_at or datetime.now(UTC)
        return values | {"created_at": created_at, "updated_at": created_at}

    def _line_values(self, order_id: UUID, line: DraftOrderLine) -> dict[str, Any]:
        values = {name: getattr(line, name) for name in LINE_IN_PLACE}
        values |= {name: value for name in LINE_BY_NAME if (value := getattr(line, name))}  # what is left out is null
        values |= {name: adjustments(values[name]) for name in ADJUSTMENTS if name in values}
        return values | {"org_id": self._org_id, "draft_order_id": order_id}

    def _load(self, query: str, parameters: Mapping[str, Any]) -> list[DraftOrder]:
        rows = run(self._connection, query, parameters).fetchall()
        lines = self._lines_of([row["id"] for row in rows])
        return [_order(row, lines[row["id"]]) for row in rows]

    def _lines_of(self, order_ids: Sequence[UUID]) -> dict[UUID, list[DraftOrderLine]]:
        found: dict[UUID, list[DraftOrderLine]] = defaultdict(list)
        for order_id, *values in run(self._connection, _LOAD_LINES, {"ids": list(order_ids)}, tuple_row):
            found[order_id].append(_line(values))
        return found


def _kept_as_they_are(lines: Sequence[DraftOrderLine]) -> bool:
    """Return whether no line is rounded as it is written: the amount of one that is follows from what was kept.

    Files and requests are held to these decimals; a program that passes orders by itself is not.
    """
    return all(
        number is None or _decimals(number) <= kept
        for line in lines
        for number, kept in ((line.qty, QTY_DECIMALS), (line.unit_price, PRICE_DECIMALS))
    )


def _decimals(number: Decimal) -> float:
    exponent = Decimal(number).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else math.inf


_IN_PLACE = len(LINE_IN_PLACE)


def _line(values: Sequence[Any]) -> DraftOrderLine:
    line = line_of(values[:_IN_PLACE], values[_IN_PLACE:])  # by position: an order may have thousands
    for name in ADJUSTMENTS:
        if kept := getattr(line, name):
            setattr(line, name, _adjustments(kept))
    return line


def _adjustments(kept: Any) -> tuple[AllowanceCharge, ...]:
    return typed(kept, tuple[AllowanceCharge, ...]) if kept else ()


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
        **({name: _adjustments(row[name]) for name in ADJUSTMENTS} | {name: row[name] for name in _PLAIN_FIELDS}),
    )
