"""Holds: an order is not delivered before everybody who wanted it to wait, or an ADMIN, has released it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.looking import seen_by
from orderflow.entrypoints.api.order_schemas import HoldBody
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.rendering import at_once
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.flow.order.hold import hold_order, release_order
from orderflow.storage.store import SqlWork
from orderflow.storage.views.orders import Holds, holds_of

Reader = Annotated[Caller, Depends(require(Permission.READ))]
Pusher = Annotated[Caller, Depends(require(Permission.ORDERS_PUSH))]
router = ApiRouter("/draft-orders/{order_id}/holds", "Orders")


@router.get("", responses=answers(404))
def list_holds(request: Request, caller: Reader, order_id: UUID) -> Holds:
    """List the holds on an order, the oldest first."""
    with app_of(request).store.work(caller.org_id) as work:
        return holds_of(seen_by(caller, work), order_id)


@router.post("", status_code=201, responses=answers(404, 409))
def place_hold(request: Request, caller: Pusher, order_id: UUID, body: HoldBody) -> Holds:
    """Keep an order from being delivered until it is released; it may be approved and pushed, and waits then.

    Nothing that has begun is interrupted: an attempt that is under way ends, and what may have arrived is asked about.
    """
    with app_of(request).store.work(caller.org_id) as work:
        hold_order(work, order_id, body.reason, caller.actor)
        return _left(request, caller, work, order_id)


@router.delete("", responses=answers(404, 409))
def release_holds(request: Request, caller: Pusher, order_id: UUID) -> Holds:
    """Release all holds on an order that the caller placed; as an ADMIN all that there are. Those left are answered."""
    return _release(request, caller, order_id, None)


@router.delete("/{hold_id}", responses=answers(404, 409))
def release_hold(request: Request, caller: Pusher, order_id: UUID, hold_id: UUID) -> Holds:
    """Release one hold; who placed it may, or an ADMIN. Those left are answered."""
    return _release(request, caller, order_id, hold_id)


def _release(request: Request, caller: Caller, order_id: UUID, hold_id: UUID | None) -> Holds:
    store, of_others = app_of(request).store, caller.may(Permission.HOLDS_RELEASE)
    with store.work(caller.org_id) as work:
        export = release_order(work, order_id, caller.actor, of_others=of_others, hold_id=hold_id)
        left = _left(request, caller, work, order_id)
    if export is not None:
        store.wake(caller.org_id, export.connection_id)
    return left


def _left(request: Request, caller: Caller, work: SqlWork, order_id: UUID) -> Holds:
    return at_once(request, holds_of(seen_by(caller, work), order_id), work)
