"""What is no JSON object, or none that is taken here, is refused by every route before anything happens."""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from orderflow.domain.strict_json import MOST_DEPTH
from orderflow.entrypoints.api import body_limit, create_app
from orderflow.entrypoints.api.body_limit import ANONYMOUS, Pace
from orderflow.storage.tables.models import Base

ORDER: dict[str, Any] = {
    "external_order_number": "B-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "INT-1", "qty": 3, "uom": "M", "unit_price": 1.25}],
}
NO_OBJECTS = ["1.5", "3.5e300", "5", "-0", '"text"', '"{}"', "[]", "[{}]", '[{"a": 1}]', "true", "false", '""']
UNKNOWN_TO_BODIES = {"erp_lane", "notification", "sign_in_source", "ended_session", "api_key", "process"}


def stored(app: Any) -> dict[str, str]:
    """Return the content of every table that a request could change."""
    with app.database.system() as connection:
        return {
            table: "\n".join(sorted(connection.execute(text(f"SELECT t::text FROM {table} t")).scalars()))  # ours
            for table in Base.metadata.tables
            if table not in UNKNOWN_TO_BODIES
        }


def routes(app: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and schema of each route that takes a JSON object."""
    document = create_app(app, engine=False).openapi()
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if schema := content.get("application/json", {}).get("schema"):
                found.append((method.upper(), path.removeprefix("/api/v1"), _resolved(document, schema)))
    assert len(found) > 25
    return found


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    schema = next((one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"), schema)
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


@pytest.fixture
def things(acme: Any, app: Any) -> dict[str, str]:
    """One of everything, by the parameter that names it in an address."""
    order_id = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    connector = {"connector_type": "MOCK", "config": {}, "status": "ACTIVE"}
    connector_id = acme.call("POST", "/connectors", json=connector).json()["id"]
    acme.call("POST", f"/draft-orders/{order_id}/approve")
    user = next(user for user in acme.call("GET", "/users").json()["items"] if user["role"] == "VIEWER")
    key = next(key for key in acme.call("GET", "/api-keys").json()["items"] if key["role"] == "VIEWER")
    return {"order_id": order_id, "connector_id": connector_id, "user_id": user["id"], "key_id": key["id"]}


def addressed(path: str, things: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: things.get(found[1], things["order_id"]), path)


def test_every_route_refuses_what_is_no_object_before_anything_happens(
    acme: Any, app: Any, things: dict[str, str]
) -> None:
    before = stored(app)
    headers = {"Content-Type": "application/json"}
    for method, path, _ in routes(app):
        for body in NO_OBJECTS:
            answer = acme.call(method, addressed(path, things), content=body, headers=headers)
            assert answer.status_code == 422, f"{method} {path} took {body}: {answer.text}"
            assert answer.json()["error"]["details"]["fields"], answer.text
    assert stored(app) == before


def test_so_does_every_place_within_a_body_where_an_object_is_wanted(
    acme: Any, app: Any, things: dict[str, str]
) -> None:
    before = stored(app)
    document = create_app(app, engine=False).openapi()
    places = 0
    for method, path, schema in routes(app):
        for name, field in schema.get("properties", {}).items():
            inner = _resolved(document, field)
            if inner.get("type") != "object" or ("properties" not in inner and name not in {"config", "settings"}):
                continue
            places += 1
            for body in NO_OBJECTS:
                content = f'{{"{name}": {body}, "action": "approve", "connector_type": "MOCK"}}'
                if name != "filter":
                    content = f'{{"{name}": {body}}}'
                headers = {"Content-Type": "application/json"}
                answer = acme.call(method, addressed(path, things), content=content, headers=headers)
                assert answer.status_code == 422, f"{method} {path} took {content}: {answer.text}"
    assert places > 10
    assert stored(app) == before


def test_a_decimal_is_no_filter_that_finds_every_order(acme: Any, app: Any) -> None:
    ids = [acme.call("POST", "/draft-orders?on_duplicate=new", json=ORDER).json()["id"] for _ in range(3)]
    answer = acme.call("POST", "/draft-orders/bulk", content='{"action": "approve", "filter": 1.5}', headers=_JSON)
    assert answer.status_code == 422
    assert {acme.call("GET", f"/draft-orders/{one}").json()["status"] for one in ids} == {"READY"}


def test_a_sample_is_taken_up_to_the_size_that_is_promised(acme: Any) -> None:
    lines = b"SKU;Qty\r\n" + b"A-1;2.500;and what else is in the line of it\r\n" * 21_000
    answers = [
        acme.call("POST", "/connectors/from-sample", json={"content": b64encode(content).decode()})
        for content in (lines, lines + b" " * (1_000_001 - len(lines)), lines * 2)
    ]
    assert 900_000 < len(lines) < 1_000_000
    assert [answer.status_code for answer in answers] == [200, 422, 413]
    assert "larger than 1,000,000 bytes" in answers[1].json()["error"]["message"]


_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("depth", [MOST_DEPTH + 1, 300, 900, 20_000, 100_000])
def test_nesting_without_end_is_refused_wherever_it_comes(acme: Any, app: Any, things: Any, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    deep_object = '{"a":' * depth + "1" + "}" * depth
    before = stored(app)
    for method, path, content in (
        ("PATCH", "/organization", f'{{"settings": {{"a": {deep}}}}}'),
        ("PATCH", "/organization", f'{{"settings": {deep_object}}}'),
        ("PATCH", f"/connectors/{things['connector_id']}", f'{{"config": {deep_object}}}'),
        ("POST", "/connectors", f'{{"connector_type": "MOCK", "config": {{"a": {deep}}}}}'),
        ("POST", "/draft-orders", f'{{"ship_to": {deep_object}}}'),
        ("PUT", f"/draft-orders/{things['order_id']}", deep_object),
        ("POST", "/organization/pause", deep),
    ):
        answer = acme.call(method, path, content=content, headers=_JSON)
        assert answer.status_code == (413 if len(content) > 262_144 and "draft" not in path else 422), answer.text
    lines = acme.call("POST", "/draft-orders/import", content=f'{{"notes": {deep}}}\n{json.dumps(ORDER)}\n').text
    assert [("error" in json.loads(line)) for line in lines.splitlines()] == [True, False]
    assert acme.call("GET", "/organization").status_code == acme.call("GET", "/audit-log").status_code == 200
    del before["draft_order"], before["draft_order_line"], before["audit_log"]
    after = stored(app)
    assert {table: after[table] for table in before} == before


def test_what_an_older_release_stored_too_deep_blinds_nobody(acme: Any, admin_url: str) -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    with create_engine(admin_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE organization SET settings = CAST(:deep AS jsonb)"), {"deep": deep})
        connection.execute(text("UPDATE audit_log SET before = CAST(:deep AS jsonb)"), {"deep": deep})
    assert acme.call("GET", "/organization").json()["settings"]["a"]["a"]
    assert acme.call("GET", "/audit-log").status_code == 200
    assert acme.call("POST", "/organization/pause").status_code == 200
    assert acme.call("POST", "/organization/resume").status_code == 200
    assert acme.call("PATCH", "/organization", json={"settings": {}}).json()["settings"] == {}


TWICE = [
    ("/draft-orders", '{"external_order_number": "P-5", "external_order_number": "P-6"}', "external_order_number"),
    ("/draft-orders", '{"lines": [{"line_no": 1, "qty": 1, "qty" : 2}]}', "lines[0].qty"),
    ("/draft-orders", '{"ship_to": {"city": "A", "ci\\u0074y": "B"}}', "ship_to.city"),
    ("/draft-orders/bulk", '{"action": "approve", "filter": {"q": "a", "q": "b"}}', "filter.q"),
    ("/connectors", '{"connector_type": "MOCK", "config": {"mode": "success", "mode": "slow"}}', "config.mode"),
    ("/auth/login", '{"email": "a@b.c", "email": "d@e.f", "password": "x"}', "email"),
]


@pytest.mark.parametrize(("path", "content", "field"), TWICE)
def test_a_field_given_twice_is_refused_by_its_name(acme: Any, app: Any, path: str, content: str, field: str) -> None:
    before = stored(app)
    answer = acme.call("POST", path, content=content, headers=_JSON)
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["fields"] == [{"field": field, "message": "is given twice"}]
    assert stored(app) == before


HALVES = [
    ("POST", "/draft-orders", '{"notes": "a\\ud83d"}', "notes"),
    ("POST", "/draft-orders", '{"no\\ud83dtes": "a"}', "no\\ud83dtes"),
    ("POST", "/draft-orders", '{"metadata": {"a\\uDE00": "b"}}', "metadata.a\\ude00"),
    ("POST", "/draft-orders", '{"order_date": "\\ud83d"}', "order_date"),
    ("POST", "/draft-orders", '{"lines": [{"line_no": 1, "qty": "\\ud83d"}]}', "lines[0].qty"),
    ("POST", "/draft-orders", '{"a\\ud83d": 1, "a\\ud83d": 2}', "a\\ud83d"),
    ("POST", "/bulk-jobs", '{"action": "approve", "filter": {"q\\ud83d": "a"}}', "filter.q\\ud83d"),
    ("POST", "/connectors", '{"connector_type": "MOCK", "config": {"mode": "\\ud83d"}}', "config.mode"),
    ("PATCH", "/draft-orders/{order}", '{"ship_to": {"\\ud83d": "a"}}', "ship_to.\\ud83d"),
    ("PUT", "/draft-orders/{order}", '{"lines": [{"line_no": "\\ud83d"}]}', "lines[0].line_no"),
]


@pytest.mark.parametrize(("method", "path", "content", "field"), HALVES)
def test_half_a_character_is_refused_wherever_it_stands(
    acme: Any, app: Any, method: str, path: str, content: str, field: str
) -> None:
    order = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    before = stored(app)
    answer = acme.call(method, path.format(order=order), content=content, headers=_JSON)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["details"]["fields"] == [
        {"field": field, "message": "holds half a character (a lone surrogate)"}
    ]
    assert stored(app) == before


def test_a_whole_character_may_be_written_as_its_halves(acme: Any) -> None:
    content = '{"notes": "\\ud83d\\ude00", "metadata": {"\\ud83d\\ude00": "x"}}'
    order = acme.call("POST", "/draft-orders", content=content, headers=_JSON).json()["id"]
    kept = acme.call("GET", f"/draft-orders/{order}").json()
    assert (kept["notes"], kept["metadata"]) == ("😀", {"😀": "x"})


def test_text_that_looks_like_a_name_is_no_name_given_twice(acme: Any) -> None:
    order = {**ORDER, "notes": 'he said "qty": 3, "qty" : 4', "customer": {"name": '":"":'}}
    created = acme.call("POST", "/draft-orders", json=order)
    assert created.status_code == 201
    assert acme.call("GET", f"/draft-orders/{created.json()['id']}").json()["notes"] == order["notes"]


def test_without_credentials_a_few_kilobytes_are_taken(acme: Any) -> None:
    unknown = json.dumps({f"field{number}": 1 for number in range(300)})
    started = time.monotonic()
    many = acme.client.post("/api/v1/auth/login", content=unknown[:-1] + "}", headers=_JSON)
    assert many.status_code == 422
    assert len(many.content) < 3_000
    huge = acme.client.post("/api/v1/auth/login", content=b"{" + b" " * 9_000_000 + b"}", headers=_JSON)
    assert huge.status_code == 413
    assert huge.json()["error"]["details"]["reason"] == "BODY_TOO_LARGE"
    chunked = acme.client.post("/api/v1/auth/login", content=iter([b" " * ANONYMOUS] * 3), headers=_JSON)
    assert chunked.status_code == 413
    assert time.monotonic() - started < 10


def test_at_most_twenty_problems_are_told(acme: Any) -> None:
    lines = [{"line_no": 1, "qty": "none", "nonsense": 1} for _ in range(5_000)]
    for method, path in (("POST", "/draft-orders"), ("POST", "/draft-orders/bulk")):
        body = {"lines": lines} if path == "/draft-orders" else {"action": "approve", "ids": ["no id"] * 900}
        answer = acme.call(method, path, json=body)
        assert answer.status_code == 422
        assert len(answer.json()["error"]["details"]["fields"]) <= 20
        assert len(answer.content) < 20_000


def test_a_body_that_drips_has_an_end(acme: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "PACE", Pace(idle=0.3, grace=0.3, rate=4_096))

    def dripping() -> Any:
        for _ in range(200):
            yield b" "
            time.sleep(0.05)

    answer = acme.call("POST", "/draft-orders", content=dripping(), headers=_JSON)
    assert answer.status_code == 408
    assert answer.json()["error"]["details"]["reason"] == "BODY_TOO_SLOW"


def test_dates_and_switches_are_what_the_schema_says(acme: Any, things: dict[str, str]) -> None:
    for body in ({"order_date": "2025-12-01T00:00:00"}, {"order_date": "2025-12-01T00:00:00Z"}, {"order_date": 0}):
        assert acme.call("POST", "/draft-orders", json={**ORDER, **body}).status_code == 422, body
    for bad in ({"ship_to": {"": "x"}}, {"source_document": {"sha256": ""}}):
        assert acme.call("POST", "/draft-orders", json={**ORDER, **bad}).status_code == 422, bad
    for active in (0, 1, "true", None):
        assert acme.call("PATCH", f"/users/{things['user_id']}", json={"active": active}).status_code == 422
    past = {"name": "k", "role": "VIEWER", "expires_at": "2020-01-01T00:00:00Z"}
    assert acme.call("POST", "/api-keys", json=past).status_code == 422


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59"])
def test_moments_at_the_ends_of_time_are_refused_and_break_nothing(acme: Any, moment: str) -> None:
    for path in ("/audit-log", "/draft-orders", "/exports", "/push-log"):
        for name in ("since", "until"):
            assert acme.call("GET", path, params={name: moment}).status_code == 422
