"""An order as JSON becomes a `DraftOrder`: every number exact, every fault named with its field.

What is merely missing is no fault here: such an order is accepted and NEEDS_REVIEW.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec

from orderflow.domain.errors import InputError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine, SourceDocument

MOST_LINES = 10_000
MOST_ADDRESS_FIELDS = 50
MOST_FAULTS = 20
"""Of one order, that are looked for and told."""

YEARS = range(1900, 3000)
_SHORT, _LONG = 200, 4_000  # characters of a code or a name, and of a text that people write
_LONG_FIELDS = {"notes", "line_notes", "description", "customer_sku_raw"}
_NUMBERS = {"qty": (15, 3), "unit_price": (14, 4)}  # NUMERIC(18,3) and NUMERIC(18,4): digits before, decimals after
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_PATTERNS = {
    "currency": (re.compile(r"[A-Z]{3}"), "must be three capital letters (ISO 4217), as EUR"),
    "sha256": (re.compile(r"[0-9a-f]{64}"), "must be 64 hex digits in lower case"),
}
Fault = tuple[str, str]


class LineIn(msgspec.Struct, forbid_unknown_fields=True):
    """One line as it comes in."""

    line_no: int
    internal_sku: str | None = None
    qty: Decimal | None = None
    uom: str | None = None
    unit_price: Decimal | None = None
    currency: str | None = None
    customer_sku_raw: str | None = None
    description: str | None = None
    requested_delivery_date: date | None = None
    line_notes: str | None = None


class CustomerIn(msgspec.Struct, forbid_unknown_fields=True):
    """The customer as it comes in."""

    erp_customer_number: str | None = None
    name: str | None = None
    id: UUID | None = None


class SourceDocumentIn(msgspec.Struct, forbid_unknown_fields=True):
    """The document that the order was read from."""

    document_id: UUID | None = None
    file_name: str | None = None
    sha256: str | None = None


class OrderIn(msgspec.Struct, forbid_unknown_fields=True):
    """An order as it comes in."""

    external_order_number: str | None = None
    order_date: date | None = None
    requested_delivery_date: date | None = None
    currency: str | None = None
    notes: str | None = None
    customer: CustomerIn | None = None
    ship_to: dict[str, str | None] | None = None
    bill_to: dict[str, str | None] | None = None
    lines: list[LineIn] = msgspec.field(default_factory=list)
    source_document: SourceDocumentIn | None = None


def read_order(value: Any) -> DraftOrder:
    """Return the order that the JSON value `value` describes, its numbers `int`, `Decimal` or text.

    Raises:
        InputError: It does not fit; `details["fields"]` lists `{"field": "lines[3].qty", "message": …}`, where 3
            counts from 0 as in JSON.
    """
    try:
        order = msgspec.convert(value, OrderIn)
    except msgspec.ValidationError as error:
        raise unreadable([_shape_fault(str(error))]) from None
    return _checked(order)


def decode_order(text: bytes) -> DraftOrder:
    """Return the order that a JSON text describes: what `read_order` makes of its value, in a tenth of the time.

    Raises:
        InputError: It is not JSON, or does not fit; to find out where, parse it and ask `read_order`.
    """
    try:
        order = _decode(text)
        twice = len(_NAMES.findall(text)) > _names_in(msgspec.json.decode(text))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise unreadable([("", "is not an order as JSON")]) from None
    if twice:
        raise unreadable([("", "may have a field twice")])
    return _checked(order)


def _names_in(value: Any) -> int:
    """Count the names of all objects in a value; of a name given twice, only one is left."""
    if isinstance(value, dict):
        return len(value) + sum(map(_names_in, value.values()))
    return sum(map(_names_in, value)) if isinstance(value, list) else 0


_NAMES = re.compile(rb'"\s*:')
"""At least as many as there are names: a text may hold what looks like the end of one."""

_decode = msgspec.json.Decoder(OrderIn).decode


def _checked(order: OrderIn) -> DraftOrder:
    if faults := list(islice(_faults(order), MOST_FAULTS + 1)):
        raise unreadable(faults)
    return _draft(order)


def unreadable(faults: list[Fault]) -> InputError:
    """Return the error that names each fault as field and reason; a field may be empty for the order as a whole."""
    named = "; ".join(f"{field} {message}".strip() for field, message in faults[:5])
    more = "; and more" if len(faults) > 5 else ""
    fields = [{"field": field, "message": message} for field, message in faults[:MOST_FAULTS]]
    return InputError(f"The order cannot be read: {named}{more}.", details={"fields": fields})


def _shape_fault(message: str) -> Fault:
    """Put msgspec's words into ours: ``Expected `int`, got `str` - at `$.lines[0].line_no` ``."""
    fault, _, place = message.partition(" - at ")
    path = place.replace("`", "").replace("key in ", "").removeprefix("$").removeprefix(".")
    match fault.split("`"):
        case ["Object contains unknown field ", name, _]:
            return _join(path, name), "is not a known field"
        case ["Object missing required field ", name, _]:
            return _join(path, name), "is required"
        case ["Expected ", wanted, ", got ", found, *_]:
            if found == "GivenTwice":
                return path, "is given twice"
            return path, f"must be {_TYPES.get(wanted.split(' ')[0], wanted)}, not {_TYPES.get(found, found)}"
    if "decimal" in fault:
        return path, "must be a number"
    if "date" in fault:
        return path, "must be a date, as 2025-12-31"
    return path, fault[:1].lower() + fault[1:]


_TYPES = {
    "array": "a list",
    "bool": "true or false",
    "date": "a date, as 2025-12-31",
    "decimal": "a number",
    "float": "a number with decimals",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "text",
    "uuid": "a UUID",
}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _faults(order: OrderIn) -> Iterator[Fault]:
    yield from _faults_of("", order)
    for name, part in (("customer", order.customer), ("source_document", order.source_document)):
        if part is not None:
            yield from _faults_of(f"{name}.", part)
    for name, address in (("ship_to", order.ship_to), ("bill_to", order.bill_to)):
        yield from _address_faults(name, address or {})
    if len(order.lines) > MOST_LINES:
        yield "lines", f"has {len(order.lines)} lines; the limit is {MOST_LINES}"
        return
    numbers = Counter(line.line_no for line in order.lines)
    for index, line in enumerate(order.lines):
        yield from _faults_of(f"lines[{index}].", line)
        if not 1 <= line.line_no < 2**31:
            yield f"lines[{index}].line_no", "must be from 1 to 2147483647"
        elif numbers[line.line_no] > 1:
            yield f"lines[{index}].line_no", f"{line.line_no} is used more than once"


def _faults_of(prefix: str, struct: msgspec.Struct) -> Iterator[Fault]:
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if value is None:
            continue
        message = None
        if isinstance(value, str):
            message = _text_fault(name, value)
        elif isinstance(value, Decimal):
            message = _number_fault(value, *_NUMBERS[name])
        elif isinstance(value, date) and value.year not in YEARS:
            message = f"must be in the years {YEARS[0]} to {YEARS[-1]}"
        if message:
            yield prefix + name, message


def _address_faults(name: str, address: dict[str, str | None]) -> Iterator[Fault]:
    if len(address) > MOST_ADDRESS_FIELDS:
        yield name, f"has {len(address)} fields; the limit is {MOST_ADDRESS_FIELDS}"
    for key, value in address.items():
        if not key:
            yield name, "has a field without a name"
        if message := _text_fault("name", key) or (value and _text_fault("notes", value)):
            yield f"{name}.{key[:40]}".replace("\0", "\\0"), message


def _text_fault(name: str, text: str) -> str | None:
    limit = _LONG if name in _LONG_FIELDS else _SHORT
    if len(text) > limit:
        return f"has {len(text)} characters; the limit is {limit}"
    if "\0" in text:
        return "holds a NUL character"
    if not text.isascii() and _LONE_SURROGATE.search(text):
        return "holds half a character (a lone surrogate)"
    if name not in _PATTERNS or (not text and name == "currency"):  # an empty currency is none
        return None
    pattern, message = _PATTERNS[name]
    return None if pattern.fullmatch(text) else message


def _number_fault(number: Decimal, whole: int, decimals: int) -> str | None:
    if not number.is_finite():
        return "must be a number"
    if number.adjusted() >= whole:
        return f"must have at most {whole} digits before the decimal point"
    if number.adjusted() < -decimals or number != number.quantize(Decimal(1).scaleb(-decimals)):
        return f"must have at most {decimals} decimals"
    return None


def _draft(order: OrderIn) -> DraftOrder:
    customer, source = order.customer, order.source_document
    return DraftOrder(
        external_order_number=order.external_order_number,
        order_date=order.order_date,
        requested_delivery_date=order.requested_delivery_date,
        currency=order.currency or None,
        notes=order.notes,
        customer=Customer(customer.erp_customer_number, customer.name, customer.id) if customer else None,
        ship_to=order.ship_to,
        bill_to=order.bill_to,
        lines=[_draft_line(line) for line in order.lines],
        source_document=SourceDocument(source.document_id, source.file_name, source.sha256) if source else None,
    )


def _draft_line(line: LineIn) -> DraftOrderLine:
    return DraftOrderLine(
        line_no=line.line_no,
        internal_sku=line.internal_sku,
        qty=line.qty,
        uom=line.uom,
        unit_price=line.unit_price,
        currency=line.currency or None,
        customer_sku_raw=line.customer_sku_raw,
        product_description=line.description,
        requested_delivery_date=line.requested_delivery_date,
        line_notes=line.line_notes,
    )
