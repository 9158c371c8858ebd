"""Letters that are written in several ways are made one, and no text makes that slow."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.codes import clean_code
from orderflow.domain.errors import RejectedError
from orderflow.domain.letters import MOST_MARKS, alike, normalized
from orderflow.domain.order_keys import key_of
from orderflow.domain.orders import DraftOrder
from orderflow.domain.routing.fields import folded
from orderflow.formats.edi.values import Values
from orderflow.formats.edifact.letters import EdifactLetters
from orderflow.formats.encodings import encoded
from orderflow.formats.samples.names import field_named

FORMS: list[Literal["NFC", "NFKC", "NFKD"]] = ["NFC", "NFKC", "NFKD"]
MARKS = "\u0315\u0334" * 250_000
"""Hours of work for who puts each mark in order."""
WORDS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("aouKn \u0301\u0308\u0323\u0334\u0345\uff9e한각")
)


@given(WORDS, st.sampled_from(FORMS))
def test_ordinary_text_is_normalized(text, form):
    assert normalized(form, text) == unicodedata.normalize(form, text)


@given(st.integers(1, MOST_MARKS), st.sampled_from(FORMS), WORDS)
def test_so_is_each_letter_with_as_many_marks_as_any_language_needs(marks, form, rest):
    text = ("a" + "\u0315\u0334" * (marks // 2) + "\u0301" * (marks % 2) + "b") * 3 + "x" + rest
    assert normalized(form, text) == unicodedata.normalize(form, text)


@given(WORDS, WORDS)
def test_what_was_the_same_code_is_the_same_code(one, other):
    for text in (one, other):
        assert len({clean_code(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}) == 1
        assert len({folded(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}) == 1
    same = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    assert (clean_code(one) == clean_code(other)) or not same


def test_one_mark_more_leaves_a_text_as_it_is():
    text = "o\u0308" + "\u0323" * MOST_MARKS
    assert all(normalized(form, text) == text for form in FORMS)
    assert normalized("NFC", text[:-1]) != text[:-1]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "pair", ["\u0315\u0334", "\u0f73\u0334", "\u0f75\u0f81", "\u0344\u0334", "\uff9e\u0334", "\uff9f\u0334"]
)
def test_no_marks_make_it_slow_whatever_they_come_apart_to(form, pair):
    if pair[0] < "\uff00" or "K" in form:
        text = "a" + pair * 500_000
        assert normalized(form, text) is text


def test_whatever_begins_with_a_mark_is_counted():
    letters = [chr(code) for code in range(0x300, 0x20000) if unicodedata.category(chr(code))[0] in "ML"]
    for letter in letters:
        if unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]):
            text = "o\u0308" + letter * (MOST_MARKS + 1)
            assert normalized("NFC", text) is text


def test_whoever_compares_letters_is_not_held_up():
    text = "a" + MARKS
    assert clean_code(text) == text
    assert folded(text) == text
    assert key_of(DraftOrder(external_order_number="1", notes=text))
    assert field_named(text) is None
    with pytest.raises(RejectedError, match="is not in windows-1252"):
        encoded(text, "windows-1252")
    with pytest.raises(RejectedError, match="is not in UNOC"):
        Values(EdifactLetters("UNOC", "3")).coded("Stk", {"Stk": text}, "uom", "Units")


CASED = [one for one in map(chr, range(0x20000)) if len({one, one.lower(), one.upper(), one.title()}) > 1]


def test_those_are_alike_which_a_pattern_that_ignores_case_takes_for_each_other():
    by_capital: dict[str, list[str]] = {}
    for one in CASED:
        assert re.fullmatch(alike(one), one, re.IGNORECASE)
        by_capital.setdefault(one.lower().upper(), []).append(one)
    for family in (
        *by_capital.values(),
        "iI\u0130\u0131",
        "sS\u017f",
        "kK\u212a",
        "\u0345\u03b9\u0399\u1fbe",
        "\u03f4\u03b8",
    ):
        for one in family:
            for other in family:
                assert (alike(one) == alike(other)) == bool(re.fullmatch(one, other, re.IGNORECASE)), (one, other)


@given(st.text(st.sampled_from([*"aK \u03a3\u03c3\u03c2\u0130\u0307\u1e9e\ufb06\u0345", *CASED])))
def test_a_letter_is_like_another_whatever_stands_beside_it(text):
    assert alike(text) == "".join(map(alike, text))
    assert len(alike(text)) == len(text)
