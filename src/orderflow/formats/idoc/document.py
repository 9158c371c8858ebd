"""An IDoc as a document: a control record and segments, written as XML or as a flat file.

Source: SAP's documentation of the IDoc interface (EDI_DC40, EDI_DD40; XML as the XML port writes it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orderflow.formats.idoc.structure import CONTROL, FULL_RECORD, SEGMENTS
from orderflow.formats.xml_text import NOT_IN_XML, escaped

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(slots=True)
class Segment:
    """A segment with those that belong to it. Values are as they are to be written; what is empty is left out."""

    type: str
    values: dict[str, str]
    inner: list[Segment] = field(default_factory=list)

    def add(self, segment_type: str, values: dict[str, str]) -> Segment:
        """Add a segment to this one, and return it."""
        made = Segment(segment_type, values)
        self.inner.append(made)
        return made


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters that a document may hold: no control characters, and in a flat file those of its encoding."""

    encoding: str

    @property
    def name(self) -> str:
        """For people."""
        return self.encoding

    def written(self, text: str) -> str | None:
        """Return a text as it is, or None: it holds a letter that is not among them."""
        if text.isascii() and text.isprintable():
            return text
        if _CONTROL_CHARACTER.search(text):
            return None
        if self.encoding == "XML":
            return None if NOT_IN_XML.search(text) else text
        try:
            return text if text.encode(self.encoding).decode(self.encoding) == text else None
        except UnicodeError:
            return None


def as_xml(control: Mapping[str, str], segments: list[Segment]) -> str:
    """Return an IDoc as XML, each segment on a line of its own."""
    root = control["IDOCTYP"]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<{root}>",
        '<IDOC BEGIN="1">',
        *_xml(Segment("EDI_DC40", dict(control))),
    ]
    for segment in segments:
        lines += _xml(segment)
    return "\n".join([*lines, "</IDOC>", f"</{root}>", ""])


def _xml(segment: Segment) -> Iterator[str]:
    fields = "".join([f"<{name}>{escaped(value)}</{name}>" for name, value in segment.values.items() if value])
    opened = f'<{segment.type} SEGMENT="1">{fields}'
    if not segment.inner:
        yield f"{opened}</{segment.type}>"
        return
    yield opened
    for one in segment.inner:
        yield from _xml(one)
    yield f"</{segment.type}>"


def as_flat(control: Mapping[str, str], segments: list[Segment], definitions: Mapping[str, str], line_end: str) -> str:
    """Return an IDoc as records of fixed width.

    Args:
        definitions: Names of segments in this SAP, by their types, where they are not those of `structure`.
        line_end: Behind each record; without one, each data record is filled up to its full length.
    """
    records = [CONTROL.written(control)]
    place = f"{control.get('MANDT', ''):3}{control['DOCNUM']}"
    begins = {name: f"{definitions.get(name, one.definition):30}{place}" for name, one in SEGMENTS.items()}
    for number, above, level, segment in _numbered(segments):
        fields = SEGMENTS[segment.type].written(segment.values)
        record = f"{begins[segment.type]}{number:06}{above:06}{level:02}{fields}"
        records.append(record if line_end else record.ljust(FULL_RECORD))
    return line_end.join([*records, ""])


def _numbered(segments: list[Segment]) -> Iterator[tuple[int, int, int, Segment]]:
    """Yield each segment with its number, that of the one above it, and its level, as SAP's own files have them."""
    first, *others = segments
    count = 0
    waiting = [(0, 2, segment) for segment in reversed(others)] + [(0, 1, first)]
    while waiting:
        above, level, segment = waiting.pop()
        count += 1
        yield count, above, level, segment
        if segment.inner:
            waiting += [(count, level + 1, one) for one in reversed(segment.inner)]
