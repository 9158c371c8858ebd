"""EDIFACT as text: what UNA and UNB say about marks and letters, and the interchanges that a file holds.

Source: ISO 9735 (versions 1 to 4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from orderflow.domain.answer_files import UnfinishedError, UnreadableError, in_utf_8
from orderflow.formats.edi.envelopes import Envelope, Level, read_envelope
from orderflow.formats.edi.segments import AT_THE_END, BLANKS, LARGEST, Marks, SegmentReader, last_line
from orderflow.formats.edifact.letters import ENCODINGS

INTERCHANGE = Level("UNB", "UNZ", 5)
GROUP = Level("UNG", "UNE", 5)
MESSAGE = Level("UNH", "UNT", 1, counts_segments=True)
USUAL = Marks("+", ":", "'", "?")
OF_LEVEL_B = Marks("\x1d", "\x1f", "\x1c")
"""What UNOB may use without telling: the separators of ASCII (ISO 9735, level B)."""

# Possessive: a file of blanks is no EDIFACT, and is looked through once to know it.
_BEGINNING = re.compile(rb"[\0\x1a\s]*+(\xef\xbb\xbf)?+\s*+(?:UNA.{6}\s*+)?+UNB.(UNO[A-Z])", re.DOTALL)
_HEAD = re.compile(r"(?:UNA(.)(.).(.).(.)\s*+)?+(?=UNB)", re.DOTALL)
_BY_LINES = re.compile(r"UNA.{5}[\r\n]\s*+UNB")
"""How an interchange begins whose segments end with line breaks, of whichever kind."""


def read_interchanges(content: bytes) -> Iterator[Envelope]:
    """Yield the interchanges of a file, one after the other.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    if len(content) > LARGEST:
        raise UnreadableError(f"It is larger than {LARGEST:,} bytes.")
    content = in_utf_8(content)
    if not content.strip(AT_THE_END.encode()):
        raise UnfinishedError("The file is empty.")
    written = _text(content)
    by_lines = _BY_LINES.search(written) is not None
    text = _one_kind_of_lines(written) if by_lines else written.replace("\r", "").replace("\n", "")
    start = 0
    while start < len(text):
        head = _HEAD.match(text, start)
        if head is None:
            raise UnreadableError("It does not begin with UNA or UNB where an interchange should.")
        marks = _marks(head) if head[1] or text[head.end() + 3 : head.end() + 4] != OF_LEVEL_B.element else OF_LEVEL_B
        segments = SegmentReader(text, marks, head.end())
        try:
            yield read_envelope(iter(segments), (INTERCHANGE, GROUP, MESSAGE))
        except UnfinishedError:
            _refuse_lines(written, marks.segment)
            raise
        start = segments.position
        while start < len(text) and text[start] in AT_THE_END + marks.segment:
            start += 1


def _text(content: bytes) -> str:
    """Return the text in the letters that UNB names, or the file's beginning."""
    found = _BEGINNING.match(content)
    if found is None:
        raise UnreadableError("It is no EDIFACT: it does not begin with UNA or UNB, and letters of UNO.")
    letters = found[2].decode()
    if letters not in ENCODINGS:
        raise UnreadableError(f"It is written in the letters of {letters}, which are not known here.")
    # What says ASCII and is not, is most often Latin 1, whose every byte is a letter: better shown than refused.
    encoding = "iso-8859-1" if ENCODINGS[letters] == "ascii" else ENCODINGS[letters]
    encoding = "utf-8" if found[1] else encoding  # its mark is no letter of any other
    try:
        return content.decode(encoding).lstrip("\ufeff" + AT_THE_END)
    except UnicodeDecodeError:
        raise UnreadableError(f"It says that it is written in the letters of {letters}, and is not.") from None


def _one_kind_of_lines(text: str) -> str:
    """Return a text whose lines end with LF, also the last one where an interchange ends: many leave that break out."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"{lines.rstrip(AT_THE_END)}\n" if last_line(lines).startswith(INTERCHANGE.closes) else lines


def _refuse_lines(text: str, mark: str) -> None:
    """Raise UnreadableError if segments end with line breaks only, so that waiting for their mark is in vain."""
    in_lines = last_line(text).startswith(INTERCHANGE.closes)
    if in_lines and not re.search(rf"(?<!UNA.{{5}}){re.escape(mark)}[ \t]*+[\r\n]", text):
        raise UnreadableError(
            f"Its segments end with line breaks, and not with {mark}: UNA has to say so by its last character."
        )


def _marks(head: re.Match[str]) -> Marks:
    if head[1] is None:
        return USUAL
    component, element, release, segment = head.groups()
    marks = Marks(element, component, segment, "" if release == " " else release)
    given = [mark for mark in (element, component, segment, marks.release) if mark]
    if len(set(given)) < len(given) or any(mark.isalnum() or (mark in BLANKS and mark != "\n") for mark in given):
        raise UnreadableError("UNA gives the same mark two meanings, or a letter or blank as a mark.")
    return marks
