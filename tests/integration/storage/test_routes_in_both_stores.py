"""Routing through the steps, on the store on PostgreSQL and on the store in memory: both route the same."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from orderflow.domain.errors import InputError, NoRouteError, OrderFlowError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import BreakerState, OrderStatus
from orderflow.flow.delivery.request import note_request, request_or_wait, withdraw
from orderflow.flow.delivery.reroute import look_again
from orderflow.flow.setup.routes import save_rules, try_rules
from tests.integration.storage.benches import ACTOR, Bench, begun, order, seen

GERMANY = {"field": "order.currency", "operator": "=", "value": "eur"}
FRANCE = {"field": "order.currency", "operator": "=", "value": "CHF"}


def rule(when: Any, way: UUID, name: str = "R", **more: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "connection_id": str(way), **more}


def save(bench: Bench, *rules: dict[str, Any]) -> int:
    return save_rules(bench.store, bench.org_id, rules, ACTOR).version


def push(bench: Bench, order_id: UUID | None = None, **options: Any) -> UUID:
    order_id = order_id or order(bench, "APPROVED")
    with bench.store.work(bench.org_id) as work:
        request_or_wait(work, order_id, ACTOR, **options)
    return order_id


def export_of(bench: Bench, order_id: UUID) -> Any:
    with bench.store.work(bench.org_id) as work:
        return work.exports.latest(order_id)


def waits(bench: Bench, order_id: UUID) -> bool:
    with bench.store.work(bench.org_id) as work:
        waits = work.routes.request_of(order_id) is not None
        return waits and work.orders.lock_status(order_id) is OrderStatus.APPROVED


def look(bench: Bench) -> None:
    while look_again(bench.store, bench.org_id):
        pass


def ways(bench: Bench, *names: str) -> list[UUID]:
    """Store ACTIVE connections of one type, of which none is the default."""
    ids = [new_id() for _ in names]
    with bench.store.work(bench.org_id) as work:
        for connection_id, name in zip(ids, names, strict=True):
            work.connections.add(connection_id, "MOCK", {}, name)
            work.connections.enable(connection_id)
    for connection_id in ids:
        bench.set("erp_connection", connection_id, is_default=False)
    return ids


def test_a_rule_sends_an_order_and_what_it_decided_is_kept(bench: Bench) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    version = save(bench, rule(FRANCE, koeln, "France"), rule(GERMANY, izmir, "Germany"))
    route = export_of(bench, push(bench)).route
    assert (route.connection_id, route.version, route.fallback_id) == (izmir, version, None)
    assert route.decision == {"rule": "Germany", "number": 1, "facts": {"order.currency": "EUR"}}
    named = export_of(bench, push(bench, connection_id=koeln))
    assert (named.connection_id, named.route) == (koeln, None), "who names a connection asks no rule"


def test_an_order_without_a_route_waits_until_there_is_one(bench: Bench) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    save(bench, rule(FRANCE, koeln))
    order_id = push(bench)
    assert waits(bench, order_id)
    assert push(bench, order_id) == order_id, "to ask again is nothing new"
    assert [what for what, _ in bench.audit()] == ["ROUTES_CHANGED", "DRAFT_PUSH_WAITS"]
    look(bench)
    assert waits(bench, order_id)
    assert export_of(bench, order_id) is None
    save(bench, rule(FRANCE, koeln), rule(GERMANY, izmir, "S"))
    look(bench)
    assert export_of(bench, order_id).connection_id == izmir
    assert not waits(bench, order_id)


def test_what_no_rule_is_for_goes_by_default_also_once_there_is_one(bench: Bench) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    save(bench, rule(FRANCE, koeln))
    order_id = push(bench)
    with bench.store.work(bench.org_id) as work:
        work.connections.make_default(izmir)
    look(bench)
    found = export_of(bench, order_id)
    assert (found.connection_id, found.route.decision["rule"]) == (izmir, None)


def test_an_order_whose_connection_is_off_waits_for_it(bench: Bench) -> None:
    koeln, _ = ways(bench, "Köln", "Izmir")
    save(bench, rule(GERMANY, koeln))
    with bench.store.work(bench.org_id) as work:
        work.connections.disable(koeln)
    order_id = push(bench)
    assert waits(bench, order_id)
    with pytest.raises(NoRouteError) as told, bench.store.work(bench.org_id) as work:
        note_request(work, order_id, ACTOR)
    assert told.value.code == "ROUTED_TO_NOBODY"
    with bench.store.work(bench.org_id) as work:
        work.connections.enable(koeln)
    look(bench)
    assert export_of(bench, order_id).connection_id == koeln


def test_a_push_that_waits_is_withdrawn_and_goes_nowhere_later(bench: Bench) -> None:
    koeln, _ = ways(bench, "Köln", "Izmir")
    save(bench, rule(FRANCE, koeln))
    order_id = push(bench)
    withdraw(bench.store, bench.org_id, order_id, ACTOR)
    assert not waits(bench, order_id)
    save(bench, rule(GERMANY, koeln))
    look(bench)
    assert export_of(bench, order_id) is None
    with pytest.raises(StateError):
        withdraw(bench.store, bench.org_id, order_id, ACTOR)


def test_an_order_in_error_is_told_that_there_is_no_route(bench: Bench) -> None:
    koeln, _ = ways(bench, "Köln", "Izmir")
    save(bench, rule(FRANCE, koeln))
    with pytest.raises(NoRouteError):
        push(bench, order(bench, "ERROR"))


def test_what_waits_for_delivery_goes_where_changed_rules_say(bench: Bench) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    save(bench, rule(GERMANY, koeln))
    moved, named = push(bench), push(bench, connection_id=koeln)
    bench.set("erp_export", export_of(bench, moved).id, filename="a.json", document_sha256="x")
    version = save(bench, rule(GERMANY, izmir))
    look(bench)
    found = export_of(bench, moved)
    assert (found.connection_id, found.route.version, found.filename) == (izmir, version, None)
    assert export_of(bench, named).connection_id == koeln
    save(bench, rule(FRANCE, izmir))
    look(bench)
    assert export_of(bench, moved) is None
    assert waits(bench, moved), "no rule is for it any more"


@pytest.mark.parametrize("column", ["begun_at", "staged_at", "sent_at"])
def test_what_may_have_been_sent_stays_where_it_is(bench: Bench, column: str) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    save(bench, rule(GERMANY, koeln))
    found = export_of(bench, push(bench))
    bench.set("erp_export", found.id, **{column: bench.now()})
    before = seen(bench, found.id)
    save(bench, rule(GERMANY, izmir, fallback_id=str(koeln)))
    bench.set("erp_connection", koeln, breaker_state="OPEN")
    look(bench)
    assert seen(bench, found.id) == before


def test_nor_does_what_a_worker_holds_or_has_left_open(bench: Bench) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    save(bench, rule(GERMANY, koeln))
    found = export_of(bench, push(bench))
    begun(bench, koeln, stages=True)
    bench.set("erp_export", found.id, begun_at=None)
    save(bench, rule(GERMANY, izmir))
    look(bench)
    assert export_of(bench, found.draft_order_id).connection_id == koeln
    bench.passes(120)
    look(bench)
    assert export_of(bench, found.draft_order_id).connection_id == koeln, "its attempt is open yet"


def test_a_fallback_takes_over_while_the_connection_is_away_and_gives_back(bench: Bench) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    save(bench, rule(GERMANY, koeln, fallback_id=str(izmir)))
    first = push(bench)
    assert export_of(bench, first).connection_id == koeln
    bench.set("erp_connection", koeln, breaker_state="OPEN")
    second = push(bench)
    assert export_of(bench, second).connection_id == izmir
    look(bench)
    assert export_of(bench, first).connection_id == izmir
    assert ("EXPORT_MOVED", first) in bench.audit()
    bench.set("erp_connection", koeln, breaker_state="CLOSED")
    bench.set("erp_connection", izmir, breaker_state="PAUSED")
    look(bench)
    assert {export_of(bench, one).connection_id for one in (first, second)} == {koeln}
    bench.set("erp_connection", koeln, breaker_state="OPEN")
    look(bench)
    assert export_of(bench, first).connection_id == koeln, "where neither delivers, nothing moves"


def test_a_rule_without_a_fallback_waits_for_its_connection(bench: Bench) -> None:
    koeln, _ = ways(bench, "Köln", "Izmir")
    save(bench, rule(GERMANY, koeln))
    bench.set("erp_connection", koeln, breaker_state="OPEN")
    order_id = push(bench)
    look(bench)
    assert export_of(bench, order_id).connection_id == koeln


def test_rules_that_are_wrong_are_not_saved(bench: Bench) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    version = save(bench, rule(GERMANY, koeln))
    with bench.store.work(bench.org_id) as work:
        work.connections.delete(izmir)
    with pytest.raises(InputError, match=r"rules\[0\]\.connection_id: names no connection"):
        save(bench, rule(GERMANY, izmir))
    with bench.store.work(bench.org_id) as work:
        assert work.routes.lock() == version
        assert work.routes.connection_ids() == {koeln}
        assert set(work.routes.states([koeln, izmir])) == {koeln}
        assert work.routes.states([koeln])[koeln][1] is BreakerState.CLOSED


def test_an_order_is_tried_on_rules_without_a_change(bench: Bench) -> None:
    koeln, izmir = ways(bench, "Köln", "Izmir")
    save(bench, rule(FRANCE, koeln))
    order_id = order(bench, "READY")
    tried = try_rules(bench.store, bench.org_id, order_id)
    assert (tried.route, tried.waits_for and tried.waits_for.code) == (None, "NO_ROUTE")
    assert [(one.name, one.fits, one.conditions[0].found) for one in tried.rules] == [("R", False, "EUR")]
    tried = try_rules(bench.store, bench.org_id, order_id, [rule(FRANCE, koeln), rule(GERMANY, izmir, "S")])
    assert tried.route is not None
    assert (tried.route.connection_id, [one.takes for one in tried.rules]) == (izmir, [False, True])
    with pytest.raises(OrderFlowError):
        try_rules(bench.store, bench.org_id, new_id())
