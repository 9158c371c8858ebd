"""What waits is looked at again when rules or connections change, as long as surely nothing of it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from orderflow.domain.errors import NoRouteError, OrderFlowError, StateError
from orderflow.domain.states import OrderAction, OrderStatus, next_order_status
from orderflow.flow.delivery.request import note_request
from orderflow.flow.delivery.route import by_rules, way_of
from orderflow.flow.ports import Actor, Export, PushRequest, Route, RouteSet, Store, Work
from orderflow.flow.refusals import bound_to_its_connection

AT_ONCE = 200
"""Orders in one transaction."""

ROUTER = Actor("routing")


def look_again(store: Store, org_id: UUID) -> bool:
    """Take one step for an organization; True if there is more to do."""
    steps = (_send_what_waited, _move_what_was_routed, _fall_back)
    return max(_taken(store, org_id, step) for step in steps) == AT_ONCE


def route_anew(work: Work, order_id: UUID, actor: Actor) -> UUID | None:
    """Send an order that waits, or is on its way and surely unsent, where it would go if it were pushed now.

    Returns:
        The connection that has more to do now; None if the order waits for a route.

    Raises:
        NotFoundError: There is no such order.
        NoRouteError: An attempt at it began, and the rules send it nowhere now: it stays where it is.
        StateError: It is not on its way, or something of it may have been sent.
    """
    status = work.orders.lock_status(order_id)
    if request := work.routes.request_of(order_id):
        return _request(work, request)
    if status not in OrderAction.WITHDRAW.change.if_sure:
        raise StateError(f"The order is {status}, so no push is waiting.", hint="Push it: the rules say where to.")
    export = work.routes.movable(order_id)
    if export is None:
        raise bound_to_its_connection()
    return _anew(work, export, actor)


def _anew(work: Work, export: Export, actor: Actor) -> UUID | None:
    try:
        connection_id, route = way_of(work, export.draft_order_id)
    except NoRouteError as none:
        if not _took_back(work, export, none, actor):
            raise
        return None
    if route is not None:
        work.routes.reroute(export.id, route)
    elif connection_id != export.connection_id:
        work.exports.move(export.connection_id, connection_id, [export.id])
    if connection_id != export.connection_id:
        _note_move(work, export, connection_id, actor)
    return connection_id


Step = Callable[[Work], tuple[int, set[UUID]]]
"""Returns how much it looked at, and the connections that have more to do."""


def _taken(store: Store, org_id: UUID, step: Step) -> int:
    with store.work(org_id) as work:
        looked_at, woken = step(work)
    for connection_id in woken:
        store.wake(org_id, connection_id)
    return looked_at


def _send_what_waited(work: Work) -> tuple[int, set[UUID]]:
    requests = work.routes.waiting(AT_ONCE)
    return len(requests), {found for request in requests if (found := _request(work, request))}


def _request(work: Work, request: PushRequest) -> UUID | None:
    """Request the push that waited; None if there still is no route."""
    try:
        export = note_request(
            work,
            request.order_id,
            request.actor,
            idempotency_key=request.idempotency_key,
            meant=(OrderAction.PUSH,),
            not_before=request.not_before,
            digest=request.digest,
        )
    except OrderFlowError as none:
        work.routes.wait(request, none.code)
        return None
    return export.connection_id


def _move_what_was_routed(work: Work) -> tuple[int, set[UUID]]:
    exports, routes = work.routes.outdated(AT_ONCE), work.routes.current()
    return len(exports), {found for export in exports if (found := _move(work, routes, export))}


def _move(work: Work, routes: RouteSet, export: Export) -> UUID | None:
    """Send an export where the rules say now; returns where to, if that is another connection than before."""
    try:
        route = _route_now(work, routes, export)
    except NoRouteError as none:
        _take_back(work, export, none)
        return None
    work.routes.reroute(export.id, route)
    if route.connection_id == export.connection_id:
        return None
    _note_move(work, export, route.connection_id, ROUTER)
    return route.connection_id


def _route_now(work: Work, routes: RouteSet, export: Export) -> Route:
    """Return the route by the present rules; without any, what earlier ones decided stays. Raises NoRouteError."""
    if routes.given or export.route is None:
        return by_rules(work, routes, work.orders.get(export.draft_order_id))
    return replace(export.route, version=routes.version)


def _take_back(work: Work, export: Export, none: NoRouteError) -> None:
    """Let an order that was on its way wait for a route; one of which an attempt began stays where it is."""
    if not _took_back(work, export, none, ROUTER) and export.route is not None:
        work.routes.reroute(export.id, replace(export.route, version=work.routes.current().version))


def _took_back(work: Work, export: Export, none: NoRouteError, actor: Actor) -> bool:
    if not work.exports.withdraw(export.id):
        return False
    before, latest = work.orders.lock_status(export.draft_order_id), work.exports.latest(export.draft_order_id)
    pushed_since = latest is not None and latest.created_at > export.created_at
    if pushed_since or before not in OrderAction.WITHDRAW.change.if_sure:  # it was changed: what it says now decides
        kept = {"status": before, "export_id": str(export.id)}
        work.audit.add("DRAFT_REROUTED", actor, "draft_order", [export.draft_order_id], {"status": before}, kept)
        return True
    work.orders.set_status(export.draft_order_id, next_order_status(OrderAction.WITHDRAW, before))
    work.routes.wait(PushRequest(export.draft_order_id, actor, not_before=export.not_before), none.code)
    after = {"status": OrderStatus.APPROVED, "waits_for": none.code}
    work.audit.add("DRAFT_REROUTED", actor, "draft_order", [export.draft_order_id], {"status": before}, after)
    return True


def _fall_back(work: Work) -> tuple[int, set[UUID]]:
    moved = work.routes.fall_back(AT_ONCE)
    for export in moved:
        if export.route is not None and export.route.fallback_id is not None:  # the connection that it left
            _note_move(work, replace(export, connection_id=export.route.fallback_id), export.connection_id, ROUTER)
    return len(moved), {export.connection_id for export in moved}


def _note_move(work: Work, export: Export, target: UUID, actor: Actor) -> None:
    before, after = {"connection_id": str(export.connection_id)}, {"connection_id": str(target)}
    work.audit.add("EXPORT_MOVED", actor, "draft_order", [export.draft_order_id], before, after)
