"""An order as JSON becomes a `DraftOrder`: every number exact, every fault named with its field.

What is merely missing is no fault here: such an order is accepted and NEEDS_REVIEW.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import chain, islice
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import astuple

from orderflow.domain.codes import control_in
from orderflow.domain.errors import InputError
from orderflow.domain.orders import (
    ADJUSTMENTS,
    CODES,
    CONTENT,
    LINE_BY_NAME,
    TEXTS_BY_NAME,
    AllowanceCharge,
    Customer,
    DraftOrder,
    DraftOrderLine,
    SourceDocument,
    clean_codes,
    faults_in,
    line_of,
)
from orderflow.domain.strict_json import HALF_A_CHARACTER
from orderflow.domain.typed import typed
from orderflow.flow.order.incoming import (
    ADJUSTMENT_NUMBERS,
    LIMITS,
    LINE_NUMBERS,
    LISTS,
    MOST_ADDRESS_FIELDS,
    MOST_ADJUSTMENTS,
    MOST_LINES,
    NUMBERS,
    PARTS,
    PATTERNS,
    RANGES,
    SHORT,
    YEARS,
    LineBody,
    OrderBody,
)

MOST_FAULTS = 20
"""Of one order, that are looked for and told."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
Fault = tuple[str, str]


def read_order(value: Any) -> DraftOrder:
    """Return the order that the JSON value `value` describes, its numbers `int`, `Decimal` or text.

    Raises:
        InputError: It does not fit; `details["fields"]` lists `{"field": "lines[3].qty", "message": …}`, where 3
            counts from 0 as in JSON.
    """
    try:
        order = typed(value, OrderBody)
    except msgspec.ValidationError:
        raise unreadable(_some(_shape_faults(value, OrderBody, ""))) from None
    if faults := _some(chain(_number_faults(value), _faults(order))):
        raise unreadable(faults)
    return _draft(order)


def decode_order(text: bytes) -> DraftOrder | None:
    """Return the order that a JSON text describes: what `read_order` makes of its value, in a tenth of the time.

    None if something is wrong with it: to find out what and where, parse it and ask `read_order`.
    """
    try:
        order, value = _decode(text), msgspec.json.decode(text)
        twice = len(_NAMES.findall(text)) > _names_in(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if twice or any(_number_faults(value)):
        return None
    return None if not _is_plain(text, order) and any(_faults(order)) else _draft(order)


def _is_plain(text: bytes, order: Any) -> bool:
    """Return whether an order is one of the many in which `_faults` has nothing to find: it says only what is usual."""
    if _MAY_HIDE.search(text) or max(map(len, text.split(b'"'))) > SHORT:  # with quotes written out, no text is longer
        return False
    if any(_seldom(order)) or len(order.lines) > MOST_LINES:
        return False
    if order.order_date is not None and order.order_date.year not in YEARS:
        return False
    currencies = {order.currency, *(line.currency for line in order.lines)} - {None}
    if not all(map(PATTERNS["currency"][0].fullmatch, currencies)):
        return False
    return len({line.line_no for line in order.lines}) == len(order.lines) and all(map(_is_plain_line, order.lines))


def _is_plain_line(line: Any) -> bool:
    if any(_seldom_in_line(line)) or not 1 <= line.line_no < 2**31:
        return False
    numbers = (("qty", line.qty), ("unit_price", line.unit_price))
    return not any(number is not None and _number_fault(number, *NUMBERS[name]) for name, number in numbers)


_USUAL = {"external_order_number", "order_date", "currency", "customer", "lines"}
_USUAL_IN_LINE = {
    *("line_no", "internal_sku", "customer_sku_raw", "product_description", "qty", "uom", "unit_price", "currency"),
}
_seldom = attrgetter(*(name for name in OrderBody.__struct_fields__ if name not in _USUAL))
_seldom_in_line = attrgetter(*(name for name in LineBody.__struct_fields__ if name not in _USUAL_IN_LINE))
_MAY_HIDE = re.compile(rb"\\(?:[\"bfnrt]|u00[0189]|u007[fF]|u[dD][89a-fA-F])|\x7f|\xc2[\x80-\x9f]")
"""What a quote, every control character and every half of a character is written with in JSON, among other things."""


def _names_in(value: Any) -> int:
    """Count the names of all objects in a value; of a name given twice, only one is left."""
    if isinstance(value, dict):
        return len(value) + sum(map(_names_in, value.values()))
    return sum(map(_names_in, value)) if isinstance(value, list) else 0


_NAMES = re.compile(rb'"\s*:')
"""At least as many as there are names: a text may hold what looks like the end of one."""

_decode = msgspec.json.Decoder(OrderBody).decode


def _some(faults: Iterator[Fault]) -> list[Fault]:
    return list(islice(faults, MOST_FAULTS + 1))


def unreadable(faults: list[Fault]) -> InputError:
    """Return the error that names each fault as field and reason; a field may be empty for the order as a whole."""
    named = "; ".join(f"{field} {message}".strip() for field, message in faults[:5])
    more = "; and more" if len(faults) > 5 else ""
    fields = [{"field": field, "message": message} for field, message in faults[:MOST_FAULTS]]
    return InputError(f"The order cannot be read: {named}{more}.", details={"fields": fields})


def _number_faults(value: dict[str, Any]) -> Iterator[Fault]:
    """Yield each number, of a value of the right shape, that is text of other characters than these digits."""
    yield from _adjustment_numbers(value, "")
    for index, line in enumerate(value.get("lines", ())):
        yield from _numbers_as_text(line, LINE_NUMBERS, f"lines[{index}].")
        if any(name in line for name in ADJUSTMENTS):
            yield from _adjustment_numbers(line, f"lines[{index}].")


def _adjustment_numbers(value: dict[str, Any], prefix: str) -> Iterator[Fault]:
    for name in ADJUSTMENTS:
        for index, one in enumerate(value.get(name) or ()):
            yield from _numbers_as_text(one, ADJUSTMENT_NUMBERS, f"{prefix}{name}[{index}].")


def _numbers_as_text(value: dict[str, Any], names: Iterable[str], prefix: str) -> Iterator[Fault]:
    for name in names:
        if isinstance(text := value.get(name), str) and not _NUMBER.fullmatch(text):
            yield prefix + name, "must be written with the digits 0 to 9, as 12.5"


# Possessive, so that what does not fit is looked at once: an order is read beside all others.
_NUMBER = re.compile(r"\s*+[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?\s*+", re.ASCII)


def _shape_faults(value: Any, kind: Any, path: str) -> Iterator[Fault]:
    """Yield each place where a value has another shape than a struct; msgspec itself ends at the first."""
    if not isinstance(value, dict):
        yield from _leaf_fault(value, kind, path)
        return
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in value:
        if name not in fields:
            yield _join(path, str(name)[:SHORT]), "is not a known field"
    for name, field in fields.items():
        if name in value:
            yield from _field_faults(value[name], name, field.type, _join(path, name))
        elif field.required:
            yield _join(path, name), "is required"


def _field_faults(value: Any, name: str, kind: Any, path: str) -> Iterator[Fault]:
    match value:
        case dict() if name in PARTS:
            yield from _shape_faults(value, PARTS[name], path)
        case dict() if name in TEXTS_BY_NAME:
            for key, text in value.items():
                yield from _leaf_fault(text, str | None, _join(path, str(key)[:40]))
        case list() if name in LISTS:
            for index, one in enumerate(value):
                yield from _shape_faults(one, LISTS[name], f"{path}[{index}]")
        case _:
            yield from _leaf_fault(value, kind, path)


def _leaf_fault(value: Any, kind: Any, path: str) -> Iterator[Fault]:
    try:
        typed(value, kind)
    except msgspec.ValidationError as error:
        yield _in_our_words(str(error), path)


def _in_our_words(message: str, path: str) -> Fault:
    """Return what msgspec says of the value at `path`: ``Expected `int`, got `str` - at `$.city` ``."""
    fault, _, place = message.partition(" - at ")
    path = _join(path, place.replace("`", "").replace("key in ", "").removeprefix("$").removeprefix("."))
    match fault.split("`"):
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
    return f"{path}.{name}" if path and name else path or name


def _faults(order: Any) -> Iterator[Fault]:
    yield from _faults_of("", order)
    for name, part in (("customer", order.customer), ("source_document", order.source_document)):
        if part is not None:
            yield from _faults_of(f"{name}.", part)
    for name in TEXTS_BY_NAME:
        yield from _address_faults(name, getattr(order, name) or {})
    yield from _adjustment_faults(order, "")
    if len(order.lines) > MOST_LINES:
        yield "lines", f"has {len(order.lines)} lines; the limit is {MOST_LINES}"
        return
    numbers = Counter(line.line_no for line in order.lines)
    for index, line in enumerate(order.lines):
        yield from _faults_of(f"lines[{index}].", line)
        if line.allowances or line.charges or line.taxes:
            yield from _adjustment_faults(line, f"lines[{index}].")
        if not 1 <= line.line_no < 2**31:
            yield f"lines[{index}].line_no", "must be from 1 to 2147483647"
        elif numbers[line.line_no] > 1:
            yield f"lines[{index}].line_no", f"{line.line_no} is used more than once"
    yield from faults_in(order)


def _adjustment_faults(part: Any, prefix: str) -> Iterator[Fault]:
    for name in ADJUSTMENTS:
        given = getattr(part, name) or ()
        if len(given) > MOST_ADJUSTMENTS:
            yield prefix + name, f"has {len(given)} entries; the limit is {MOST_ADJUSTMENTS}"
            return
        for index, one in enumerate(given):
            yield from _faults_of(f"{prefix}{name}[{index}].", one)


def _faults_of(prefix: str, struct: Any) -> Iterator[Fault]:
    for attribute, name in zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True):
        value = getattr(struct, attribute)
        if value is None:
            continue
        message = None
        if isinstance(value, str):
            message = _text_fault(name, value)
        elif isinstance(value, Decimal):
            message = _number_fault(value, *NUMBERS[name])
        elif isinstance(value, int) and name in RANGES:
            message = _range_fault(value, *RANGES[name])
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
    if len(text) > (limit := LIMITS.get(name, SHORT)):
        return f"has {len(text)} characters; the limit is {limit}"
    if "\0" in text:
        return "holds a NUL character"
    if not text.isascii() and _LONE_SURROGATE.search(text):
        return HALF_A_CHARACTER
    if name in CODES and (control := control_in(text)):
        return f"holds a control character, {control}"
    if name not in PATTERNS:
        return None
    pattern, message = PATTERNS[name]
    return None if pattern.fullmatch(text) else message


def _range_fault(number: int, least: int, most: int) -> str | None:
    return None if least <= number <= most else f"must be from {least} to {most}"


def _number_fault(number: Decimal, whole: int, decimals: int) -> str | None:
    if not number.is_finite():
        return "must be a number"
    if number.adjusted() >= whole:
        return f"must have at most {whole} digits before the decimal point"
    if number.adjusted() < -decimals or number != number.quantize(_step(decimals)):
        return f"must have at most {decimals} decimals"
    return None


@cache
def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def _draft(order: Any) -> DraftOrder:
    content = {name: getattr(order, name) for name in CONTENT}
    for name, kind in (("customer", Customer), ("source_document", SourceDocument)):
        if content[name] is not None:
            content[name] = kind(*astuple(content[name]))
    content |= {name: _adjustments(content[name]) for name in ADJUSTMENTS}
    content["currency"] = order.currency or None
    return clean_codes(DraftOrder(**content, lines=list(map(_draft_line, order.lines))))


def _draft_line(line: Any) -> DraftOrderLine:
    values = astuple(line)  # its fields are made from those of a line, in their order
    draft = line_of(values[:_IN_PLACE], values[_IN_PLACE:])
    if draft.allowances or draft.charges or draft.taxes:
        for name in ADJUSTMENTS:
            setattr(draft, name, _adjustments(getattr(draft, name)))
    draft.currency = line.currency or None
    return draft


_IN_PLACE = -len(LINE_BY_NAME)


def _adjustments(given: Iterable[Any] | None) -> tuple[AllowanceCharge, ...]:
    return tuple(AllowanceCharge(*astuple(one)) for one in given or ())
