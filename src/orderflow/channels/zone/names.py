"""Which export a file's name means, where it is not spelled as it should be, and where it only carries its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from orderflow.domain.delivery import WaitingExport

_EXTENSIONS = "json|csv|xml|txt|edi|dat"
_TAIL = re.compile(rf"(\.({_EXTENSIONS})| ?\(\d+\)| - (copy|kopie))$")
_WORD = re.compile(r"[^\W_]+")


def is_plain(name: str) -> bool:
    """Return whether a name that a server gave us is one in the folder itself, and can be spelled."""
    return name.isprintable() and not name.startswith(".") and "/" not in name and "\\" not in name


def stem_of(name: str) -> str:
    """Return what stays of a name if case, extensions and the number of a copy are left out."""
    stem = name.casefold()
    while (shorter := _TAIL.sub("", stem)) != stem:
        stem = shorter
    return stem


class KnownNames:
    """The exports that wait for an answer, found by what a name holds of theirs; read only if it is asked."""

    def __init__(self, waiting: Iterable[WaitingExport]) -> None:
        self._waiting = waiting

    def nearly(self, name: str) -> WaitingExport | None:
        """Return the export whose file's name is this but for case, extensions and copies; None if it is not one."""
        meant = self._by_stem.get(stem_of(name), [])
        return meant[0] if len(meant) == 1 else None

    def carried_by(self, name: str) -> tuple[WaitingExport, str] | None:
        """Return the export whose file's name, or whose id, stands in a name, and the words that stand beside it.

        Of several it is the one with the longest name; None where there is none, or more than one may be meant.
        """
        plain = stem_of(name)
        found = {
            spelled: exports for spelled, exports in self._perhaps_in(plain).items() if _place(spelled, plain) >= 0
        }
        longest = max(found, key=len, default="")
        exports = {export.export_id: export for export in found.get(longest, ())}
        if len(exports) != 1:
            return None
        start = _place(longest, plain)
        words = _WORD.findall(f"{plain[:start]} {plain[start + len(longest) :]}")
        return next(iter(exports.values())), "_".join(word for word in words if not re.fullmatch(_EXTENSIONS, word))

    @cached_property
    def _by_stem(self) -> dict[str, list[WaitingExport]]:
        by_stem: dict[str, list[WaitingExport]] = {}
        for export in self._waiting:
            by_stem.setdefault(stem_of(export.reference), []).append(export)
        return by_stem

    @cached_property
    def _spelled(self) -> dict[str, list[WaitingExport]]:
        """Return the exports by what a name may carry of them."""
        spelled = {stem: list(exports) for stem, exports in self._by_stem.items() if stem}
        for export in (export for exports in self._by_stem.values() for export in exports):
            for text in (str(export.export_id), export.export_id.hex):
                spelled.setdefault(text, []).append(export)
        return spelled

    @cached_property
    def _by_word(self) -> dict[str, list[str]]:
        """Return what is spelled by its rarest word, which is looked for first."""
        words = {spelled: _WORD.findall(spelled) for spelled in self._spelled}
        seen = Counter(word for found in words.values() for word in set(found))
        by_word: dict[str, list[str]] = {}
        for spelled, found in words.items():
            by_word.setdefault(min(found, key=lambda word: (seen[word], -len(word)), default=""), []).append(spelled)
        return by_word

    @cached_property
    def _lengths(self) -> list[int]:
        return sorted({len(word) for word in self._by_word if word})

    def _perhaps_in(self, name: str) -> dict[str, list[WaitingExport]]:
        """Return what has its rarest word in a name, also where other letters touch it."""
        found: dict[str, list[WaitingExport]] = {}
        for word in _WORD.findall(name):
            sizes = [size for size in self._lengths if size <= len(word)]
            for piece in {piece for size in sizes for piece in (word[:size], word[-size:])} & self._by_word.keys():
                found |= {spelled: self._spelled[spelled] for spelled in self._by_word[piece]}
        return found


def _place(spelled: str, name: str) -> int:
    """Return where in a name something stands, or -1; a digit more would make another number of it."""
    at = name.find(spelled)
    while at >= 0 and (_goes_on(name[at - 1 : at], spelled[0]) or _goes_on(name[at + len(spelled) :][:1], spelled[-1])):
        at = name.find(spelled, at + 1)
    return at


def _goes_on(beside: str, end: str) -> bool:
    return beside.isdigit() and end.isdigit()
