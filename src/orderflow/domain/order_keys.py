"""By what an order is known to be the same one when it comes again, and whether it says the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

import msgspec

from orderflow.domain.codes import clean_code
from orderflow.domain.errors import StateError
from orderflow.domain.orders import CONTENT, LINE_CONTENT, DraftOrder


class OnDuplicate(StrEnum):
    """What to do with an order whose customer has one of the same number here.

    `refuse` it, and answer one that says the same with the one that is there; `revise` the one that is there; or make
    a `new` one, which is then delivered beside it.
    """

    REFUSE = "refuse"
    REVISE = "revise"
    NEW = "new"


class DuplicateOrderError(StateError):
    """An order of the same number is here already; `details["order_id"]` is its id."""

    code = "DUPLICATE_ORDER"
    hint = (
        "It says something else than the one that is here. If it corrects that one, send it with on_duplicate=revise; "
        "if it is meant as another order, to be delivered beside it, with on_duplicate=new."
    )


@dataclass(frozen=True, slots=True)
class OrderKey:
    """What an order is known by, and what it says: SHA-256 of each."""

    key_sha256: bytes
    content_sha256: bytes


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Somebody cancelled an order that had not come yet, and why."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """The order that has a key, and what it said when it came in.

    Attributes:
        cancelled: The order has not come; it was cancelled before, and `order_id` is the cancellation's.
    """

    order_id: UUID
    content_sha256: bytes
    cancelled: Cancellation | None = None


def key_of(order: DraftOrder) -> OrderKey | None:
    """Return the key of an order: its source, its customer's number and its own; None if it has no number.

    Content is compared like the key, with its white space and accents put right (`domain.codes`): whatever
    document it was read from, lines in whichever order.
    """
    number = clean_code(order.external_order_number)
    if not number:
        return None
    customer = order.customer.erp_customer_number if order.customer else None
    return OrderKey(_digest([clean_code(order.source), clean_code(customer), number]), _digest(_content(order)))


def duplicate_of(order: DraftOrder, order_id: UUID, status: str | None, hint: str | None = None) -> DuplicateOrderError:
    """Return the error that names the order that is here; `status` is None if it ended long ago and was deleted."""
    customer = order.customer.erp_customer_number if order.customer else None
    whose = f" of customer {customer}" if customer else ""
    which = f"as {order_id}" if status else f"as {order_id} (delivered long ago, and deleted since)"
    return DuplicateOrderError(
        f"Order {order.external_order_number}{whose} is here already, {which}.",
        hint=hint,
        details={"order_id": str(order_id), "status": status},
    )


_NAMES = sorted(name for name in CONTENT if name not in {"source_document", "priority"})
"""Neither the document that it was read from nor how urgent it is makes an order another one."""

_LINE_NAMES = sorted(LINE_CONTENT)
_values, _line_values = attrgetter(*_NAMES), attrgetter(*_LINE_NAMES)


def _content(order: DraftOrder) -> list[Any]:
    """Return what an order says, and no more: a field that is added later changes nothing of an order without it."""
    lines = [_said(_LINE_NAMES, _line_values(line)) for line in order.lines]
    return [_said(_NAMES, _values(order)), sorted(lines, key=itemgetter("line_no"))]


def _said(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    pairs = zip(names, values, strict=True)
    return {name: plain for name, value in pairs if value is not None and (plain := _plain(value)) is not None}


def _plain(value: Any) -> Any:
    """Return a value as it is compared: a number or a text in one way of several; None for what says nothing."""
    if isinstance(value, str):
        return clean_code(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, int):
        return value
    if isinstance(value, tuple):
        return [_plain(one) for one in value] or None
    if is_dataclass(value):
        return _plain({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, Mapping):
        inner = sorted(((clean_code(name) or "", one) for name, one in value.items()), key=itemgetter(0))
        return _said([name for name, _ in inner], [one for _, one in inner]) or None
    return str(value)


def _digest(value: Any) -> bytes:
    return hashlib.sha256(_encode(value)).digest()


_encode = msgspec.json.Encoder().encode
