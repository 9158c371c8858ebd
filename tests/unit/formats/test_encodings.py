"""A text in an encoding: every letter, or the first one that it lacks is named, however long the text is."""

from __future__ import annotations

from contextlib import suppress
from typing import get_args
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.domain.errors import RejectedError
from orderflow.formats.encodings import Encoding, encoded

LONG = 1_000_000
"""Letters: looked for one by one, each would be written and read back."""


@pytest.mark.parametrize(
    ("text", "encoding", "letter"),
    [
        ("a" * LONG + "Ωb€", "iso-8859-1", "'Ω' (U+03A9)"),
        ("é" * LONG + "\ud800b", "utf-16", "U+D800"),
        ("b" * LONG + "\N{COMBINING OGONEK}b", "us-ascii", "U+0328"),
        ("a" * LONG + "\u00a5b", "cp932", "U+00A5"),
    ],
)
def test_the_first_letter_that_is_lacking_is_named(text: str, encoding: str, letter: str) -> None:
    with pytest.raises(RejectedError) as refused:
        encoded(text, encoding)
    assert letter in refused.value.message
    assert refused.value.code == "NOT_IN_ENCODING"


@given(text=st.text(max_size=30), encoding=st.sampled_from(get_args(Encoding)))
def test_what_is_written_is_read_back_as_it_was_and_all_else_refused(text: str, encoding: str) -> None:
    with suppress(RejectedError):
        assert encoded(text, encoding).decode(encoding) in (text, normalize("NFC", text))
