"""What the API says may be done with an order is what it lets be done: each action, in each state, for each role."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.domain.states import DOUBT_MATTERS, FITTING, OrderAction, OrderStatus
from tests.integration.entrypoints.api.test_deliveries import ORDER, exports

EXPORTED = {order: export for export, order in FITTING.items()}
STANDINGS = [
    (status, in_doubt) for status in OrderStatus for in_doubt in (False, True)[: 1 + (status in DOUBT_MATTERS)]
]


@pytest.fixture
def order(acme):
    acme.call("POST", "/connectors/mock", json={"config": {}})
    return acme.call("POST", "/draft-orders", json=ORDER).json()["id"]


@pytest.fixture
def stand(app, acme, order):
    """Puts the order, and its export where it has one, into a state; gives the export's id."""

    def put(status, *, in_doubt=False, under_way=False):
        values = {"order": order, "id": new_id(), "org": acme.org_id, "status": status, "export": EXPORTED.get(status)}
        values |= {"in_doubt": in_doubt, "under_way": under_way}
        with app.store.work(acme.org_id) as work:
            work.connection.execute(text("DELETE FROM erp_export"))
            work.connection.execute(text("DELETE FROM order_hold"))
            work.connection.execute(text("UPDATE draft_order SET status = :status, error_json = NULL"), values)
            if values["export"]:
                work.connection.execute(_EXPORT, values)
        return values["id"]

    return put


_EXPORT = text("""
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, begun_at, lease_until, lease_token)
    SELECT :id, :org, :order, c.id, :export, CASE WHEN :in_doubt THEN now() END,
           CASE WHEN :under_way THEN now() + interval '1 minute' END, CASE WHEN :under_way THEN gen_random_uuid() END
    FROM erp_connection c
""")


def take(acme, action, order, export, role=Role.ADMIN):
    """Call what an action stands for."""
    name, _, resolution = action.partition("resolve_")
    match action:
        case OrderAction.EDIT:
            return acme.call("PUT", f"/draft-orders/{order}", role, json=ORDER)
        case OrderAction.RETRY:
            return acme.call("POST", f"/draft-orders/{order}/retry-push", role)
        case OrderAction.HOLD:
            return acme.call("POST", f"/draft-orders/{order}/holds", role, json={"reason": "checked"})
        case OrderAction.RELEASE:
            return acme.call("DELETE", f"/draft-orders/{order}/holds", role)
        case OrderAction.CONFIRM:
            return acme.call("POST", f"/draft-orders/{order}/confirm", role, json={"erp_order_id": "SO-1"})
        case OrderAction.RECALL:
            return acme.call("POST", f"/draft-orders/{order}/recall", role, json={"reason": "cancelled"})
        case OrderAction.CONFIRM_RECALL | OrderAction.END_RECALL:
            return acme.call("POST", f"/draft-orders/{order}/recall/{action.partition('_')[0]}", role)
        case OrderAction.DISCARD_CHANGE | OrderAction.CONFIRM_CHANGE:
            return acme.call("POST", f"/draft-orders/{order}/change/{action.partition('_')[0]}", role)
        case OrderAction.ACCEPT_DIFFERENCES:
            return acme.call("POST", f"/draft-orders/{order}/accept-differences", role)
    if resolution:
        return acme.call("POST", f"/exports/{export}/resolve", role, json={"as": resolution})
    return acme.call("POST", f"/draft-orders/{order}/{name}", role)


def actions(acme, order, role=Role.ADMIN):
    """What the order, the list, and its latest export say; they agree."""
    whole = acme.call("GET", f"/draft-orders/{order}", role).json()
    (listed,) = acme.call("GET", "/draft-orders", role).json()["items"]
    assert listed["actions"] == whole["actions"]
    if whole["latest_export"]:
        assert whole["latest_export"]["actions"] == whole["actions"]
    return whole["actions"]


def test_exactly_what_is_listed_can_be_done(acme, order, stand):
    for (status, in_doubt), action in product(STANDINGS, OrderAction):
        export = stand(status, in_doubt=in_doubt)
        listed = actions(acme, order)
        answer = take(acme, action, order, export)
        assert answer.is_success == (action in listed), (status, in_doubt, action, answer.text)
        assert answer.is_success or answer.status_code in (404, 409)  # 404: there is no delivery to be resolved


def test_what_a_role_may_not_do_is_not_listed_for_it(acme, order, stand):
    for (status, in_doubt), role in product(STANDINGS, Role):
        export = stand(status, in_doubt=in_doubt)
        forbidden = set(actions(acme, order)) - set(actions(acme, order, role))
        for action in map(OrderAction, forbidden):
            assert take(acme, action, order, export, role).status_code == 403


def test_while_a_worker_is_at_the_delivery_nothing_is_listed(acme, order, stand):
    export = stand(OrderStatus.PUSHING, in_doubt=True, under_way=True)
    assert actions(acme, order) == []
    assert take(acme, OrderAction.RESOLVE_DELIVERED, order, export).status_code == 409
    assert take(acme, OrderAction.WITHDRAW, order, export).status_code == 409


def test_a_delivery_that_was_followed_by_another_offers_nothing(acme, order, stand):
    former = stand(OrderStatus.ERROR)
    assert acme.call("GET", f"/exports/{former}").json()["actions"]
    assert take(acme, OrderAction.RETRY, order, former).is_success
    newer = next(export for export in exports(acme) if export["id"] != str(former))
    assert newer["actions"] == ["edit", "hold", "withdraw"]
    assert acme.call("GET", f"/exports/{former}").json()["actions"] == []
