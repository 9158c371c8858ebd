"""Secrets whose letters stand apart, and parts of them where a text was cut, are hidden; ordinary words are not."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.pieces import _GAP, Pieces, _start_of
from orderflow.domain.redaction import HIDDEN, Redactor

SECRET = "Zq7-rT2.xW9_kB4vN"
GAPS = [" ", "\n", "\r\n", "\t", "\u00a0", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\0", " \u200b "]
LETTERS = st.sampled_from("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_~+/=")
SECRETS = st.text(LETTERS, min_size=10, max_size=60).filter(
    lambda text: any(map(str.isdigit, text[:8])) and any(map(str.isalpha, text[:8]))
    and any(map(str.isdigit, text[-8:])) and any(map(str.isalpha, text[-8:]))
)  # fmt: skip


@given(st.data(), SECRETS)
def test_letters_that_stand_apart_are_hidden(data: st.DataObject, secret: str) -> None:
    gaps = data.draw(st.lists(st.sampled_from(["", *GAPS]), min_size=len(secret) - 1, max_size=len(secret) - 1))
    spelt = "".join(map(str.__add__, secret, [*gaps, ""]))
    told = Redactor([secret]).text(f"The key <{spelt}> is not known")
    assert told == f"The key <{HIDDEN}> is not known"


@given(st.data(), SECRETS, st.sampled_from(["", "…", "...", '"', '…"', ".", " ...]", "\n"]))
def test_a_part_at_the_end_of_a_text_is_hidden(data: st.DataObject, secret: str, end: str) -> None:
    part = secret[: data.draw(st.integers(8, len(secret) - 1))]
    told = Redactor([secret]).text(f"Key is {part}{end}")
    assert part[:8] not in told
    assert told.startswith(f"Key is {HIDDEN}")


@given(st.data(), SECRETS, st.sampled_from(["", "…", "...", '"…', "[..."]))
def test_a_part_at_the_beginning_of_a_text_is_hidden(data: st.DataObject, secret: str, begin: str) -> None:
    part = secret[-data.draw(st.integers(8, len(secret) - 1)) :]
    told = Redactor([secret]).text(f"{begin}{part} is not known")
    assert part[-8:] not in told
    assert told.endswith(f"{HIDDEN} is not known")


@given(st.integers(9, 27))
def test_so_is_a_part_of_what_was_sent(length: int) -> None:
    redactor = Redactor([SECRET], ["ann"])
    sent = base64.b64encode(f"ann:{SECRET}".encode()).decode()
    assert redactor.text(f"Basic {sent[:length]}…") == f"Basic {HIDDEN}…"


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("password", "The pass word is missing"),
        ("OrderFlow-2026", "Sent by order flow"),
        ("OrderFlow-2026", "Sent by OrderFlow"),
        ("OrderFlow-2026", "Sent by OrderFlow-…"),
        ("therapist", "Of the rapist nobody speaks"),
        ("1234567890", "Order 12345678"),
        ("k3y", "k 3 y"),
        (SECRET, "Zq7-rT2"),
        (SECRET, "Zq7-rT2.xW9_k is in the middle of a text"),
        (SECRET, "What is not known"),
        (SECRET, ""),
    ],
)
def test_ordinary_words_and_what_is_short_are_not(secret: str, text: str) -> None:
    assert Redactor([secret]).text(text) == text


@given(st.text(max_size=200), SECRETS)
def test_a_text_without_pieces_is_the_same(text: str, secret: str) -> None:
    told = Redactor([secret]).text(text)
    assert told == text or HIDDEN in told


@pytest.mark.timeout(10)  # seconds; where time grows with the square of the length, each takes longer
@pytest.mark.parametrize("piece", [SECRET[:8], SECRET[:-1] + " ", "Z " * 8, "\u200b", SECRET[0]])
def test_a_text_made_to_be_slow_is_read_at_once(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    Redactor([SECRET, "Zq" * 1_000 + "7"]).text(text)


@given(
    st.text("aK1", min_size=16, max_size=24),
    st.lists(st.sampled_from(["a", "k", "K", "1", "\u212a", *GAPS]), max_size=90),
)
def test_letters_apart_are_found_as_one_pattern_finds_them(secret: str, letters: list[str]) -> None:
    text = "".join([*letters, " ".join(secret), *letters[:9], *secret])
    pattern = re.compile(f"[{_GAP}]*+".join(map(re.escape, secret.lower())), re.IGNORECASE)
    assert Pieces([secret], [], HIDDEN).hidden_in(text) == pattern.sub(HIDDEN, text)


@given(st.text("ab", min_size=9, max_size=60), st.text("ab", max_size=60))
def test_the_longest_end_that_begins_a_form_is_found(form: str, text: str) -> None:
    starts = [start for start in range(len(text) - 7) if form.startswith(text[start:])]
    assert _start_of(form, text) == min(starts, default=None)


def test_no_end_of_a_text_is_slow_to_compare() -> None:
    half = "\U0001f511" * 400_000
    assert _start_of(f"{half}b{half}", half * 2) == len(half)


def test_letters_apart_are_not_slow_to_find() -> None:
    secret = "a" * 100_000
    near = " ".join("a" * 99_999 + "b") * 3
    assert Redactor([secret]).text(f"{near} {' '.join(secret)} {near}") == f"{near} {HIDDEN} {near}"
