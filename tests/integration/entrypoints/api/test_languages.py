"""Errors are told in the language that is asked for; their codes stay what they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.datastructures import Headers

import orderflow
from orderflow.entrypoints.api.languages import LANGUAGES, OURS, catalogue, chosen
from tests.integration.entrypoints.api.conftest import Tenant

SOURCE = Path(orderflow.__file__).parent
WITHIN_REACH = ("domain", "flow", "storage", "postgres", "documents", "secrets", "entrypoints/api")
_CODE = re.compile(r'\bcode(?:: str)? ?= ?"([A-Z][A-Z0-9_]+)"')
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
    assert now["details"]["fields"] == was["details"]["fields"]


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
    codes = {code for text in texts for code in (*_CODE.findall(text), *_REASON.findall(text))}
    words = catalogue(language)
    assert codes - words.keys() == set(), "say them in src/orderflow/locales"
    assert words.keys() - codes == set()
    assert all(said["message"].endswith(".") and said["hint"].endswith(".") for said in words.values())
