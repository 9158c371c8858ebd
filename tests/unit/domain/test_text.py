"""Nothing that others wrote acts on a terminal, hides, or turns a line around."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.errors import InputError
from orderflow.domain.text import checked_name, name_for_people, visible

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(st.characters(categories=["Cc", "Cs", "Zl", "Zp", "L", "N", "P"], include_characters=BIDI)))
def test_what_acts_is_written_out_and_everything_else_stays(text):
    shown = visible(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in BIDI for c in shown)
    assert visible(shown) == shown
    assert [c for c in text if unicodedata.category(c)[0] in "LNP"] == [
        c for c in text if visible(c) == c and c not in BIDI
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\u202egnp.exe", "a\\u202egnp.exe"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("Käse 北京 👩‍🌾", "Käse 北京 👩‍🌾"),
        ("tag\U000e0041", "tag\\U000e0041"),
    ],
)
def test_it_is_told_what_stood_there(text, shown):
    assert visible(text) == shown


def test_lines_may_be_left():
    assert visible("a\n\tb\r\x1b", lines=True) == "a\n\tb\\r\\x1b"


@pytest.mark.parametrize("name", ["", " \t", "a\nb", "a\x1b[2J", "a\u202eb", "\u200b", "a" * 201, "a\rBcc: x"])
def test_a_name_shows_as_what_it_is(name):
    with pytest.raises(ValueError, match="must"):
        name_for_people(name)
    with pytest.raises(InputError) as caught:
        checked_name(name, "slug")
    assert caught.value.details["fields"][0]["field"] == "slug"


def test_names_of_people_s_own_scripts_are_names():
    for name in ("ERP in Köln", "北京", "مستودع", "A & B <GmbH>"):
        assert name_for_people(f" {name} ") == name
