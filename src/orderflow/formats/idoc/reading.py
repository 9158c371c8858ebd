"""IDocs as they come in, XML or flat: each with its control record, and its segments in their order."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from orderflow.documents.xml import LARGEST, read_xml
from orderflow.domain.answer_files import UnfinishedError, UnreadableError, in_utf_8
from orderflow.formats.idoc.structure import (
    CONTROL,
    FULL_RECORD,
    HEADER,
    RECORD,
    SEGMENTS,
    STATUS_RECORD,
    Layout,
    type_of,
)

_AT_THE_END = "\0\x1a\r\n"
_ENDS_WITH_TOTALS = {"ORDERS", "ORDCHG", "ORDRSP"}
"""Messages whose last segment is E1EDS01: without it a flat file may have lost lines at its end."""


class Read(Protocol):
    """A segment as it was read."""

    type: str

    def get(self, name: str) -> str:
        """Return a field without blanks around it; one that is not there is empty."""


class _Element:
    """A segment in XML."""

    __slots__ = ("_values", "type")

    def __init__(self, segment_type: str, values: Mapping[str, str]) -> None:
        self.type, self._values = segment_type, values

    def get(self, name: str) -> str:
        return self._values.get(name, "")


class _Record:
    """A segment in a flat file; a field is looked for when it is asked for."""

    __slots__ = ("_places", "_record", "type")

    def __init__(self, segment_type: str, places: Mapping[str, slice], record: str) -> None:
        self.type, self._places, self._record = segment_type, places, record

    def get(self, name: str) -> str:
        place = self._places.get(name)
        return self._record[place].strip() if place else ""


@dataclass(frozen=True, slots=True)
class Idoc:
    """An IDoc: its control record, and its segments one after the other, each before those that belong to it."""

    control: Read
    segments: Sequence[Read]

    def of(self, segment_type: str) -> Iterator[Read]:
        """Yield its segments of a type."""
        return (segment for segment in self.segments if segment.type == segment_type)


def read_idocs(content: bytes, encoding: str, *, with_totals: bool = True) -> Iterator[Idoc | Read]:
    """Yield the IDocs of a file, or the status records of one (`EDI_DS40`).

    Args:
        encoding: Of a flat file.
        with_totals: A flat IDoc that should end with its totals and does not is unfinished.

    Raises:
        UnfinishedError, UnreadableError: As `Format.read` does.
    """
    content = in_utf_8(content)
    beginning = content[:200].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    if not beginning:
        raise UnfinishedError("The file is empty.")
    if beginning.startswith(b"<"):
        yield from _in_xml(read_xml(content))
    elif beginning.startswith((b"EDI_DC40", b"EDI_DS40")):
        yield from _in_records(_records(content, encoding), with_totals=with_totals)
    elif b"EDI_DC40".startswith(beginning) or b"EDI_DS40".startswith(beginning):
        raise UnfinishedError("It breaks off in its first record.")
    else:
        raise UnreadableError("It begins neither as XML nor with a control record (EDI_DC40).")


def _in_xml(root: etree._Element) -> Iterator[Idoc]:
    found = [element for element in (root, *root) if _name(element) == "IDOC"]
    if not found:
        raise UnreadableError("It is XML without an IDOC in it.")
    for element in found:
        if not len(element) or _name(element[0]) != "EDI_DC40":
            raise UnreadableError("An IDOC of it does not begin with its control record (EDI_DC40).")
        segments: list[Read] = []
        for child in element:
            _collect(child, segments)
        yield Idoc(segments[0], segments[1:])


def _collect(element: etree._Element, found: list[Read]) -> None:
    """Add a segment and those in it; a field is an element that holds a text alone."""
    values: dict[str, str] = {}
    found.append(_Element(_name(element), values))
    for child in element:
        text = child.text
        if len(child) or (not text and child.get("SEGMENT")):
            _collect(child, found)
            continue
        name = child.tag
        if name[0] == "{":
            name = _name(child)
        if name in values:
            raise UnreadableError(f"A segment {_name(element)[:20]} of it has the field {name[:20]} twice.")
        values[name] = text.strip() if text else ""


def _name(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if tag[0] == "{" else tag


def _records(content: bytes, encoding: str) -> Sequence[str]:
    """Return the records of a flat file, each whole."""
    if len(content) > LARGEST:
        raise UnreadableError(f"It is larger than {LARGEST:,} bytes.")
    text = _text(content, encoding).rstrip("\0\x1a")
    first_end = text.find("\n")
    if first_end < 0 or first_end > FULL_RECORD:
        return list(_of_full_length(text))
    *records, last = text.split("\n")
    whole = [record.rstrip("\r") for record in records if record.strip(_AT_THE_END)]
    if last.strip():
        _check_whole(last)
        whole.append(last)
    return whole


def _text(content: bytes, encoding: str) -> str:
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" or content.startswith(BOM_UTF8) else encoding)
    except UnicodeDecodeError:
        raise UnreadableError(f"It is not in {encoding}, the encoding of this connection.") from None


def _of_full_length(text: str) -> Iterator[str]:
    """Yield records that no line break parts: a data record has 1063 characters, others those of their fields."""
    start, end = 0, len(text.rstrip(" \r\n"))
    while start < end:
        layout = _record_layout(text[start : start + 10])
        width = layout.width if layout else FULL_RECORD
        if start + width > len(text):
            raise UnfinishedError("It breaks off within a record.")
        yield text[start : start + width]
        start += width


def _check_whole(record: str) -> None:
    """Check the last record, where no line break ends it. Raises UnfinishedError."""
    layout = _record_layout(record)
    segment = SEGMENTS.get(type_of(record[:30].strip()))
    width = layout.width if layout else RECORD + (segment.width if segment else 0)
    if len(record) < width:
        raise UnfinishedError("It breaks off within its last record.")


def _record_layout(record: str) -> Layout | None:
    return {"EDI_DC40": CONTROL, "EDI_DS40": STATUS_RECORD}.get(record[:10].strip())


def _in_records(records: Sequence[str], *, with_totals: bool) -> Iterator[Idoc | Read]:
    control: Read | None = None
    segments: list[Read] = []
    number = 0
    for record in records:
        layout = _record_layout(record)
        if layout is not None and control is not None:
            yield _whole(control, segments, with_totals=with_totals)
        if layout is STATUS_RECORD:
            control = None
            yield _Record("EDI_DS40", STATUS_RECORD.places, record)
        elif layout is CONTROL:
            control, segments, number = _Record("EDI_DC40", CONTROL.places, record), [], 0
        elif control is None:
            raise UnreadableError("A segment of it stands before its control record (EDI_DC40).")
        else:
            number = _number(record, number)
            segments.append(_segment(record, control))
    if control is not None:
        yield _whole(control, segments, with_totals=with_totals)


def _number(record: str, before: int) -> int:
    """Return the number of a segment. Raises UnreadableError: it is not behind the one before, so not in its place."""
    written = record[_SEGNUM].strip()
    number = int(written) if written.isascii() and written.isdigit() else 0
    if number and number <= before:
        raise UnreadableError(f"Its segment {number} stands behind segment {before}.")
    return number or before


def _segment(record: str, control: Read) -> Read:
    docnum = record[_DOCNUM].strip()
    if docnum.lstrip("0") != control.get("DOCNUM").lstrip("0"):
        raise UnreadableError(f"A segment of it belongs to the IDoc {docnum!r}, not to its own.")
    segment_type = type_of(record[:30].rstrip())
    layout = SEGMENTS.get(segment_type)
    return _Record(segment_type, layout.data_places if layout else {}, record)


_DOCNUM, _SEGNUM = HEADER.places["DOCNUM"], HEADER.places["SEGNUM"]


def _whole(control: Read, segments: Sequence[Read], *, with_totals: bool) -> Idoc:
    """Return an IDoc, if nothing of it can be missing at its end. Raises UnfinishedError."""
    last = segments[-1].type if segments else ""
    if with_totals and control.get("MESTYP") in _ENDS_WITH_TOTALS and last != "E1EDS01":
        raise UnfinishedError("It does not end with its totals (E1EDS01), so lines may be missing.")
    return Idoc(control, segments)
