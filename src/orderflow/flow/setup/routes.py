"""A person says where orders go: saves rules, and tries them on an order before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from orderflow.domain.errors import NoRouteError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.routing.router import Router
from orderflow.domain.routing.rules import read_rules
from orderflow.domain.routing.trace import TracedRule, trace
from orderflow.flow.delivery.route import by_rules
from orderflow.flow.ports import Actor, Route, RouteSet, Store, Work


@dataclass(frozen=True, slots=True)
class Tried:
    """Where an order would go, and what each rule makes of it.

    Attributes:
        route: Where to; None: nowhere, for the reason in `waits_for`.
    """

    route: Route | None
    waits_for: NoRouteError | None
    rules: list[TracedRule]


def save_rules(store: Store, org_id: UUID, given: Sequence[Mapping[str, Any]], actor: Actor) -> RouteSet:
    """Save the rules of an organization, all of them, in their order; what waits is looked at again by them.

    Raises:
        InputError: Something is wrong with them; `details.fields` names each place.
    """
    with store.work(org_id) as work:
        before = work.routes.lock()
        rules = read_rules(given, work.routes.connection_ids())
        version = work.routes.save([_as_stored(one) for one in given], actor.name)
        after = {"version": version, "rules": [rule.name for rule in rules]}
        work.audit.add("ROUTES_CHANGED", actor, "route_set", [None], {"version": before}, after)
        return work.routes.current()


def try_rules(
    store: Store, org_id: UUID, order: DraftOrder | UUID, given: Sequence[Mapping[str, Any]] | None = None
) -> Tried:
    """Tell where an order would go, and why. Nothing is changed or sent.

    Args:
        order: An order, or the id of a stored one.
        given: Rules that are not saved; None: those that are.

    Raises:
        NotFoundError: There is no such order.
        InputError: Something is wrong with the rules.
    """
    with store.work(org_id) as work:
        routes = work.routes.current() if given is None else _unsaved(work, given)
        wanted = work.orders.as_approved(order) if isinstance(order, UUID) else order
        traced = trace(routes.router.rules, wanted)
        try:
            return Tried(by_rules(work, routes, wanted), None, traced)
        except NoRouteError as none:
            return Tried(None, none, traced)


def _unsaved(work: Work, given: Sequence[Mapping[str, Any]]) -> RouteSet:
    return RouteSet(work.routes.current().version, [], Router(read_rules(given, work.routes.connection_ids())))


def _as_stored(given: Any) -> Any:
    """Return what was given with every number as its text, which stays what it is in JSON."""
    if isinstance(given, Mapping):
        return {name: _as_stored(value) for name, value in given.items() if value is not None}
    if isinstance(given, list):
        return [_as_stored(value) for value in given]
    return str(given) if isinstance(given, int | Decimal | UUID) else given
