"""What waits for what, and what each routing rule sent: in lists, in the overview, in the metrics."""

from __future__ import annotations

import pytest

from orderflow.storage.system import queues

ORDER = {
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M"}],
}


@pytest.fixture
def way(acme):
    made = acme.call("POST", "/connectors", json={"connector_type": "MOCK", "name": "Köln", "config": {}})
    other = acme.call("POST", "/connectors", json={"connector_type": "MOCK", "name": "Izmir", "config": {}})
    acme.call("POST", f"/connectors/{other.json()['id']}/enable", json={"untested": True})
    acme.call("POST", "/organization/pause")
    return made.json()["id"]


def by_currency(acme, way, *currencies):
    rules = [
        {
            "name": f"in {currency}",
            "when": {"field": "order.currency", "operator": "=", "value": currency},
            "connection_id": way,
        }
        for currency in currencies
    ]
    assert acme.call("PUT", "/routes", json={"rules": rules}).status_code == 200


def pushed(acme, *currencies):
    ids = [acme.call("POST", "/draft-orders", json=ORDER | {"currency": one}).json()["id"] for one in currencies]
    for action in ("approve", "push"):
        acme.call("POST", "/bulk-jobs", json={"action": action, "ids": ids})
    return ids


def no_default(app, acme):
    with app.store.work(acme.org_id) as work:
        work.connection.exec_driver_sql("UPDATE erp_connection SET is_default = false")


def found(acme, path):
    answer = acme.call("GET", path)
    assert answer.status_code == 200, answer.text
    return {one.get("draft_order_id") or one["id"] for one in answer.json()["items"]}


def test_lists_are_narrowed_by_what_is_waited_for_and_by_rule(acme, app, way):
    no_default(app, acme)
    by_currency(acme, way, "EUR", "CHF")
    euro, franc, dollar = pushed(acme, "EUR", "CHF", "USD")
    assert found(acme, "/draft-orders?waits_for=NO_ROUTE") == {dollar}
    assert found(acme, "/draft-orders?waits_for=DELIVERIES_PAUSED") == {euro, franc}
    assert found(acme, "/draft-orders?waits_for=DELIVERIES_PAUSED&waits_for=NO_ROUTE") == {euro, franc, dollar}
    assert found(acme, "/draft-orders?route=in+CHF") == {franc}
    assert found(acme, "/exports?route=in+EUR") == {euro}
    assert found(acme, "/exports?waits_for=DELIVERIES_PAUSED") == {euro, franc}
    assert found(acme, "/exports?waits_for=TARGET") == set()
    assert acme.call("GET", "/draft-orders?waits_for=GODOT").status_code == 422
    job = {"action": "withdraw", "filter": {"waits_for": ["NO_ROUTE"], "status": ["APPROVED"]}}
    assert acme.call("POST", "/bulk-jobs", json=job).json()["done"] == 1
    by_rule = {"action": "withdraw", "export_filter": {"route": "in CHF", "waits_for": ["DELIVERIES_PAUSED"]}}
    assert acme.call("POST", "/bulk-jobs", json=by_rule).json()["done"] == 1
    assert found(acme, "/draft-orders?status=PUSHING") == {euro}


def test_the_overview_and_the_metrics_count_both(acme, app, way, client, monkeypatch):
    no_default(app, acme)
    by_currency(acme, way, "EUR", "CHF", "GBP")
    pushed(acme, "EUR", "EUR", "CHF", "GBP", "USD")
    stats = acme.call("GET", "/stats").json()
    assert [(one["waits_for"], one["connection_name"], one["orders"]) for one in stats["waits"]] == [
        ("DELIVERIES_PAUSED", "Köln", 4),
        ("NO_ROUTE", None, 1),
    ]
    assert [(one["rule"], one["requested"], one["waiting"]) for one in stats["rules"]] == [
        ("in EUR", 2, 2),
        ("in CHF", 1, 1),
        ("in GBP", 1, 1),
    ]
    shown = client.get("/metrics").text
    waits = 'organization="acme",reason="DELIVERIES_PAUSED"} 4.0'
    assert f'orderflow_waiting{{connection="{way}",connector_type="MOCK",{waits}' in shown
    assert 'orderflow_waiting{connection="",connector_type="",organization="acme",reason="NO_ROUTE"} 1.0' in shown
    assert 'orderflow_route_queue_depth{organization="acme",rule="in EUR"} 2.0' in shown


def test_no_number_of_rules_makes_more_than_some_series(acme, app, way):
    by_currency(acme, way, "EUR", "CHF", "GBP")
    pushed(acme, "EUR", "EUR", "CHF", "GBP", "USD")
    few = str(queues._BY_RULE).replace(f"<= {queues.MOST_RULES}", "<= 1")
    with app.database.system() as connection:
        rows = {row[1]: row[2] for row in connection.exec_driver_sql(few)}
    assert rows == {"in EUR": 2, "(others)": 3}
