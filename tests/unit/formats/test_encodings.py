"""A text in an encoding: all of its letters, or the one that cannot be written is named."""

from __future__ import annotations

import pytest

from orderflow.domain.errors import RejectedError
from orderflow.formats.encodings import encoded


@pytest.mark.parametrize(
    ("encoding", "letter"),
    [
        ("windows-1252", "Ł"),
        ("cp932", "Ł"),
        ("cp932", "\xa3"),
        ("euc-jp", "\xa5"),
        ("utf-16", "\ud800"),
        ("utf-8", "\udc80"),
    ],
)
@pytest.mark.parametrize("before", [0, 1, 100_000])
def test_the_letter_that_is_missing_or_comes_back_as_another_is_named(encoding, letter, before):
    with pytest.raises(RejectedError) as refused:
        encoded("a" * before + letter + "b" * 1000, encoding)
    assert f"(U+{ord(letter):04X})" in refused.value.message
    assert refused.value.code == "NOT_IN_ENCODING"


def test_of_a_letter_in_parts_both_are_named():
    with pytest.raises(RejectedError) as refused:
        encoded("x" + "q\u0308" + "y", "windows-1252")
    assert repr("q\u0308") in refused.value.message


def test_letters_in_parts_are_composed():
    assert encoded("u\u0308", "windows-1252") == "ü".encode("windows-1252")
