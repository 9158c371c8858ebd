"""The lines of an answer file: only `"answer_version": 2` has them; docs/orderflow_answer_v2.schema.json says how.

They are read more strictly than the rest of the file: a field that nobody knows may be one that was misspelled, and
what it says would be taken to be as ordered.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from orderflow.domain.answer_details import Details, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.answer_files import UnreadableError
from orderflow.domain.typed import typed
from orderflow.formats.answer_fields import LONGEST_CODE, named, number, words

WITHOUT_LINES = (None, 1, "1")
WITH_LINES = (2, "2")

ALIKE = 0.85
"""How much a field's name is like one that is known, by `difflib`, if it may be that one misspelled."""


_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
"""How a number looks that is written as a text, as in the schema."""


class _Schedule(msgspec.Struct, forbid_unknown_fields=True):
    date: dt.date
    qty: Decimal | None = None


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    status: LineStatus
    line_no: int | None = None
    internal_sku: str | int | None = None
    qty: Decimal | None = None
    uom: str | None = None
    unit_price: Decimal | None = None
    currency: str | None = None
    schedules: list[_Schedule] | None = None
    code: str | int | None = None
    message: str | None = None


class _Written(msgspec.Struct):
    lines: list[dict[str, Any]] | None = None
    other_lines: Literal["unanswered", "as_ordered"] | None = None
    currency: str | None = None
    delivery_date: dt.date | None = None
    revision: int | None = None


def details_of(found: Mapping[str, Any]) -> Details | None:
    """Return what the object of an answer file says about lines; None: nothing.

    Raises:
        UnreadableError: It has lines, and not as documented; or it may have meant to say more than could be read.
    """
    if not _may_have_lines(named(found, ("answer_version",)).get("answer_version")):
        return None
    _check_names(found)
    try:
        written = typed(named(found, _Written.__struct_fields__), _Written)
        lines = tuple(_line(typed(_lower(line), _Line)) for line in written.lines or ())
    except msgspec.ValidationError as error:
        raise UnreadableError(f"It does not have the fields as documented: {error}.") from None
    if not lines and written.other_lines is None:
        _check_nothing_is_lost(written)
        return None
    others = Others(written.other_lines or Others.UNANSWERED)
    return Details(lines, others, number(written.currency, "currency"), written.delivery_date, written.revision)


def _may_have_lines(version: object) -> bool:
    """Return whether an answer of this version has lines. Raises UnreadableError: there is none such."""
    if version in WITHOUT_LINES and version is not True:
        return False
    if version not in WITH_LINES:
        raise UnreadableError("Its answer_version is neither 1 nor 2.")
    return True


def _check_names(found: Mapping[str, Any]) -> None:
    """Check that no field is one that counts, misspelled. Raises UnreadableError."""
    known = _Written.__struct_fields__
    for name in (name.strip().lower() for name in found):
        if name not in known and (meant := difflib.get_close_matches(name, known, 1, ALIKE)):
            raise UnreadableError(f"It has a field {name[:40]!r}, which may be {meant[0]!r} misspelled.")


def _check_nothing_is_lost(written: _Written) -> None:
    """Check that an answer without lines says nothing that holds for lines. Raises UnreadableError."""
    for name in ("delivery_date", "currency", "revision"):
        if getattr(written, name) is not None:
            raise UnreadableError(f"It has a {name}, and neither lines nor other_lines for which it would hold.")


def _lower(line: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name.strip().lower(): value for name, value in line.items()}
    if len(fields) != len(line):
        raise UnreadableError("It has a field twice.")
    parts = fields.get("schedules")
    for part in (fields, *(parts if isinstance(parts, list) else ())):
        _check_numbers(part)
    status = fields.get("status")
    return fields | ({"status": status.strip().lower()} if isinstance(status, str) else {})


def _check_numbers(part: Any) -> None:
    """Check that numbers written as texts look as documented: Python reads more, as `1_000`. Raises UnreadableError."""
    for name in ("qty", "unit_price") if isinstance(part, dict) else ():
        said = part.get(name)
        if isinstance(said, str) and not _NUMBER.fullmatch(said):
            raise UnreadableError(f"Its {name} is {said[:40]!r}, and has to look as 12 or 12.5.")


def _line(written: _Line) -> LineAnswer:
    return LineAnswer(
        written.line_no,
        written.status,
        written.qty,
        number(written.uom, "uom"),
        written.unit_price,
        number(written.currency, "currency"),
        number(written.internal_sku, "internal_sku"),
        tuple(Schedule(part.date, part.qty) for part in written.schedules or ()),
        words(written.code, LONGEST_CODE),
        words(written.message),
    )
