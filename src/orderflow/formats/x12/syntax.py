"""X12 as text: what ISA says about separators, and the interchanges that a file holds.

Partners' files are read as they come: ISA without its blanks, line breaks anywhere, several interchanges, each with
separators of its own. Source: ASC X12.5.
"""

from __future__ import annotations

from collections.abc import Iterator

from orderflow.domain.answer_files import UnfinishedError, UnreadableError, in_utf_8
from orderflow.formats.edi.envelopes import Envelope, Level, read_envelope
from orderflow.formats.edi.segments import AT_THE_END, BLANKS, LARGEST, Marks, SegmentReader, last_line

INTERCHANGE = Level("ISA", "IEA", 13)
GROUP = Level("GS", "GE", 6)
SET = Level("ST", "SE", 2, counts_segments=True)

LONGEST_ISA = 700
"""Characters; one with its blanks has 106."""


def read_interchanges(content: bytes) -> Iterator[Envelope]:
    """Yield the interchanges of a file, one after the other.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    if len(content) > LARGEST:
        raise UnreadableError(f"It is larger than {LARGEST:,} bytes.")
    text = _text(in_utf_8(content))
    if not text:
        raise UnfinishedError("The file is empty.")
    start = 0
    while start < len(text):
        marks = _marks(text, start)
        segments = SegmentReader(text, marks, start)
        yield read_envelope(iter(segments), (INTERCHANGE, GROUP, SET))
        start = segments.position
        while start < len(text) and text[start] in AT_THE_END + marks.segment:
            start += 1


def _text(content: bytes) -> str:
    """Return the text: X12 does not say its encoding, and what is no UTF-8 is most often Latin 1."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("iso-8859-1")
    text = text.lstrip(AT_THE_END)
    if last_line(text).startswith(INTERCHANGE.closes):  # whose break, where it ends segments, many leave out
        text = text.rstrip(AT_THE_END) + ("\n" if "\n" in text else "\r")
    return text


def _marks(text: str, start: int) -> Marks:
    element = text[start + 3 : start + 4]
    if text[start : start + 3] != "ISA" or not element or element.isalnum() or element in BLANKS:
        raise UnreadableError("It does not begin with ISA where an interchange should.")
    isa = text[start : start + LONGEST_ISA].split(element, 16)
    if len(isa) < 17 or len(isa[16]) < 2:
        kind = UnfinishedError if len(text) - start < 200 else UnreadableError
        raise kind("Its ISA does not have 16 elements.")
    component, segment = isa[16][0], isa[16][1]
    segment = "\n" if isa[16][1:3] == "\r\n" else segment
    if len({element, component, segment}) < 3 or any(mark.isalnum() or mark == " " for mark in (component, segment)):
        raise UnreadableError("Its ISA does not say the separators.")
    return Marks(element, component, segment)
