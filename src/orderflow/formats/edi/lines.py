"""The lines of a response: a message's head, and the segments that belong to each line, by their tags."""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import cached_property

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.edi.response import decimal
from orderflow.formats.edi.segments import Segment


class Block:
    """Segments that belong together, in their order."""

    def __init__(self, segments: list[Segment]) -> None:
        self.segments = segments

    def of(self, *tags: str) -> Sequence[Segment]:
        """Return those with a tag; those with the first tag first."""
        if len(tags) == 1:
            return self._by_tag.get(tags[0], ())
        return [segment for tag in tags for segment in self.of(tag)]

    def first(self, *tags: str) -> Segment | None:
        """Return the first with one of these tags."""
        return next(iter(self.of(*tags)), None)

    def cut_before(self, tag: str) -> tuple[Block, Block]:
        """Return what stands before the first segment with a tag, and the rest."""
        if tag not in self._by_tag:
            return self, Block([])
        at = self.segments.index(self._by_tag[tag][0])
        return Block(self.segments[:at]), Block(self.segments[at:])

    @cached_property
    def _by_tag(self) -> dict[str, list[Segment]]:
        found: dict[str, list[Segment]] = {}
        for segment in self.segments:
            found.setdefault(segment.tag, []).append(segment)
        return found


def parts_of(segments: Sequence[Segment], begin: Container[str], end: str) -> tuple[Block, list[Block]]:
    """Return what stands before the first line, and the lines, each of which begins with a tag of `begin`."""
    head: list[Segment] = []
    lines: list[list[Segment]] = []
    here = head
    for segment in segments:
        if segment.tag == end:
            break
        if segment.tag in begin:
            here = []
            lines.append(here)
        here.append(segment)
    return Block(head), [Block(line) for line in lines]


def check_count(told: str, lines: int, place: str) -> None:
    """Check what a message says of how many lines it has. Raises UnreadableError."""
    if told and decimal(told) != lines:
        raise UnreadableError(f"It has {lines} lines, and {place} says {told[:20]!r}.")
