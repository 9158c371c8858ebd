"""The requests that every order takes: bring in, approve, push. Those of several callers share transactions.

First of all routes, for a request is compared with one after the other.
"""

from __future__ import annotations

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from starlette.concurrency import run_in_threadpool

from orderflow.domain.errors import NotFoundError, StaleVersionError
from orderflow.domain.order_keys import OnDuplicate
from orderflow.domain.states import OrderAction, OrderStatus
from orderflow.entrypoints.api.bodies import ExactRequest, beside_the_loop, body_of, order_in
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.duplicates import WhenDuplicate, must_be_editor
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.fast.together import Together
from orderflow.entrypoints.api.headers import note_location
from orderflow.entrypoints.api.once import HEADER, keep_within
from orderflow.entrypoints.api.order_schemas import Arrived, OrderState, PushAccepted, PushBody
from orderflow.entrypoints.api.orders import current_order
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import BASE, ApiRouter
from orderflow.entrypoints.api.schemas import JSON
from orderflow.entrypoints.api.versions import CONDITIONAL, note_version, seen, tag
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.delivery.request import announce, asked_before, check_not_before, request_or_wait
from orderflow.flow.order.accept import Arrival, accept_orders, revise_order
from orderflow.flow.order.approve import approve_order
from orderflow.flow.order.incoming import OrderBody
from orderflow.flow.order.prioritize import prioritize
from orderflow.flow.ports import Export
from orderflow.storage.store import SqlWork, check_version

Importer = Annotated[Caller, Depends(require(Permission.ORDERS_IMPORT))]
Approver = Annotated[Caller, Depends(require(Permission.ORDERS_APPROVE))]
Pusher = Annotated[Caller, Depends(require(Permission.ORDERS_PUSH))]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="For 24 hours, the same key for the same order gives the same export. With another request it is "
        "422 `IDEMPOTENCY_KEY_REUSED`. Without a key, a push of an order that is on its way or has arrived is a "
        "conflict.",
    ),
]
router = ApiRouter("/draft-orders", "Orders")


@router.post(
    "",
    status_code=201,
    response_model=Arrived,
    responses=answers(409) | {200: {"model": Arrived, "description": "It is here already: see `duplicate`, `revised`"}},
    openapi_extra=body_of(OrderBody),
)
@slow(Work.ORDER)
async def create_order(
    request: ExactRequest, caller: Importer, on_duplicate: WhenDuplicate = OnDuplicate.REFUSE
) -> JSON:
    """Bring in one order, once; READY if nothing is missing, else NEEDS_REVIEW."""
    if on_duplicate is OnDuplicate.REVISE:
        must_be_editor(caller)
    order = await beside_the_loop(request.raw, order_in, request)

    def step(work: SqlWork) -> Arrival:
        if on_duplicate is OnDuplicate.REVISE:
            return revise_order(work, order, caller.actor)
        arrival = accept_orders(work, [order], caller.actor, on_duplicate)[0]
        if arrival.order is order and HEADER in request.headers:
            keep_within(work, request, _answer(arrival, 201, 1))
        return arrival

    arrival = await _together(request).take(caller.org_id, None, step, order)
    if arrival.error:
        raise arrival.error
    return await _arrived(request, caller, arrival, 201 if arrival.order is order else 200)


async def _arrived(request: Request, caller: Caller, arrival: Arrival, status: int) -> JSON:
    version = 1 if status == 201 else await run_in_threadpool(_version, request, caller, arrival.order.id)
    return _answer(arrival, status, version)


def _answer(arrival: Arrival, status: int, version: int) -> JSON:
    order = {"id": arrival.order.id, "status": arrival.order.status, "version": version}
    order |= {"missing": [one.message for one in arrival.missing], "missing_fields": arrival.missing}
    headers = {"ETag": tag(version)} | (
        {"Location": f"{BASE}/draft-orders/{arrival.order.id}"} if status == 201 else {}
    )
    return JSON(order | {"duplicate": arrival.duplicate, "revised": arrival.revised}, status, headers)


def _version(request: Request, caller: Caller, order_id: UUID) -> int:
    """Return the version of an order; 0 of one that ended long ago and was deleted."""
    try:
        return current_order(request, caller, order_id).version
    except NotFoundError:
        return 0


@router.post("/{order_id}/approve", response_model=OrderState, responses=answers(404, 409), openapi_extra=CONDITIONAL)
@slow(Work.ORDER)
async def approve(request: Request, caller: Approver, order_id: UUID) -> JSON:
    """Approve a READY order."""
    versions = seen(request)

    def step(work: SqlWork) -> int:
        check_version(work, lambda work: work.orders.version(order_id), versions)
        approve_order(work, order_id, caller.actor)
        return work.orders.version(order_id)

    try:
        version = await _together(request).take(caller.org_id, order_id, step)
    except StaleVersionError as stale:
        stale.details["current"] = await run_in_threadpool(current_order, request, caller, order_id)
        raise
    note_version(request, version)
    return JSON({"id": order_id, "status": OrderStatus.APPROVED, "missing": [], "version": version})


@router.post("/{order_id}/push", status_code=202, response_model=PushAccepted, responses=answers(404, 409))
@slow(Work.ORDER)
async def push(
    request: Request, caller: Pusher, order_id: UUID, body: PushBody | None = None, idempotency_key: Key = None
) -> JSON:
    """Ask for the delivery of an APPROVED order. It happens by itself, soon; watch the order or its export."""
    return await _push(request, caller, order_id, OrderAction.PUSH, body, idempotency_key)


@router.post("/{order_id}/retry-push", status_code=202, response_model=PushAccepted, responses=answers(404, 409))
@slow(Work.ORDER)
async def retry_push(
    request: Request, caller: Pusher, order_id: UUID, body: PushBody | None = None, idempotency_key: Key = None
) -> JSON:
    """Ask for the delivery of an order in ERROR once more.

    It goes on under the same file name, unless it is sure that the last delivery never arrived.
    """
    return await _push(request, caller, order_id, OrderAction.RETRY, body, idempotency_key)


async def _push(
    request: Request, caller: Caller, order_id: UUID, meant: OrderAction, body: PushBody | None, key: str | None
) -> JSON:
    body = body or PushBody()
    check_not_before(body.not_before)
    digest = _digest(meant, body) if key else None

    def step(work: SqlWork) -> Export | None:
        if known := asked_before(work, order_id, key, digest):
            return known
        export = request_or_wait(
            work,
            order_id,
            caller.actor,
            connection_id=body.connection_id,
            idempotency_key=key,
            meant=(meant,),
            not_before=body.not_before,
            digest=digest,
        )
        if body.priority is not None:
            prioritize(work, order_id, body.priority, caller.actor)
        return export

    export = await _together(request).take(caller.org_id, order_id, step)
    announce(app_of(request).store, caller.org_id, export)
    if export is None:
        return JSON({"order_id": order_id, "export_id": None, "connection_id": None, "status": "WAITING"}, 202)
    note_location(request, f"{BASE}/exports/{export.id}")
    answer = {"order_id": order_id, "export_id": export.id, "connection_id": export.connection_id}
    return JSON(answer | {"status": export.status}, 202)


def _digest(meant: OrderAction, body: PushBody) -> int:
    """Return 64 bits that tell a request for a push from another one for the same order."""
    asked = f"{meant} {body.model_dump_json()}".encode()
    return int.from_bytes(hashlib.sha256(asked).digest()[:8], "big", signed=True)


def _together(request: Request) -> Together:
    together: Together = request.app.state.together
    return together
