"""The letters that an EDIFACT interchange may hold, by its syntax identifier.

Sources: ISO 9735:1988 and its amendment of 1992, ISO 9735-1:2002 (UN/EDIFACT code list 0001).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ENCODINGS = {
    "UNOA": "ascii", "UNOB": "ascii", "UNOC": "iso-8859-1", "UNOD": "iso-8859-2", "UNOE": "iso-8859-5",
    "UNOF": "iso-8859-7", "UNOG": "iso-8859-3", "UNOH": "iso-8859-4", "UNOI": "iso-8859-6", "UNOJ": "iso-8859-8",
    "UNOK": "iso-8859-9", "UNOL": "iso-8859-15", "UNOW": "utf-8", "UNOY": "utf-8",
}  # fmt: skip
"""UNOX, which changes its alphabet on the way (ISO 2022), is not among them."""

_LEVELS = {
    "UNOA": re.compile(r"""[A-Z0-9 .,\-()/='+:?!"%&*;<>]*"""),
    "UNOB": re.compile(r"""[A-Za-z0-9 .,\-()/='+:?!"%&*;<>]*"""),
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKS = {"3": re.compile(r"[+:'?]"), "4": re.compile(r"[+:'?*]")}


@dataclass(frozen=True, slots=True)
class EdifactLetters:
    """Writes texts in the letters of a syntax identifier, with the release mark where one is a mark."""

    name: str
    version: str

    def written(self, text: str) -> str | None:
        """Return a text as it stands in a segment, or None: it holds a letter that is not among them."""
        level = _LEVELS.get(self.name)
        if _CONTROL.search(text) if level is None else not level.fullmatch(text):
            return None
        try:
            if not text.isascii():
                text.encode(ENCODINGS[self.name])
        except UnicodeEncodeError:
            return None
        return _MARKS["4" if self.version == "4" else "3"].sub(r"?\g<0>", text)
