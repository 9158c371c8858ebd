"""What is approved of an order: its whole content as a text with its SHA-256, never changed. Deliveries are made of it.

The text is JSON, as PostgreSQL writes it (`storage/work/revisions.py`): fields in their order here, and what is empty
left out; addresses as it keeps `jsonb`; lines as arrays, whose fields are named once. Numbers of an order are texts
with the decimals that the database keeps, moments are UTC with microseconds. So the same order always gives the same
bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError
from orderflow.domain.orders import PARTS, Customer, DraftOrder, DraftOrderLine, SourceDocument
from orderflow.domain.states import OrderStatus

_LIVE = {"status", "erp_order_id", "lines", "delivery_in_progress"}
PLAIN = tuple(field.name for field in fields(DraftOrder) if field.name not in {*_LIVE, *PARTS})
"""The single values of an order that a revision holds: all but what becomes of the order later."""

ADDRESSES = ("ship_to", "bill_to")
"""What is kept as it came, empty fields included."""

LINE_FIELDS = tuple(field.name for field in fields(DraftOrderLine))
"""The values of a line, in the order in which a revision written now has them."""

_PLACES = {"qty": 3, "unit_price": 4}
_HINTS, _LINE_HINTS = get_type_hints(DraftOrder), get_type_hints(DraftOrderLine)
_NAMES = (*PLAIN, *PARTS)
_Content = msgspec.defstruct(
    "_Content",
    [("line_fields", tuple[str, ...]), ("lines", msgspec.Raw), *((name, _HINTS[name], None) for name in _NAMES)],
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
        content: Any = _decoder.decode(self.content)
        order = DraftOrder(**{name: getattr(content, name) for name in _NAMES})
        order.lines = _lines(content.line_fields, content.lines)
        order.status, order.erp_order_id = status, erp_order_id
        return order


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
    head = json.dumps(_stated(stated), ensure_ascii=False, separators=(",", ":"))
    addresses = "".join(f',"{name}":{_json(_sorted(getattr(order, name)))}' for name in ADDRESSES)
    lines = (_json([_text(name, getattr(line, name)) for name in LINE_FIELDS]) for line in order.lines)
    return f'{head[:-1]}{addresses},"line_fields":{_json(LINE_FIELDS)},"lines":[{",".join(lines)}]}}'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


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
