"""What waits is looked at again when rules or connections change, as long as surely nothing of it was sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from orderflow.domain.errors import NoRouteError, OrderFlowError
from orderflow.domain.states import OrderAction, OrderStatus, next_order_status
from orderflow.flow.delivery.request import note_request
from orderflow.flow.delivery.route import by_rules
from orderflow.flow.ports import Actor, Export, PushRequest, Route, RouteSet, Store, Work

AT_ONCE = 200
"""Orders in one transaction."""

ROUTER = Actor("routing")


def look_again(store: Store, org_id: UUID) -> bool:
    """Take one step for an organization; True if there is more to do."""
    steps = (_send_what_waited, _move_what_was_routed, _fall_back)
    return max(_taken(store, org_id, step) for step in steps) == AT_ONCE


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
    _note_move(work, export, route.connection_id)
    return route.connection_id


def _route_now(work: Work, routes: RouteSet, export: Export) -> Route:
    """Return the route by the present rules; without any, what earlier ones decided stays. Raises NoRouteError."""
    if routes.given or export.route is None:
        return by_rules(work, routes, work.orders.get(export.draft_order_id))
    return replace(export.route, version=routes.version)


def _take_back(work: Work, export: Export, none: NoRouteError) -> None:
    """Let an order that was on its way wait for a route; one of which an attempt began stays where it is."""
    if work.exports.withdraw(export.id):
        before = work.orders.lock_status(export.draft_order_id)
        work.orders.set_status(export.draft_order_id, next_order_status(OrderAction.WITHDRAW, before))
        request = PushRequest(export.draft_order_id, ROUTER, not_before=export.not_before)
        work.routes.wait(request, none.code)
        after = {"status": OrderStatus.APPROVED, "waits_for": none.code}
        work.audit.add("DRAFT_REROUTED", ROUTER, "draft_order", [export.draft_order_id], {"status": before}, after)
    elif export.route is not None:
        work.routes.reroute(export.id, replace(export.route, version=work.routes.current().version))


def _fall_back(work: Work) -> tuple[int, set[UUID]]:
    moved = work.routes.fall_back(AT_ONCE)
    for export in moved:
        if export.route is not None and export.route.fallback_id is not None:  # the connection that it left
            _note_move(work, replace(export, connection_id=export.route.fallback_id), export.connection_id)
    return len(moved), {export.connection_id for export in moved}


def _note_move(work: Work, export: Export, target: UUID) -> None:
    before, after = {"connection_id": str(export.connection_id)}, {"connection_id": str(target)}
    work.audit.add("EXPORT_MOVED", ROUTER, "draft_order", [export.draft_order_id], before, after)
