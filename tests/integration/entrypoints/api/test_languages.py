"""Errors and connectors' forms are told in the language that is asked for; codes, names and values are the same."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from starlette.datastructures import Headers

import orderflow
from orderflow import ConnectorRegistry
from orderflow.connectors.registry import OURS as OUR_CONNECTORS
from orderflow.entrypoints.api.languages import (
    LANGUAGES,
    OURS,
    catalogue,
    chosen,
    tell_in,
    told_form,
    told_of_field,
    told_text,
)
from orderflow.entrypoints.api.schemas import JSON
from tests.integration.entrypoints.api.conftest import Tenant

SOURCE = Path(orderflow.__file__).parent
WITHIN_REACH = ("domain", "flow", "storage", "postgres", "documents", "secrets", "entrypoints/api")
OF_SETTINGS = ("connectors", "channels", "formats", "http")
_CODE = re.compile(r'\bcode(?:: str)? ?= ?"([A-Z][A-Z0-9_]+)"')
_REFUSED = re.compile(r'refuse\("[a-z ]+", "([A-Z_]+)"\)')
_OF_A_FIELD = re.compile(
    r'"field": [^{}]*"message": f?"([a-z][^"]+)"'
    r'|ValueError\(f?"([a-z][^"]+)"'
    r'|faults\.add\([^"\n]*(?:f"[^"]*", )?f?"([a-z][^"]+)"'
)
_SAID_OTHERWISE = {
    "a line break in a command",
    "a moment must have a zone",
    "a number must be finite",
    "length of the key",
    "length of the tag",
    "no KEXINIT",
    "no SSH packet",
    "no greeting of SSH",
    "not known",
    "too many",
}
"""What is caught, and told in other words."""
_BRACES = {
    "does not make XML of a sample order. A field brings its own quotes: leave yours out",
    "does not write the lines: {% for line in lines %} … {% endfor %}",
    "must hold {body} once",
    "must hold {body}, a digest of it, {path} or {timestamp}: it is the same for every request",
    "must hold {export}: without it, two deliveries of one order have the same name",
    "must hold {signature} in one of the headers",
}
"""What holds braces that are no place for what changes."""
_HOLDS_A_SENTENCE = {"does not make 7 of a sample order7", "signature_secret: 7"}
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
    folders = (*WITHIN_REACH, *OF_SETTINGS)
    texts = [path.read_text("utf-8") for folder in folders for path in (SOURCE / folder).rglob("*.py")]
    said = {
        _PLACE.sub("7", one.replace("{taken}", "there are none"))
        for text in texts
        for found in _OF_A_FIELD.findall(text)
        for one in found
        if " " in one
    }
    assert len(said) > 120
    unsaid = {one for one in said if told_of_field(one, language) is None} - {_PLACE.sub("7", one) for one in _BRACES}
    assert unsaid - _HOLDS_A_SENTENCE == _SAID_OTHERWISE
    assert all(told_of_field(one, language) for one in _BRACES)


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


NAMES = {"ftp", "ftps", "gbk", "hex", "hmac", "http", "json", "jsonrpc", "peppol", "rest", "sftp", "ubl", "xml"}
"""Values of choices that are called the same in every language."""


def _texts_and_choices(schema: Any) -> set[tuple[str, str]]:
    """Return all that a reader sees of a form's schema: titles and descriptions, and what may be chosen in words."""
    if isinstance(schema, list):
        return set().union(*map(_texts_and_choices, schema))
    if not isinstance(schema, dict):
        return set()
    choices = schema["enum"] if isinstance(schema.get("enum"), list) else []
    words = {("choices", one) for one in choices if re.fullmatch("[a-z]+(_[a-z]+)*", str(one))}
    texts = {("form", schema[key]) for key in ("title", "description") if isinstance(schema.get(key), str)}
    return set().union(words, texts, *map(_texts_and_choices, schema.values()))


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != OURS])
def test_every_text_of_a_connectors_form_has_its_words_and_no_word_is_left_over(language: str) -> None:
    types = [ConnectorRegistry.metadata(entry.name) for entry in OUR_CONNECTORS]
    shown = {("form", one.display_name) for one in types}.union(
        *(_texts_and_choices(one.config_schema) for one in types)
    )
    shown -= {("choices", name) for name in NAMES}
    words = json.loads((SOURCE / "locales" / f"{language}.json").read_text("utf-8"))
    said = {(part, text) for part in ("form", "choices") for text in words[part]}
    assert len(shown) > 500
    assert shown - said == set(), "say them in src/orderflow/locales"
    assert said - shown == set()


def test_a_form_is_told_in_german_with_the_same_names_and_values(acme: Tenant) -> None:
    def dropzone(language: str) -> Any:
        answer = acme.call("GET", "/connector-types", headers={"Accept-Language": language})
        assert answer.headers["content-language"] == language
        return next(one for one in answer.json()["items"] if one["type"] == "DROPZONE_CSV_V1")

    english, german = dropzone("en"), dropzone("de")
    assert german["display_name"] == "Dropzone (CSV-Datei)"
    was, now = english["config_schema"]["properties"], german["config_schema"]["properties"]
    assert list(now) == list(was)
    assert (was["host_key"]["title"], now["host_key"]["title"]) == ("Host key", "Host-Schlüssel")
    assert now["mode"]["enum"] == was["mode"]["enum"]
    assert now["mode"]["labels"]["filesystem"] == "Ordner"
    assert "labels" not in was["mode"]


def test_what_is_wrong_with_a_connections_settings_is_told_in_german(acme: Tenant) -> None:
    config = {
        "host": "sftp://x",
        "export_path": "a/../b",
        "file_name": "x",
        "columns": [{"name": "A", "field": "nope.x"}],
    }
    body = {"name": "x", "config": config}
    answer = acme.call("POST", "/connectors/dropzone-csv-v1", json=body, headers={"Accept-Language": "de"})
    assert answer.status_code == 422, answer.text
    fields = answer.json()["error"]["details"]["fields"]
    assert len(fields) > 3
    assert [field["message"] for field in fields if "english" not in field] == []


def test_a_form_of_anothers_connector_keeps_its_own_words_where_we_have_none() -> None:
    class Settings(BaseModel):
        """How Acme is reached."""

        host: str = Field(title="Host", description="Of Acme.")
        colour: Literal["red", "none"] = Field("red", title="Colour", description="Which one?")

    told = told_form(Settings.model_json_schema(), "de")
    assert told["description"] == "How Acme is reached."
    assert told["properties"]["host"] | {"title": "Host", "description": "Of Acme."} == told["properties"]["host"]
    assert told["properties"]["colour"]["description"] == "Which one?"
    assert told["properties"]["colour"]["labels"] == {"none": "ohne"}
    assert told["properties"]["colour"]["default"] == "red"
    assert told_text("Acme ERP", "de") == "Acme ERP"


def test_what_a_test_says_is_german_and_its_english_beside_it(acme: Tenant) -> None:
    german = {"Accept-Language": "de"}
    body = {"connector_type": "MOCK", "config": {"mode": "unavailable"}}
    said = acme.call("POST", "/connectors/test", json=body, headers=german)
    assert said.status_code == 400, said.text
    assert said.headers["content-language"] == "de"
    error = said.json()["error"]
    assert error["message"] == "Das Mock-ERP ist nicht da."
    assert error["details"]["english"] == "The mock ERP is down."
    assert error["details"]["hint"].startswith("Nichts geht verloren")


def test_answers_are_told_with_exact_numbers_and_what_people_wrote_as_they_wrote_it() -> None:
    order = {
        "notes": "The order is on its way.",
        "qty": Decimal("1.10"),
        "metadata": {"message": "The order is on its way."},
        "error": {"code": "X", "message": "The order is on its way.", "hint": "Acme says no."},
        "texts": [{"message": "The connection to erp:22 broke.", "hint": None}],
        "missing": ["The currency is missing.", "Line 3: the quantity must be more than 0."],
    }
    answer = JSON(order)
    tell_in(answer, "de")
    assert b'"qty":1.10' in bytes(answer.body)
    assert answer.headers["content-length"] == str(len(answer.body))
    told = json.loads(bytes(answer.body))
    assert (told["notes"], told["metadata"]) == (order["notes"], order["metadata"])
    assert told["error"] == {"code": "X", "message": "Der Auftrag ist unterwegs.", "hint": "Acme says no."}
    assert told["texts"] == [{"message": "Die Verbindung zu erp:22 brach ab.", "hint": None}]
    assert told["missing"] == ["Die Währung fehlt.", "Position 3: die Menge muss größer als 0 sein."]


@pytest.mark.parametrize("query", ["limit=0", "sort=qty&limit=0"])
def test_the_fields_that_cannot_be_used_are_told_in_one_language(acme: Tenant, query: str) -> None:
    answer = acme.call("GET", f"/draft-orders?{query}", headers={"Accept-Language": "de"})
    assert answer.json()["error"]["message"].startswith("Einige Felder sind nicht verwendbar: ")
