"""Events over the API."""

from __future__ import annotations

from typing import Any

from orderflow.domain.access import Role

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
