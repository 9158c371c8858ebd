"""An order comes in once, whichever way it comes, unless its sender says what else is meant."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from orderflow.domain.access import Role

GOOD = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "A", "qty": 1, "uom": "PCE"}],
}
OTHER = GOOD | {"notes": "two pallets"}


def post(acme, order=GOOD, role=Role.ADMIN, **parameters):
    return acme.call("POST", "/draft-orders", role, json=order, params=parameters)


def bring(acme, *orders, role=Role.ADMIN, **parameters):
    content = "\n".join(json.dumps(order) for order in orders)
    headers = {"Content-Type": "application/x-ndjson"}
    answer = acme.call("POST", "/draft-orders/import", role, content=content, headers=headers, params=parameters)
    counted = {
        name: int(answer.headers[f"x-orders-{name}"]) for name in ("accepted", "duplicate", "revised", "refused")
    }
    return [json.loads(line) for line in answer.text.splitlines()], counted


def stored(acme):
    return {order["id"]: order for order in acme.call("GET", "/draft-orders").json()["items"]}


def test_the_same_order_is_answered_with_the_one_that_is_here(acme):
    first = post(acme)
    assert (first.status_code, first.json()["duplicate"]) == (201, False)
    acme.call("POST", f"/draft-orders/{first.json()['id']}/approve")
    again = post(acme, GOOD | {"external_order_number": " PO-1\u00a0"})
    assert again.status_code == 200
    assert again.json() == first.json() | {"status": "APPROVED", "duplicate": True, "version": 2}
    assert again.headers["etag"] == '"2"'
    assert len(stored(acme)) == 1


def test_one_that_says_something_else_is_a_conflict_that_names_the_order(acme):
    first = post(acme).json()["id"]
    refused = post(acme, OTHER)
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert (error["details"]["reason"], error["details"]["order_id"]) == ("DUPLICATE_ORDER", first)
    assert first in error["message"]
    assert "on_duplicate=revise" in error["details"]["hint"]
    assert list(stored(acme)) == [first]


def test_it_is_revised_or_made_anew_if_its_sender_says_so(acme):
    first = post(acme).json()["id"]
    revised = post(acme, OTHER, on_duplicate="revise")
    assert (revised.status_code, revised.json()["id"], revised.json()["revised"]) == (200, first, True)
    assert acme.call("GET", f"/draft-orders/{first}").json()["notes"] == "two pallets"
    assert post(acme, OTHER).json()["duplicate"]
    beside = post(acme, OTHER, on_duplicate="new")
    assert beside.status_code == 201
    assert set(stored(acme)) == {first, beside.json()["id"]}
    assert post(acme, GOOD | {"external_order_number": "PO-2"}, on_duplicate="revise").status_code == 201
    assert post(acme, on_duplicate="whatever").status_code == 422


def test_what_may_not_be_edited_any_more_is_not_revised(acme, app):
    first = post(acme).json()["id"]
    with app.database.transaction(acme.org_id) as connection:
        connection.execute(text("UPDATE draft_order SET status = 'RECALLING'"))
    refused = post(acme, OTHER, on_duplicate="revise")
    assert refused.status_code == 409
    assert "RECALLING" in refused.json()["error"]["message"]
    assert acme.call("GET", f"/draft-orders/{first}").json()["notes"] is None


def test_who_may_not_edit_may_not_revise(acme):
    post(acme, role=Role.INTEGRATOR)
    for answer in (
        post(acme, OTHER, Role.INTEGRATOR, on_duplicate="revise"),
        acme.call("POST", "/draft-orders/import?on_duplicate=revise", Role.INTEGRATOR, content=json.dumps(OTHER)),
    ):
        assert answer.status_code == 403


def test_two_sources_may_use_the_same_numbers(acme):
    orders = [post(acme, GOOD | {"source": source}).json()["id"] for source in ("shop-a", "shop-b", "shop-a")]
    assert orders[0] != orders[1]
    assert orders[0] == orders[2]
    assert stored(acme)[orders[1]]["source"] == "shop-b"


def test_an_import_says_of_each_line_what_became_of_it(acme):
    first = post(acme).json()["id"]
    lines, counted = bring(acme, GOOD, OTHER, GOOD | {"external_order_number": "PO-2"}, {"lines": 1})
    assert [(line.get("id") == first, line.get("duplicate"), "error" in line) for line in lines] == [
        (True, True, False),
        (False, None, True),
        (False, False, False),
        (False, None, True),
    ]
    assert lines[1]["error"]["code"] == "DUPLICATE_ORDER"
    assert lines[1]["error"]["details"]["order_id"] == first
    assert counted == {"accepted": 1, "duplicate": 1, "revised": 0, "refused": 2}


def test_what_one_import_brought_in_is_found_again(acme):
    headers = {"Content-Type": "application/x-ndjson"}
    post(acme, GOOD | {"external_order_number": "PO-0"})
    content = "\n".join(json.dumps(GOOD | {"external_order_number": number}) for number in ("PO-1", "PO-0", "PO-2"))
    brought = acme.call("POST", "/draft-orders/import", content=content, headers=headers).headers["x-import-id"]
    found = acme.call("GET", "/draft-orders", params={"import_id": brought}).json()["items"]
    assert sorted(order["external_order_number"] for order in found) == ["PO-1", "PO-2"]
    whole = acme.call("GET", f"/draft-orders/{found[0]['id']}").json()
    assert whole["import_id"] == brought
    edited = {name: whole[name] for name in ("external_order_number", "currency", "customer", "lines")}
    assert acme.call("PUT", f"/draft-orders/{whole['id']}", json=edited | {"notes": "two pallets"}).status_code == 200
    asked = {"action": "reject", "filter": {"import_id": brought}}
    assert acme.call("POST", "/bulk-jobs/preview", json=asked).json()["orders"] == 2
    assert acme.call("GET", "/draft-orders", params={"import_id": "yesterday"}).status_code == 422


def test_an_import_revises_in_the_order_of_its_lines(acme):
    first = post(acme).json()["id"]
    lines, counted = bring(acme, OTHER, GOOD, on_duplicate="revise")
    assert [(line["id"], line["revised"]) for line in lines] == [(first, True), (first, True)]
    assert acme.call("GET", f"/draft-orders/{first}").json()["notes"] is None
    assert counted == {"accepted": 0, "duplicate": 0, "revised": 2, "refused": 0}
    lines, counted = bring(acme, GOOD, GOOD, on_duplicate="new")
    assert (len(stored(acme)), counted["accepted"]) == (3, 2)


def test_an_order_that_was_deleted_long_after_its_end_does_not_come_again(acme, app):
    first = post(acme).json()["id"]
    with app.database.system() as connection:
        connection.execute(text("DELETE FROM draft_order"))
    again = post(acme)
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (200, first, "CONFIRMED")
    for wanted in ("refuse", "revise"):
        assert "deleted since" in post(acme, OTHER, on_duplicate=wanted).json()["error"]["message"]
    assert post(acme, OTHER, on_duplicate="new").status_code == 201


def test_an_edit_may_not_take_the_number_of_another_order(acme):
    first, second = post(acme).json()["id"], post(acme, GOOD | {"external_order_number": "PO-2"}).json()["id"]
    refused = acme.call("PUT", f"/draft-orders/{second}", json=GOOD)
    assert refused.status_code == 409
    assert refused.json()["error"]["details"]["order_id"] == first
    assert acme.call("GET", f"/draft-orders/{second}").json()["external_order_number"] == "PO-2"


@pytest.mark.parametrize("wanted", ["refuse", "revise"])
def test_of_many_at_once_one_comes_in(acme, wanted):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(acme, on_duplicate=wanted), range(24)))
    assert sorted(answer.status_code for answer in answers) == [200] * 23 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
