"""Orders: bring in, look at, correct, approve, push, and everything that may follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from orderflow.domain.orders import Customer, DraftOrder
from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.api.bodies import ExactRequest, body_of, object_in, order_in
from orderflow.entrypoints.api.connector_schemas import Preview
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.looking import looking, seen_by
from orderflow.entrypoints.api.order_schemas import (
    Cancellation,
    CancellationBody,
    ChangeOutlook,
    ConfirmBody,
    ConfirmedMany,
    ConfirmedOne,
    OrderState,
    OrdersToConfirm,
    PriorityBody,
    RecallBody,
    RejectBody,
)
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.rendering import at_once
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, Moment, Text, UpdatedSince
from orderflow.entrypoints.api.versions import CONDITIONAL, editing, note_version
from orderflow.entrypoints.api.work import Work, slow
from orderflow.entrypoints.confirming import confirm_each
from orderflow.flow.answers.accept_differences import accept_differences
from orderflow.flow.delivery.change import confirm_change, discard_change, what_follows
from orderflow.flow.delivery.recall import check_can_be_asked, confirm_recall, end_recall, recall_in
from orderflow.flow.delivery.request import announce, withdraw_in
from orderflow.flow.order.approve import edit_order, reject_order
from orderflow.flow.order.cancel import cancel_before
from orderflow.flow.order.confirm import confirm_order as confirm
from orderflow.flow.order.incoming import OrderBody
from orderflow.flow.order.patching import patched
from orderflow.flow.order.prioritize import prioritize
from orderflow.flow.setup.preview import preview_order
from orderflow.storage.store import SqlWork
from orderflow.storage.system.retention import forget
from orderflow.storage.views.deliveries import WaitsFor, WaitsForRoute
from orderflow.storage.views.order_lists import OrderSort, Totals, sorted_orders, totals
from orderflow.storage.views.orders import Order, OrderFilter, OrderPage, number_of, one_order
from orderflow.storage.views.revisions import WholeRevision, one_revision
from orderflow.storage.views.timeline import Timeline, timeline
from orderflow.storage.views.view import Ask, View

Reader = Annotated[Caller, Depends(require(Permission.READ))]
Editor = Annotated[Caller, Depends(require(Permission.ORDERS_EDIT))]
Pusher = Annotated[Caller, Depends(require(Permission.ORDERS_PUSH))]
Eraser = Annotated[Caller, Depends(require(Permission.DATA_ERASE))]
PageSize = Annotated[int, Query(ge=1, le=200, description="Entries at most")]
SEARCH = (
    "Part of a number (ours or the ERP's) or of the customer, in the newest 100,000 orders that the other filters "
    "leave; if there is none, a whole number of ours, however old"
)
MERGE_PATCH = "application/merge-patch+json"
READ_ONLY = {field.name for field in fields(Order)} - set(OrderBody.__struct_encode_fields__)
"""What `GET` says of an order beside its content."""

NUMBERED = "With `erp_customer_number` and `source`, the key by which an order comes in once"
WITH_NUMBER = "Beside `external_order_number`: those of that number"
router = ApiRouter("/draft-orders", "Orders")


def order_filter(
    *,
    status: Annotated[list[OrderStatus] | None, Query(description="Any of these")] = None,
    q: Annotated[Text | None, Query(description=SEARCH)] = None,
    external_order_number: Annotated[Text | None, Query(description=f"Exactly this one. {NUMBERED}")] = None,
    erp_customer_number: Annotated[Text | None, Query(description=f"{WITH_NUMBER} whose customer is this one")] = None,
    source: Annotated[Text | None, Query(description=f"{WITH_NUMBER} which came from there")] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    updated_since: UpdatedSince = None,
    import_id: Annotated[
        UUID | None, Query(description="Brought in with this file: `X-Import-Id` of its answer")
    ] = None,
    connection_id: Annotated[UUID | None, Query(description="Exported over this connector")] = None,
    error_code: Annotated[Text | None, Query(description="In ERROR for this reason")] = None,
    unreadable_answer: Annotated[bool | None, Query(description="The ERP's answer could not be read")] = None,
    waits_for_route: Annotated[bool | None, Query(description="Its push waits for a route")] = None,
    on_hold: Annotated[bool | None, Query(description="Somebody has a hold on it")] = None,
    waits_for: Annotated[
        list[WaitsFor | WaitsForRoute] | None, Query(description="Its push waits for any of these")
    ] = None,
    route: Annotated[Text | None, Query(description="Sent by the routing rule of this name")] = None,
    differs: Annotated[
        bool | None, Query(description="Confirmed otherwise than it was ordered, which nobody accepted")
    ] = None,
) -> OrderFilter:
    """Return which orders a list is about."""
    narrowed = (connection_id, error_code, unreadable_answer, waits_for_route)
    return OrderFilter(
        status or (),
        q,
        since,
        until,
        *narrowed,
        waits_for=waits_for or (),
        route=route,
        differs=differs,
        on_hold=on_hold,
        number=number_of(external_order_number, erp_customer_number, source),
        updated_from=updated_since,
        import_id=import_id,
    )


Wanted = Annotated[OrderFilter, Depends(order_filter)]


@router.get("")
def list_orders(
    request: Request,
    caller: Reader,
    wanted: Wanted,
    *,
    sort: Annotated[
        OrderSort, Query(description="Sorts the newest 100,000 that the filters find; by `created_at` all of them")
    ] = OrderSort.NEWEST,
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> OrderPage:
    """List orders, newest first or as `sort` says."""
    with looking(request, caller) as view:
        return sorted_orders(view, wanted, sort, Ask(limit, cursor))


@router.get("/totals")
@slow(Work.IMPORT)
def sum_up_orders(request: Request, caller: Reader, wanted: Wanted) -> Totals:
    """Tell how many orders a list finds, and what they are worth by currency."""
    with looking(request, caller) as view:
        return totals(view, wanted)


@router.get("/{order_id}", responses=answers(404))
def get_order(request: Request, caller: Reader, order_id: UUID) -> Order:
    """Read one order with its lines, what it still needs, and its latest export."""
    return current_order(request, caller, order_id)


@router.get("/{order_id}/timeline", responses=answers(404))
def get_order_timeline(request: Request, caller: Reader, order_id: UUID) -> Timeline:
    """Read everything that happened to an order: changes, requests, attempts, deliveries, answers."""
    with looking(request, caller) as view:
        return timeline(view, order_id)


@router.get("/{order_id}/revisions/{revision}", responses=answers(400, 404))
def get_order_revision(
    request: Request, caller: Reader, order_id: UUID, revision: Annotated[int, Path(ge=1, le=2**31 - 1)]
) -> WholeRevision:
    """Read what was approved once: the whole order as deliveries are made from it, and what that approval changed."""
    with looking(request, caller) as view:
        return one_revision(view, order_id, revision)


@router.get("/{order_id}/preview", responses=answers(400, 404, 409))
@slow(Work.TEST)
def preview_order_delivery(
    request: Request, caller: Reader, order_id: UUID, connection_id: UUID | None = None
) -> Preview:
    """Show what a connector, by default the default one, would send for this order. Nothing is sent.

    It is made from what was approved; of an order that is not approved, from what it says now.
    """
    shown = preview_order(app_of(request).wiring, caller.org_id, order_id, connection_id)
    return Preview.model_validate(shown)


@router.put("/{order_id}", responses=answers(404, 409), openapi_extra=CONDITIONAL | body_of(OrderBody))
def update_order(request: ExactRequest, caller: Editor, order_id: UUID) -> Order:
    """Replace an order's content. What was approved needs approval again; `GET …/change` tells what becomes of it.

    What `GET` answers may be sent back: what is not an order's content does not matter here.
    """
    changed = order_in(request, beside=READ_ONLY)
    changed.id = order_id
    with _editing(request, caller, order_id) as work:
        edit_order(work, changed, caller.actor)
        return at_once(request, _whole(request, seen_by(caller, work), order_id), work)


@router.patch(
    "/{order_id}",
    responses=answers(404, 409),
    openapi_extra=CONDITIONAL | body_of(OrderBody, MERGE_PATCH, "application/json"),
)
def patch_order(request: ExactRequest, caller: Editor, order_id: UUID) -> Order:
    """Change parts of an order's content (JSON Merge Patch, RFC 7396): what is left out stays, null removes.

    A list, as `lines`, is replaced as a whole. An APPROVED or failed order needs approval again.
    """
    patch = object_in(request)
    with _editing(request, caller, order_id) as work:
        edit_order(work, patched(work.orders.get(order_id), patch), caller.actor)
        return at_once(request, _whole(request, seen_by(caller, work), order_id), work)


@router.post("/{order_id}/reject", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def reject(request: Request, caller: Editor, order_id: UUID, body: RejectBody | None = None) -> OrderState:
    """Reject an order for good."""
    with _editing(request, caller, order_id) as work:
        reject_order(work, order_id, caller.actor, body.reason if body else None)
        return _state(request, work, order_id, OrderStatus.REJECTED)


@router.put("/{order_id}/priority", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def prioritize_order(request: Request, caller: Pusher, order_id: UUID, body: PriorityBody) -> Order:
    """Give an order a head start in the queue of deliveries. It needs no other approval, also while it waits there."""
    with _editing(request, caller, order_id) as work:
        prioritize(work, order_id, body.priority, caller.actor)
        return at_once(request, _whole(request, seen_by(caller, work), order_id), work)


@router.post("/{order_id}/withdraw", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def withdraw_push(request: Request, caller: Pusher, order_id: UUID) -> OrderState:
    """Take back a push of which no attempt has begun; the order is APPROVED again."""
    with _editing(request, caller, order_id) as work:
        withdraw_in(work, order_id, caller.actor)
        return _state(request, work, order_id, OrderStatus.APPROVED)


@router.post("/{order_id}/confirm", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def confirm_order(request: Request, caller: Pusher, order_id: UUID, body: ConfirmBody) -> OrderState:
    """Confirm a PUSHED order by hand: for an ERP that never answers."""
    with _editing(request, caller, order_id) as work:
        confirm(work, order_id, body.erp_order_id, caller.actor)
        return _state(request, work, order_id, OrderStatus.CONFIRMED)


@router.post("/confirm", responses=answers(400))
@slow(Work.IMPORT)
def confirm_orders(request: Request, caller: Pusher, body: OrdersToConfirm) -> ConfirmedMany:
    """Confirm many orders by hand, each for itself: one that is refused is told, and keeps no other from it."""
    named = [(one.order, one.erp_order_id) for one in body.confirmations]
    found = confirm_each(app_of(request).store, caller.org_id, named, caller.actor)
    return ConfirmedMany(items=[ConfirmedOne.model_validate(one) for one in found])


@router.post("/{order_id}/accept-differences", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def accept_order_differences(request: Request, caller: Pusher, order_id: UUID) -> OrderState:
    """Accept what the ERP confirmed otherwise than it was ordered, until it says something else."""
    with _editing(request, caller, order_id) as work:
        accept_differences(work, order_id, caller.actor)
        return _state(request, work, order_id, OrderStatus.CONFIRMED)


@router.post("/cancel", status_code=201, responses=answers(400, 409))
def cancel_order_before_it_comes(request: Request, caller: Pusher, body: CancellationBody) -> Cancellation:
    """Cancel an order that has not come yet. When it comes, it is on hold, and is not sent before it is released."""
    order = DraftOrder(external_order_number=body.external_order_number, source=body.source)
    order.customer = Customer(body.erp_customer_number)
    with app_of(request).store.work(caller.org_id) as work:
        cancelled = Cancellation(id=cancel_before(work, order, body.reason, caller.actor))
        return at_once(request, cancelled, work)


@router.post("/{order_id}/recall", responses=answers(400, 404, 409), openapi_extra=CONDITIONAL)
@slow(Work.TEST)
def recall_order(request: Request, caller: Pusher, order_id: UUID, body: RecallBody) -> OrderState:
    """Ask the ERP to give an order back that it was sent. It is RECALLING until the ERP answers, in `recall`."""
    app = app_of(request)
    check_can_be_asked(app.wiring, caller.org_id, order_id)
    with _editing(request, caller, order_id) as work:
        export = recall_in(work, order_id, body.reason, caller.actor)
        state = _state(request, work, order_id, OrderStatus.RECALLING)
    announce(app.store, caller.org_id, export)
    return state


@router.post("/{order_id}/recall/confirm", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def confirm_order_recall(request: Request, caller: Pusher, order_id: UUID) -> OrderState:
    """Note that an order is cancelled in the ERP, whose people said so. It is RECALLED, and may be entered anew."""
    with _editing(request, caller, order_id) as work:
        confirm_recall(work, order_id, caller.actor)
        return _state(request, work, order_id, OrderStatus.RECALLED)


@router.post("/{order_id}/recall/end", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def end_order_recall(request: Request, caller: Pusher, order_id: UUID) -> OrderState:
    """Note that the ERP keeps an order, whose people said so. It is what it was before it was recalled."""
    with _editing(request, caller, order_id) as work:
        end_recall(work, order_id, caller.actor)
        return _state(request, work, order_id, work.orders.lock_status(order_id))


@router.post("/{order_id}/forget", status_code=204, response_class=Response, responses=answers(404, 409))
def forget_order(request: Request, caller: Eraser, order_id: UUID) -> None:
    """Erase an ended order's personal data for good: names, addresses, notes, revisions, logs, documents and receipts.

    The order itself stays, with its lines and its numbers, so that the books still add up. Doing it again does no harm.
    """
    app = app_of(request)
    forget(app.store, app.documents, caller.org_id, order_id, caller.actor)


@router.get("/{order_id}/change", responses=answers(404, 409))
@slow(Work.TEST)
def tell_what_a_change_does(request: Request, caller: Reader, order_id: UUID) -> ChangeOutlook:
    """Tell what becomes of an order that is edited now: whether its ERP is asked to change it, or what else follows."""
    told = what_follows(app_of(request).wiring, caller.org_id, order_id)
    return ChangeOutlook(way=told.way, message=told.message)


@router.post("/{order_id}/change/discard", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def discard_order_change(request: Request, caller: Editor, order_id: UUID) -> OrderState:
    """Let an order say again what its ERP has of it. What is on its way is withdrawn first."""
    with _editing(request, caller, order_id) as work:
        discard_change(work, order_id, caller.actor)
        return _state(request, work, order_id, work.orders.lock_status(order_id))


@router.post("/{order_id}/change/confirm", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def confirm_order_change(request: Request, caller: Pusher, order_id: UUID) -> OrderState:
    """Note that an order whose change failed is changed in the ERP, whose people said so."""
    with _editing(request, caller, order_id) as work:
        confirm_change(work, order_id, caller.actor)
        return _state(request, work, order_id, OrderStatus.CONFIRMED)


@contextmanager
def _editing(request: Request, caller: Caller, order_id: UUID) -> Iterator[SqlWork]:
    """Open the transaction of an edit of what the caller has seen; raises as `versions.editing`."""
    store, current = app_of(request).store, lambda: current_order(request, caller, order_id)
    with (
        editing(request, store, lambda work: work.orders.version(order_id), current) as expecting,
        expecting.work(caller.org_id) as work,
    ):
        yield work


def current_order(request: Request, caller: Caller, order_id: UUID) -> Order:
    """Return an order as it goes out, and let the answer carry its version. Raises NotFoundError."""
    with looking(request, caller) as view:
        return _whole(request, view, order_id)


def _whole(request: Request, view: View, order_id: UUID) -> Order:
    order = one_order(view, order_id)
    note_version(request, order.version)
    return order


def _state(request: Request, work: SqlWork, order_id: UUID, status: OrderStatus) -> OrderState:
    version = work.orders.version(order_id)
    note_version(request, version)
    return at_once(request, OrderState(id=order_id, status=status, missing=[], version=version), work)
