"""X12 as text: what ISA says about separators, and the interchanges that a file holds.

Partners' files are read as they come: ISA without its blanks, line breaks anywhere, several interchanges, each with
separators of its own. Source: ASC X12.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from orderflow.domain.answer_files import UnfinishedError, UnreadableError
from orderflow.formats.edi.envelopes import Envelope, Level, read_envelope
from orderflow.formats.edi.segments import AT_THE_END, BLANKS, LARGEST, Marks, SegmentReader

INTERCHANGE = Level("ISA", "IEA", 13)
GROUP = Level("GS", "GE", 6)
SET = Level("ST", "SE", 2, counts_segments=True)


def read_interchanges(content: bytes) -> Iterator[Envelope]:
    """Yield the interchanges of a file, one after the other.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    if len(content) > LARGEST:
        raise UnreadableError(f"It is larger than {LARGEST:,} bytes.")
    text = _text(content)
    if not text:
        raise UnfinishedError("The file is empty.")
    start = 0
    while start < len(text):
        segments = SegmentReader(text, _marks(text, start), start)
        yield read_envelope(iter(segments), (INTERCHANGE, GROUP, SET))
        start = segments.position
        while start < len(text) and text[start] in AT_THE_END:
            start += 1


def _text(content: bytes) -> str:
    """Return the text: X12 does not say its encoding, and what is no UTF-8 is most often Latin 1."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("iso-8859-1")
    return text.lstrip(AT_THE_END)


def _marks(text: str, start: int) -> Marks:
    element = text[start + 3 : start + 4]
    if text[start : start + 3] != "ISA" or not element or element.isalnum() or element in BLANKS:
        raise UnreadableError("It does not begin with ISA where an interchange should.")
    head = _isa(element).match(text, start)
    if head is None:
        kind = UnfinishedError if len(text) - start < 200 else UnreadableError
        raise kind("Its ISA does not have 16 elements.")
    component, segment = head.groups()
    segment = "\n" if segment == "\r\n" else segment
    if component == segment or any(mark.isalnum() or mark == " " for mark in (component, segment)):
        raise UnreadableError("Its ISA does not say the separators.")
    return Marks(element, component, segment)


@lru_cache(maxsize=64)
def _isa(element: str) -> re.Pattern[str]:
    mark = re.escape(element)
    return re.compile(f"ISA(?:{mark}[^{mark}]{{0,40}}){{15}}{mark}([^{mark}])(\\r\\n|[^{mark}])")
