"""An order that Business Central has is changed: line by line, each over the version that was read just before.

The API has no request that changes an order with its lines ("OData known limitations": no deep patching). What it holds
is held against what it shall hold, so that a call which is repeated goes on where another one ended; what is refused
in the middle is undone, unless a line was deleted by then. The head comes last, and brings the change's own key in the
external document number, by which it is found: where that is there, all of it was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orderflow.connectors.business_central.config import NAME, BusinessCentralConfig
from orderflow.connectors.business_central.held import has_shipped, is_open
from orderflow.connectors.business_central.payload import LINE_STEP, as_code, reference_of, rows_of, told
from orderflow.connectors.business_central.service import Company, Row, clear
from orderflow.connectors.business_central.take_back import sent_number
from orderflow.connectors.changes import BY_HAND, Changes, Step, carry_out, changes_of, row_of, rows_to_remove
from orderflow.connectors.whole_orders import Entity, short_key
from orderflow.domain.errors import InDoubtError, RejectedError, TransientError
from orderflow.domain.orders import DraftOrder
from orderflow.http import UnreadableError, odata

TOLD = {"order_date": "orderDate", "requested_delivery_date": "requestedDeliveryDate"}
TOLD_OF_LINES = frozenset({"internal_sku", "qty", "uom", "unit_price"})
OF_A_LINE = ("unitOfMeasureCode", "quantity", "unitPrice", "discountAmount", "discountPercent")
"""Sent together, since Business Central works the price out anew from a quantity or a unit alone."""


_NAMES = ("lineType", "lineObjectNumber", "quantity")
"""By which a line that is there already is known for the one that was to be made."""


@dataclass(frozen=True, slots=True)
class Edit:
    """An entity's fields are changed, as long as they are what they were when that was decided."""

    path: str
    was: Row
    to: Row

    def do(self, company: Company) -> None:
        """Change them. Raises TransientError: somebody else has, and nothing was done."""
        now = company.one(self.path)
        if not _same(now, self.was):
            raise TransientError(f"Somebody else is at it in {NAME}: the order has just been changed.", code="ERP_BUSY")
        company.edit(self.path, self.to, odata.etag_of(now) or "*")

    def undo(self, company: Company) -> None:
        """Set them back."""
        company.edit(self.path, self.was, odata.etag_of(company.one(self.path)) or "*")


@dataclass(slots=True)
class Addition:
    """A line is made."""

    order: str
    entity: Entity
    made: str = ""

    def do(self, company: Company) -> None:
        """Make it."""
        self.made = str(company.add(f"{self.order}/salesOrderLines", self.entity).get("id") or "")

    def undo(self, company: Company) -> None:
        """Delete it. Raises InDoubtError: nobody knows which one it is."""
        if not self.made:
            raise InDoubtError(f"{NAME} did not say which line it had made.")
        with clear("Which line was made?"):
            path = _path("salesOrderLines", self.made)
        company.remove(path, odata.etag_of(company.one(path)) or "*")


@dataclass(frozen=True, slots=True)
class Removal:
    """A line is deleted, which cannot be undone: what people have added to it would be lost."""

    path: str
    row: Row

    def do(self, company: Company) -> None:
        """Delete it. Raises TransientError: somebody has changed it since."""
        company.remove(self.path, odata.etag_of(self.row) or "*")

    def undo(self, company: Company) -> None:
        """Say that it stays so. Raises InDoubtError."""
        raise InDoubtError("a line was deleted")


def change(company: Company, order: DraftOrder) -> str:
    """Have an order that was sent say what it says now; returns its number.

    Raises:
        RejectedError: Business Central keeps it as it was.
        ConnectorError: Any other; it is safe to repeat.
    """
    number = sent_number(company, order)
    row = _open_order(company, number)
    if str(row.get("externalDocumentNumber") or "").endswith(short_key(order.delivery.export_id)):
        return number
    with clear("What does the order hold?"):
        steps, begun = _plan(company.config, order, row)
    carry_out(steps, company, order, number, NAME, begun=begun)
    return number


def _open_order(company: Company, number: str) -> Row:
    """Return the order, if it may still be changed. Raises RejectedError."""
    rows = company.orders([number])
    if not rows:
        gone = "invoiced already" if company.is_invoiced(number) else "deleted there"
        code = "TOO_LATE" if gone.startswith("invoiced") else "CANCELLED_IN_ERP"
        raise RejectedError(f"The order {number} was {gone}.", code=code, hint=BY_HAND)
    with clear("How does the order fare?"):
        if not is_open(rows[0]) or has_shipped(rows[0]):
            what = "is released, waits for approval, or was shipped in part"
            raise RejectedError(f"The order {number} {what}.", code="TOO_LATE", hint=BY_HAND)
    return rows[0]


def _plan(config: BusinessCentralConfig, order: DraftOrder, head: Row) -> tuple[list[Step], bool]:
    """Return what is left to be done, and whether some of it was done already."""
    before, now = order.delivery.before, told(order, config)
    changes = changes_of(now, before and told(before, config), NAME, TOLD, TOLD_OF_LINES)
    rows = head["salesOrderLines"]
    items = [_with_name(row) for row in rows if row.get("lineType") == "Item"]
    edits = [_edit(row_of(line, items, NAME), rows_of(now, line, config)[0]) for line in changes.changed]
    gone = [dict(row) for row in rows_to_remove(changes.removed, items, NAME)]
    wanted = [row for line in changes.added for row in rows_of(now, line, config)]
    there = _there(wanted, rows)
    order_path = _path("salesOrders", head.get("id"))
    additions = [Addition(order_path, row) for row in wanted if row["sequence"] not in there]
    # What belongs to a line goes before it, so that a call which is repeated still finds it by the line.
    removals = [
        Removal(_path("salesOrderLines", row.get("id")), row)
        for item in gone
        for row in (*_below(item, rows, config), item)
    ]
    begun = None in edits or len(gone) < len(changes.removed) or bool(there)
    steps: list[Step] = [edit for edit in edits if edit is not None]
    return [*steps, *additions, *removals, _head_step(config, changes, order, now, head)], begun


def _with_name(row: Row) -> Row:
    if not isinstance(row.get("sequence"), int):
        raise UnreadableError("a line without its number")
    line_no, rest = divmod(row["sequence"], LINE_STEP)
    return row | {"line": row["sequence"], "sequence": None if rest else line_no,
                  "sku": str(row.get("lineObjectNumber") or "")}  # fmt: skip


def _edit(row: Any, entity: Entity) -> Edit | None:
    to = {name: entity[name] for name in OF_A_LINE if name in entity}
    return (
        None
        if _same(row, to)
        else Edit(_path("salesOrderLines", row.get("id")), {name: row.get(name) for name in to}, to)
    )


def _same(row: Any, values: Row) -> bool:
    return all(_plain(row.get(name)) == _plain(value) for name, value in values.items())


def _plain(value: Any) -> Any:
    """Return a value as it is compared: a number as one, a date and a code as they are written there."""
    if isinstance(value, str) or value is None:
        return as_code(value or "")
    return (
        value if isinstance(value, bool) else odata.number_of(value) if not hasattr(value, "isoformat") else str(value)
    )


def _there(wanted: Sequence[Entity], rows: Sequence[Row]) -> set[int]:
    """Return which new rows are there already. Raises RejectedError: there is another one of that number."""
    held = {row["sequence"]: row for row in rows}
    found = {row["sequence"] for row in wanted if row["sequence"] in held}
    for row in wanted:
        other = held.get(row["sequence"])
        if other is not None and not _same(other, {name: row[name] for name in _NAMES if name in row}):
            raise RejectedError(
                f"{NAME} has a line {row['sequence']} already, of another article or quantity.",
                code="LINE_CHANGED_IN_ERP",
                hint="Give the new line a number that the order never had, then push the change again.",
            )
    return found


def _below(item: Row, rows: Sequence[Row], config: BusinessCentralConfig) -> list[Row]:
    """Return the comments and charges that we have put below a line."""
    within = [row for row in rows if 0 < row["sequence"] - item["line"] < LINE_STEP]
    ours = config.charges.values()
    return [
        row
        for row in within
        if (row.get("lineType") == "Comment" and row["sequence"] - item["line"] < LINE_STEP // 2)
        or (row.get("lineType") == "Account" and row.get("lineObjectNumber") in ours)
    ]


def _head_step(config: BusinessCentralConfig, changes: Changes, order: DraftOrder, now: DraftOrder, head: Row) -> Edit:
    to: Row = {field: getattr(now, name) for name, field in TOLD.items() if name in changes.fields}
    to["externalDocumentNumber"] = reference_of(order, order.delivery.export_id, config)
    return Edit(_path("salesOrders", head.get("id")), {name: head.get(name) for name in to}, to)


def _path(entity: str, key: Any) -> str:
    try:
        return f"{entity}{odata.key(UUID(str(key)))}"
    except ValueError:
        raise UnreadableError("an entity without its id") from None
