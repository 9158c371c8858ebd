"""What of an order a rule may ask for: the names, the kinds, and the values as they are compared.

The names are those of mappings and templates (`formats/order_fields.py`); an address has the fields it came with.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, get_type_hints

from orderflow.domain.letters import normalized
from orderflow.domain.orders import (
    HEADER,
    LINE_CONTENT,
    TEXTS_BY_NAME,
    Customer,
    DraftOrder,
    DraftOrderLine,
    SourceDocument,
    totals,
)


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        of_lines: Each line has one: `read` returns a list.
        read: Its value in an order, as it came.
    """

    name: str
    kind: FieldKind
    of_lines: bool
    read: Callable[[DraftOrder], Any]

    def fact(self, order: DraftOrder) -> Any:
        """Return the value as it is compared; of lines a tuple."""
        value = self.read(order)
        if self.of_lines:
            return tuple(comparable(self.kind, one) for one in value)
        return comparable(self.kind, value)


def comparable(kind: FieldKind, value: Any) -> Any:
    """Return a value as it is compared: None if there is nothing in it, text by `folded`."""
    return folded(str(value)) if kind is FieldKind.TEXT and value is not None else value


def folded(text: str) -> str | None:
    """Return text as it is compared: in small letters, composed (NFC), white space one blank; None if it is blank."""
    if not text.isascii():
        text = normalized("NFC", normalized("NFC", text).casefold())
    return " ".join(text.split()).lower() or None


_ADDRESS_FIELD = re.compile(rf"({'|'.join(TEXTS_BY_NAME)})\.(\w{{1,100}})", re.ASCII)
_KINDS = {str: FieldKind.TEXT, Decimal: FieldKind.NUMBER, int: FieldKind.NUMBER, date: FieldKind.DATE}
_LINE_NAMES = {"product_description": "description"}


def field_named(name: str) -> Field | None:
    """Return a field; None if an order has none of this name."""
    if name in FIELDS:
        return FIELDS[name]
    address = _ADDRESS_FIELD.fullmatch(name)
    return Field(name, FieldKind.TEXT, False, _of_address(address[1], address[2])) if address else None


def _of_address(part: str, name: str) -> Callable[[DraftOrder], Any]:
    def read(order: DraftOrder) -> Any:
        value = (getattr(order, part) or {}).get(name)
        return value if isinstance(value, str | int | Decimal) else None

    return read


def _of_part(part: str, name: str) -> Callable[[DraftOrder], Any]:
    return lambda order: getattr(getattr(order, part), name, None)


def _of_order(name: str) -> Callable[[DraftOrder], Any]:
    return lambda order: getattr(order, name)


def _of_lines(name: str) -> Callable[[DraftOrder], Any]:
    if name == "currency":
        return lambda order: [line.currency or order.currency for line in order.lines]
    return lambda order: [getattr(line, name) for line in order.lines]


def _of_totals(name: str) -> Callable[[DraftOrder], Any]:
    return lambda order: totals(order)[name]


def _kind(of: type, name: str) -> FieldKind | None:
    """Return the kind of a field of a class; None if no rule can ask for it."""
    hint = get_type_hints(of)[name]
    return next((kind for type_, kind in _KINDS.items() if hint in (type_, type_ | None)), None)


def _all_fields() -> dict[str, Field]:
    named = [("order." + name, _kind(DraftOrder, name), False, _of_order(name)) for name in (*HEADER, "created_by")]
    for part, of in (("customer", Customer), ("source_document", SourceDocument)):
        named += [(f"{part}.{f.name}", _kind(of, f.name), False, _of_part(part, f.name)) for f in fields(of)]
    for name in LINE_CONTENT:
        shown = "lines." + _LINE_NAMES.get(name, name)
        named.append((shown, _kind(DraftOrderLine, name), True, _of_lines(name)))
    named += [(f"totals.{name}", FieldKind.NUMBER, False, _of_totals(name)) for name in ("lines", "qty", "amount")]
    return {name: Field(name, kind, of_lines, read) for name, kind, of_lines, read in named if kind}


FIELDS = _all_fields()
"""All but those of addresses."""
