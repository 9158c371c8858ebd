"""Segments: a tag and elements, which may have components; and the marks that keep them apart.

Sources: ISO 9735 (EDIFACT), ASC X12.5 and X12.6.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from orderflow.domain.answer_files import UnfinishedError, UnreadableError

LARGEST = 5 * 1024 * 1024
"""Bytes of a file; what is larger is not read. A response to 20,000 lines has some 3 MB, and takes 50 times as much
memory while it is read."""

MOST_SEGMENTS = 250_000
"""Of a file; a response to 20,000 lines has some 150,000."""

LONGEST_SEGMENT = 20_000
"""Characters; the longest that the dialects know have some 5,000."""

AT_THE_END = "\0\x1a \t\r\n"
"""What some programs leave behind the last segment."""

BLANKS = " \t\r\n"
"""What is no mark. `str.isspace` has the separators of ASCII among them, which are the marks of some partners."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The characters with a meaning; `release` is EDIFACT's."""

    element: str
    component: str
    segment: str
    release: str = ""


class Segment:
    """One segment as it was read; elements and components are counted from 1, as the standards do."""

    __slots__ = ("_elements", "tag")

    def __init__(self, tag: str, elements: Sequence[str | list[str]]) -> None:
        """Take elements, those that have components in parts."""
        self.tag, self._elements = tag, elements

    def __len__(self) -> int:
        """Return how many elements there are."""
        return len(self._elements)

    def get(self, element: int, component: int = 1) -> str:
        """Return a value without blanks around it; what is not there is empty."""
        try:
            parts = self._elements[element - 1]
            if isinstance(parts, str):
                return parts.strip() if component == 1 else ""
            return parts[component - 1].strip()
        except IndexError:
            return ""

    def all(self, element: int, first: int = 1) -> list[str]:
        """Return the components of an element that are not empty, from the `first` on; none if it is not there."""
        parts = self._elements[element - 1] if element <= len(self._elements) else ()
        parts = [parts] if isinstance(parts, str) else parts
        return [value for part in parts[first - 1 :] if (value := part.strip())]


def last_line(text: str) -> str:
    """Return the last line of a text that is not blank."""
    lines = text.rstrip(AT_THE_END)
    return lines[max(lines.rfind("\r"), lines.rfind("\n")) + 1 :].lstrip()


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
    """Cuts a text into segments, from `position` on; looks at each character a fixed number of times."""

    def __init__(self, text: str, marks: Marks, position: int) -> None:
        self._text, self._marks, self.position = text, marks, position

    def __iter__(self) -> Iterator[Segment]:
        """Yield the segments; line breaks are no part of them, wherever they stand.

        Raises:
            UnfinishedError: The text ends within one, or before it.
            UnreadableError: It is longer than segments are.
        """
        text, marks = self._text, self._marks
        element, component, release = marks.element, marks.component, marks.release
        while True:
            start = self.position
            end = text.find(marks.segment, start, start + LONGEST_SEGMENT)
            if end < 0 or text[end - 1] == release:
                end = self._end_behind_releases(end)
            self.position = end + 1
            raw = text[start:end]
            if "\n" in raw or "\r" in raw:
                raw = raw.replace("\r", "").replace("\n", "")
            raw = raw.lstrip()
            if release and release in raw:
                yield _released(raw, marks)
            elif raw:  # some programs end a segment twice
                tag, *elements = raw.split(element)
                yield Segment(tag.rstrip(), [one.split(component) if component in one else one for one in elements])

    def _end_behind_releases(self, end: int) -> int:
        """Return where it ends, if its first mark is released. Raises UnfinishedError, UnreadableError: nowhere."""
        text, mark, release = self._text, self._marks.segment, self._marks.release
        while end > 0 and _is_released(text, end, release):
            end = text.find(mark, end + 1, self.position + LONGEST_SEGMENT)
        if end < 0:
            raise self._without_end()
        return end

    def _without_end(self) -> UnreadableError:
        if len(self._text) > self.position + LONGEST_SEGMENT:
            return UnreadableError(f"A segment is longer than {LONGEST_SEGMENT:,} characters.")
        return UnfinishedError("It breaks off before its end.")


def _released(raw: str, marks: Marks) -> Segment:
    """Return a segment in which marks are released."""
    tag, *elements = _split(raw, marks.element, marks.release)
    parts = (_split(element, marks.component, marks.release) for element in elements)
    return Segment(tag.rstrip(), [[_plain(part, marks.release) for part in element] for element in parts])


def _is_released(text: str, at: int, release: str) -> bool:
    """Return whether a mark stands behind a release mark that is not released itself."""
    first = at
    while first and text[first - 1] == release:
        first -= 1
    return (at - first) % 2 == 1


def _split(text: str, mark: str, release: str) -> list[str]:
    """Part a text at marks that are not released; by no pattern, since each interchange may bring marks of its own."""
    parts: list[str] = []
    pieces: list[str] = []
    for piece in text.split(mark):
        pieces.append(piece)
        if not _is_released(piece, len(piece), release):
            parts.append(mark.join(pieces))
            pieces = []
    return [*parts, mark.join(pieces)] if pieces else parts


def _plain(value: str, release: str) -> str:
    return release.join(part.replace(release, "") for part in value.split(release * 2))
