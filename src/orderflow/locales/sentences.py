"""Sentences of ours in another language, found by what they are in English.

A catalogue has each with a number in braces for what changes: `{0} has no room left for {1}.` Its sentence in the other
language says what stands there: `{0}` is taken over as it came (a path, an ERP's own words), `{0?}` is told in that
language, too, where its words are known, and with `{0!}` a sentence fits only if they are. What is left out does not
matter there, as the s of a plural.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

LONGEST = 2_000
"""Characters; what has more is no sentence of ours."""

MOST_PARTS = 12
"""Sentences in a row that are looked at one by one."""

MOST_LOOKS = 100
"""Sentences that are held against one text and what stands within it."""

MOST_PLACES = 24
"""At which a first part may end, where more than one way to part a text has to be tried."""

LEAST_LETTERS = 5
"""Of a sentence of which something within another one may be: with fewer it may be anybody's words."""

_KEPT = 2_000
_PLACE = re.compile(r"\{([0-9])\}")
_SAID_PLACE = re.compile(r"\{([0-9])([?!]?)\}")
_WORD = re.compile(r"[^\W_]+")
_MARK = re.compile(r"[ ,.:;]")
_BETWEEN = re.compile(r"(?<=[.?!]) (?=[A-Z])")


@dataclass(frozen=True, slots=True)
class _Sentence:
    """One sentence of a catalogue.

    Attributes:
        literals: What stands around the places in English, one more than there are places.
        said: The sentence in the other language.
        known: The places of which the words have to be known.
        letters: How much of the English sentence does not change.
    """

    literals: tuple[str, ...]
    said: str
    known: frozenset[int]
    letters: int

    @classmethod
    def of(cls, english: str, said: str) -> _Sentence:
        parts = _PLACE.split(english)
        literals = tuple(parts[::2])
        known = frozenset(int(number) for number, mark in _SAID_PLACE.findall(said) if mark == "!")
        return cls(literals, said, known, sum(map(len, literals)))

    def fillings(self, text: str) -> Iterator[list[str]]:
        """Yield what the places hold if `text` is this sentence; more than once where there is more than one way."""
        first, last = self.literals[0], self.literals[-1]
        begin, end = len(first), len(text) - len(last)
        if begin <= end and text.startswith(first) and text.endswith(last):
            yield from self._ways(text[begin:end], self.literals[1:-1])

    def _ways(self, text: str, between: Sequence[str]) -> Iterator[list[str]]:
        if not between:
            yield [text]
            return
        for at in self._ends(text, between[0]):
            for rest in self._ways(text[at + len(between[0]) :], between[1:]):
                yield [text[:at], *rest]

    def _ends(self, text: str, literal: str) -> Iterator[int]:
        """Yield where a place may end: before what follows it, or at a mark or blank where another place does."""
        if not literal:
            yield from islice(chain([len(text)], (found.start() for found in _MARK.finditer(text))), MOST_PLACES)
            return
        at = text.find(literal)
        for _ in range(MOST_PLACES if self.known else 1):
            if at < 0:
                return
            yield at
            at = text.find(literal, at + 1)


class Sentences:
    """A language's sentences.

    Args:
        words: Sentences and what they are there, by their English.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self._same = {english: said for english, said in words.items() if not _PLACE.search(english)}
        patterns = [(english, said) for english, said in words.items() if english not in self._same]
        # Each is found by the rarest word that surely stands in it, so that few are held against a text.
        often = Counter(word for english, _ in patterns for word in _whole_words(english))
        self._by_word: dict[str, list[_Sentence]] = {}
        for english, said in patterns:
            word = min(_whole_words(english), key=lambda word: (often[word], word), default="")
            self._by_word.setdefault(word, []).append(_Sentence.of(english, said))
        self.told = lru_cache(_KEPT)(self._told)

    def _told(self, text: str) -> str | None:
        """Return a text in the language; None if it is none of ours, or nobody has said it there."""
        found = _Look(self._same, self._by_word).told(text) if len(text) <= LONGEST else None
        return found and found.text


class _Told(NamedTuple):
    """A text in the language.

    Attributes:
        left: Characters of it that stand there as they came.
    """

    text: str
    left: int = 0


class _Look:
    """One text that is looked up, with what stands within it."""

    def __init__(self, same: Mapping[str, str], by_word: Mapping[str, list[_Sentence]]) -> None:
        self._same, self._by_word = same, by_word
        self._looks = 0

    def told(self, text: str, least: int = 0) -> _Told | None:
        """Return it in the language; None if it is not known, or only by a sentence of fewer than `least` letters."""
        if (said := self._same.get(text)) is not None:
            return _Told(said)
        return self._all(_BETWEEN.split(text), " ", LEAST_LETTERS) or self._by_pattern(text, least)

    def _all(self, parts: Sequence[str], between: str, least: int) -> _Told | None:
        """Return several sentences in a row, if each of them is known."""
        if not 1 < len(parts) <= MOST_PARTS:
            return None
        told = []
        for part in parts:
            said = self._same.get(part)
            one = self._by_pattern(part, least) if said is None else _Told(said)
            if one is None:
                return None
            told.append(one)
        return _Told(between.join(one.text for one in told), sum(one.left for one in told))

    def _by_pattern(self, text: str, least: int) -> _Told | None:
        """Return it by the sentence that leaves the least of it as it came."""
        best: _Told | None = None
        for sentence in self._candidates(text, least):
            for parts in sentence.fillings(text):
                self._looks += 1
                if self._looks > MOST_LOOKS:
                    return best
                one = self._said(sentence, parts)
                if one is not None and (best is None or one.left < best.left):
                    best = one
        return best

    def _candidates(self, text: str, least: int) -> list[_Sentence]:
        words = dict.fromkeys(_WORD.findall(text))
        found = [one for word in (*words, "") for one in self._by_word.get(word, ()) if one.letters >= least]
        return sorted(found, key=lambda one: -one.letters)

    def _said(self, sentence: _Sentence, parts: Sequence[str]) -> _Told | None:
        told: dict[str, _Told] = {}
        for place, number, mark in _places(sentence.said):
            part = parts[number]
            words = self._within(part, 0 if mark == "!" else LEAST_LETTERS) if mark else None
            if words is None and mark == "!":
                return None
            told[place] = words or _Told(part, len(part))
        text = _SAID_PLACE.sub(lambda place: told[place[0]].text, sentence.said)
        return _Told(text, sum(one.left for one in told.values()))

    def _within(self, part: str, least: int) -> _Told | None:
        listed = self._all(part.split("; "), "; ", least) or self._all(part.split(", "), ", ", least)
        return listed or self.told(part, least)


def _places(said: str) -> Iterator[tuple[str, int, str]]:
    for place in _SAID_PLACE.finditer(said):
        yield place[0], int(place[1]), place[2]


def _whole_words(english: str) -> set[str]:
    """Return the words that stand in every sentence of this form: none that touches a place, since that may go on."""
    return set(_WORD.findall(re.sub(r"\w*\{[0-9]\}\w*", " ", english)))
