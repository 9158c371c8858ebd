"""What is approved of an order: its whole content as bytes with a SHA-256, never changed. Deliveries are made from it.

PostgreSQL writes them (`storage/work/revisions.py`), as it writes any `jsonb`: keys by length, then by their bytes, a
blank after comma and colon. Numbers of an order are texts with the decimals that the database keeps, moments are UTC
with microseconds, and what is empty is left out. So the same order always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
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

_PLACES = {"qty": 3, "unit_price": 4}
_decoder = msgspec.json.Decoder(DraftOrder)


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
    content: bytes | None
    sha256: str
    made_at: datetime
    made_by: str | None

    def order(self, status: OrderStatus, erp_order_id: str | None) -> DraftOrder:
        """Return the order as it was approved, with what became of it since.

        Raises:
            RevisionChangedError: These are not the bytes that were approved.
        """
        if self.content is None or hashlib.sha256(self.content).hexdigest() != self.sha256:
            raise RevisionChangedError
        order = _decoder.decode(self.content)
        order.status, order.erp_order_id = status, erp_order_id
        return order


class RevisionChangedError(RejectedError):
    """The revision that a delivery is to be made from is not what was approved."""

    code = "REVISION_CHANGED"
    hint = "Somebody changed it in the database: restore it from a backup; or edit the order and approve it again."
    default_message = "The stored revision of the order is not what was approved, so nothing is sent from it."


def changed(*, staged: bool) -> ConnectorError:
    """Return what keeps a delivery from going on; one whose file is staged may have arrived, and waits for a person."""
    error = RevisionChangedError()
    return InDoubtError(error.message, code=error.code, hint=error.hint) if staged else error


def write(order: DraftOrder) -> bytes:
    """Return an order as the bytes of a revision."""
    content = _stated({name: getattr(order, name) for name in PLAIN})
    content |= {name: getattr(order, name) for name in ADDRESSES}
    content["customer"] = _stated(asdict(order.customer or Customer()))
    content["source_document"] = _stated(asdict(order.source_document or SourceDocument()))
    content["lines"] = [_stated(_values(line)) for line in order.lines]
    return json.dumps(_sorted(content), ensure_ascii=False).encode()


def _values(line: DraftOrderLine) -> dict[str, Any]:
    return {field.name: getattr(line, field.name) for field in fields(line)}


def _stated(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(name, value) for name, value in values.items() if value is not None}


def _text(name: str, value: Any) -> Any:
    if name in _PLACES:
        return f"{Decimal(value):.{_PLACES[name]}f}"
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
    return value


def _sorted(value: Any) -> Any:
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _sorted(value[name]) for name in sorted(value, key=lambda name: (len(name.encode()), name.encode()))}
