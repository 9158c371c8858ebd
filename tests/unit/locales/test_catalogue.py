"""What connectors, channels, formats and steps say has its words in every language, and no word is left over."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import orderflow
from tests.unit.locales.said import said_in, templates_in

SOURCE = Path(orderflow.__file__).parent
LANGUAGES = sorted(path.stem for path in (SOURCE / "locales").glob("*.json"))
ROOMS = ("net", "channels", "http", "connectors", "formats", "flow", "domain", "schematron", "documents", "secrets")
"""Folders and files all of whose sentences have their words."""

NOT_SAID = set((Path(__file__).parent / "not_said.txt").read_text("utf-8").splitlines())
"""What only reads like a sentence of ours, or is never shown as it stands: others' words that are looked for, names on
the wire, what is caught and told in other words, and what only a programmer or the command line is told."""

_PLACE = re.compile(r"\{([0-9])[?!]?\}")


def catalogue(language: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((SOURCE / "locales" / f"{language}.json").read_text("utf-8"))
    return told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_has_its_words(language: str) -> None:
    words = catalogue(language)
    known = {*words["sentences"], *words["fields"], *words["words"], *words["form"]}
    said = set().union(*(said_in(SOURCE / room) for room in ROOMS))
    assert len(said) > 300
    assert sorted(said - known - NOT_SAID) == [], "say them in src/orderflow/locales"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_without_a_sentence(language: str) -> None:
    assert sorted(catalogue(language)["sentences"].keys() - templates_in(SOURCE)) == []


def test_what_is_not_said_is_there_and_has_no_words() -> None:
    assert sorted(NOT_SAID - templates_in(SOURCE)) == []
    assert sorted(NOT_SAID & set().union(*(catalogue(language)["sentences"] for language in LANGUAGES))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_hold_no_other_places_than_their_sentence(language: str) -> None:
    sentences = catalogue(language)["sentences"]
    extra = {
        english: said for english, said in sentences.items() if {*_PLACE.findall(said)} - {*_PLACE.findall(english)}
    }
    assert extra == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_leave_out_no_more_than_a_plural(language: str) -> None:
    """A place that stands in a word is that word's ending, as in `session{0}`; every other one tells something."""
    lost = {
        english: said
        for english, said in catalogue(language)["sentences"].items()
        if {*_PLACE.findall(english)} - {*_PLACE.findall(said)} - {*re.findall(r"(?<=[a-z])\{([0-9])\}", english)}
    }
    assert lost == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_forms_are_called_as_the_form_calls_them(language: str) -> None:
    """`'Left out'` in a hint is what the form names so."""
    words = catalogue(language)
    wrong = {
        english: label
        for english, said in words["sentences"].items()
        for label in re.findall(r"(?<!\w)'([A-Z][\w ]+)'", english)
        if label in words["form"] and words["form"][label] not in said
    }
    assert wrong == {}
