"""Every route, with the ids of another organization: there is no such thing, and nothing changes."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.delivery import Arrived
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.app import ROUTERS
from orderflow.entrypoints.api.routing import BASE
from orderflow.flow.answers.receive import receive
from orderflow.flow.delivery.push_batch import push_batch

ORDER = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Muster GmbH"},
    "lines": [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M", "unit_price": 1.23}],
}
BODIES: dict[str, Any] = {
    "PUT /draft-orders/{order_id}/priority": {"priority": 5},
    "POST /draft-orders/{order_id}/holds": {"reason": "to be called back"},
    "POST /draft-orders/{order_id}/recall": {"reason": "cancelled by telephone"},
    "PATCH /users/{user_id}": {"active": False},
    "POST /users/{user_id}/password": {"password": "correct horse battery"},
    "PATCH /api-keys/{key_id}": {"user_id": str(new_id())},
    "PATCH /connectors/{connector_id}": {"name": "taken over"},
    "POST /connectors/{connector_id}/accept-host-key": {"fingerprint": "SHA256:" + "A" * 43},
    "PATCH /webhooks/{webhook_id}": {"enabled": False},
    "POST /webhooks/{webhook_id}/replay": {"after": 0},
    "PUT /draft-orders/{order_id}": ORDER,
    "PATCH /draft-orders/{order_id}": {"notes": "taken over"},
    "POST /draft-orders/{order_id}/confirm": {"erp_order_id": "SO-1"},
    "POST /exports/{export_id}/resolve": {"as": "delivered"},
}
"""What a route needs so that its body is not what it refuses."""

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute) and "{" in route.path]
CASES = [
    (method, route.path.removeprefix(BASE))
    for route in ROUTES
    for method in sorted(route.methods or ())
    if getattr(route, "permission", None) is not None  # who answers by a token of the connection's is asked elsewhere
]
TABLES = (
    "app_user",
    "erp_connection",
    "draft_order",
    "draft_order_line",
    "erp_export",
    "erp_push_log",
    "order_key",
    "order_hold",
    "inbound",
    "delivery_proof",
    "need_mark",
    "saved_view",
    "second_factor",
    "need_seen",
    "notice_choice",
    "notice_secret",
    "notice_way",
    "event",
    "webhook_endpoint",
    "delivery_tally",
    "delivery_tally_state",
)

PROOF = text("""
    INSERT INTO delivery_proof (id, org_id, draft_order_id, export_id, message_id, says, refused, content)
    SELECT gen_random_uuid(), org_id, draft_order_id, id, '1', 'processed', false, '' FROM erp_export LIMIT 1
    RETURNING id
""")

VIEW = text("""
    INSERT INTO saved_view (id, org_id, user_id, page, name, query, shared)
    SELECT gen_random_uuid(), org_id, id, 'orders', 'In error', 'status=ERROR', true FROM app_user LIMIT 1
    RETURNING id
""")


@pytest.fixture
def things(acme: Any, app: App) -> dict[str, str]:
    """An id of acme's for every parameter of a path."""
    connector = acme.call("POST", "/connectors/mock", json={"config": {}}).json()["id"]
    order = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    acme.call("POST", f"/draft-orders/{order}/approve")
    acme.call("POST", f"/draft-orders/{order}/push")
    push_batch(app.wiring, acme.org_id, app.system.due_deliveries()[0][1])
    acme.call("POST", "/draft-orders/import", json=ORDER, headers={"Idempotency-Key": "file-1"})
    waiting = acme.call("POST", "/draft-orders", json=ORDER | {"external_order_number": "PO-2"}).json()["id"]
    hold = acme.call("POST", f"/draft-orders/{waiting}/holds", json={"reason": "to be called back"}).json()
    answer = Arrived(new_id(), "", b"{}")
    receive(app.store, acme.org_id, UUID(connector), answer)
    with app.database.transaction(acme.org_id) as connection:
        proof = connection.execute(PROOF).scalar_one()
        view = connection.execute(VIEW).scalar_one()
    webhook = {"url": "http://127.0.0.1:9/hooks", "kinds": ["connection.enabled"]}
    with acme.canaries.look_away():
        webhook_id = acme.call("POST", "/webhooks", json=webhook).json()["id"]
    return {
        "webhook_id": webhook_id,
        "view_id": str(view),
        "hold_id": hold["items"][0]["id"],
        "job_id": acme.call("POST", "/bulk-jobs", json={"action": "approve", "ids": [waiting]}).json()["id"],
        "connector_id": connector,
        "order_id": order,
        "export_id": acme.call("GET", "/exports").json()["items"][0]["id"],
        "attempt_id": acme.call("GET", "/push-log").json()["items"][0]["id"],
        "user_id": acme.call("GET", "/users").json()["items"][1]["id"],
        "key_id": acme.call("GET", "/api-keys").json()["items"][1]["id"],
        "key": "file-1",
        "answer_id": str(answer.id),
        "proof_id": str(proof),
        "revision": "1",
    }


def everything(app: App, acme: Any) -> list[str]:
    with app.database.transaction(acme.org_id) as connection:
        rows = [connection.execute(text(f"SELECT t::text FROM {table} t ORDER BY 1")).scalars() for table in TABLES]
        keys = connection.execute(text("SELECT id, revoked_at FROM api_key ORDER BY 1"))
        return [*(row for table in rows for row in table), *map(str, keys)]


def test_another_organizations_things_are_not_there_and_stay_as_they_are(
    acme: Any, make_tenant: Any, app: App, things: dict[str, str]
):
    other = make_tenant("other")
    before = everything(app, acme)
    for method, path in CASES:
        address = re.sub(r"\{(\w+)\}", lambda found: things[found[1]], path)
        body = BODIES.get(f"{method} {path}")
        answer = other.call(method, address, **({"json": body} if body else {}))
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND"), f"{method} {path}"
    assert everything(app, acme) == before


def test_lists_show_only_ones_own(acme: Any, make_tenant: Any, things: dict[str, str]):
    other = make_tenant("other")
    for path in (
        "/users",
        "/api-keys",
        "/audit-log",
        "/connectors",
        "/certificates",
        "/draft-orders",
        "/exports",
        "/push-log",
        "/events",
        "/webhooks",
    ):
        theirs = other.call("GET", path).text
        assert not [name for name, value in things.items() if name != "revision" and value in theirs], path
