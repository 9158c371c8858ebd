"""Envelopes: interchange, group and message, each of which is opened and closed and says how much is in it.

A count that is wrong or a reference that is another at the end makes the whole file unreadable: something was lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.edi.segments import MOST_SEGMENTS, Segment


@dataclass(frozen=True, slots=True)
class Level:
    """A kind of envelope.

    Attributes:
        opens, closes: The tags.
        reference: Which element of the opening segment is repeated as the second of the closing one, whose first
            says how much lies between.
        counts_segments: Whether that counts segments, with these two; else the envelopes right within.
    """

    opens: str
    closes: str
    reference: int
    counts_segments: bool = False


@dataclass(slots=True)
class Envelope:
    """What lies between two such segments."""

    level: Level
    header: Segment
    inner: list[Envelope] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """The control reference."""
        return self.header.get(self.level.reference)

    def close(self, trailer: Segment) -> None:
        """Compare the trailer with what is there. Raises UnreadableError."""
        place = f"{self.header.tag} {_shown(self.reference)}"
        if not _same(trailer.get(2), self.reference):
            raise UnreadableError(f"{place} is closed by {trailer.tag} with the reference {_shown(trailer.get(2))}.")
        there = len(self.segments) + 2 if self.level.counts_segments else len(self.inner)
        if not _same(trailer.get(1), str(there)):
            what = "segments" if self.level.counts_segments else "parts"
            raise UnreadableError(f"{place} has {there} {what}, and {trailer.tag} says {_shown(trailer.get(1))}.")


def read_envelope(segments: Iterator[Segment], levels: Sequence[Level]) -> Envelope:
    """Read from the segment that opens the outermost level to the one that closes it.

    Args:
        levels: The outermost first. One in between may be left out, as groups are in EDIFACT.

    Raises:
        UnreadableError: A count or a reference is wrong, or something lies where it cannot.
    """
    outermost = _opened(next(segments), levels[:1])
    if outermost is None:
        raise UnreadableError(f"It does not begin with {levels[0].opens}.")
    services = {tag for level in levels for tag in (level.opens, level.closes)}
    path = [outermost]
    here = outermost.segments
    for segment in islice(segments, MOST_SEGMENTS):
        if segment.tag not in services:
            here.append(segment)
            continue
        if segment.tag == path[-1].level.closes:
            path.pop().close(segment)
            if not path:
                return outermost
        else:
            path.append(_within(path[-1], segment, levels))
        here = path[-1].segments
    raise UnreadableError(f"It has more than {MOST_SEGMENTS:,} segments.")


def _within(outer: Envelope, segment: Segment, levels: Sequence[Level]) -> Envelope:
    """Return the envelope that a segment opens in another. Raises UnreadableError: it opens none there."""
    inner = _opened(segment, levels[levels.index(outer.level) + 1 :])
    if inner is None:
        raise UnreadableError(f"{segment.tag} stands within {outer.header.tag}, which is not closed before it.")
    outer.inner.append(inner)
    return inner


def _opened(segment: Segment, levels: Sequence[Level]) -> Envelope | None:
    return next((Envelope(level, segment) for level in levels if level.opens == segment.tag), None)


def _same(one: str, other: str) -> bool:
    """Return whether two references are the same, or the same number: some programs write zeros in front at one end."""
    one, other = one.strip(), other.strip()
    return one == other or (one.isdigit() and other.isdigit() and one.lstrip("0") == other.lstrip("0"))


def _shown(text: str) -> str:
    return repr(text.strip()[:40])
