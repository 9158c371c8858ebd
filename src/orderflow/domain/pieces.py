"""Secrets whose letters stand apart, and parts of secrets where a text was cut.

Both could hide ordinary words, so that each has a bound: a piece counts from `SHORTEST` characters on if it has letters
and digits, as keys do and words do not, else from `LONG` on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import accumulate

from orderflow.domain.codes import UNSEEN
from orderflow.domain.letters import alike

SHORTEST = 8
"""Characters of a piece that has letters and digits."""

LONG = 16
"""Characters of any other piece."""

MOST_KNOWN = 256
"""Beginnings and ends of texts of which it is known whether they are a piece."""

_GAP = rf"\s\x00-\x1f\x7f{UNSEEN}"
"""Blanks, line breaks, control characters, and what is not seen."""

_GAPS = re.compile(f"[{_GAP}]+")
_NO_GAPS = re.compile(f"[^{_GAP}]+")
_HEAD_OF_KEY = "-----"
"""How a key in PEM begins, and every other one; its lines are forms by themselves."""

_EDGE = " \t\r\n….,;:!?\"'\u2018\u2019\u201c\u201d\xab\xbb()[]{}<>"
"""What may stand between a cut and the end of a text."""


class Pieces:
    """Takes pieces of secrets out of a text.

    Args:
        secrets: Those whose letters may stand apart.
        forms: In which they may have been sent, and cut.
        hidden: What stands for a piece.
    """

    def __init__(self, secrets: Iterable[str], forms: Iterable[str], hidden: str) -> None:
        self._hidden = hidden
        written = {_GAPS.sub("", secret) for secret in secrets}
        apart = {alike(one) for secret in written for one in (secret, secret.lower())}  # which may be longer
        self._apart = [one for one in sorted(apart, key=lambda one: (-len(one), one)) if _counts(one)]
        cut = sorted({_small(form) for form in forms if len(form) > SHORTEST and not form.startswith(_HEAD_OF_KEY)})
        self._longest = max(map(len, cut), default=0) + len(_EDGE)
        every = "\n".join(cut)
        self._letters, self._is_part = frozenset(every), lru_cache(MOST_KNOWN)(every.__contains__)
        self._begins = _by_beginning(cut)
        self._ends = _by_beginning([form[::-1] for form in cut])

    def hidden_in(self, text: str) -> str:
        """Return a text without pieces."""
        if len(text) < SHORTEST:
            return text
        if _may_have_gaps(text):
            squeezed = _squeezed(text)
            for secret in self._apart:
                if secret in squeezed:
                    text = self._without_apart(text, secret)
        # A quick look first: where a secret was cut, what is left at the cut is a part of one.
        if self._may_be_part(text[-self._longest :].rstrip(_EDGE)[-SHORTEST:]):
            text = self._without_end(text)
        if self._may_be_part(text[: self._longest].lstrip(_EDGE)[:SHORTEST]):
            text = self._without_beginning(text)
        return text

    def _without_apart(self, text: str, secret: str) -> str:
        """Return a text without a secret whose letters may stand apart: it is looked for where they do not."""
        runs = [found.span() for found in _NO_GAPS.finditer(text)]
        ends = [0, *accumulate(end - start for start, end in runs)]
        squeezed, shown, kept = _squeezed(text), [], 0
        at = squeezed.find(secret)
        while at >= 0:
            first, last = (_place(runs, ends, one) for one in (at, at + len(secret) - 1))
            shown += [text[kept:first], self._hidden]
            kept = last + 1
            at = squeezed.find(secret, at + len(secret))
        return "".join([*shown, text[kept:]])

    def _may_be_part(self, piece: str) -> bool:
        """Return whether one of the forms holds a piece, in small or capital letters.

        A key has a hundred forms, and most texts of a connection begin alike, and end in what no form holds.
        """
        small = _small(piece)
        return self._letters.issuperset(small) and self._is_part(small)

    def _without_end(self, text: str) -> str:
        piece = self._cut(text[-self._longest :], self._begins)
        return text if piece is None else text[: len(text) - piece[0]] + self._hidden + text[len(text) - piece[1] :]

    def _without_beginning(self, text: str) -> str:
        piece = self._cut(text[: self._longest][::-1], self._ends)
        return text if piece is None else text[: piece[1]] + self._hidden + text[piece[0] :]

    def _cut(self, end: str, begins: dict[str, list[str]]) -> tuple[int, int] | None:
        """Return how far from a text's end a secret begins that was cut there, and how far from it the cut is."""
        told = _small(end.rstrip(_EDGE))
        parts: Collection[str] = begins
        if len(begins) > len(told):  # a key of many lines, and one of many short texts
            parts = begins.keys() & {told[at : at + SHORTEST] for at in range(len(told))}
        known = [form for part in parts if part in told for form in begins[part]]
        starts = [_start_of(form, told) for form in known]
        start = min((start for start in starts if start is not None and _counts(told[start:])), default=None)
        return None if start is None else (len(end) - start, len(end) - len(told))


def _may_have_gaps(text: str) -> bool:
    """Return False of a text that has none, for which a look at each letter is not needed."""
    return " " in text or not (text.isascii() and text.isprintable())


def _counts(piece: str) -> bool:
    mixed = any(map(str.isdigit, piece)) and any(map(str.isalpha, piece))
    return len(piece) >= (SHORTEST if mixed else LONG)


def _small(text: str) -> str:
    """Return a text in small letters, as long as it was."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else "".join(_small_letter(letter) for letter in text)


def _small_letter(letter: str) -> str:
    lowered = letter.lower()
    return lowered if len(lowered) == 1 else letter


@lru_cache(maxsize=4)
def _squeezed(text: str) -> str:
    """Return a text without gaps, in small letters; one line of the log is asked for by each connection's secrets."""
    return alike(_GAPS.sub("", text))


def _place(runs: list[tuple[int, int]], ends: list[int], at: int) -> int:
    """Return where a letter stands in a text: `at` is where it stands without the gaps between the runs."""
    run = bisect_right(ends, at) - 1
    return runs[run][0] + at - ends[run]


def _by_beginning(forms: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for form in forms:
        found.setdefault(form[:SHORTEST], []).append(form)
    return found


def _start_of(form: str, text: str) -> int | None:
    """Return where a text's end begins that is the beginning of a form; the longest one.

    Each letter is compared twice at most (Knuth, Morris and Pratt): trying each place would take the square of that.
    """
    letters = [*form[: len(text)], "", *text[-len(form) :]]
    fits = [0]
    for letter in letters[1:]:
        length = fits[-1]
        while length and letters[length] != letter:
            length = fits[length - 1]
        fits.append(length + (letters[length] == letter))
    return len(text) - fits[-1] if fits[-1] >= SHORTEST else None
