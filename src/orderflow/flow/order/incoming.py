"""An order as it comes in: what `domain.orders` says that an order holds, under its names in JSON, with its rules.

A new field is declared there; here it needs a line only if it has a rule of its own. These structs are what a text is
decoded into, and the schema that the API publishes.
"""

from __future__ import annotations

import re
from dataclasses import is_dataclass
from typing import Annotated, Any, get_args, get_type_hints

import msgspec

from orderflow.domain.orders import (
    ADJUSTMENTS,
    CONTENT,
    LINE_CONTENT,
    MOST_PRIORITY,
    TEXTS_BY_NAME,
    AllowanceCharge,
    Customer,
    DraftOrder,
    DraftOrderLine,
    SourceDocument,
)

MOST_LINES = 10_000
MOST_ADJUSTMENTS = 100
"""Allowances, and charges, of an order or of a line."""
MOST_ADDRESS_FIELDS = 50
YEARS = range(1900, 3000)
SHORT, LONG = 200, 4_000
"""Characters of a code or a name, and of a text that people write."""

LIMITS = dict.fromkeys(("notes", "line_notes", "description", "customer_sku_raw", "payment_terms", "reason"), LONG)
"""How many characters a text field may have that may have more than `SHORT`."""

LINE_NUMBERS = {"qty": (15, 3), "unit_price": (14, 4)}
"""Digits before and after the decimal point, as NUMERIC(18,3) and NUMERIC(18,4) hold them."""

ADJUSTMENT_NUMBERS = {"amount": (14, 4), "percent": (5, 4), "base_amount": (14, 4)}
NUMBERS = LINE_NUMBERS | ADJUSTMENT_NUMBERS

RANGES = {"priority": (0, MOST_PRIORITY)}
"""The smallest and the largest whole number of a field."""

PATTERNS = {
    "currency": (re.compile(r"([A-Z]{3})?"), "must be three capital letters (ISO 4217), as EUR"),
    "sha256": (re.compile(r"[0-9a-f]{64}"), "must be 64 hex digits in lower case"),
}
_SHOWN: dict[str, dict[str, Any]] = {
    "amount": {"examples": [12.5], "description": "In the order's currency; 14 digits and 4 decimals at most"},
    "base_amount": {"description": "What it is a percentage of"},
    "code": {
        "examples": ["95"],
        "description": "Why, as UNTDID 5189 (allowances), 7161 (charges) or 5305 (taxes) codes it",
    },
    "gtin": {"examples": ["04012345123456"], "description": "8, 12, 13 or 14 digits, the last of which checks them"},
    "payment_terms": {"examples": ["30 days net"]},
    "percent": {"examples": [2.5], "description": "2.5 is 2.5 %"},
    "currency": {"examples": ["EUR"]},
    "description": {"examples": ["Kabel NYM-J 3x1,5"]},
    "erp_customer_number": {"examples": ["4711"]},
    "external_order_number": {"examples": ["PO-12345"]},
    "file_name": {"examples": ["order.pdf"]},
    "internal_sku": {"examples": ["INT-999"]},
    "line_no": {"description": "Once in an order", "minimum": 1, "exclusiveMaximum": 2**31},
    "name": {"examples": ["Muster GmbH"]},
    "order_date": {"description": f"In the years {YEARS[0]} to {YEARS[-1]}"},
    "priority": {"description": "Head start in the queue of deliveries, in minutes; left out or null: 0"},
    "qty": {"examples": [10], "description": "15 digits and 3 decimals at most; over 0 to be READY"},
    "unit_price": {"examples": [1.23], "description": "14 digits and 4 decimals at most"},
    "uom": {"examples": ["M"]},
}
NAMES = {"product_description": "description"}
"""Fields that JSON calls otherwise."""


def _address() -> Any:
    value = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": LONG})]
    limits = {"maxProperties": MOST_ADDRESS_FIELDS, "propertyNames": {"minLength": 1, "maxLength": SHORT}}
    return Annotated[dict[str, value | None], msgspec.Meta(extra_json_schema=limits)]


def _rules(name: str, kind: Any) -> dict[str, Any]:
    """Return what the schema says of a field, beside its type."""
    rules = dict(_SHOWN.get(name, {}))
    if name in RANGES:
        rules["minimum"], rules["maximum"] = RANGES[name]
    if name in NUMBERS:
        rules["pattern"] = _digits(*NUMBERS[name], sign="" if name in ADJUSTMENT_NUMBERS else "-?")
    elif name in PATTERNS:
        rules["pattern"] = f"^{PATTERNS[name][0].pattern}$"
    elif kind is str:
        rules["maxLength"] = LIMITS.get(name, SHORT)
    return rules


def _digits(whole: int, decimals: int, sign: str) -> str:
    return rf"^{sign}[0-9]{{1,{whole}}}(\.[0-9]{{1,{decimals}}})?$"


def _as_it_comes(name: str, hint: Any) -> Any:
    """Return the type of a field in JSON."""
    kind, *others = get_args(hint) or (hint,)
    if name in ADJUSTMENTS:
        several: Any = Annotated[list[_PARTS[kind]], msgspec.Meta(extra_json_schema={"maxItems": MOST_ADJUSTMENTS})]  # type: ignore[valid-type]  # made below
        return several | None
    if is_dataclass(kind):
        return _PARTS[kind] | None
    if name in TEXTS_BY_NAME:
        return _address() | None
    described: Any = Annotated[kind, msgspec.Meta(extra_json_schema=_rules(name, kind))]
    return described | None if others else described


def _struct(name: str, doc: str, kind: type[Any], names: tuple[str, ...], more: tuple[Any, ...] = ()) -> Any:
    """Return the struct of the fields `names` of a dataclass; those that may be missing are None then."""
    hints = get_type_hints(kind)
    fields = [(field, _as_it_comes(NAMES.get(field, field), hints[field])) for field in names]
    declared = [(field, hint, None) if type(None) in get_args(hint) else (field, hint) for field, hint in fields]
    return msgspec.defstruct(
        name, [*declared, *more], forbid_unknown_fields=True, rename=NAMES, kw_only=True, namespace={"__doc__": doc}
    )


def _all_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(get_type_hints(kind))


_PARTS: dict[Any, Any] = {
    AllowanceCharge: _struct(
        "AllowanceChargeBody",
        "What comes off a price (an allowance), or on top of it (a charge, a tax): an amount, a percentage, or both.",
        AllowanceCharge,
        _all_of(AllowanceCharge),
    ),
    Customer: _struct("CustomerBody", "Who ordered.", Customer, _all_of(Customer)),
    SourceDocument: _struct(
        "SourceDocumentBody", "The document that the order was read from.", SourceDocument, _all_of(SourceDocument)
    ),
}
LineBody = _struct("LineBody", "One line.", DraftOrderLine, LINE_CONTENT)
_LINES: Any = Annotated[list[LineBody], msgspec.Meta(extra_json_schema={"maxItems": MOST_LINES})]  # type: ignore[valid-type]  # made above
OrderBody = _struct(
    "OrderBody",
    "An order. What is missing for approval may be added later; what is there must be right.",
    DraftOrder,
    CONTENT,
    (("lines", _LINES, msgspec.field(default_factory=list)),),
)
PARTS = {"customer": _PARTS[Customer], "source_document": _PARTS[SourceDocument]}
"""The fields of an order that have fields of their own, each a struct."""

LISTS = {"lines": LineBody, **dict.fromkeys(ADJUSTMENTS, _PARTS[AllowanceCharge])}
"""The fields that are lists of such."""
