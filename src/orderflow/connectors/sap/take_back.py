"""An order is taken back: each of its items gets a reason for rejection, unless some of it was delivered.

SAP rejects item by item. What is rejected already stays so, so that a call which is repeated goes on where another one
ended; one that SAP refuses in the middle is undone.
"""

from __future__ import annotations

from orderflow.connectors.one_by_one import sent_as, the_sent
from orderflow.connectors.sap.service import ITEM, Row, SapService
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.http import odata

NOT_DELIVERED = ("", "A", None)
"""Of OverallDeliveryStatus: not relevant, not begun."""


def take_back(service: SapService, order: DraftOrder) -> ExportResult:
    """Reject all items of a sent order.

    Raises:
        RejectedError: SAP keeps it; TOO_LATE: some of it was delivered.
        InDoubtError: SAP shows none of its items, so that nobody knows whether all of them are rejected.
        ConnectorError: It is not known how far it got; it is safe to repeat.
    """
    head = sent(service, order)
    number = str(head["SalesOrder"])
    items = [item for item in service.items([number]) if is_whole(item)]
    if not items:
        raise _nothing_shown(number)
    open_items = [item for item in items if not item.get("SalesDocumentRjcnReason")]
    if open_items and head.get("OverallDeliveryStatus") not in NOT_DELIVERED:
        raise RejectedError(
            f"Some of the order {number} was delivered already.",
            code="TOO_LATE",
            hint="Ask SAP's people. Once it is cancelled there, confirm the recall by hand.",
        )
    try:
        _reject(service, open_items)
    except RejectedError as error:
        if any(item.get("SalesDocumentRjcnReason") == service.config.rejection_reason for item in items):
            raise _half_done(error) from None  # an earlier call may have done that
        raise
    about = {"erp_order_id": number, "rejected_items": len(open_items)}
    return ExportResult(True, order.delivery.export_id, connector_metadata=about, inferred=not open_items)


def sent(service: SapService, order: DraftOrder) -> Row:
    """Return the head of the order that was sent. Raises InDoubtError: SAP does not have it, or several."""
    first = order.delivery.sent
    if first is not None and first.erp_order_id:
        found = service.orders([first.erp_order_id], [])
    else:
        found = service.find(order, sent_as(order))
    return the_sent(found, "SAP")


def is_whole(item: Row) -> bool:
    """Return whether an item stands for itself: the parts of a set are rejected with it."""
    return not int(item.get("HigherLevelItem") or 0)


def _reject(service: SapService, items: list[Row]) -> None:
    done: list[Row] = []
    for item in items:
        try:
            _give_reason(service, item, service.config.rejection_reason)
        except RejectedError:
            _undo(service, done)
            raise
        done.append(item)


def _undo(service: SapService, items: list[Row]) -> None:
    try:
        for item in items:
            _give_reason(service, item, "")
    except ConnectorError as error:
        raise _half_done(error) from None


def _nothing_shown(number: str) -> InDoubtError:
    return InDoubtError(
        f"SAP shows the order {number} without any item, so that what it holds of it is unknown.",
        hint="It is looked at again by itself. If that does not help, look in SAP and say how it ended.",
    )


def _half_done(error: ConnectorError) -> InDoubtError:
    return InDoubtError(
        f"Some items are rejected by now, and SAP does not reject the others: {error.message}",
        hint="Look in SAP which items are rejected, then confirm the recall, or end it.",
    )


def _give_reason(service: SapService, item: Row, reason: str) -> None:
    key = odata.key(version=2, SalesOrder=str(item["SalesOrder"]), SalesOrderItem=str(item["SalesOrderItem"]))
    try:
        service.edit(f"{ITEM}{key}", {"SalesDocumentRjcnReason": reason})
    except RejectedError as error:
        hint = "Ask SAP's people. Once it is cancelled there, confirm the recall by hand."
        raise RejectedError(f"SAP keeps the order: {error.message}", code="ERP_REJECTED", hint=hint) from None
