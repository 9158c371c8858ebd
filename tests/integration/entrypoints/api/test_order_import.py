"""Many orders as JSON Lines: a result for each line, whatever the lines hold."""

from __future__ import annotations

import json

import pytest

from orderflow.domain.access import Role

GOOD = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "A", "qty": 1, "uom": "PCE"}],
}


def send(acme, content, role=Role.INTEGRATOR):
    answer = acme.call(
        "POST", "/draft-orders/import", role, content=content, headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return answer, [json.loads(line) for line in answer.text.splitlines()]


def stored(acme):
    return acme.call("GET", "/draft-orders?limit=200").json()["items"]


def test_a_bad_line_costs_no_good_one(acme):
    lines = [
        json.dumps(GOOD).encode(),
        b"not json",
        b"",
        b'{"lines": []}',
        b'{"currency": "euro"}',
        b"\xff",
        json.dumps({**GOOD, "external_order_number": "PO-2"}).encode(),
    ]
    answer, results = send(acme, b"\n".join(lines))
    assert [(result["line"], result.get("status")) for result in results] == [
        (1, "READY"),
        (2, None),
        (4, "NEEDS_REVIEW"),
        (5, None),
        (6, None),
        (7, "READY"),
    ]
    assert results[3]["error"]["details"]["fields"][0]["field"] == "currency"
    assert (answer.headers["x-orders-accepted"], answer.headers["x-orders-refused"]) == ("3", "3")
    assert {order["id"] for order in stored(acme)} == {result["id"] for result in results if "id" in result}


def test_what_a_line_lacks_is_told_in_the_language_that_is_asked_for(acme):
    german = {"Content-Type": "application/x-ndjson", "Accept-Language": "de"}
    answer = acme.call("POST", "/draft-orders/import", content=b'{"lines": []}\nnot json\n', headers=german)
    lacking, refused = map(json.loads, answer.text.splitlines())
    assert "Der Auftrag hat keine Positionen." in lacking["missing"]
    assert [one["message"] for one in lacking["missing_fields"]] == lacking["missing"]
    assert "LINES_MISSING" in {one["code"] for one in lacking["missing_fields"]}
    assert refused["error"]["details"]["english"] != refused["error"]["message"]


def test_a_stream_of_any_length_is_taken_as_it_comes(acme):
    sent = 3_000
    orders = ({**GOOD, "external_order_number": f"PO-{number}"} for number in range(sent))
    answer, results = send(acme, (json.dumps(order).encode() + b"\n" for order in orders))
    assert len({result["id"] for result in results}) == sent
    assert answer.headers["x-orders-accepted"] == str(sent)


def test_the_lines_before_a_limit_are_stored_and_answered(acme, app):
    line = json.dumps(GOOD | {"external_order_number": None}).encode() + b"\n"
    app.settings.max_import_bytes = len(line) * 10 + len(line) // 2
    _, results = send(acme, (piece for piece in (line * 3, line * 20)))
    assert [(result["line"], result.get("status")) for result in results[:10]] == [(n, "READY") for n in range(1, 11)]
    assert [(result["line"], result["error"]["code"]) for result in results[10:]] == [(11, "BODY_TOO_LARGE")]
    assert len(stored(acme)) == 10


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_nothing_is_nothing(acme, content):
    assert send(acme, content)[1] == []


def test_viewers_may_not(acme):
    assert acme.call("POST", "/draft-orders/import", Role.VIEWER, content=b"{}").status_code == 403
