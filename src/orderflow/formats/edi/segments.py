"""Segments: a tag and elements, which may have components; and the marks that keep them apart.

Sources: ISO 9735 (EDIFACT), ASC X12.5 and X12.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from orderflow.domain.answer_files import UnfinishedError, UnreadableError

LARGEST = 10 * 1024 * 1024
"""Bytes of a file; what is larger is not read."""

MOST_SEGMENTS = 500_000
"""Of a file; a response to 20,000 lines has some 200,000."""

LONGEST_SEGMENT = 20_000
"""Characters; the longest that the dialects know have some 5,000."""

AT_THE_END = "\0\x1a \t\r\n"
"""What some programs leave behind the last segment."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The characters with a meaning; `release` and `decimal` are EDIFACT's."""

    element: str
    component: str
    segment: str
    release: str = ""
    decimal: str = "."


class Segment:
    """One segment as it was read; elements and components are counted from 1, as the standards do."""

    __slots__ = ("_elements", "_marks", "tag")

    def __init__(self, tag: str, elements: Sequence[str], marks: Marks) -> None:
        self.tag, self._elements, self._marks = tag, elements, marks

    def __len__(self) -> int:
        """Return how many elements there are."""
        return len(self._elements)

    def get(self, element: int, component: int = 1) -> str:
        """Return a value without blanks around it; what is not there is empty."""
        if element > len(self._elements):
            return ""
        value, marks = self._elements[element - 1], self._marks
        if marks.component in value:
            parts = _split(value, marks.component, marks.release)
            value = parts[component - 1] if component <= len(parts) else ""
        elif component > 1:
            return ""
        return _plain(value, marks.release).strip() if marks.release and marks.release in value else value.strip()

    def all(self, element: int, first: int = 1) -> list[str]:
        """Return the components of an element that are not empty, from the `first` on; none if it is not there."""
        if element > len(self._elements):
            return []
        parts = _split(self._elements[element - 1], self._marks.component, self._marks.release)
        plain = (_plain(part, self._marks.release) if self._marks.release else part for part in parts[first - 1 :])
        return [value for part in plain if (value := part.strip())]


def composite(*parts: str, by: str) -> str:
    """Join components or elements; empty ones at the end are left out."""
    last = len(parts)
    while last and not parts[last - 1]:
        last -= 1
    return by.join(parts[:last])


@dataclass
class SegmentWriter:
    """Puts segments together; the values are given as they are to be written (`orderflow.formats.edi.values`)."""

    marks: Marks
    line_end: str = ""
    written: list[str] = field(default_factory=list)

    def add(self, tag: str, *elements: str) -> None:
        """Write a segment; empty elements at its end are left out."""
        self.written.append(composite(tag, *elements, by=self.marks.element))

    def of(self, *components: str) -> str:
        """Return an element of several components."""
        return composite(*components, by=self.marks.component)

    def text(self) -> str:
        """Return all that was written."""
        end = f"{self.marks.segment}{self.line_end}"
        return end.join([*self.written, ""])


class SegmentReader:
    """Cuts a text into segments, from `start` on; looks at each character a fixed number of times."""

    def __init__(self, text: str, marks: Marks, start: int) -> None:
        self._text, self._marks, self.position = text, marks, start
        self._end = _ending(marks.segment, marks.release)

    def __iter__(self) -> Iterator[Segment]:
        return self

    def __next__(self) -> Segment:
        """Return the next segment; line breaks are no part of it, wherever they stand.

        Raises:
            UnfinishedError: The text ends within it, or before it.
            UnreadableError: It is longer than segments are.
        """
        raw = ""
        while not raw:  # some programs end a segment twice
            raw = self._next()
        tag, *elements = _split(raw, self._marks.element, self._marks.release)
        return Segment(tag.rstrip(), elements, self._marks)

    def _next(self) -> str:
        found = self._end.match(self._text, self.position, self.position + LONGEST_SEGMENT)
        if found is None:
            raise self._without_end()
        self.position = found.end()
        raw = found[1]
        if "\n" in raw or "\r" in raw:
            raw = raw.replace("\r", "").replace("\n", "")
        return raw.lstrip()

    def _without_end(self) -> UnreadableError:
        if len(self._text) > self.position + LONGEST_SEGMENT:
            return UnreadableError(f"A segment is longer than {LONGEST_SEGMENT:,} characters.")
        return UnfinishedError("It breaks off before its end.")


@lru_cache(maxsize=256)
def _ending(segment: str, release: str) -> re.Pattern[str]:
    end, mark = re.escape(segment), re.escape(release)
    if not release:
        return re.compile(f"([^{end}]*){end}")
    # A line that was broken behind a release mark has it stand for the letter in the next line.
    return re.compile(f"([^{end}{mark}]*(?:{mark}[\r\n]*[^\r\n][^{end}{mark}]*)*){end}")


@lru_cache(maxsize=256)
def _parting(mark: str, release: str) -> re.Pattern[str]:
    at, before = re.escape(mark), re.escape(release)
    return re.compile(f"([^{at}{before}]*(?:{before}.[^{at}{before}]*)*){at}", re.DOTALL)


def _split(text: str, mark: str, release: str) -> list[str]:
    if not release or release not in text:
        return text.split(mark)
    return _parting(mark, release).findall(f"{text}{mark}")


def _plain(value: str, release: str) -> str:
    return re.sub(f"{re.escape(release)}(.)", r"\1", value, flags=re.DOTALL)
