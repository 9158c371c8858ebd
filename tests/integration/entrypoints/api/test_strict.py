"""What is not known is refused, what is looked for by its number is found, and parts of an order are changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orderflow.domain.access import Role
from orderflow.entrypoints.api.app import ROUTERS
from orderflow.entrypoints.api.routing import BASE, ApiRoute
from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.test_order_fields import MORE, NEEDED

NUMBERED = NEEDED | {"external_order_number": "PO-1", "notes": "call first"}
PATCH = {"Content-Type": "application/merge-patch+json"}


def fields_of(answer: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = answer.json()["error"]["details"]["fields"]
    return found


def test_a_parameter_that_is_not_known_is_refused_with_those_that_are(acme: Tenant) -> None:
    refused = acme.call("GET", "/draft-orders?sorted=number&status=READY&external_order_nmber=PO-1")
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (422, "UNKNOWN_PARAMETER")
    assert [field["field"] for field in fields_of(refused)] == ["sorted", "external_order_nmber"]
    assert "status, q, external_order_number," in fields_of(refused)[0]["message"]
    assert "there are none" in acme.call("GET", "/me?full=1").text
    many = acme.call("GET", "/me?" + "&".join(f"p{number}=1" for number in range(900)))
    assert len(fields_of(many)) == 20


def test_every_route_refuses_one_before_it_does_anything(acme: Tenant) -> None:
    order = acme.call("POST", "/draft-orders", json=NUMBERED).json()["id"]
    before = acme.call("GET", f"/draft-orders/{order}").json()
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, ApiRoute)):
        if route.permission is None and route.path != f"{BASE}/auth/login":
            continue  # an ERP's answers come to addresses that it may have lengthened
        path = route.path.removeprefix(BASE).format_map(dict.fromkeys(route.param_convertors, order))
        for method in route.methods or ():
            answer = acme.call(method, f"{path}?no_such_thing=1", content=b"{}")
            assert (answer.status_code, answer.json()["error"]["details"]["reason"]) == (422, "UNKNOWN_PARAMETER"), path
    assert acme.call("GET", f"/draft-orders/{order}").json() == before


def test_every_parameter_with_one_value_comes_once(acme: Tenant) -> None:
    order = acme.call("POST", "/draft-orders", json=NUMBERED).json()["id"]
    seen = 0
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, ApiRoute)):
        path = route.path.removeprefix(BASE).format_map(dict.fromkeys(route.param_convertors, order))
        for param in route.dependant.query_params if route.permission else ():
            many = "list[" in str(param.field_info.annotation)
            for values in (("x", "x"), ("x", "y")):
                query = "&".join(f"{param.alias}={value}" for value in values)
                answer = acme.call(min(route.methods or ()), f"{path}?{query}", content=b"{}")
                reason = answer.json()["error"]["details"].get("reason") if answer.status_code >= 400 else None
                assert (reason == "REPEATED_PARAMETER") is not many, (path, query, answer.text[:300])
            seen += not many
    assert seen > 40


def test_what_is_a_list_may_come_as_often_as_it_has_values(acme: Tenant) -> None:
    assert acme.call("GET", "/draft-orders?status=READY&status=APPROVED&limit=5").status_code == 200
    refused = acme.call("GET", "/draft-orders?status=READY&status=APPROVED&limit=5&limit=5")
    assert fields_of(refused) == [{"field": "limit", "message": "is given twice"}]


@pytest.mark.parametrize("path", ["/draft-orders", "/draft-orders/{order}/push", "/draft-orders/{order}/reject"])
def test_a_request_has_one_key(acme: Tenant, path: str) -> None:
    order = acme.call("POST", "/draft-orders", json=NUMBERED).json()["id"]
    keys = [("Authorization", f"Bearer {acme.keys[Role.ADMIN]}"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    refused = acme.client.post(f"/api/v1{path.format(order=order)}", headers=keys, json=NUMBERED)
    assert (refused.status_code, fields_of(refused)[0]["field"]) == (422, "Idempotency-Key")


def test_an_erp_may_lengthen_the_address_that_it_answers_to(acme: Tenant) -> None:
    body = {"connector_type": "DROPZONE_JSON_V1", "config": {"mode": "filesystem", "export_path": "/tmp"}}
    connector = acme.call("POST", "/connectors", json=body).json()["id"]
    token = acme.call("POST", f"/connectors/{connector}/answer-token").json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    kept = acme.call("POST", f"/answers/{connector}?tenant=7", None, content=b"{}", headers=headers)
    assert kept.status_code == 200, kept.text


def test_an_order_is_found_by_its_whole_number_and_what_tells_it_apart(acme: Tenant) -> None:
    def comes(**said: Any) -> str:
        return str(acme.call("POST", "/draft-orders", json=NUMBERED | said).json()["id"])

    def found(query: str) -> list[str]:
        items = acme.call("GET", f"/draft-orders?{query}").json()["items"]
        return [item["id"] for item in reversed(items)]

    first, longer = comes(), comes(external_order_number="PO-12")
    of_shop = comes(source="shop")
    of_other = comes(customer={"erp_customer_number": "4712"})
    assert found("external_order_number=PO-1") == [first, of_shop, of_other]
    assert found("external_order_number=%20PO-12%20") == [longer], "cleaned as codes are"
    assert found("external_order_number=PO") == []
    assert found("external_order_number=PO-1&source=shop") == [of_shop]
    assert found("external_order_number=PO-1&erp_customer_number=4712") == [of_other]
    body = {"action": "reject", "filter": {"external_order_number": "PO-1", "source": "shop"}}
    assert acme.call("POST", "/bulk-jobs/preview", json=body).json()["total"] == 1


@pytest.mark.parametrize("query", ["source=shop", "erp_customer_number=4711", "external_order_number=%20"])
def test_what_only_tells_orders_of_one_number_apart_finds_none_alone(acme: Tenant, query: str) -> None:
    refused = acme.call("GET", f"/draft-orders?{query}")
    assert (refused.status_code, fields_of(refused)[0]["field"]) == (422, "external_order_number")
    body = {"action": "approve", "filter": {"source": "shop"}}
    assert acme.call("POST", "/bulk-jobs", json=body).status_code == 422


def test_what_get_answers_can_be_put(acme: Tenant) -> None:
    address = f"/draft-orders/{acme.call('POST', '/draft-orders', json=MORE).json()['id']}"
    seen = acme.call("GET", address)
    put = acme.call("PUT", address, content=seen.content, headers={"Content-Type": "application/json"})
    assert put.status_code == 200, put.text
    moved = {"version", "updated_at"}
    assert {k: v for k, v in put.json().items() if k not in moved} == {
        k: v for k, v in seen.json().items() if k not in moved
    }
    changes = [e for e in acme.call("GET", f"{address}/timeline").json()["items"] if e.get("action") == "DRAFT_EDITED"]
    assert [(change["before"], change["after"]) for change in changes] == [({"status": "READY"}, {"status": "READY"})]
    misspelt = acme.call("PUT", address, json=seen.json() | {"nots": "x"})
    assert [field["field"] for field in fields_of(misspelt)] == ["nots"]


def test_a_patch_changes_what_it_names_and_nothing_else(acme: Tenant) -> None:
    order = MORE | {"notes": "call first", "external_order_number": "PO-7"}
    order["lines"] = [dict(order["lines"][0], qty=123456789012345.0, unit_price="0.1"), order["lines"][1]]
    address = f"/draft-orders/{acme.call('POST', '/draft-orders', json=order).json()['id']}"
    seen = acme.call("GET", address)
    change = {"notes": None, "ship_to": {"city": "Bonn", "gln": None}, "payment_terms": "30 days net"}
    answer = acme.call("PATCH", address, content=json.dumps(change), headers=PATCH | {"If-Match": seen.headers["etag"]})
    assert answer.status_code == 200, answer.text
    before, after = seen.json(), answer.json()
    assert {name for name in after if after[name] != before[name]} - {"version", "updated_at"} == {*change}
    assert after["ship_to"] == {k: v for k, v in before["ship_to"].items() if k != "gln"} | {"city": "Bonn"}
    assert answer.headers["etag"] == acme.call("GET", address).headers["etag"] != seen.headers["etag"]
    lines = acme.call("PATCH", address, json={"lines": [NEEDED["lines"][0]]}).json()["lines"]
    assert [(line["line_no"], line["gtin"]) for line in lines] == [(1, None)], "a list is replaced as a whole"


def test_a_patch_is_exact_and_refuses_what_a_put_refuses(acme: Tenant) -> None:
    line = NEEDED["lines"][0] | {"qty": "123456789012345.678", "unit_price": "0.1"}
    address = f"/draft-orders/{acme.call('POST', '/draft-orders', json=NEEDED | {'lines': [line]}).json()['id']}"
    patched = acme.call("PATCH", address, json={"notes": "x"})
    assert '"qty":123456789012345.678' in patched.text
    stale = acme.call("PATCH", address, json={"notes": "y"}, headers={"If-Match": '"1"'})
    assert stale.json()["error"]["details"]["reason"] == "STALE_VERSION"
    for body, field in (
        ({"status": "CONFIRMED"}, "status"),
        ({"lines": [line | {"qty": 0.0001}]}, "lines[0].qty"),
        ({"ship_to": {"gln": "4012345000008"}}, "ship_to.gln"),
        ([], "body"),
        (None, "body"),
        (1.5, "body"),
    ):
        refused = acme.call("PATCH", address, json=body)
        assert (refused.status_code, fields_of(refused)[0]["field"]) == (422, field), refused.text
    assert acme.call("GET", address).json()["notes"] == "x"


@pytest.mark.parametrize("body", [b"3.5", b"5", b'"x"', b"[]", b"true"])
def test_nothing_else_counts_as_an_empty_object(acme: Tenant, body: bytes) -> None:
    order = acme.call("POST", "/draft-orders", json=NUMBERED).json()["id"]
    json_type = {"Content-Type": "application/json"}
    for path in (f"/draft-orders/{order}/reject", f"/draft-orders/{order}/push", "/organization/pause"):
        answer = acme.call("POST", path, content=body, headers=json_type)
        assert (answer.status_code, fields_of(answer)[0]["field"]) == (422, "body"), path
    for job in ("/draft-orders/bulk", "/bulk-jobs"):
        asked = b'{"action": "approve", "filter": ' + body + b"}"
        assert acme.call("POST", job, content=asked, headers=json_type).status_code == 422, job
    assert acme.call("GET", f"/draft-orders/{order}").json()["status"] == "READY"
    assert acme.call("GET", "/organization").json()["deliveries_paused"] is False


@pytest.mark.parametrize(
    "said",
    [
        {"ship_to": {"": "x"}},
        {"source_document": {"sha256": ""}},
        {"order_date": "2031-01-31T00:00:00"},
        {"order_date": "2031-01-31T00:00:00Z"},
    ],
)
def test_an_order_that_its_schema_has_not_is_refused(acme: Tenant, said: dict[str, Any]) -> None:
    assert acme.call("POST", "/draft-orders", json=NEEDED | said).status_code == 422


def test_a_user_changes_by_what_is_named_and_by_nothing_alike(acme: Tenant) -> None:
    user = acme.call("GET", "/users").json()["items"][0]["id"]
    assert acme.call("PATCH", f"/users/{user}", json={}).status_code == 200
    assert acme.call("PATCH", f"/users/{user}", json={"active": 0}).status_code == 422


def test_an_order_is_not_changed_before_it_is_made(acme: Tenant) -> None:
    order = acme.call("POST", "/draft-orders", json=NUMBERED).json()["id"]
    seen = acme.call("GET", f"/draft-orders/{order}").json()
    assert seen["updated_at"] >= seen["created_at"]


def test_an_import_of_nothing_brings_in_nothing(acme: Tenant) -> None:
    answer = acme.call("POST", "/draft-orders/import")
    assert (answer.status_code, answer.content, answer.headers["x-orders-accepted"]) == (200, b"", "0")
