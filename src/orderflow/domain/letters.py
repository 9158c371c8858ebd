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


def normalized(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in a normal form of Unicode; one with more marks in a row than `MOST_MARKS` as it is.

    Marks in a row are put in order one by one, which takes hours for a text of some megabytes that is made of them, and
    no other thread runs meanwhile.
    """
    if text.isascii() or _has_too_many_marks(text):
        return text
    return unicodedata.normalize(form, text)  # noqa: TID251  # the marks are counted


def _has_too_many_marks(text: str) -> bool:
    """Return whether one row of marks is too long; Latin letters and blanks are skipped at once."""
    for far in _FAR.finditer(text):
        marks = 0
        for letter in far[0]:
            marks = marks + 1 if unicodedata.combining(letter) or letter in _COME_APART else 0
            if marks > MOST_MARKS:
                return True
    return False
