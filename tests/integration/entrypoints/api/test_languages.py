"""Errors are told in the language that is asked for; their codes stay what they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers

import orderflow
from orderflow.entrypoints.api.languages import LANGUAGES, OURS, catalogue, chosen, told_of_field
from tests.integration.entrypoints.api.conftest import Tenant

SOURCE = Path(orderflow.__file__).parent
WITHIN_REACH = ("domain", "flow", "storage", "postgres", "documents", "secrets", "entrypoints/api")
_CODE = re.compile(r'\bcode(?:: str)? ?= ?"([A-Z][A-Z0-9_]+)"')
_REFUSED = re.compile(r'refuse\("[a-z ]+", "([A-Z_]+)"\)')
_OF_A_FIELD = re.compile(
    r'"field": [^{}]*"message": f?"([a-z][^"]+)"'
    r'|ValueError\(f?"([a-z][^"]+)"'
    r'|faults\.add\([^"\n]*(?:f"[^"]*", )?f?"([a-z][^"]+)"'
)
_NOT_SAID = ["not known"]  # of holidays that nobody knows; it is caught and said otherwise
_PLACE = re.compile(r"\{[^{}]+\}")
_REASON = re.compile(r'"reason": "([A-Z][A-Z0-9_]+)"')


def test_an_error_is_told_in_german_with_the_same_codes(acme: Tenant) -> None:
    path = "/draft-orders?nope=1"
    english, german = acme.call("GET", path), acme.call("GET", path, headers={"Accept-Language": "de-AT,en;q=0.5"})
    assert german.headers["content-language"] == "de"
    assert "content-language" not in english.headers
    was, now = english.json()["error"], german.json()["error"]
    assert (now["code"], now["details"]["reason"]) == (was["code"], was["details"]["reason"])
    assert now["message"] == "Einige Parameter der Adresse sind hier nicht bekannt."
    assert now["details"]["english"] == was["message"]
    (english_fault,), (fault,) = was["details"]["fields"], now["details"]["fields"]
    assert fault["message"].startswith("ist hier kein Parameter; es gibt ")
    assert fault == english_fault | {"message": fault["message"], "english": english_fault["message"]}


BAD_ORDER = {
    "nope": 1,
    "currency": "eur",
    "external_order_number": "x" * 5_000,
    "ship_to": {"": "x", "gln": "1"},
    "charges": [{"code": "x"}, {"amount": -1}],
    "lines": [{"line_no": 0, "qty": "1.2345"}, {"line_no": 3, "qty": "x"}, {"line_no": 3, "unit_price": 10**20}],
}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/draft-orders", BAD_ORDER),
        ("POST", "/draft-orders", {name: value for name, value in BAD_ORDER.items() if name != "nope"}),
        ("POST", "/draft-orders", {"lines": 1, "customer": [], "notes": 2}),
        ("POST", "/draft-orders/bulk", {"action": "fly", "ids": ["x"], "filter": {"since": 1, "on_hold": "perhaps"}}),
        ("GET", "/draft-orders?limit=0&cursor=!&since=2026-01-01T00:00:00&status=LOST&connection_id=1", None),
        ("POST", "/webhooks", {"url": "", "kinds": ["x"], "name": " "}),
        ("POST", "/webhooks", {"url": "ftp://x"}),
        ("POST", "/users", {"email": "x", "role": "KING"}),
        ("POST", "/api-keys", {"name": "x", "role": "OPS", "expires_at": "2001-01-01T00:00:00Z"}),
        ("PUT", "/routes", {"rules": [{"name": "x", "when": {"any": []}, "connection_id": "x"}]}),
    ],
)
def test_what_is_wrong_with_a_field_is_told_in_german(acme: Tenant, method: str, path: str, body: Any) -> None:
    answer = acme.call(method, path, json=body, headers={"Accept-Language": "de"})
    assert answer.status_code == 422, answer.text
    fields = answer.json()["error"]["details"]["fields"]
    assert fields
    assert [field["message"] for field in fields if "english" not in field] == []


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != OURS])
def test_what_is_said_of_a_field_has_its_words(language: str) -> None:
    texts = [path.read_text("utf-8") for folder in WITHIN_REACH for path in (SOURCE / folder).rglob("*.py")]
    said = {
        _PLACE.sub("7", one.replace("{taken}", "there are none"))
        for text in texts
        for found in _OF_A_FIELD.findall(text)
        for one in found
        if " " in one
    }
    assert len(said) > 60
    assert sorted(one for one in said if told_of_field(one, language) is None) == _NOT_SAID


@pytest.mark.parametrize("path", ["/nowhere", "/me", "/draft-orders/import", "/draft-orders/x"])
def test_whoever_refuses_does_so_in_german(acme: Tenant, path: str) -> None:
    answer = acme.call("GET", path, None, headers={"Accept-Language": "de"})
    assert answer.headers["content-language"] == "de", answer.text


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH", "de"),
        ("fr, de;q=0.3", "de"),
        ("de;q=0.3, en;q=0.8", "en"),
        ("de;q=0", "en"),
        ("de;q=x", "en"),
        ("*", "en"),
        ("fr", "en"),
        ("," * 5_000 + "de", "en"),
    ],
)
def test_a_language_is_chosen_by_its_weight(asked: str, given: str) -> None:
    assert chosen(Headers({"accept-language": asked})) == given


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != OURS])
def test_every_code_has_its_words_and_no_word_is_without_a_code(language: str) -> None:
    texts = [path.read_text("utf-8") for folder in WITHIN_REACH for path in (SOURCE / folder).rglob("*.py")]
    codes = {code for text in texts for code in (*_CODE.findall(text), *_REASON.findall(text), *_REFUSED.findall(text))}
    words = catalogue(language)
    assert codes - words.keys() == set(), "say them in src/orderflow/locales"
    assert words.keys() - codes == set()
    assert all(said["message"].endswith(".") and said["hint"].endswith(".") for said in words.values())
