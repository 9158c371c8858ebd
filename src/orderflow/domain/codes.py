"""Codes: the numbers of orders and customers, articles, units. What looks the same is the same code."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")

# What is not to be shown. Source: Unicode 15.1, DerivedCoreProperties.txt, Default_Ignorable_Code_Point.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BLANKS = re.compile("[\\s\u2800]+")  # a braille cell without dots shows as one, and is no white space to Unicode
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def clean_code(code: str | None) -> str | None:
    """Return a code as it is kept and compared; None if nothing of it can be seen.

    White space around it goes, and inside it is one blank; what Unicode says is not to be shown goes; letters and
    their accents are one character where there is one (NFC).
    """
    if code is None or _PLAIN.fullmatch(code):
        return code
    seen = unicodedata.normalize("NFC", _HIDDEN.sub("", code))
    return _BLANKS.sub(" ", seen).strip(" ") or None


def control_in(code: str) -> str | None:
    r"""Return the first control character of a code that is not white space, as `\x1b`; None if there is none."""
    found = None if code.isprintable() else _CONTROLS.search(code)
    return f"\\x{ord(found[0]):02x}" if found else None
