"""The lines of an answer file: only `"answer_version": 2` has them; docs/orderflow_answer_v2.schema.json says how.

They are read more strictly than the rest of the file: a field that nobody knows may be one that was misspelled, and
what it says would be taken to be as ordered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from orderflow.domain.answer_details import Details, LineAnswer, LineStatus, Others, Schedule
from orderflow.domain.answer_files import UnreadableError
from orderflow.domain.typed import typed
from orderflow.formats.answer_fields import LONGEST_CODE, named, number, words

VERSIONS = (2, "2")


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
        UnreadableError: It has lines, and not as documented.
    """
    if named(found, ("answer_version",)).get("answer_version") not in VERSIONS:
        return None
    try:
        written = typed(named(found, _Written.__struct_fields__), _Written)
        lines = tuple(_line(typed(_lower(line), _Line)) for line in written.lines or ())
    except msgspec.ValidationError as error:
        raise UnreadableError(f"It does not have the fields as documented: {error}.") from None
    if not lines and written.other_lines is None:
        return None
    others = Others(written.other_lines or Others.UNANSWERED)
    return Details(lines, others, number(written.currency, "currency"), written.delivery_date, written.revision)


def _lower(line: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name.strip().lower(): value for name, value in line.items()}
    if len(fields) != len(line):
        raise UnreadableError("It has a field twice.")
    status = fields.get("status")
    return fields | ({"status": status.strip().lower()} if isinstance(status, str) else {})


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
