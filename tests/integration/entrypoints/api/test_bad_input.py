"""Input that cannot be used gets the documented error, and the place of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"name": "\xc3\x28"}',
        b'{"name": NaN}',
        b"[" * 100_000,
        b'{"settings": {"n": ' + b"9" * 5_000 + b"}}",
        b"null",
        b'"text"',
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b'{"name": 5}',
        b'{"nmae": "x"}',
        b'{"name": ""}',
        b'{"settings": []}',
    ],
)
def test_a_body_that_cannot_be_used_is_a_validation_error(acme: Any, body: bytes):
    answer = acme.call("PATCH", "/organization", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR"), answer.text
    assert acme.call("GET", "/organization").json()["name"] == "acme"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"name": x}', "is not JSON: Expecting value at character 10"),
        (b'{"name": "\xc3\x28"}', "is not JSON: byte that is not UTF-8 at character 11"),
        (b'{"name": NaN}', "is not JSON: JSON has no NaN at character 1"),
        (b"[]", "must be a JSON object, sent with Content-Type: application/json"),
    ],
)
def test_what_is_wrong_with_the_body_is_said(acme: Any, body: bytes, message: str):
    fields = acme.call("PATCH", "/organization", content=body, headers=JSON).json()["error"]["details"]["fields"]
    assert fields == [{"field": "body", "message": message}]


def test_a_body_without_its_type_is_told_which_to_send(acme: Any):
    error = acme.call("PATCH", "/organization", content=b"{}", headers={"Content-Type": "text/plain"}).json()["error"]
    assert "Content-Type: application/json" in error["details"]["fields"][0]["message"]


def test_a_field_has_one_name_whoever_refuses_it(acme: Any):
    for line in ({"line_no": "1"}, {"line_no": 1, "qty": 0.0001}):
        error = acme.call("POST", "/draft-orders", json={"lines": [line]}).json()["error"]
        assert error["details"]["fields"][0]["field"].startswith("lines[0].")


def test_the_field_is_named_and_its_value_is_not_repeated(acme: Any, secret: Any):
    password = secret("password")
    body = {"email": "x", "password": password, "role": "KING"}
    error = acme.call("POST", "/users", json=body).json()["error"]
    assert {field["field"] for field in error["details"]["fields"]} == {"email", "role"}


@pytest.mark.parametrize("value", ["a\x00b", {"deep": "a\x00b"}])
def test_nul_where_any_json_is_taken_is_no_fault_of_ours(acme: Any, value: Any):
    answer = acme.call("PATCH", "/organization", json={"settings": {"key": value}})
    assert answer.status_code in {200, 422}


@pytest.mark.parametrize("path", ["/users/not-an-id", "/users/%00", "/users/%ff", "/audit-log?actor=%00", "/nowhere"])
def test_a_path_that_cannot_be_used_is_told(acme: Any, path: str):
    answer = acme.call("GET", path)
    assert answer.status_code in {404, 422}
    assert answer.json()["error"]["request_id"] == answer.headers["X-Request-ID"]


def test_a_large_body_is_refused_before_it_is_read(acme: Any):
    answer = acme.call("PATCH", "/organization", content=b" " * 50_000_000, headers=JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "VALIDATION_ERROR")


def test_a_large_body_that_does_not_say_so_is_cut_off(acme: Any):
    answer = acme.call("PATCH", "/organization", content=(b" " * 1_000_000 for _ in range(12)), headers=JSON)
    assert answer.status_code == 413


def test_a_method_that_is_not_there_names_those_that_are(acme: Any):
    answer = acme.call("DELETE", "/organization")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_dates_at_the_ends_of_time_are_told(acme: Any):
    for moment in ("0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1e300"):
        answer = acme.call("GET", "/audit-log", params={"since": moment})
        assert answer.status_code in {200, 422}, f"{moment}: {answer.text}"
        answer = acme.call("POST", "/organization/pause", json={"until": moment})
        assert answer.status_code in {200, 422}, f"{moment}: {answer.text}"


@pytest.mark.parametrize("given", ["id with space", "ü", "x" * 200, ""])
def test_a_request_id_that_cannot_be_used_is_replaced(acme: Any, given: str):
    answer = acme.call("GET", "/me", headers={"X-Request-ID": given.encode()})
    assert answer.headers["X-Request-ID"] not in {given, ""}


def test_a_fault_of_ours_tells_nothing_of_itself(acme: Any, app: Any, monkeypatch: Any, secret: Any):
    message = secret("internal")

    def fail(*_: Any) -> None:
        raise RuntimeError(message)

    monkeypatch.setattr(app.store, "work", fail)
    answer = acme.call("GET", "/organization")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert message not in answer.text
