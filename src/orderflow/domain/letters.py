"""Letters that are written in several ways, made one, in a time that grows with the text and no more."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

MOST_MARKS = 30
"""Marks in a row; no language needs more. Source: UAX #15, section 13 (Stream-Safe Text Format)."""

_FAR = re.compile(f"[\u0300-\U0010ffff]{{{MOST_MARKS + 1},}}")
_COME_APART = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")
"""What is no mark by itself, and is written as marks only where it is taken apart."""

_ALIKE = dict(
    zip(
        "\u0130\u03a3\u0131\u017f\u00b5\u0345\u1fbe\u1fd3\u1fe3\u03d0\u03f5\u03d1\u03f0\u03d6"
        "\u03f1\u03c2\u03d5\u1c80\u1c81\u1c82\u1c83\u1c84\u1c85\u1c86\u1c87\u1c88\u1e9b\ufb06",
        "i\u03c3is\u03bc\u03b9\u03b9\u0390\u03b0\u03b2\u03b5\u03b8\u03ba\u03c0"
        "\u03c1\u03c3\u03c6\u0432\u0434\u043e\u0441\u0442\u0442\u044a\u0463\ua64b\u1e61\ufb05",
        strict=True,
    )
)
"""Letters that `str.lower` leaves apart, or makes longer or by what is beside them, and the one that each is like."""
_HAS_ONE_ALIKE = re.compile(f"[{''.join(_ALIKE)}]")


def normalized(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in a normal form of Unicode; one with more marks in a row than `MOST_MARKS` as it is.

    Marks in a row are put in order one by one, which takes hours for a text of some megabytes that is made of them, and
    no other thread runs meanwhile.
    """
    if text.isascii() or _has_too_many_marks(text):
        return text
    return unicodedata.normalize(form, text)  # noqa: TID251  # the marks are counted


def alike(text: str) -> str:
    """Return a text in small letters, as long as it was.

    Two letters become the same one where a regular expression that ignores case takes them for each other.
    """
    return (text if text.isascii() else _HAS_ONE_ALIKE.sub(lambda found: _ALIKE[found[0]], text)).lower()


def _has_too_many_marks(text: str) -> bool:
    """Return whether one row of marks is too long; Latin letters and blanks are skipped at once."""
    for far in _FAR.finditer(text):
        marks = 0
        for letter in far[0]:
            marks = marks + 1 if unicodedata.combining(letter) or letter in _COME_APART else 0
            if marks > MOST_MARKS:
                return True
    return False
