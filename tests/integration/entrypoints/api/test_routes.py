"""Routing through the API: rules are saved by those who may, over what they saw, and an order goes where they say."""

from __future__ import annotations

from typing import Any

import pytest

from orderflow.flow.delivery.reroute import look_again

ORDER: dict[str, Any] = {"currency": "EUR", "customer": {"erp_customer_number": "4711"}, "ship_to": {"country": "TR"}}
ORDER |= {"lines": [{"line_no": 1, "internal_sku": "A", "qty": 1.5, "uom": "PCE", "unit_price": "10"}]}


@pytest.fixture
def ways(acme: Any) -> dict[str, str]:
    """Two ACTIVE connectors of one type, of which none is the default."""
    made = [connector(acme, name) for name in ("Berlin", "Köln", "Izmir")]
    assert acme.call("DELETE", f"/connectors/{made.pop(0)}").status_code == 204
    return dict(zip(("Köln", "Izmir"), made, strict=True))


def connector(acme: Any, name: str) -> Any:
    body = {"connector_type": "MOCK", "config": {"mode": "success"}, "name": name}
    return acme.call("POST", "/connectors", json=body).json()["id"]


def approved(acme: Any, **changes: Any) -> Any:
    order_id = acme.call("POST", "/draft-orders", json=ORDER | changes).json()["id"]
    acme.call("POST", f"/draft-orders/{order_id}/approve")
    return order_id


def rule(way: str, name: str = "Turkey", value: Any = "tr", field: str = "ship_to.country", **more: Any) -> Any:
    return {"name": name, "when": {"field": field, "operator": "=", "value": value}, "connection_id": way, **more}


def save(acme: Any, *rules: Any, **options: Any) -> Any:
    return acme.call("PUT", "/routes", json={"rules": list(rules)}, **options)


def test_without_rules_a_push_is_told_which_connectors_there_are(acme, ways):
    order_id = approved(acme)
    refused = acme.call("POST", f"/draft-orders/{order_id}/push")
    assert refused.status_code == 409
    details = refused.json()["error"]["details"]
    assert details["reason"] == "WHICH_CONNECTION"
    assert {one["name"] for one in details["connections"]} == set(ways)
    preview = acme.call("GET", f"/draft-orders/{order_id}/preview")
    assert preview.json()["error"]["details"]["reason"] == "WHICH_CONNECTION"


def test_rules_are_saved_over_what_was_seen(acme, ways):
    none = acme.call("GET", "/routes")
    assert (none.json()["rules"], none.headers["etag"]) == ([], '"1"')
    first = save(acme, rule(ways["Izmir"], value=5, field="totals.amount"), headers={"If-Match": '"1"'})
    assert first.status_code == 200
    assert first.json()["rules"][0]["when"] == {"field": "totals.amount", "operator": "=", "value": "5"}
    stale = save(acme, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["error"]["details"]["reason"]) == (409, "STALE_VERSION")
    assert stale.json()["error"]["details"]["current"]["version"] == first.json()["version"] == 2
    audit = acme.call("GET", "/audit-log?action=ROUTES_CHANGED").json()["items"]
    assert [(one["before"], one["after"]) for one in audit] == [({"version": 1}, {"version": 2, "rules": ["Turkey"]})]


def test_what_is_wrong_with_rules_is_told_with_its_place_and_nothing_is_saved(acme, ways):
    bad = rule(ways["Izmir"], field="ship_to.no field")
    refused = save(acme, rule(ways["Köln"], "Good"), bad, rule("11111111-1111-1111-1111-111111111111", "Gone"))
    assert refused.status_code == 422
    fields = [one["field"] for one in refused.json()["error"]["details"]["fields"]]
    assert fields == ["rules[1].when.field", "rules[2].connection_id"]
    assert save(acme, *[rule(ways["Köln"], str(number)) for number in range(501)]).status_code == 422
    thousand = {"name": "T", "when": {"all": [rule(ways["Köln"])["when"]] * 1000}, "connection_id": ways["Köln"]}
    assert save(acme, thousand).json()["error"]["details"]["fields"][0]["field"] == "rules[0].when.all"
    assert acme.call("GET", "/routes").json()["version"] == 1


def test_rules_that_take_no_order_are_told(acme, ways):
    told = save(acme, rule(ways["Köln"]), rule(ways["Izmir"], "Again")).json()["hints"]
    assert [(one["number"], one["hidden_by"]) for one in told] == [(1, 0)]


def test_an_order_goes_where_the_rules_say_or_waits_and_is_shown(acme, app, ways):
    save(acme, rule(ways["Izmir"]))
    turkish, french = approved(acme), approved(acme, ship_to={"country": "FR"})
    preview = acme.call("POST", "/draft-orders/bulk/preview", json={"action": "push", "ids": [turkish, french]}).json()
    assert [(one["connection_name"], one["orders"]) for one in preview["destinations"]] == [("Izmir", 1)]
    assert (preview["orders"], preview["waiting"]) == (1, 1)
    assert acme.call("GET", f"/draft-orders/{turkish}/preview").status_code == 200
    pushed = acme.call("POST", f"/draft-orders/{turkish}/push").json()
    assert (pushed["connection_id"], pushed["status"]) == (ways["Izmir"], "PENDING")
    export = acme.call("GET", f"/exports/{pushed['export_id']}").json()
    assert export["route"] == {"rule": "Turkey", "number": 0, "facts": {"ship_to.country": "TR"}}
    assert export["route_version"] == 2

    waiting = acme.call("POST", f"/draft-orders/{french}/push")
    assert (waiting.status_code, waiting.json()["status"], waiting.json()["export_id"]) == (202, "WAITING", None)
    shown = acme.call("GET", f"/draft-orders/{french}").json()
    assert (shown["status"], shown["waits_for"], "withdraw" in shown["actions"]) == ("APPROVED", "NO_ROUTE", True)
    assert shown["push_requested_at"]
    (listed,) = acme.call("GET", "/draft-orders?waits_for_route=true").json()["items"]
    assert listed["id"] == french

    save(acme, rule(ways["Izmir"]), rule(ways["Köln"], "Rest", "fr"))
    for org_id in app.system.unrouted():
        look_again(app.store, org_id)
    assert app.system.unrouted() == []
    shown = acme.call("GET", f"/draft-orders/{french}").json()
    assert (shown["waits_for"], shown["latest_export"]["connection_name"]) == (None, "Köln")


def test_a_connector_that_rules_name_is_not_deleted(acme, ways):
    save(acme, rule(ways["Köln"], fallback_id=ways["Izmir"]))
    for way in ways.values():
        refused = acme.call("DELETE", f"/connectors/{way}")
        assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (409, "CONNECTION_IN_RULES")
    save(acme)
    assert acme.call("DELETE", f"/connectors/{ways['Izmir']}").status_code == 204


def test_an_order_is_tried_on_saved_and_on_other_rules(acme, ways):
    save(acme, rule(ways["Köln"], "France", "FR"))
    order_id = approved(acme)
    tried = acme.call("POST", "/routes/test", json={"order_id": order_id}).json()
    assert (tried["connection_id"], tried["waits_for"]["code"]) == (None, "NO_ROUTE")
    assert tried["rules"][0]["conditions"][0]["found"] == "TR"
    body = {"order_id": order_id, "rules": [rule(ways["Izmir"], "Much", "15", "totals.amount")]}
    tried = acme.call("POST", "/routes/test", json=body).json()
    assert (tried["connection_id"], tried["rule"], tried["waits_for"]) == (ways["Izmir"], "Much", None)
    assert acme.call("POST", "/routes/test", json=body | {"rules": [{}]}).status_code == 422


def test_what_conditions_may_ask_for_is_listed(acme):
    fields = {one["name"]: one for one in acme.call("GET", "/routes/fields").json()["items"]}
    assert (fields["lines.qty"]["kind"], fields["lines.qty"]["of_lines"]) == ("number", True)
    assert "starts_with" in fields["order.currency"]["operators"]
