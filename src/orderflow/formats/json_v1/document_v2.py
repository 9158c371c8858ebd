"""`orderflow_export_json_v2`: all that version 1 has, under the same names, and all that an order says besides.

Once published, what it has never changes. What orders learned to say since stands in it only where an order says it, so
that a receiver who does not know of it sees the same documents as before, and else refuses one rather than lose a part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import (
    Line,
    Row,
    checked_document,
    exact,
    export_fields,
    rows_as_approved,
    validator_of,
    without_lines,
)
from orderflow.domain.orders import AllowanceCharge, DraftOrder, DraftOrderLine

FORMAT_VERSION = "orderflow_export_json_v2"
_PARTIES = ("ship_to", "bill_to", "buyer", "seller")
_DATES = ("earliest_delivery_date", "latest_delivery_date", "promised_delivery_date")
_HEADER = ("source", *_DATES, "delivery_terms", "payment_terms")
_ADDED = ("contact", "shipping")
_LINE = ("requested_delivery_date", *_DATES, "line_notes", "gtin", "buyer_article_number", "seller_article_number")


def export_document_v2(order: DraftOrder, delivery: Delivery) -> Document:
    """Build, validate and encode the document of `order`.

    Raises:
        RejectedError: The order does not fit the published schema; the message names the place.
    """
    lines = _lines_as_approved(order)
    if lines is None:
        return checked_document(export_fields_v2(order), order, delivery, _validator())
    return checked_document(export_fields_v2(order, lines), order, delivery, _validator_of_the_rest())


def export_fields_v2(order: DraftOrder, lines: Sequence[Line] | None = None) -> dict[str, Any]:
    """Return the document's content with numbers as `int` or `Decimal` and every null written; `lines`: as there."""
    content = export_fields(order, lines) | {"export_version": FORMAT_VERSION}
    content["header"] |= {name: _written(getattr(order, name)) for name in _HEADER} | _adjustments(order)
    content["parties"] = {name: getattr(order, name) for name in _PARTIES}
    content |= {name: texts for name in _ADDED if (texts := getattr(order, name))}
    for fields, line in zip(content["lines"], order.lines, strict=True) if lines is None else ():
        fields.update({name: _written(getattr(line, name)) for name in _LINE} | _adjustments(line))
    content["meta"]["approved_by"] = order.approved_by
    return content


class LineV2(Line, gc=False):
    """A line as the document has it, of which no more is said than what every order gives."""

    requested_delivery_date: date | None = None
    earliest_delivery_date: None = None
    latest_delivery_date: None = None
    promised_delivery_date: None = None
    line_notes: str | None = None
    gtin: None = None
    buyer_article_number: None = None
    seller_article_number: None = None
    allowances: tuple[()] = ()
    charges: tuple[()] = ()


def _lines_as_approved(order: DraftOrder) -> list[Line] | None:
    rows = None if order.unread_lines and order.unread_lines.more else rows_as_approved(order)
    if rows is None:
        return None
    return [_line_v2(row, order.currency) for row in rows]


def _line_v2(row: Row, currency: str | None) -> LineV2:
    line = LineV2(*row.said(currency))
    line.requested_delivery_date, line.line_notes = row.requested_delivery_date, row.line_notes
    return line


def _written(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _adjustments(of: DraftOrder | DraftOrderLine) -> dict[str, list[dict[str, Any]]]:
    taxes = {"taxes": _each(of.taxes)} if of.taxes else {}
    return {"allowances": _each(of.allowances), "charges": _each(of.charges)} | taxes


def _each(adjustments: Iterable[AllowanceCharge]) -> list[dict[str, Any]]:
    return [
        {name: exact(value) if isinstance(value, Decimal) else value for name, value in asdict(one).items()}
        for one in adjustments
    ]


def export_schema_v2() -> dict[str, Any]:
    """Return the published JSON Schema (2020-12) of the document."""
    text = resources.files("orderflow.formats.json_v1").joinpath(f"{FORMAT_VERSION}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator() -> Callable[[dict[str, Any]], Any]:
    return validator_of(export_schema_v2())


@cache
def _validator_of_the_rest() -> Callable[[dict[str, Any]], Any]:
    return validator_of(without_lines(export_schema_v2()))
