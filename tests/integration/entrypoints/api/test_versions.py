"""Nobody overwrites what they have not seen: ETag, If-Match and 409 STALE_VERSION, on everything that people edit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from orderflow.domain.access import Role
from orderflow.entrypoints.api import create_app
from orderflow.flow.delivery.push_batch import push_batch
from tests.integration.entrypoints.api.receiving import Receiver
from tests.integration.entrypoints.api.test_webhooks import make

ORDER = {
    "external_order_number": "V-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "INT-1", "qty": 30, "uom": "M", "unit_price": 1.25}],
}


@pytest.fixture
def order(acme: Any) -> str:
    return f"/draft-orders/{acme.call('POST', '/draft-orders', json=ORDER).json()['id']}"


@pytest.fixture
def connector(acme: Any) -> str:
    body = {"connector_type": "MOCK", "config": {}, "status": "ACTIVE"}
    return f"/connectors/{acme.call('POST', '/connectors', json=body).json()['id']}"


@pytest.fixture
def user(acme: Any) -> str:
    users = acme.call("GET", "/users").json()["items"]
    return f"/users/{next(user['id'] for user in users if user['role'] == 'VIEWER')}"


@pytest.fixture
def webhook(acme: Any) -> str:
    return f"/webhooks/{make(acme, Receiver(url='http://127.0.0.1:9/hooks'))[0]}"


def match(tag: str) -> dict[str, str]:
    return {"If-Match": tag}


def test_a_stale_save_is_refused_with_what_is_there_now(acme: Any, order: str) -> None:
    seen = acme.call("GET", order)
    assert seen.headers["etag"] == f'"{seen.json()["version"]}"'
    theirs = {**ORDER, "notes": "theirs"}
    assert acme.call("PUT", order, json=theirs, headers=match(seen.headers["etag"])).status_code == 200
    stale = acme.call("PUT", order, json={**ORDER, "notes": "mine"}, headers=match(seen.headers["etag"]))
    error = stale.json()["error"]
    assert (stale.status_code, error["code"], error["details"]["reason"]) == (409, "CONFLICT", "STALE_VERSION")
    there = acme.call("GET", order)
    assert error["details"]["current"] == there.json()
    assert there.json()["notes"] == "theirs"
    assert stale.headers["etag"] == there.headers["etag"] == f'"{error["details"]["version"]}"'
    saved = acme.call("PUT", order, json={**ORDER, "notes": "both"}, headers=match(stale.headers["etag"]))
    assert saved.json()["notes"] == "both"
    assert saved.headers["etag"] == acme.call("GET", order).headers["etag"]


@pytest.mark.parametrize("path", ["/approve", "/reject"])
def test_a_decision_is_about_what_was_seen(acme: Any, order: str, path: str) -> None:
    seen = acme.call("GET", order).headers["etag"]
    acme.call("PUT", order, json={**ORDER, "notes": "other"})
    stale = acme.call("POST", f"{order}{path}", headers=match(seen))
    assert stale.json()["error"]["details"]["current"]["notes"] == "other"
    assert acme.call("GET", order).json()["status"] == "READY"
    decided = acme.call("POST", f"{order}{path}", headers=match(stale.headers["etag"]))
    assert decided.status_code == 200
    assert decided.headers["etag"] == f'"{decided.json()["version"]}"' == acme.call("GET", order).headers["etag"]


def test_who_sends_no_version_saves_as_before(acme: Any, order: str) -> None:
    for notes in ("a", "b"):
        assert acme.call("PUT", order, json={**ORDER, "notes": notes}).status_code == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("*", 200),
        ('"9",  "{}"', 200),
        (',"9" ,, "{}",', 200),
        ('"{}"', 200),
        ('W/"{}"', 409),
        ('"0{}"', 409),
        ('""', 409),
        ('"abc,{}"', 409),
        ('"9", W/"{}"', 409),
        ("{}", 422),
        ("", 422),
        ('"{}', 422),
        ("null", 422),
        ('*, "{}"', 422),
    ],
)
def test_if_match_is_read_as_rfc_9110_has_it(acme: Any, order: str, header: str, status: int) -> None:
    version = acme.call("GET", order).json()["version"]
    answer = acme.call("PUT", order, json=ORDER, headers=match(header.format(version)))
    assert answer.status_code == status, answer.text


def test_several_lines_of_the_header_are_one_list(acme: Any, order: str) -> None:
    version = acme.call("GET", order).json()["version"]
    headers = [("If-Match", '"77"'), ("If-Match", f'"{version}"'), ("Authorization", f"Bearer {acme.keys[Role.ADMIN]}")]
    assert acme.client.put(f"/api/v1{order}", json=ORDER, headers=headers).status_code == 200


EDITS_OF_A_CONNECTOR: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"name": "Elsewhere"}),
    ("PATCH", "", {"in_doubt": "hold"}),
    ("PATCH", "", {"give_up_after": 60}),
    ("PATCH", "", {"answer_within": 60}),
    ("PATCH", "", {"orders_per_minute": 60}),
    ("PATCH", "", {"config": {"mode": "rejected"}}),
    ("POST", "/disable", None),
    ("POST", "/enable", None),
    ("POST", "/default", None),
]


@pytest.mark.parametrize(("method", "path", "body"), EDITS_OF_A_CONNECTOR)
def test_every_edit_of_a_connector_is_a_new_version_and_refused_when_stale(
    acme: Any, connector: str, method: str, path: str, body: Any
) -> None:
    if body == {"in_doubt": "hold"}:
        acme.call("PATCH", connector, json={"in_doubt": "resend"})
    if path == "/enable":
        acme.call("POST", f"{connector}/disable")
    before = acme.call("GET", connector)
    stale = acme.call(method, connector + path, json=body, headers=match('"4000"'))
    assert stale.json()["error"]["details"]["current"] == before.json()
    assert acme.call("GET", connector).json() == before.json(), "nothing happened"
    edited = acme.call(method, connector + path, json=body, headers=match(before.headers["etag"]))
    assert edited.status_code == 200, edited.text
    assert edited.json()["version"] > before.json()["version"]


def test_a_test_of_a_connector_is_no_edit(acme: Any, connector: str) -> None:
    before = acme.call("GET", connector).headers["etag"]
    acme.call("POST", f"{connector}/test")
    assert acme.call("GET", connector).headers["etag"] == before


def test_a_stale_delete_deletes_nothing(acme: Any, connector: str) -> None:
    seen = acme.call("GET", connector).headers["etag"]
    acme.call("PATCH", connector, json={"name": "Still needed"})
    assert acme.call("DELETE", connector, headers=match(seen)).status_code == 409
    assert acme.call("GET", connector).json()["name"] == "Still needed"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/organization", {"settings": {"locale": "tr"}}),
        ("PATCH", "/organization", {"name": "Acme & Sons"}),
        ("POST", "/organization/pause", None),
        ("POST", "/organization/resume", None),
    ],
)
def test_the_organization_has_a_version(acme: Any, method: str, path: str, body: Any) -> None:
    before = acme.call("GET", "/organization")
    stale = acme.call(method, path, json=body, headers=match('"4000"'))
    assert stale.json()["error"]["details"]["current"] == before.json()
    assert acme.call("GET", "/organization").json() == before.json()
    edited = acme.call(method, path, json=body, headers=match(before.headers["etag"]))
    assert edited.json()["version"] == before.json()["version"] + 1


def test_a_user_has_a_version(acme: Any, user: str) -> None:
    before = acme.call("GET", user)
    assert acme.call("PATCH", user, json={"role": "OPS"}, headers=match(before.headers["etag"])).status_code == 200
    stale = acme.call("PATCH", user, json={"name": "Vi"}, headers=match(before.headers["etag"]))
    assert stale.json()["error"]["details"]["current"]["role"] == "OPS"
    assert acme.call("PATCH", user, json={}).json()["name"] is None, "an empty change is none"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PATCH", "", {"kinds": ["order.rejected"]}), ("POST", "/rotate-secret", None), ("DELETE", "", None)],
)
def test_a_webhook_has_a_version(acme: Any, webhook: str, method: str, path: str, body: Any) -> None:
    before = acme.call("GET", webhook)
    stale = acme.call(method, webhook + path, json=body, headers=match('"4000"'))
    assert stale.json()["error"]["details"]["current"] == before.json()
    assert stale.headers["etag"] == before.headers["etag"]
    assert acme.call("GET", webhook).json() == before.json()
    with acme.canaries.look_away():  # a new secret is shown this once
        edited = acme.call(method, webhook + path, json=body, headers=match(before.headers["etag"]))
    assert edited.status_code in {200, 204}, edited.text
    if method == "PATCH":
        assert edited.headers["etag"] == f'"{before.json()["version"] + 1}"'


def test_of_many_who_save_at_once_one_saves(acme: Any, order: str) -> None:
    seen = acme.call("GET", order).headers["etag"]

    def save(number: int) -> int:
        body = {**ORDER, "notes": f"{number}"}
        return int(acme.call("PUT", order, json=body, headers=match(seen)).status_code)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(save, range(8))) == [200] + [409] * 7


def test_every_route_that_documents_if_match_answers_with_the_tag(app: Any) -> None:
    """So does `GET` of the same thing: whoever may send a version can have it."""
    document = create_app(app, engine=False).openapi()
    edits = {
        path
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ()))
    }
    of_what = {path.split("/")[3] for path in edits}
    assert of_what == {"draft-orders", "connectors", "me", "organization", "routes", "users", "webhooks"}
    operations = [operation for path in edits for operation in document["paths"][path].values()]
    assert all("409" in operation["responses"] for operation in operations if "If-Match" in str(operation))


def test_whatever_has_a_version_is_edited_by_it(app: Any) -> None:
    document = create_app(app, engine=False).openapi()
    schemas = document["components"]["schemas"]
    versioned = {
        path: [operation for method, operation in methods.items() if method in {"put", "patch", "delete"}]
        for path, methods in document["paths"].items()
        if "version" in _shown(methods.get("get"), schemas)
    }
    assert {path.split("/")[3] for path in versioned} >= {"draft-orders", "connectors", "users", "webhooks"}
    edits = [edit for found in versioned.values() for edit in found]
    assert [edit["operationId"] for edit in edits if "If-Match" not in str(edit.get("parameters"))] == []


def _shown(operation: Any, schemas: Any) -> Any:
    """Return the fields of what it answers; of a page of a list, none of its entries."""
    content = operation["responses"].get("200", {}).get("content", {}) if operation else {}
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return schemas.get(reference.rsplit("/", 1)[-1], {}).get("properties", {})


def test_confirmed_by_hand_says_who_did(acme: Any, app: Any, order: str) -> None:
    body = {"connector_type": "MOCK", "config": {}, "status": "ACTIVE"}
    connection = acme.call("POST", "/connectors", json=body).json()["id"]
    acme.call("POST", f"{order}/approve")
    acme.call("POST", f"{order}/push")
    while push_batch(app.wiring, acme.org_id, connection):
        pass
    seen = acme.call("GET", order)
    stale = acme.call("POST", f"{order}/confirm", json={"erp_order_id": "SO-1"}, headers=match('"1"'))
    assert stale.json()["error"]["details"]["reason"] == "STALE_VERSION"
    acme.call("POST", f"{order}/confirm", json={"erp_order_id": "SO-1"}, headers=match(seen.headers["etag"]))
    found = acme.call("GET", order).json()
    assert (found["erp_order_id"], found["erp_order_id_source"]) == ("SO-1", "hand")
    assert found["confirmed_by"] == found["latest_export"]["confirmed_by"] == "key:ADMIN key"
    answer = next(e for e in acme.call("GET", f"{order}/timeline").json()["items"] if e["kind"] == "answer")
    assert answer["confirmed_by"] == "key:ADMIN key"
