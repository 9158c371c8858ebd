"""What a sample is, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from orderflow.domain.answer_files import UnreadableError
from orderflow.domain.errors import InputError

LARGEST = 1_000_000
"""Bytes of a sample; a few orders are much less."""

MOST_PLACES = 2_000
"""Places of a sample of which it is told what they seem to mean."""

_LONGEST_PLACE = 200
_MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What a place of the sample seems to mean.

    Attributes:
        place: A heading, or the path of a JSON value.
        field: The field of an order, as `line.qty`; None: nobody knows, so the sample's own text stands there.
        example: What the sample has there.
    """

    place: str
    field: str | None
    example: str


@dataclass(frozen=True, slots=True)
class Beginning:
    """Settings to begin with.

    Attributes:
        connector_type: The type that writes such documents.
        config: Its settings as far as the sample shows them.
        found: What each place of the sample seems to mean, in its order.
        notes: What a person has to look at.
    """

    connector_type: str
    config: dict[str, Any]
    found: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def place_of(*names: str) -> str:
    """Return a place as it is told: the names that lead to it, each cut, and all of it."""
    return ".".join(name[:_LONGEST_PLACE] for name in names)[:_LONGEST_PLACE]


def listed(places: Sequence[str]) -> str:
    """Return places for a note: the first of them."""
    return ", ".join([*places[:_MOST_TOLD], "…"] if len(places) > _MOST_TOLD else places)


def beginning_of(content: bytes, connector_type: str | None = None) -> Beginning:
    """Return settings that would write what looks like `content`.

    Args:
        connector_type: `TEMPLATE_DOCUMENT` if JSON is to be a file rather than a request; anything else is ignored.

    Raises:
        InputError: SAMPLE_UNREADABLE: it is empty, too large, or none of the kinds that are known.
    """
    if not content.strip():
        raise _unreadable("The sample is empty.")
    if len(content) > LARGEST:
        raise _unreadable(f"The sample is larger than {LARGEST:,} bytes; a file with a few orders does.")
    try:
        return _reader(content)(content, connector_type)
    except UnreadableError as error:
        raise _unreadable(f"The sample cannot be read. {error}") from error


def _reader(content: bytes) -> Callable[[bytes, str | None], Beginning]:
    from orderflow.formats.samples import csv_file, edi_files, json_text  # they make a `Beginning`

    start = content[:400].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n\x1a")
    if start.startswith((b"{", b"[")):
        return json_text.beginning
    if start.startswith((b"UNA", b"UNB")):
        return edi_files.edifact
    if start.startswith(b"ISA"):
        return edi_files.x12
    if start.startswith(b"EDI_DC40") or b"EDI_DC40" in content[:4_000]:
        return edi_files.idoc
    if start.startswith(b"<"):
        raise _unreadable("The sample is XML, and no IDoc: write its template by hand (TEMPLATE_DOCUMENT).")
    return csv_file.beginning


def _unreadable(message: str) -> InputError:
    return InputError(
        message, code="SAMPLE_UNREADABLE", hint="Give a CSV, JSON, EDIFACT, X12 or IDoc file as the ERP reads it."
    )
