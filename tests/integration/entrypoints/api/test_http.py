"""What HTTP asks of an API: methods, where what was made is, compression, shares; and decimals as they are wanted."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.app import ROUTERS
from orderflow.entrypoints.api.compression import WORTH_IT
from orderflow.entrypoints.api.routing import BASE, ApiRoute
from orderflow.entrypoints.api.work import LIMITS, Work
from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.test_order_fields import NEEDED

EXACT = {"Prefer": "decimals=string"}
LINE = NEEDED["lines"][0] | {"qty": "123456789012345.678", "unit_price": "-0.1"}
ORDER = NEEDED | {"lines": [LINE], "charges": [{"amount": "0.3", "reason": "Fracht"}]}


def made(acme: Tenant, body: dict[str, Any] = ORDER) -> str:
    return f"/draft-orders/{acme.call('POST', '/draft-orders', json=body).json()['id']}"


def test_every_address_says_which_methods_it_knows(acme: Tenant) -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, ApiRoute)]
    known: dict[str, set[str]] = {}
    for route in routes:
        known.setdefault(route.path.removeprefix(BASE), set()).update(route.methods or ())
    for path, methods in known.items():
        address = path.format_map({name: new_id() for name in _names(path)})
        expected = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        options = acme.call("OPTIONS", address, None)
        assert (options.status_code, options.content) == (204, b""), path
        assert set(options.headers["allow"].split(", ")) == expected, path
        refused = acme.call("TRACE", address)
        assert (refused.status_code, set(refused.headers["allow"].split(", "))) == (405, expected), path
    assert acme.call("OPTIONS", "/nowhere").status_code == 404


def _names(path: str) -> list[str]:
    return [part.strip("{}") for part in path.split("/") if part.startswith("{")]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/draft-orders/import", "OPTIONS, POST"),
        ("PATCH", "/connectors/dropzone-csv-v1", "OPTIONS, POST"),
        ("DELETE", "/connectors/test", "OPTIONS, POST"),
        ("GET", "/exports/move", "OPTIONS, POST"),
    ],
)
def test_an_address_of_its_own_is_no_id(acme: Tenant, method: str, path: str, allowed: str) -> None:
    answer = acme.call(method, path, json={} if method == "PATCH" else None)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["error"]["details"]["reason"] == "METHOD_NOT_ALLOWED"


def test_head_says_what_get_does_without_its_body(acme: Tenant) -> None:
    order = made(acme)
    for path in (order, "/draft-orders", "/me", "/openapi.json"):
        head, get = acme.call("HEAD", path), acme.call("GET", path)
        assert (head.status_code, head.content) == (200, b""), path
        for name in ("etag", "content-length", "content-type"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)
    assert acme.call("HEAD", "/draft-orders", None).status_code == 401
    assert acme.call("HEAD", f"/draft-orders/{new_id()}").status_code == 404


def test_what_was_made_says_where_it_is(acme: Tenant) -> None:
    key = {"Idempotency-Key": "made-once"}
    first = acme.call("POST", "/draft-orders", json=ORDER, headers=key)
    again = acme.call("POST", "/draft-orders", json=ORDER, headers=key)
    assert first.headers["location"] == again.headers["location"] == f"{BASE}/draft-orders/{first.json()['id']}"
    order = first.headers["location"].removeprefix(BASE)
    acme.call("POST", "/connectors", json={"connector_type": "MOCK", "config": {}})
    acme.call("POST", f"{order}/approve")
    user = {"email": "new@acme.example", "password": "correct horse battery", "role": "VIEWER"}
    job = {"action": "approve", "filter": {}}
    for path, body in (
        ("/users", user),
        ("/connectors/mock", {"config": {}, "name": "second"}),
        ("/bulk-jobs", job),
        (f"{order}/push", {}),
    ):
        answer = acme.call("POST", path, json=body)
        assert answer.status_code in {201, 202}, answer.text
        found = acme.call("GET", answer.headers["location"].removeprefix(BASE))
        assert found.json()["id"] == answer.json().get("export_id", answer.json().get("id")), path


def test_what_has_no_address_of_its_own_is_found_where_it_was_asked_for(acme: Tenant) -> None:
    order, once = made(acme), {"Idempotency-Key": "held-once"}
    with acme.canaries.look_away():
        key = acme.call("POST", "/api-keys", json={"name": "shop", "role": "VIEWER"})
        webhook = acme.call("POST", "/webhooks", json={"url": "http://127.0.0.1:9/hooks"})
    for secret in (key.json()["key"], webhook.json()["secret"]):
        acme.canaries.add(secret)
    assert key.headers["location"] == f"{BASE}/api-keys/{key.json()['id']}"
    assert webhook.headers["location"] == f"{BASE}/webhooks/{webhook.json()['id']}"
    for _ in range(2):
        held = acme.call("POST", f"{order}/holds", json={"reason": "Stock count"}, headers=once)
        assert (held.status_code, held.headers["location"]) == (201, f"{BASE}{order}/holds")
    assert acme.call("GET", f"{order}/holds").json() == held.json()
    cancelled = {"external_order_number": "PO-LATE", "reason": "By telephone"}
    assert acme.call("POST", "/draft-orders/cancel", json=cancelled).headers["location"]


def test_long_answers_are_compressed_for_who_takes_it(acme: Tenant) -> None:
    order = made(acme)
    headers = {"Accept-Encoding": "br;q=1, gzip;q=0.5"}
    plain = acme.call("GET", order, headers={"Accept-Encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    with acme.client.stream("GET", BASE + order, headers=headers | acme.signed_in()) as answer:
        sent = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(sent) < len(plain.content)
    assert gzip.decompress(sent) == plain.content
    assert answer.headers["etag"] == plain.headers["etag"]
    assert len(acme.call("GET", f"/draft-orders?external_order_number={new_id()}").content) < WORTH_IT


def test_nothing_secret_is_compressed(acme: Tenant) -> None:
    """Its length would tell of the secret, beside something that whoever asks has chosen."""
    gzipped = {"Accept-Encoding": "gzip"}
    long = acme.call("GET", "/connector-types", headers=gzipped)
    made_key = acme.call("POST", "/api-keys", json={"name": "n" * 150, "role": "OPS"}, headers=gzipped)
    answers = [
        long,
        made_key,
        acme.call("GET", "/api-keys", headers=gzipped),
        acme.call("GET", "/users", headers=gzipped),
    ]
    assert any(len(answer.content) > WORTH_IT for answer in answers)
    assert not [answer for answer in answers if "content-encoding" in answer.headers]


def test_an_answer_says_how_much_more_may_go_on(acme: Tenant) -> None:
    acme.call("POST", "/connectors/mock", json={"config": {}}).raise_for_status()
    order = made(acme)
    for method, path, work in (
        ("GET", "/draft-orders", Work.REQUEST),
        ("POST", "/draft-orders", Work.ORDER),
        ("POST", f"{order}/approve", Work.ORDER),
        ("POST", f"{order}/push", Work.ORDER),
    ):
        answer = acme.call(method, path, json=NEEDED if path == "/draft-orders" and method == "POST" else None)
        each = LIMITS[work].each
        answer.raise_for_status()
        assert answer.headers["ratelimit-policy"] == f'"{work.name}";q={each};qu="concurrent-requests"'
        assert answer.headers["ratelimit"] == f'"{work.name}";r={each - 1}'


def test_decimals_come_as_they_are_wanted_and_are_exact_either_way(acme: Tenant) -> None:
    order = made(acme)
    number, text = acme.call("GET", order), acme.call("GET", order, headers=EXACT)
    assert '"qty":123456789012345.678,' in number.text
    assert "preference-applied" not in number.headers
    assert text.headers["preference-applied"] == EXACT["Prefer"]
    line = text.json()["lines"][0]
    assert (line["qty"], line["unit_price"]) == ("123456789012345.678", "-0.1000")
    assert text.json()["charges"][0]["amount"] == "0.3000"
    assert (line["line_no"], text.json()["version"]) == (1, 1), "what counts stays a number"
    put = acme.call("PUT", order, content=text.content, headers=EXACT | {"Content-Type": "application/json"})
    assert put.json()["lines"] == text.json()["lines"]
    stale = acme.call("PUT", order, json=ORDER, headers=EXACT | {"If-Match": '"1"'})
    assert stale.json()["error"]["details"]["current"]["lines"] == text.json()["lines"]
    acme.call("POST", f"{order}/approve")
    assert '"qty":"123456789012345.678"' in acme.call("GET", f"{order}/revisions/1", headers=EXACT).text


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("decimals=string", True),
        ('respond-async, Decimals = "string"; x=1', True),
        ("decimals=number", False),
        ("decimals=stringent", False),
        ("mydecimals=string", False),
    ],
)
def test_a_preference_is_read_as_rfc_7240_has_it(acme: Tenant, asked: str, granted: bool) -> None:
    answer = acme.call("GET", made(acme), headers={"Prefer": asked})
    assert isinstance(answer.json()["lines"][0]["qty"], str) is granted


def test_the_document_describes_decimals_as_they_are_wanted(acme: Tenant) -> None:
    usual = acme.call("GET", "/openapi.json", None).json()["components"]["schemas"]
    exact = acme.call("GET", "/openapi.json?decimals=string", None).json()["components"]["schemas"]
    assert usual["Line"]["properties"]["qty"]["anyOf"][0] == {"type": "number", "format": "decimal"}
    assert exact["Line"]["properties"]["qty"]["anyOf"][0] == {"type": "string", "format": "decimal"}
    pattern = "^-?[0-9]{1,15}(\\.[0-9]{1,3})?$"
    comes_in = {"type": "string", "format": "decimal", "pattern": pattern}
    assert usual["LineBody"]["properties"]["qty"]["anyOf"] == [
        {"type": "number", "format": "decimal"},
        comes_in,
        {"type": "null"},
    ]
    assert {**exact["LineBody"]["properties"]["qty"]["anyOf"][0]}.items() >= comes_in.items()
    assert not [name for name, schema in exact.items() if '"number", "format": "decimal"' in json.dumps(schema)]
