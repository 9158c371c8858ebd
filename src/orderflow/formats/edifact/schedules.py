"""When something comes: dates of delivery in ORDRSP, and the quantities that they are about.

Source: UN/EDIFACT D.96A and EANCOM 1997, code lists 2005, 2379, 6063.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from orderflow.domain.answer_details import Schedule
from orderflow.domain.answer_files import UnreadableError
from orderflow.formats.edi.lines import Block
from orderflow.formats.edi.response import day, decimal_or_comma, the_one
from orderflow.formats.edi.segments import Segment

DELIVERY_DATES = {"67", "69", "17"}
DATE_FORMATS = {"", "102", "203", "204", "303", "304"}
"""Those that begin with CCYYMMDD."""

CONFIRMED = ("113", "12")
BACKORDERED = "83"
COMES = {*CONFIRMED, BACKORDERED}


def delivery_date(segments: Iterable[Segment]) -> date | None:
    """Return the one day of delivery that segments tell, if they tell one. Raises UnreadableError: it is not sure."""
    days = [_day(segment) for segment in segments if segment.tag == "DTM" and segment.get(1) in DELIVERY_DATES]
    return the_one([found for found in days if found], "a date of delivery") if days else None


def amount(segment: Segment) -> Decimal | None:
    """Return how much a segment QTY tells."""
    return decimal_or_comma(segment.get(1, 2))


def schedules_of(block: Block) -> Sequence[Schedule]:
    """Return when the quantities of a block come, each with the date behind it; one alone also with that before it.

    Raises:
        UnreadableError: A date is of none of several quantities, or a quantity has several.
    """
    coming = [segment for segment in block.of("QTY") if segment.get(1) in COMES]
    if len(coming) < 2:
        found = delivery_date(block.of("DTM"))
        return [Schedule(found, _confirmed(coming))] if found else []
    before, *counted = _parts(block)
    if delivery_date(before):
        raise UnreadableError("A date of delivery stands before several quantities, and nobody knows whose it is.")
    return [Schedule(found, _confirmed(part)) for part in _certain(counted) if (found := delivery_date(part))]


def _parts(block: Block) -> list[list[Segment]]:
    """Return what stands before the first quantity that comes, and from each of them on."""
    parts: list[list[Segment]] = [[]]
    for segment in block.segments:
        if _is(segment, COMES):
            parts.append([])
        parts[-1].append(segment)
    return parts


def _certain(parts: Iterable[Sequence[Segment]]) -> Iterator[Sequence[Segment]]:
    """Yield the parts that are not backordered: what comes of those, and when, is not sure."""
    return (part for part in parts if part[0].get(1) != BACKORDERED)


def _confirmed(part: Iterable[Segment]) -> Decimal | None:
    for segment in part:
        if _is(segment, CONFIRMED):
            return amount(segment)
    return None


def _is(segment: Segment, kinds: Container[str]) -> bool:
    return segment.tag == "QTY" and segment.get(1) in kinds


def _day(segment: Segment) -> date | None:
    if segment.get(1, 3) not in DATE_FORMATS:
        raise UnreadableError(f"A date is written in the format {segment.get(1, 3)[:9]!r}, which is not known.")
    return day(segment.get(1, 2))
