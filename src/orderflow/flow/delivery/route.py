"""Where an order goes: to the connection that was named, else where the first rule sends it that fits, else by default.

Whatever picks a connection for an order asks here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from orderflow.domain.errors import NoRouteError, StateError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.routing.router import Decision
from orderflow.domain.states import BreakerState, ConnectionStatus
from orderflow.flow.ports import ActiveConnection, Route, RouteSet, Work
from orderflow.flow.refusals import NAMED_AT_MOST


def way_of(work: Work, order_id: UUID, connection_id: UUID | None = None) -> tuple[UUID, Route | None]:
    """Return the connection that a push of the order goes to, and what the rules decided.

    Args:
        connection_id: The one that was named; rules are not asked then.

    Raises:
        NotFoundError: There is no such order or connection.
        NoRouteError: There are rules, and they send the order nowhere.
        StateError: There are no rules, and no connection to push to, or several to choose from.
    """
    routes = work.routes.current() if connection_id is None else None
    if routes is None or not routes.given:
        return one_to_push_to(work, connection_id), None
    route = by_rules(work, routes, work.orders.as_approved(order_id))
    return route.connection_id, route


def ways_of_many(work: Work, order_ids: Sequence[UUID], connection_id: UUID | None) -> dict[UUID | None, list[UUID]]:
    """Return orders by the connection that a push of them would go to; None: they would wait. Raises as `way_of`."""
    routes = work.routes.current()
    if connection_id is not None or not routes.given:
        return {one_to_push_to(work, connection_id): list(order_ids)}
    ways: dict[UUID | None, list[UUID]] = defaultdict(list)
    for order_id, order in work.orders.get_many(order_ids).items():
        try:
            ways[by_rules(work, routes, order).connection_id].append(order_id)
        except NoRouteError:
            ways[None].append(order_id)
    return ways


def by_rules(work: Work, routes: RouteSet, order: DraftOrder) -> Route:
    """Return where the rules send an order. Raises NoRouteError."""
    decided = routes.router.decide(order)
    if decided is None:
        return Route(_default(work), routes.version, {"rule": None, "number": None, "facts": {}})
    noted = {"rule": decided.rule.name, "number": decided.number, "facts": decided.facts}
    connection_id, fallback_id = _of_rule(work, decided)
    return Route(connection_id, routes.version, noted, fallback_id)


def _default(work: Work) -> UUID:
    try:
        return one_to_push_to(work)
    except StateError as none:
        raise NoRouteError(details=none.details) from none


def one_to_push_to(work: Work, connection_id: UUID | None = None, connector_type: str | None = None) -> UUID:
    """Return the ACTIVE connection that was named, else the default one, else the only one.

    Args:
        connector_type: Only connections of this type will do.

    Raises:
        NotFoundError: There is no connection of this id.
        StateError: There is no such ACTIVE one, or there are several and none of them is the default.
    """
    fits = work.connections.active(connection_id, connector_type)
    if not fits:
        raise _none_active() if connection_id is None else _disabled()
    if len(fits) > 1 and not fits[0].is_default:
        raise _which_of(fits)
    return fits[0].id


def _of_rule(work: Work, decided: Decision) -> tuple[UUID, UUID | None]:
    """Return the connection of a rule, or its fallback if only that one delivers; and the other one of the two."""
    rule = decided.rule
    ways = [rule.connection_id, rule.fallback_id] if rule.fallback_id else [rule.connection_id]
    states = work.routes.states(ways)
    active = [way for way in ways if way in states and states[way][0] is ConnectionStatus.ACTIVE]
    if not active:
        raise NoRouteError(
            f"The rule {rule.name!r} is for this order, and its connection is DISABLED.",
            code="ROUTED_TO_NOBODY",
            hint="Enable the connection, or change the rule: the order goes out by itself then.",
            details={"rule": rule.name, "connection_id": str(rule.connection_id)},
        )
    way = next((way for way in active if states[way][1] is BreakerState.CLOSED), active[0])
    other = next((each for each in ways if each != way), None)
    return way, other


def _none_active() -> StateError:
    return StateError(
        "No active ERP connector configured",
        code="NO_ACTIVE_CONNECTION",
        hint="Add a connection, test it and enable it, or name another one.",
    )


def _disabled() -> StateError:
    return StateError("The connection is DISABLED.", code="CONNECTION_DISABLED", hint="Enable it, or name another.")


def _which_of(fits: Sequence[ActiveConnection]) -> StateError:
    known = [{"id": str(one.id), "name": one.name, "connector_type": one.connector_type} for one in fits]
    called = [one.name or one.connector_type for one in fits]
    others = f" and {len(called) - NAMED_AT_MOST} others" if len(called) > NAMED_AT_MOST else ""
    return StateError(
        f"There are {len(called)} ACTIVE connections that it could go to, and none of them is the default: "
        f"{', '.join(called[:NAMED_AT_MOST])}{others}.",
        code="WHICH_CONNECTION",
        hint="Name one, or make one of them the default.",
        details={"connections": known},
    )
