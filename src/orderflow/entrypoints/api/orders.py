"""Orders: bring in, look at, correct, approve, push, and everything that may follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request

from orderflow.domain.errors import NotFoundError
from orderflow.domain.orders import missing_for_ready
from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.api.actions import actions_for
from orderflow.entrypoints.api.connector_schemas import Preview
from orderflow.entrypoints.api.delivery_schemas import Export, Timeline, shown_event, shown_export
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import ForbiddenError, answers
from orderflow.entrypoints.api.fast.order_in import order_in
from orderflow.entrypoints.api.order_schemas import (
    BulkAnswer,
    BulkBody,
    BulkPreview,
    ConfirmBody,
    Line,
    Order,
    OrderPage,
    OrderState,
    RejectBody,
)
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter, ExactRequest, body_of
from orderflow.entrypoints.api.schemas import JSON, CursorText, Moment, Text, decode_cursor, page
from orderflow.entrypoints.api.versions import CONDITIONAL, editing, note_version
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.delivery.request import withdraw_in
from orderflow.flow.order.approve import edit_order, reject_order
from orderflow.flow.order.confirm import confirm_order as confirm
from orderflow.flow.order.incoming import OrderBody
from orderflow.flow.order.many import act_on_many, starts_of
from orderflow.flow.setup.preview import preview_order
from orderflow.storage.store import SqlWork
from orderflow.storage.views.destinations import OrdersToPush, destinations
from orderflow.storage.views.search import ExportFilter, OrderFilter, SqlSearch
from orderflow.storage.views.timeline import timeline

Reader = Annotated[Caller, Depends(require(Permission.READ))]
Editor = Annotated[Caller, Depends(require(Permission.ORDERS_EDIT))]
Pusher = Annotated[Caller, Depends(require(Permission.ORDERS_PUSH))]
PageSize = Annotated[int, Query(ge=1, le=200, description="Entries at most")]
MOST_IN_BULK = 1_000
SEARCH = (
    "Part of a number (ours or the ERP's) or of the customer, in the newest 100,000 orders that the other filters "
    "leave; if there is none, a whole number of ours, however old"
)
_ORDER, _LINE, _EXPORT = (tuple(model.model_fields) for model in (Order, Line, Export))
router = ApiRouter("/draft-orders", "Orders")


@router.get("", response_model=OrderPage)
def list_orders(
    request: Request,
    caller: Reader,
    *,
    status: Annotated[list[OrderStatus] | None, Query(description="Any of these")] = None,
    q: Annotated[Text | None, Query(description=SEARCH)] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    connection_id: Annotated[UUID | None, Query(description="Exported over this connector")] = None,
    error_code: Annotated[Text | None, Query(description="In ERROR for this reason")] = None,
    unreadable_answer: Annotated[bool | None, Query(description="The ERP's answer could not be read")] = None,
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> Any:
    """List orders, newest first."""
    wanted = OrderFilter(status or (), q, since, until, connection_id, error_code, unreadable_answer)
    with app_of(request).store.work(caller.org_id) as work:
        rows = SqlSearch(work.connection, caller.org_id).orders(wanted, decode_cursor(cursor), limit + 1)
    return page(rows, limit, lambda row: _summary(row, caller))


@router.post("/bulk", response_model=BulkAnswer, responses=answers(404, 409))
def act_on_orders(request: Request, caller: Pusher, body: BulkBody) -> Any:
    """Approve, push or retry many orders, each for itself."""
    if body.action == "approve" and not caller.may(Permission.ORDERS_APPROVE):
        raise ForbiddenError(f"The role {caller.role} may not {Permission.ORDERS_APPROVE}.")
    store = app_of(request).store
    ids = body.ids if body.ids is not None else _found(request, caller, body)
    outcomes = act_on_many(store, caller.org_id, body.action, ids[:MOST_IN_BULK], caller.actor, body.connection_id)
    results = [
        {"id": order_id, "ok": error is None, "error": error.as_json() if error else None}
        for order_id, error in outcomes
    ]
    succeeded = sum(bool(result["ok"]) for result in results)
    return {"results": results, "succeeded": succeeded, "more": len(ids) > MOST_IN_BULK}


@router.post("/bulk/preview", response_model=BulkPreview, responses=answers(404, 409))
def preview_bulk_action(request: Request, caller: Pusher, body: BulkBody) -> Any:
    """Tell what an action on many orders would do, given the same body. Nothing is done."""
    ids = body.ids if body.ids is not None else _found(request, caller, body)
    with app_of(request).store.work(caller.org_id) as work:
        free = None if body.action == "approve" else work.connections.for_push(body.connection_id)
        orders = OrdersToPush(ids[:MOST_IN_BULK], starts_of(body.action))
        found = destinations(work.connection, caller.org_id, orders, free, body.connection_id)
    going = sum(row["orders"] for row in found if not row["stays"])
    return {"orders": going, "more": len(ids) > MOST_IN_BULK, "destinations": found if free else []}


@router.get("/{order_id}", response_model=Order, responses=answers(404))
def get_order(request: Request, caller: Reader, order_id: UUID) -> Any:
    """Read one order with its lines, what it still needs, and its latest export."""
    return JSON(current_order(request, caller, order_id))


@router.get("/{order_id}/timeline", response_model=Timeline, responses=answers(404))
def get_order_timeline(request: Request, caller: Reader, order_id: UUID) -> Any:
    """Read everything that happened to an order: changes, requests, attempts, deliveries, answers."""
    with app_of(request).store.work(caller.org_id) as work:
        events = timeline(work.connection, caller.org_id, order_id)
    return {"items": [shown_event(event) for event in events]}


@router.get("/{order_id}/preview", response_model=Preview, responses=answers(400, 404, 409))
@slow(Work.TEST)
def preview_order_delivery(request: Request, caller: Reader, order_id: UUID, connection_id: UUID | None = None) -> Any:
    """Show what a connector, by default the default one, would send for this order as it is now. Nothing is sent."""
    return preview_order(app_of(request).wiring, caller.org_id, order_id, connection_id)


@router.put(
    "/{order_id}", response_model=Order, responses=answers(404, 409), openapi_extra=CONDITIONAL | body_of(OrderBody)
)
def update_order(request: ExactRequest, caller: Editor, order_id: UUID) -> Any:
    """Replace an order's content. An APPROVED or failed order needs approval again."""
    changed = order_in(request)
    changed.id = order_id
    with _editing(request, caller, order_id) as work:
        edit_order(work, changed, caller.actor)
        return JSON(_whole(request, caller, work, order_id))


@router.post("/{order_id}/reject", response_model=OrderState, responses=answers(404, 409), openapi_extra=CONDITIONAL)
def reject(request: Request, caller: Editor, order_id: UUID, body: RejectBody | None = None) -> Any:
    """Reject an order for good."""
    with _editing(request, caller, order_id) as work:
        reject_order(work, order_id, caller.actor, body.reason if body else None)
        return _state(request, work, order_id, OrderStatus.REJECTED)


@router.post("/{order_id}/withdraw", response_model=OrderState, responses=answers(404, 409), openapi_extra=CONDITIONAL)
def withdraw_push(request: Request, caller: Pusher, order_id: UUID) -> Any:
    """Take back a push of which no attempt has begun; the order is APPROVED again."""
    with _editing(request, caller, order_id) as work:
        withdraw_in(work, order_id, caller.actor)
        return _state(request, work, order_id, OrderStatus.APPROVED)


@router.post("/{order_id}/confirm", response_model=OrderState, responses=answers(404, 409), openapi_extra=CONDITIONAL)
def confirm_order(request: Request, caller: Pusher, order_id: UUID, body: ConfirmBody) -> Any:
    """Confirm a PUSHED order by hand: for an ERP that never answers."""
    with _editing(request, caller, order_id) as work:
        confirm(work, order_id, body.erp_order_id, caller.actor)
        return _state(request, work, order_id, OrderStatus.CONFIRMED)


def _found(request: Request, caller: Caller, body: BulkBody) -> list[UUID]:
    assert body.filter is not None
    given = body.filter
    statuses = given.status or starts_of(body.action)
    wanted = OrderFilter(statuses, given.q, given.since, given.until, given.connection_id, given.error_code)
    with app_of(request).store.work(caller.org_id) as work:
        return SqlSearch(work.connection, caller.org_id).order_ids(wanted, MOST_IN_BULK + 1)


@contextmanager
def _editing(request: Request, caller: Caller, order_id: UUID) -> Iterator[SqlWork]:
    """Open the transaction of an edit of what the caller has seen; raises as `versions.editing`."""
    store, current = app_of(request).store, lambda: current_order(request, caller, order_id)
    with (
        editing(request, store, lambda work: work.orders.version(order_id), current) as expecting,
        expecting.work(caller.org_id) as work,
    ):
        yield work


def current_order(request: Request, caller: Caller, order_id: UUID) -> dict[str, Any]:
    """Return an order as it goes out, and let the answer carry its version. Raises NotFoundError."""
    with app_of(request).store.work(caller.org_id) as work:
        return _whole(request, caller, work, order_id)


def _state(request: Request, work: SqlWork, order_id: UUID, status: OrderStatus) -> JSON:
    version = work.orders.version(order_id)
    note_version(request, version)
    return JSON({"id": order_id, "status": status, "missing": [], "version": version})


def _summary(row: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    customer = {"id": row["customer_id"], "erp_customer_number": row["erp_customer_number"]}
    shown = {name: row[name] for name in _ORDER if name in row}
    shown["actions"] = actions_for(caller, row["status"], row["delivery_is"])
    return shown | {"customer": customer | {"name": row["customer_name"]}, "error": row["error_json"]}


def _whole(request: Request, caller: Caller, work: SqlWork, order_id: UUID) -> dict[str, Any]:
    search = SqlSearch(work.connection, work.org_id)
    row = search.order(order_id)
    if row is None:
        raise NotFoundError(f"There is no order {order_id} in this organization.")
    order = work.orders.get_many([order_id])[order_id]
    exports = search.exports(ExportFilter(order_id=order_id), (None, None), 1)
    note_version(request, row["version"])
    return _summary(row, caller) | {
        "notes": order.notes,
        "ship_to": order.ship_to,
        "bill_to": order.bill_to,
        "lines": [_line(line) for line in order.lines],
        "source_document": order.source_document,
        "missing": missing_for_ready(order),
        "latest_export": _export(exports[0], caller) if exports else None,
        "confirmed_by": exports[0]["confirmed_by"] if exports else None,
    }


def _line(line: Any) -> dict[str, Any]:
    values = {name: getattr(line, name) for name in _LINE if name != "description"}
    return values | {"description": line.product_description}


def _export(row: Any, caller: Caller) -> dict[str, Any]:
    shown = shown_export(row, caller)
    return {name: shown[name] for name in _EXPORT}
