"""Events over the API."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.domain.events import EventKind
from orderflow.flow.delivery.push_batch import push_batch

ORDER = {"external_order_number": "PO-1", "customer": {"erp_customer_number": "4711"}}


def test_a_program_follows_what_happens(acme: Any) -> None:
    assert acme.call("GET", "/events").json() == {"items": [], "last": 0, "more": False}
    order_id = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    acme.call("POST", f"/draft-orders/{order_id}/reject", json={"reason": "twice"})
    page = acme.call("GET", "/events", Role.VIEWER, params={"limit": 1}).json()
    (created,) = page["items"]
    assert (page["last"], page["more"]) == (1, True)
    assert (created["number"], created["kind"], created["order_id"]) == (1, "order.created", order_id)
    assert created["data"] == {"status": "NEEDS_REVIEW", "external_order_number": "PO-1"}
    rest = acme.call("GET", "/events", params={"after": page["last"]}).json()
    assert [(event["number"], event["kind"]) for event in rest["items"]] == [(2, "order.rejected")]
    none = acme.call("GET", "/events", params={"after": 1, "kind": "order.held", "order_id": order_id}).json()
    assert none == {"items": [], "last": 2, "more": False}


def test_what_cannot_be_asked_for_is_told(acme: Any) -> None:
    for wrong in ({"after": -1}, {"after": 2**63}, {"kind": "order.eaten"}, {"limit": 501}, {"after": "x"}):
        assert acme.call("GET", "/events", params=wrong).status_code == 422, wrong
    ahead = acme.call("GET", "/events", params={"after": 5})
    assert (ahead.status_code, ahead.json()["error"]["details"]["reason"]) == (409, "EVENTS_AHEAD")


def test_what_changed_since_a_moment_is_found(acme: Any, app: App) -> None:
    acme.call("POST", "/connectors/mock", json={"config": {}})
    line = {"line_no": 1, "internal_sku": "INT-1", "qty": 1, "uom": "PCE"}
    customer = {"erp_customer_number": "4711", "name": "Muster GmbH"}
    orders = []
    for number in ("PO-1", "PO-2"):
        order = {"external_order_number": number, "currency": "EUR", "customer": customer, "lines": [line]}
        orders.append(acme.call("POST", "/draft-orders", json=order).json()["id"])
        acme.call("POST", f"/draft-orders/{orders[-1]}/approve")
        acme.call("POST", f"/draft-orders/{orders[-1]}/push")

    def moment() -> str:
        with app.database.system() as connection:
            return str(connection.execute(text("SELECT clock_timestamp()")).scalar_one().isoformat())

    def changed(path: str, since: str) -> list[str]:
        found = acme.call("GET", path, params={"updated_since": since}).json()["items"]
        return [one.get("draft_order_id", one["id"]) for one in found]

    before = moment()
    assert (changed("/draft-orders", before), changed("/exports", before)) == ([], [])
    acme.call("POST", f"/draft-orders/{orders[0]}/withdraw")
    ((org_id, connection_id),) = app.system.due_deliveries()
    push_batch(app.wiring, org_id, connection_id)
    assert sorted(changed("/draft-orders", before)) == sorted(orders)
    assert changed("/exports", before) == [orders[1]]
    after = moment()
    with app.database.transaction(org_id) as connection:
        connection.execute(text("UPDATE erp_export SET lease_until = now()"))
    assert (changed("/draft-orders", after), changed("/exports", after)) == ([], []), "a lease is nothing to see"
    meant = acme.call("POST", "/bulk-jobs/preview", json={"action": "reject", "filter": {"updated_since": after}})
    assert meant.json()["total"] == 0
    meant = acme.call("POST", "/bulk-jobs/preview", json={"action": "reject", "filter": {"updated_since": before}})
    assert meant.json()["total"] == 1, "the one that was withdrawn is in a state to reject"
    exports = {"action": "hold", "reason": "x", "export_filter": {"updated_since": before}}
    assert acme.call("POST", "/bulk-jobs/preview", json=exports).json()["total"] == 1


def test_every_list_with_pages_tells_what_changed_since(acme: Any) -> None:
    order = acme.call("POST", "/draft-orders", json={"external_order_number": "PO-1"}).json()["id"]
    acme.call("POST", "/bulk-jobs", json={"action": "reject", "ids": [order]})
    zone = acme.call("POST", "/connectors/mock", json={"config": {}}).json()["id"]
    with acme.canaries.look_away():
        hook = acme.call("POST", "/webhooks", json={"url": "http://127.0.0.1:9/x"}).json()["id"]
    paths = acme.client.get("/api/v1/openapi.json").json()["paths"]
    lists = {
        path.removeprefix("/api/v1")
        for path, operations in paths.items()
        if "cursor" in {one["name"] for one in operations.get("get", {}).get("parameters", ())}
    }
    assert lists - {"/bulk-jobs/{job_id}/results"} == {
        *("/draft-orders", "/exports", "/push-log", "/bulk-jobs", "/audit-log"),
        *("/webhooks/{webhook_id}/attempts", "/connectors/{connector_id}/answers"),
    }
    for path in lists - {"/bulk-jobs/{job_id}/results"}:
        place = path.format(webhook_id=hook, connector_id=zone)
        long_ago, never = (
            acme.call("GET", place, params={"updated_since": f"{year}-01-01T00:00:00Z"}) for year in (2001, 2101)
        )
        assert long_ago.json() == acme.call("GET", place).json()
        assert (never.status_code, never.json()["items"]) == (200, []), path


def test_the_document_tells_of_every_kind_of_message(acme: Any) -> None:
    told = acme.client.get("/api/v1/openapi.json").json()["webhooks"]
    assert set(told) == {kind.value for kind in EventKind}
    for kind in EventKind:
        operation = told[kind]["post"]
        assert kind.meaning in operation["description"]
        assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/EventMessage")
