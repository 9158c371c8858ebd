"""Orders over HTTP, from arrival to confirmation, and everything that may go wrong on the way."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.storage.views import orders as order_views
from orderflow.storage.views.deliveries import Export
from orderflow.storage.views.orders import Order

AS_JSON = {"Content-Type": "application/json"}
ORDER: dict[str, Any] = {
    "external_order_number": "PO-12345",
    "order_date": "2025-12-01",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Muster GmbH"},
    "ship_to": {"name": "Muster GmbH", "city": "Köln", "region": None},
    "lines": [
        {"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M", "unit_price": 1.23, "description": "Kabel"},
        {"line_no": 2, "internal_sku": "INT-1", "qty": 0.125, "uom": "KG"},
    ],
}


@pytest.fixture
def mock(acme):
    """A connector that takes every order."""
    return acme.call("POST", "/connectors", json={"connector_type": "MOCK", "config": {}}).json()["id"]


def new(acme, **changes):
    made = acme.call("POST", "/draft-orders?on_duplicate=new", json={**ORDER, **changes})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def approved(acme, **changes):
    order_id = new(acme, **changes)
    assert acme.call("POST", f"/draft-orders/{order_id}/approve").json()["status"] == "APPROVED"
    return order_id


def pushed(acme, **changes):
    order_id = approved(acme, **changes)
    assert acme.call("POST", f"/draft-orders/{order_id}/push").status_code == 202
    return order_id


def status(acme, order_id):
    return acme.call("GET", f"/draft-orders/{order_id}").json()["status"]


def work_off(app, acme, connection_id):
    while push_batch(app.wiring, acme.org_id, connection_id):
        pass


def test_what_comes_in_is_what_comes_out(acme):
    order_id = new(acme)
    order = acme.call("GET", f"/draft-orders/{order_id}").json()
    assert {name: order[name] for name in ORDER if name not in ("lines", "customer")} == {
        name: value for name, value in ORDER.items() if name not in ("lines", "customer")
    }
    assert order["customer"] == {**ORDER["customer"], "id": None}
    for given, found in zip(ORDER["lines"], order["lines"], strict=True):
        assert {name: found[name] for name in given} == given
    assert (order["status"], order["missing"], order["latest_export"]) == ("READY", [], None)


def test_whole_orders_are_what_the_document_says(acme, mock):
    order = acme.call("GET", f"/draft-orders/{pushed(acme)}").json()
    assert order.keys() == {field.name for field in fields(Order)}
    assert order["latest_export"].keys() == {field.name for field in fields(Export)}
    TypeAdapter(Order).validate_python(order)


def test_numbers_stay_exact(acme):
    order_id = new(acme, lines=[{**ORDER["lines"][0], "qty": 1}])
    body = json.dumps(ORDER).replace("1.23", "12345678901234.5678").replace('"qty": 10', '"qty": 123456789012345.678')
    assert acme.call("PUT", f"/draft-orders/{order_id}", content=body, headers=AS_JSON).status_code == 200
    found = acme.call("GET", f"/draft-orders/{order_id}").text
    assert '"qty":123456789012345.678' in found
    assert '"unit_price":12345678901234.5678' in found


def test_an_incomplete_order_says_what_it_lacks_until_it_is_corrected(acme):
    made = acme.call("POST", "/draft-orders", json={"lines": [{"line_no": 1}]}).json()
    assert made["status"] == "NEEDS_REVIEW"
    assert "The currency is missing." in made["missing"]
    path = f"/draft-orders/{made['id']}"
    refused = acme.call("POST", f"{path}/approve")
    assert refused.status_code == 409
    assert refused.json()["error"]["details"]["missing"] == made["missing"]
    assert acme.call("PUT", path, json=ORDER).json()["status"] == "READY"
    assert acme.call("POST", f"{path}/approve").status_code == 200
    edited = acme.call("PUT", path, json={**ORDER, "notes": "urgent"}).json()
    assert (edited["status"], edited["approved_by"]) == ("READY", None)
    changes = acme.call("GET", f"/audit-log?entity_id={made['id']}&action=DRAFT_EDITED").json()["items"]
    assert changes[0]["before"] == {"notes": None, "status": "APPROVED"}
    assert changes[0]["after"] == {"notes": "urgent", "status": "READY"}
    assert changes[0]["entity_name"] == edited["external_order_number"]


def test_many_are_confirmed_by_hand_each_for_itself(acme, make_tenant, app, mock):
    order_id = pushed(acme)
    work_off(app, acme, mock)
    number = acme.call("GET", f"/draft-orders/{order_id}").json()["external_order_number"]
    named = [("nowhere", "SO-0"), (number, "SO-1"), (order_id, "SO-2")]
    body = {"confirmations": [{"order": order, "erp_order_id": erp_order_id} for order, erp_order_id in named]}
    assert acme.call("POST", "/draft-orders/confirm", Role.VIEWER, json=body).status_code == 403
    of_another = make_tenant("other").call("POST", "/draft-orders/confirm", json=body).json()["items"]
    assert [one["error"]["code"] for one in of_another] == ["NOT_FOUND"] * 3
    nowhere, confirmed, again = acme.call("POST", "/draft-orders/confirm", json=body).json()["items"]
    assert (nowhere["order_id"], nowhere["error"]["code"]) == (None, "NOT_FOUND")
    assert (confirmed["order_id"], confirmed["error"]) == (order_id, None)
    assert again["error"]["hint"]
    order = acme.call("GET", f"/draft-orders/{order_id}").json()
    assert (order["status"], order["erp_order_id"], order["erp_order_id_source"]) == ("CONFIRMED", "SO-1", "hand")
    assert acme.call("POST", "/draft-orders/confirm", json={"confirmations": []}).status_code == 422


def test_from_nothing_to_confirmed_by_hand(acme, app, mock):
    order_id = pushed(acme)
    path = f"/draft-orders/{order_id}"
    assert status(acme, order_id) == "PUSHING"
    assert acme.call("POST", f"{path}/confirm", json={"erp_order_id": "SO-1"}).status_code == 409
    work_off(app, acme, mock)
    assert status(acme, order_id) == "PUSHED"
    assert acme.call("POST", f"{path}/confirm", json={"erp_order_id": "SO-1"}).json()["status"] == "CONFIRMED"
    order = acme.call("GET", path).json()
    assert (order["erp_order_id"], order["erp_order_id_source"]) == ("SO-1", "hand")
    assert (order["latest_export"]["status"], order["latest_export"]["erp_order_id"]) == ("ACKED", None)
    kinds = [event["kind"] for event in acme.call("GET", f"{path}/timeline").json()["items"]]
    assert [kind for kind in kinds if kind != "change"] == [
        "arrival",
        "revision",
        "request",
        "attempt",
        "delivered",
        "answer",
    ]
    actions = [event["action"] for event in acme.call("GET", f"{path}/timeline").json()["items"] if "action" in event]
    assert actions == ["DRAFT_CREATED", "DRAFT_APPROVED", "DRAFT_PUSHED", "DRAFT_CONFIRMED"]


def test_each_approval_is_a_revision_and_the_timeline_tells_what_it_changed(acme, app, mock):
    order_id = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    path = f"/draft-orders/{order_id}"
    assert acme.call("GET", path).json()["revisions"] == []
    assert acme.call("GET", f"{path}/revisions/1").status_code == 404
    acme.call("POST", f"{path}/approve")
    line = ORDER["lines"][0] | {"qty": 12.5}
    ship_to = ORDER["ship_to"] | {"city": "Bonn"}
    changed = ORDER | {"notes": "urgent", "ship_to": ship_to, "lines": [line, line | {"line_no": 3}]}
    acme.call("PUT", path, json=changed)
    acme.call("POST", f"{path}/approve")
    acme.call("POST", f"{path}/push")
    first, second = acme.call("GET", path).json()["revisions"]
    assert [(one["revision"], one["forgotten"]) for one in (first, second)] == [(1, False), (2, False)]
    assert first["made_by"]
    assert second["made_at"] == acme.call("GET", path).json()["approved_at"]
    assert first["sha256"] != second["sha256"]
    told = [event for event in acme.call("GET", f"{path}/timeline").json()["items"] if event["kind"] == "revision"]
    assert [event["changes"] is None for event in told] == [True, False]
    changes = {".".join(change["path"]): (change["before"], change["after"]) for change in told[1]["changes"]}
    gone, added = changes.pop("lines.2"), changes.pop("lines.3")
    assert (gone[0]["qty"], gone[1], added[0], added[1]["qty"]) == (0.125, None, None, 12.5)
    assert changes == {"notes": (None, "urgent"), "ship_to.city": ("Köln", "Bonn"), "lines.1.qty": (10, 12.5)}

    work_off(app, acme, mock)
    assert acme.call("GET", path).json()["latest_export"]["revision"] == 2
    old = acme.call("GET", f"{path}/revisions/1").json()
    assert (old["changes"], old["order"]["notes"], old["order"]["lines"][0]["qty"]) == (None, None, 10)
    new = acme.call("GET", f"{path}/revisions/2").json()
    assert new["changes"] == told[1]["changes"]
    assert new["order"]["lines"][1]["qty"] == 12.5
    assert acme.call("GET", f"{path}/revisions/3").status_code == 404
    assert acme.call("GET", f"{path}/revisions/0").status_code == 422


def test_a_revision_that_somebody_changed_is_not_shown_as_approved(acme, app, mock):
    order_id = pushed(acme)
    with app.database.system() as connection:
        connection.execute(text("UPDATE draft_order_revision SET content = '{}'"))
    path = f"/draft-orders/{order_id}"
    for shown in ("revisions/1", "preview"):
        answer = acme.call("GET", f"{path}/{shown}")
        assert (answer.status_code, answer.json()["error"]["details"]["reason"]) == (400, "REVISION_CHANGED")
    assert acme.call("GET", path).status_code == 200
    assert acme.call("GET", f"{path}/timeline").status_code == 200


def test_a_failed_push_is_retried_and_every_attempt_shows(acme, app):
    connector = {"connector_type": "MOCK", "config": {"mode": "rejected"}}
    mock = acme.call("POST", "/connectors", json=connector).json()["id"]
    order_id = pushed(acme)
    path = f"/draft-orders/{order_id}"
    work_off(app, acme, mock)
    order = acme.call("GET", path).json()
    assert (order["status"], order["error"]["code"]) == ("ERROR", "MOCK_REJECTED")
    assert acme.call("POST", f"{path}/push").status_code == 409, "an order in ERROR is retried, not pushed"
    found = acme.call("GET", "/draft-orders?status=ERROR&error_code=MOCK_REJECTED").json()["items"]
    assert [item["id"] for item in found] == [order_id]

    acme.call("PATCH", f"/connectors/{mock}", json={"config": {"mode": "success"}})
    assert acme.call("POST", f"{path}/retry-push").status_code == 202
    work_off(app, acme, mock)
    assert status(acme, order_id) == "PUSHED"
    attempts = [e["attempt"] for e in acme.call("GET", f"{path}/timeline").json()["items"] if e["kind"] == "attempt"]
    assert [(attempt["attempt_no"], attempt["status"]) for attempt in attempts] == [(1, "FAILED"), (2, "SUCCESS")]
    assert attempts[0]["error_code"] == "MOCK_REJECTED"
    assert attempts[0]["request_json"]["sha256"]
    assert acme.call("POST", f"{path}/retry-push").status_code == 409


def test_a_push_can_be_withdrawn_before_it_begins(acme, app, mock):
    order_id = pushed(acme)
    path = f"/draft-orders/{order_id}"
    assert acme.call("POST", f"{path}/withdraw").json()["status"] == "APPROVED"
    assert acme.call("POST", f"{path}/push").status_code == 202
    work_off(app, acme, mock)
    assert acme.call("POST", f"{path}/withdraw").status_code == 409


def test_rejected_is_the_end(acme):
    order_id = new(acme)
    path = f"/draft-orders/{order_id}"
    assert acme.call("POST", f"{path}/reject", json={"reason": "twice"}).json()["status"] == "REJECTED"
    for what in ("approve", "reject", "push", "retry-push", "withdraw"):
        assert acme.call("POST", f"{path}/{what}").status_code == 409, what
    assert acme.call("PUT", path, json=ORDER).status_code == 409


def test_no_connector_no_push(acme):
    order_id = approved(acme)
    refused = acme.call("POST", f"/draft-orders/{order_id}/push")
    assert refused.status_code == 409
    assert refused.json()["error"]["message"] == "No active ERP connector configured"
    assert status(acme, order_id) == "APPROVED"


def test_the_same_key_gives_the_same_export(acme, app, mock):
    order_id = approved(acme)
    path = f"/draft-orders/{order_id}/push"
    first = acme.call("POST", path, headers={"Idempotency-Key": "k1"}).json()
    again = acme.call("POST", path, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (202, first)
    assert acme.call("POST", path).status_code == 409
    assert acme.call("POST", path, headers={"Idempotency-Key": "k2"}).status_code == 409
    work_off(app, acme, mock)
    after = acme.call("POST", path, headers={"Idempotency-Key": "k1"}).json()
    assert after == {**first, "status": "SENT"}
    other = approved(acme)
    separate = acme.call("POST", f"/draft-orders/{other}/push", headers={"Idempotency-Key": "k1"}).json()
    assert separate["export_id"] != first["export_id"]


def test_the_same_key_with_another_request_is_refused(acme, mock):
    order_id = approved(acme)
    path, key = f"/draft-orders/{order_id}", {"Idempotency-Key": "k1"}
    body = {"priority": 30, "connection_id": str(mock)}
    assert acme.call("POST", f"{path}/push", json=body, headers=key).status_code == 202
    assert acme.call("POST", f"{path}/push", json=dict(reversed(body.items())), headers=key).status_code == 202
    version = acme.call("GET", path).json()["version"]
    for what, other in (
        ("push", {"priority": 0, "connection_id": str(mock)}),
        ("push", {"priority": 30}),
        ("push", body | {"not_before": "2026-12-31T12:00:00Z"}),
        ("push", None),
        ("retry-push", body),
    ):
        refused = acme.call("POST", f"{path}/{what}", json=other, headers=key)
        assert refused.json()["error"]["details"]["reason"] == "IDEMPOTENCY_KEY_REUSED", other
        assert refused.status_code == 422
    after = acme.call("GET", path).json()
    assert (after["priority"], after["version"]) == (30, version)
    assert len(acme.call("GET", f"/exports?order_id={order_id}").json()["items"]) == 1


def test_a_push_that_is_refused_changes_no_priority(acme):
    order_id = approved(acme)
    refused = acme.call("POST", f"/draft-orders/{order_id}/push", json={"priority": 30})
    assert (refused.status_code, acme.call("GET", f"/draft-orders/{order_id}").json()["priority"]) == (409, None)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "the-same"}])
def test_two_clients_pushing_at_the_same_moment_make_one_export(acme, app, mock, headers):
    orders = [{**ORDER, "external_order_number": f"PO-{number}"} for number in range(200)]
    lines = "\n".join(map(json.dumps, orders))
    acme.call("POST", "/draft-orders/import", content=lines)
    ids = [item["id"] for item in acme.call("GET", "/draft-orders?limit=200").json()["items"]]
    approving = acme.call("POST", "/draft-orders/bulk", json={"action": "approve", "ids": ids}).json()
    assert approving["succeeded"] == 200
    together = Barrier(2)

    def push(order_id):
        together.wait(10)
        return acme.call("POST", f"/draft-orders/{order_id}/push", headers=headers).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(push, [order_id for order_id in ids for _ in range(2)]))
    pairs = [sorted(answers[index : index + 2]) for index in range(0, 400, 2)]
    assert pairs == [[202, 202] if headers else [202, 409]] * 200
    with app.store.work(acme.org_id) as work:
        counted = work.connection.execute(text("SELECT count(*), count(DISTINCT draft_order_id) FROM erp_export")).one()
    assert tuple(counted) == (200, 200)


def test_lists_are_filtered_searched_and_paged(acme):
    ids = [new(acme, external_order_number=f"PO-10{number}%") for number in range(5)]
    other = new(acme, customer={"erp_customer_number": "0815", "name": "Beispiel AG"}, currency=None)

    def found(query):
        return [item["id"] for item in acme.call("GET", f"/draft-orders?{query}").json()["items"]]

    assert found("status=NEEDS_REVIEW") == [other]
    assert found("status=NEEDS_REVIEW&status=READY") == [other, *reversed(ids)]
    assert found("q=beispiel") == found("q=0815") == [other]
    assert found("q=PO-103%25") == [ids[3]]
    assert found("q=PO_103") == [], "a search is taken literally"
    assert found("until=2020-01-01T00:00:00Z") == []
    assert found(f"connection_id={uuid4()}") == []
    first = acme.call("GET", "/draft-orders?limit=4").json()
    second = acme.call("GET", f"/draft-orders?limit=4&cursor={first['next_cursor']}").json()
    assert [item["id"] for item in first["items"] + second["items"]] == [other, *reversed(ids)]
    assert second["next_cursor"] is None
    for query in ("limit=201", "limit=0", "cursor=nonsense", "status=NO_SUCH", "since=yesterday", "q=%00"):
        assert acme.call("GET", f"/draft-orders?{query}").status_code == 422, query


def test_a_search_looks_so_far_and_finds_older_orders_by_their_whole_number(acme, monkeypatch):
    monkeypatch.setattr(order_views, "FARTHEST", 3)
    ids = [new(acme, external_order_number=f"PO-{number}") for number in range(5)]

    def found(query):
        return [item["id"] for item in acme.call("GET", f"/draft-orders?{query}").json()["items"]]

    assert found("q=PO-") == ids[:1:-1]
    assert found("q=PO-1") == [ids[1]]
    assert found("q=O-1") == []


def test_bulk_actions_answer_for_each_order(acme, app, mock):
    ready = [new(acme) for _ in range(3)]
    unfit = new(acme, currency=None)
    stranger = str(uuid4())
    answer = acme.call(
        "POST", "/draft-orders/bulk", json={"action": "approve", "ids": [*ready, unfit, stranger]}
    ).json()
    outcome = {result["id"]: result["error"] and result["error"]["code"] for result in answer["results"]}
    assert outcome == {**dict.fromkeys(ready), unfit: "ORDER_NOT_READY", stranger: "NOT_FOUND"}
    pushing = acme.call("POST", "/draft-orders/bulk", json={"action": "push", "filter": {}}).json()
    assert (pushing["succeeded"], pushing["more"]) == (3, False)
    work_off(app, acme, mock)
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text("UPDATE draft_order SET status = 'ERROR' WHERE status = 'PUSHED'"))
        work.connection.execute(text("UPDATE erp_export SET status = 'FAILED'"))
    retried = acme.call("POST", "/draft-orders/bulk", json={"action": "retry", "filter": {"q": "PO-12345"}}).json()
    assert retried["succeeded"] == 3
    for bad in ({"action": "push"}, {"action": "push", "ids": [], "filter": {}}, {"action": "delete", "ids": ready}):
        assert acme.call("POST", "/draft-orders/bulk", json=bad).status_code == 422


BAD = [
    b"{",
    b"[]",
    b"null",
    b'"order"',
    b"\xff\xfe{}",
    b'{"notes": "\xc3\x28"}',
    b'{"notes": "a\\u0000b"}',
    b'{"notes": "\\ud800"}',
    b'{"ship_to": {"name": "\\u0000"}}',
    b'{"order_date": "0000-01-01"}',
    b'{"order_date": "0001-01-01"}',
    b'{"order_date": "2025-02-30"}',
    b'{"order_date": 5}',
    b'{"lines": [{"line_no": 1, "qty": NaN}]}',
    b'{"lines": [{"line_no": 1, "qty": 1e400}]}',
    b'{"lines": [{"line_no": 1, "qty": 1e999999999999999999999}]}',
    b'{"lines": [{"line_no": 1, "qty": 0.0001}]}',
    b'{"lines": [{"line_no": 1, "qty": ' + b"9" * 5_000 + b"}]}",
    b'{"lines": [{"line_no": 0}]}',
    b'{"lines": [{"line_no": 1}, {"line_no": 1}]}',
    b'{"lines": [{}]}',
    b'{"lines": "none"}',
    b'{"currency": "euro"}',
    b'{"misspelt": 1}',
    b'{"customer": {"id": "no uuid"}}',
    b'{"external_order_number": "' + b"x" * 201 + b'"}',
    b'{"lines": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    json.dumps({"lines": [{"line_no": number} for number in range(1, 10_002)]}).encode(),
]


@pytest.mark.parametrize("body", BAD, ids=lambda body: repr(body[:40]))
def test_bad_orders_are_refused_and_leave_nothing(acme, body):
    refused = acme.call("POST", "/draft-orders", content=body, headers=AS_JSON)
    assert refused.status_code == 422, refused.text
    assert refused.json()["error"]["code"] == "VALIDATION_ERROR"
    assert acme.call("GET", "/draft-orders").json()["items"] == []


def test_a_negative_quantity_is_stored_and_held_back(acme):
    made = acme.call("POST", "/draft-orders", json={**ORDER, "lines": [{**ORDER["lines"][0], "qty": -1}]}).json()
    assert made["status"] == "NEEDS_REVIEW"
    assert made["missing"] == ["Line 1: the quantity must be more than 0."]


def test_ten_thousand_lines_are_an_order(acme):
    lines = [{**ORDER["lines"][0], "line_no": number} for number in range(1, 10_001)]
    order_id = new(acme, lines=lines)
    assert len(acme.call("GET", f"/draft-orders/{order_id}").json()["lines"]) == 10_000


def test_another_organizations_order_is_not_there(acme, make_tenant, mock):
    order_id = approved(acme)
    before = acme.call("GET", f"/draft-orders/{order_id}").json()
    stranger = make_tenant("stranger")
    path = f"/draft-orders/{order_id}"
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", path, {}),
        ("GET", f"{path}/timeline", {}),
        ("PUT", path, {"json": ORDER}),
        *(("POST", f"{path}/{what}", {}) for what in ("approve", "reject", "push", "retry-push", "withdraw")),
        ("POST", f"{path}/confirm", {"json": {"erp_order_id": "SO-1"}}),
    ]
    for method, address, options in calls:
        assert stranger.call(method, address, **options).status_code == 404, (method, address)
    bulk = stranger.call("POST", "/draft-orders/bulk", json={"action": "push", "ids": [order_id]}).json()
    assert bulk["succeeded"] == 0
    theirs = approved(stranger)
    refused = stranger.call("POST", f"/draft-orders/{theirs}/push", json={"connection_id": mock})
    assert refused.status_code == 404
    assert acme.call("GET", path).json() == before


def test_viewers_look_and_integrators_bring_in(acme):
    assert acme.call("POST", "/draft-orders", Role.VIEWER, json=ORDER).status_code == 403
    made = acme.call("POST", "/draft-orders", Role.INTEGRATOR, json=ORDER).json()
    assert acme.call("POST", f"/draft-orders/{made['id']}/approve", Role.INTEGRATOR).status_code == 403
    assert acme.call("GET", f"/draft-orders/{made['id']}", Role.VIEWER).status_code == 200


def test_a_body_that_comes_in_chunks_is_read_as_any_other(acme, mock):
    order_id = approved(acme)
    chunks = iter([b'{"connection_', b'id": "' + str(uuid4()).encode() + b'"}'])
    refused = acme.call("POST", f"/draft-orders/{order_id}/push", content=chunks, headers=AS_JSON)
    assert refused.status_code == 404, refused.text
    assert status(acme, order_id) == "APPROVED"


def test_an_id_that_is_none_is_named(acme):
    refused = acme.call("POST", "/draft-orders/none/approve")
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["fields"][0]["field"] == "order_id"


@pytest.mark.parametrize(
    ("content", "media_type", "message"),
    [
        (b"", "application/json", "is not JSON"),
        (b"{}", "text/plain", "application/json"),
        (b"[]", "application/json; charset=utf-8", "must be a JSON object"),
    ],
)
def test_what_is_no_json_object_is_said_to_be_none(acme, content, media_type, message):
    refused = acme.call("POST", "/draft-orders", content=content, headers={"Content-Type": media_type})
    assert refused.status_code == 422
    assert message in refused.json()["error"]["details"]["fields"][0]["message"]


def test_an_order_with_a_byte_order_mark_is_an_order(acme):
    assert acme.call("POST", "/draft-orders", content=b"\xef\xbb\xbf{}", headers=AS_JSON).status_code == 201
