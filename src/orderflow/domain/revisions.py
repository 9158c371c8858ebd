"""What is approved of an order: its whole content as a text with its SHA-256, never changed. Deliveries are made of it.

The text is JSON, as PostgreSQL writes it (`storage/work/revisions.py`): fields in their order here, and what is empty
left out; addresses as it keeps `jsonb`; lines as arrays, whose fields are named once. Numbers of an order are texts
with the decimals that the database keeps, moments are UTC with microseconds. So the same order always gives the same
bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypedDict, get_type_hints
from uuid import UUID

import msgspec

from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError
from orderflow.domain.orders import (
    ADJUSTMENTS,
    LINE_BY_NAME,
    LINE_IN_PLACE,
    PARTS,
    TEXTS_BY_NAME,
    AllowanceCharge,
    Customer,
    DraftOrder,
    DraftOrderLine,
    SourceDocument,
)
from orderflow.domain.states import OrderStatus

_LIVE = {"status", "erp_order_id", "lines", "delivery_in_progress"}
PLAIN = tuple(field.name for field in fields(DraftOrder) if field.name not in {*_LIVE, *PARTS, *ADJUSTMENTS})
"""The single values of an order that a revision holds: all but what becomes of the order later."""

ADDRESSES = ("ship_to", "bill_to")
OTHER_TEXTS = tuple(name for name in TEXTS_BY_NAME if name not in ADDRESSES)
"""What is kept as it came, empty fields included; the first two are named also where they are missing."""

LINE_FIELDS = LINE_IN_PLACE
"""The values of a line, in the order in which a revision written now has them; what few lines have is beside them."""

_PLACES = {"qty": 3, "unit_price": 4, "amount": 4, "percent": 4, "base_amount": 4}
_HINTS, _LINE_HINTS = get_type_hints(DraftOrder), get_type_hints(DraftOrderLine)
_NAMES = (*PLAIN, *PARTS, *ADJUSTMENTS)
_dict_of: Any = TypedDict  # so that mypy does not look for names that are known at run time only
_MoreOfLine: Any = _dict_of("_MoreOfLine", {name: _LINE_HINTS[name] for name in LINE_BY_NAME}, total=False)
_Content = _dict_of(
    "_Content",
    {
        "line_fields": tuple[str, ...],
        "lines": msgspec.Raw,
        "more_of_lines": dict[int, _MoreOfLine],
        **{name: _HINTS[name] for name in _NAMES},
    },
    total=False,
)
_decoder = msgspec.json.Decoder(_Content)


@dataclass(frozen=True, slots=True)
class Revision:
    """One approval of an order.

    Attributes:
        number: Counts up per order from 1.
        content: See above; None once the order was forgotten.
        sha256: Of the content as it was approved, in hex.
        made_at, made_by: When it was approved, and by whom; of an order from before there were revisions, when this one
            was written.
    """

    number: int
    content: str | None
    sha256: str
    made_at: datetime
    made_by: str | None

    def order(self, status: OrderStatus, erp_order_id: str | None) -> DraftOrder:
        """Return the order as it was approved, with what became of it since.

        Raises:
            RevisionChangedError: These are not the bytes that were approved.
        """
        if self.content is None or hashlib.sha256(self.content.encode()).hexdigest() != self.sha256:
            raise RevisionChangedError
        content = _decoder.decode(self.content)
        lines = _Lines(content.pop("line_fields"), content.pop("lines"), content.pop("more_of_lines", {}))
        order = DraftOrder(**content, status=status, erp_order_id=erp_order_id)
        order.leave_unread(lines)
        return order


@dataclass(frozen=True, slots=True)
class _Lines:
    names: tuple[str, ...]
    rows: msgspec.Raw
    more: dict[int, Any]

    def read(self) -> list[DraftOrderLine]:
        lines = _lines(self.names, self.rows)
        for line in lines if self.more else ():
            for name, value in self.more.get(line.line_no, {}).items():
                setattr(line, name, value)
        return lines


class RevisionChangedError(RejectedError):
    """The revision that a delivery is to be made from is not what was approved."""

    code = "REVISION_CHANGED"
    hint = "Somebody changed it in the database: restore it from a backup; or edit the order and approve it again."
    default_message = "The stored revision of the order is not what was approved, so nothing is sent from it."


def not_as_approved(*, staged: bool) -> ConnectorError:
    """Return what keeps a delivery from going on; one whose file is staged may have arrived, and waits for a person."""
    error = RevisionChangedError()
    return InDoubtError(error.message, code=error.code, hint=error.hint) if staged else error


def _lines(names: tuple[str, ...], rows: msgspec.Raw) -> list[DraftOrderLine]:
    decoded = _rows_of(names).decode(rows)
    if names == LINE_FIELDS:
        return [DraftOrderLine(*row) for row in decoded]  # by position: an order may have thousands
    known = [(place, name) for place, name in enumerate(names) if name in _LINE_HINTS]
    return [DraftOrderLine(**{name: row[place] for place, name in known}) for row in decoded]


@cache
def _rows_of(names: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Return what reads lines of these fields; a release that knows others may have written them."""
    kinds: Any = tuple[tuple(_LINE_HINTS.get(name, Any) for name in names)]  # type: ignore[misc]  # made at run time
    return msgspec.json.Decoder(list[kinds])


def write(order: DraftOrder) -> str:
    """Return an order as the content of a revision."""
    stated = {name: _text(name, getattr(order, name)) for name in PLAIN}
    stated["customer"] = _stated(asdict(order.customer or Customer()))
    stated["source_document"] = _stated(asdict(order.source_document or SourceDocument()))
    stated |= {name: adjustments(getattr(order, name)) for name in ADJUSTMENTS}
    parties = [*ADDRESSES, *(name for name in OTHER_TEXTS if getattr(order, name) is not None)]
    addresses = "".join(f',"{name}":{_json(_sorted(getattr(order, name)))}' for name in parties)
    lines = (_json([_text(name, getattr(line, name)) for name in LINE_FIELDS]) for line in order.lines)
    head, more = _compact(_stated(stated))[:-1], _more_of_lines(order)
    return f'{head}{addresses},"line_fields":{_json(LINE_FIELDS)},"lines":[{",".join(lines)}]{more}}}'


def adjustments(of: Iterable[AllowanceCharge]) -> list[dict[str, str]] | None:
    """Return allowances or charges as they are kept, numbers as texts of 4 decimals; None if there are none."""
    return [_sorted(_stated(asdict(one))) for one in of] or None


def _more_of_lines(order: DraftOrder) -> str:
    """Return what few lines have, by their numbers, if any has it."""
    said = [(line.line_no, _stated({name: _value(line, name) for name in LINE_BY_NAME})) for line in order.lines]
    more = ",".join(f'"{number}":{_compact(values)}' for number, values in said if values)
    return f',"more_of_lines":{{{more}}}' if more else ""


def _value(line: DraftOrderLine, name: str) -> Any:
    return adjustments(getattr(line, name)) if name in ADJUSTMENTS else getattr(line, name)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(name, value) for name, value in values.items() if value is not None}


def _text(name: str, value: Any) -> Any:
    if value is not None and name in _PLACES:
        return f"{Decimal(value):.{_PLACES[name]}f}"
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
    return value


def _sorted(value: Any) -> Any:
    """Return keys as `jsonb` keeps them: by length, then by their bytes."""
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _sorted(value[name]) for name in sorted(value, key=lambda name: (len(name.encode()), name.encode()))}
