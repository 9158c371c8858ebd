"""An order that SAP has is changed: item by item, each over the version that was read just before, and the head last.

What SAP holds is held against what it shall hold, so that a call which is repeated goes on where another one ended;
what SAP refuses in the middle is undone. The head's last change brings the change's own key, by which it is found
again: where that is there, all of it was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orderflow.connectors.changes import BY_HAND, Changes, Step, carry_out, changes_of, row_of, rows_to_remove
from orderflow.connectors.sap.config import SapODataConfig
from orderflow.connectors.sap.payload import ITEM_STEP, item_of, own_key, told
from orderflow.connectors.sap.service import ITEM, ORDER, PRICE, REJECTED, Row, SapService
from orderflow.connectors.sap.take_back import NOT_DELIVERED, is_whole, sent
from orderflow.connectors.whole_orders import Entity
from orderflow.domain.errors import RejectedError, TransientError
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.http import odata

TOLD = {"order_date": "CustomerPurchaseOrderDate", "requested_delivery_date": "RequestedDeliveryDate"}
TOLD_OF_LINES = frozenset({"internal_sku", "qty", "unit_price"})


@dataclass(frozen=True, slots=True)
class Edit:
    """An entity's fields are changed, as long as they are what they were when that was decided."""

    path: str
    was: Row
    to: Row

    def do(self, service: SapService) -> None:
        """Change them. Raises TransientError: somebody else has, and nothing was done."""
        now = service.one(self.path)
        if any((now.get(name) or "") != (value or "") for name, value in self.was.items()):
            raise TransientError("Somebody else is at it in SAP: the order has just been changed.", code="ERP_BUSY")
        service.edit(self.path, self.to, odata.etag_of(now) or "*")

    def undo(self, service: SapService) -> None:
        """Set them back."""
        service.edit(self.path, self.was)


@dataclass(frozen=True, slots=True)
class Addition:
    """An entity is made."""

    path: str
    entity: Entity
    made: str

    def do(self, service: SapService) -> None:
        """Make it."""
        service.add(self.path, self.entity)

    def undo(self, service: SapService) -> None:
        """Delete it."""
        service.remove(self.made)


def change(service: SapService, order: DraftOrder) -> str:
    """Have an order that was sent say what it says now; returns SAP's number.

    Raises:
        RejectedError: SAP keeps it as it was.
        ConnectorError: Any other; it is safe to repeat.
    """
    head = _head(service, order)
    number = str(head["SalesOrder"])
    if _was_done(head, order):
        return number
    steps, begun = _plan(service, order, head)
    carry_out(steps, service, order, number, "SAP", begun=begun)
    return number


def is_changed(service: SapService, order: DraftOrder) -> str | None:
    """Ask whether an order says by now what it shall say; returns SAP's number, None: it does not.

    Raises:
        ConnectorError: There was no clear answer.
    """
    head = sent(service, order)
    if service.config.reference_in == "ship_to_reference":
        done = _was_done(head, order)
    else:
        done = not _plan(service, order, head)[0]
    return str(head["SalesOrder"]) if done else None


def _head(service: SapService, order: DraftOrder) -> Row:
    head = sent(service, order)
    if head.get("OverallSDDocumentRejectionSts") == REJECTED:
        raise RejectedError(
            f"The order {head['SalesOrder']} was rejected in SAP.", code="CANCELLED_IN_ERP", hint=BY_HAND
        )
    if head.get("OverallDeliveryStatus") not in NOT_DELIVERED:
        raise RejectedError(
            f"Some of the order {head['SalesOrder']} was delivered already.", code="TOO_LATE", hint=BY_HAND
        )
    return head


def _was_done(head: Row, order: DraftOrder) -> bool:
    return str(head.get("PurchaseOrderByShipToParty") or "") == own_key(order.delivery.export_id)


def _plan(service: SapService, order: DraftOrder, head: Row) -> tuple[list[Step], bool]:
    """Return what is left to be done, and whether some of it was done already."""
    config, before = service.config, order.delivery.before
    now = told(order, config)
    changes = changes_of(now, before and told(before, config), "SAP", TOLD, _told_of_lines(config))
    number = str(head["SalesOrder"])
    items = [_with_name(item) for item in service.items([number]) if is_whole(item)]
    open_items = [item for item in items if not item.get("SalesDocumentRjcnReason")]
    prices = [row for row in service.conditions([number]) if row["ConditionType"] == config.price_condition]
    by_line = [
        _line_steps(row_of(line, open_items, "SAP"), line, item_of(now, line, config), prices)
        for line in changes.changed
    ]
    removals, additions = _removals(config, changes, items), _additions(config, changes, now, number, items)
    begun = not all(by_line) or len(removals) < len(changes.removed) or len(additions) < len(changes.added)
    edits = [step for steps in by_line for step in steps]
    return [*edits, *removals, *additions, *_head_step(config, changes, now, head)], begun


def _told_of_lines(config: SapODataConfig) -> frozenset[str]:
    return TOLD_OF_LINES if config.price_condition else TOLD_OF_LINES - {"unit_price"}


def _with_name(item: Row) -> Row:
    line_no, rest = divmod(int(item["SalesOrderItem"]), ITEM_STEP)
    return item | {"sequence": None if rest else line_no, "sku": str(item.get("Material") or "")}


def _line_steps(item: Mapping[str, Any], line: DraftOrderLine, entity: Entity, prices: Sequence[Row]) -> list[Step]:
    steps: list[Step] = []
    if odata.number_of(item.get("RequestedQuantity")) != line.qty:
        to = {"RequestedQuantity": entity["RequestedQuantity"]}
        steps.append(Edit(_path(ITEM, item), {"RequestedQuantity": item["RequestedQuantity"]}, to))
    price = next(iter(entity.get("to_PricingElement", [])), None)
    held = [row for row in prices if row["SalesOrderItem"] == item["SalesOrderItem"]]
    if price is None or (held and _rate(held[0]) == _rate(price)):
        return steps
    if not held:
        raise RejectedError(
            f"SAP's item {item['SalesOrderItem']} has no condition {price['ConditionType']} that could be changed.",
            code="LINE_CHANGED_IN_ERP",
            hint=BY_HAND,
        )
    fields = ("ConditionRateValue", "ConditionQuantity", "ConditionQuantityUnit")
    path = _path(PRICE, held[0], "PricingProcedureStep", "PricingProcedureCounter")
    return [*steps, Edit(path, {name: held[0][name] for name in fields}, {name: price[name] for name in fields})]


def _rate(row: Row) -> Decimal | None:
    rate = odata.number_of(row.get("ConditionRateValue"))
    return None if rate is None else rate / (odata.number_of(row.get("ConditionQuantity")) or 1)


def _removals(config: SapODataConfig, changes: Changes, items: Sequence[Row]) -> list[Step]:
    if changes.removed and not config.rejection_reason:
        raise RejectedError(
            "SAP rejects items that are dropped, and the connection does not say with which reason.",
            code="NOT_TOLD",
            hint="Set 'Reason for rejection' of the connection, then push the change again.",
        )
    gone = rows_to_remove(changes.removed, items, "SAP")
    reason = {"SalesDocumentRjcnReason": config.rejection_reason}
    left = [item for item in gone if not item.get("SalesDocumentRjcnReason")]
    return [Edit(_path(ITEM, item), {"SalesDocumentRjcnReason": ""}, reason) for item in left]


def _additions(
    config: SapODataConfig, changes: Changes, order: DraftOrder, number: str, items: Sequence[Row]
) -> list[Step]:
    steps: list[Step] = []
    for line in changes.added:
        there = next((item for item in items if item["sequence"] == line.line_no), None)
        if there is None:
            made = {"SalesOrder": number, "SalesOrderItem": str(line.line_no * ITEM_STEP)}
            place = f"{ORDER}{odata.key(number, version=2)}/to_Item"
            steps.append(Addition(place, item_of(order, line, config), _path(ITEM, made)))
        elif there["sku"] != line.internal_sku or odata.number_of(there.get("RequestedQuantity")) != line.qty:
            raise RejectedError(
                f"SAP has an item {there['SalesOrderItem']} already, of another article or quantity than line "
                f"{line.line_no}.",
                code="LINE_CHANGED_IN_ERP",
                hint="Give the new line a number that the order never had, then push the change again.",
            )
    return steps


def _head_step(config: SapODataConfig, changes: Changes, order: DraftOrder, head: Row) -> list[Step]:
    to: dict[str, Any] = {field: getattr(order, name) for name, field in TOLD.items() if name in changes.fields}
    if config.reference_in == "ship_to_reference":
        to["PurchaseOrderByShipToParty"] = own_key(order.delivery.export_id)
    else:
        to = {name: value for name, value in to.items() if odata.day_of(head.get(name)) != value}
    was = {name: head.get(name) for name in to}
    return [Edit(_path(ORDER, head), was, to)] if to else []


def _path(entity: str, row: Mapping[str, Any], *more: str) -> str:
    names = ("SalesOrder",) if entity == ORDER else ("SalesOrder", "SalesOrderItem", *more)
    if len(names) == 1:
        return f"{entity}{odata.key(str(row['SalesOrder']), version=2)}"
    return f"{entity}{odata.key(version=2, **{name: str(row[name]) for name in names})}"
