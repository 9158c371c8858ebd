"""`orderflow_export_json_v1`: the document that an ERP reads, as the published schema fixes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Any

import fastjsonschema
import msgspec

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import LINE_IN_PLACE, Customer, DraftOrder, DraftOrderLine, SourceDocument

FORMAT_VERSION = "orderflow_export_json_v1"
MEDIA_TYPE = "application/json"
_encoder = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical")


def export_document(order: DraftOrder, delivery: Delivery | None = None) -> Document:
    """Build, validate and encode the document of `order`.

    Raises:
        RejectedError: The order does not fit the published schema; the message names the place.
    """
    delivery = delivery or order.delivery
    rows = rows_as_approved(order)
    if rows is None:
        return checked_document(export_fields(order), order, delivery, _validator())
    lines = [Line(*row.said(order.currency)) for row in rows]
    return checked_document(export_fields(order, lines), order, delivery, _validator_of_the_rest())


def checked_document(
    content: dict[str, Any],
    order: DraftOrder,
    delivery: Delivery,
    validate: Callable[[dict[str, Any]], Any],
    what: str = "sales_order",
) -> Document:
    """Encode the content of a document, whose version it says itself, once it is valid. Raises RejectedError."""
    version = content["export_version"]
    try:
        validate(content)
    except fastjsonschema.JsonSchemaValueException as error:
        name = error.name or "data"
        place, fault = name.removeprefix("data."), error.message.removeprefix(name).strip()
        raise RejectedError(f"The order does not fit {version}: {place} {fault}.", code="DOCUMENT_INVALID") from None
    return Document(export_filename(order.id, delivery, what=what), _encoder.encode(content), MEDIA_TYPE, version)


def export_filename(order_id: Any, delivery: Delivery, suffix: str = ".json", what: str = "sales_order") -> str:
    """Return `sales_order_<order_id>_<YYYYMMDDTHHMMSSZ>_<8 hex>` and `suffix`: the same for one export, always."""
    moment = delivery.requested_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{what}_{order_id}_{moment}_{delivery.export_id.hex[-8:]}{suffix}"


def export_fields(order: DraftOrder, lines: Sequence[Line] | None = None) -> dict[str, Any]:
    """Return the document's content with numbers as `int` or `Decimal` and every null written.

    Args:
        lines: Those of the document, where they need not be made of the order's own.
    """
    return {
        "export_version": FORMAT_VERSION,
        "org_slug": order.org_slug or (str(order.org_id) if order.org_id else None),
        "draft_order_id": str(order.id),
        "approved_at": _utc(order.approved_at),
        "customer": _customer(order.customer or Customer()),
        "header": {
            "external_order_number": order.external_order_number,
            "order_date": order.order_date.isoformat() if order.order_date else None,
            "currency": order.currency,
            "requested_delivery_date": (
                order.requested_delivery_date.isoformat() if order.requested_delivery_date else None
            ),
            "notes": order.notes,
        },
        "lines": [_line(line, order.currency) for line in order.lines] if lines is None else lines,
        "meta": {
            "created_by": order.created_by,
            "source_document": _source_document(order.source_document or SourceDocument()),
        },
    }


def exact(number: Decimal | None) -> int | Decimal | None:
    """Return `number` unchanged in value, without trailing zeros or an exponent: 10.000 → 10, 1.2300 → 1.23.

    Raises:
        RejectedError: It is infinite or not a number, which JSON cannot say.
    """
    if number is None:
        return None
    if not number.is_finite():
        raise RejectedError(f"The order holds {number} where a number is needed.", code="DOCUMENT_INVALID")
    whole = number.to_integral_value()
    return int(whole) if whole == number else Decimal(f"{number:f}".rstrip("0"))


def _line(line: DraftOrderLine, currency: str | None) -> dict[str, Any]:
    return {
        "line_no": line.line_no,
        "internal_sku": line.internal_sku,
        "qty": exact(line.qty),
        "uom": line.uom,
        "unit_price": exact(line.unit_price),
        "currency": line.currency or currency,
        "customer_sku_raw": line.customer_sku_raw,
        "description": line.product_description,
    }


class Line(msgspec.Struct, gc=False):
    """A line as the document has it, field by field. Numbers stand in it as they are written."""

    line_no: int
    internal_sku: str
    qty: msgspec.Raw
    uom: str
    unit_price: msgspec.Raw | None
    currency: str | None
    customer_sku_raw: str | None
    description: str | None


class Row(msgspec.Struct, array_like=True, gc=False):
    """A line as a revision has it, place by place, if its values fit the published schema.

    `rows_as_approved` checks besides what depends on the order, or would be slower here: numbers and currencies.
    """

    line_no: Annotated[int, msgspec.Meta(ge=1)]
    internal_sku: Annotated[str, msgspec.Meta(min_length=1)]
    qty: str
    uom: Annotated[str, msgspec.Meta(min_length=1)]
    unit_price: str | None
    currency: str | None
    customer_sku_raw: str | None
    product_description: str | None
    requested_delivery_date: date | None
    line_notes: str | None

    def said(self, currency: str | None) -> tuple[Any, ...]:
        """Return the values of `Line`; numbers, which have decimals, as `exact` would have them."""
        price = self.unit_price
        return (
            self.line_no,
            self.internal_sku,
            msgspec.Raw(self.qty.rstrip("0").rstrip(".").encode()),
            self.uom,
            None if price is None else msgspec.Raw(price.rstrip("0").rstrip(".").encode()),
            self.currency or currency,
            self.customer_sku_raw,
            self.product_description,
        )


_rows = msgspec.json.Decoder(list[Row])
_PLACES = LINE_IN_PLACE[: len(Row.__struct_fields__)]
# As a database writes them, with their decimals; what is written otherwise, or below zero where it may not be, is left
# to `exact` and to the schema.
_QUANTITIES = re.compile(r"(?:(?!0\.0+ )(?:0|[1-9][0-9]*)\.[0-9]{1,6} )*+")
_PRICES = re.compile(r"(?:(?!-0\.0+ )-?(?:0|[1-9][0-9]*)\.[0-9]{1,6} )*+")
_CURRENCY = re.compile("[A-Z]{3}")


def rows_as_approved(order: DraftOrder) -> list[Row] | None:
    """Return the lines of an order of which none was looked at since they were approved, to be written at once.

    None where that cannot be, or where one does not fit the published schema: `export_fields` tells how.
    """
    unread = order.unread_lines
    if unread is None or unread.names[: len(_PLACES)] != _PLACES:
        return None
    try:
        rows = _rows.decode(unread.rows)
    except msgspec.ValidationError:
        return None
    quantities = " ".join([row.qty for row in rows] + [""])
    prices = " ".join([row.unit_price for row in rows if row.unit_price is not None] + [""])
    currencies = {row.currency for row in rows if row.currency}
    written = _QUANTITIES.fullmatch(quantities) and _PRICES.fullmatch(prices)
    return rows if rows and written and all(map(_CURRENCY.fullmatch, currencies)) else None


def _customer(customer: Customer) -> dict[str, Any]:
    return {
        "id": str(customer.id) if customer.id else None,
        "erp_customer_number": customer.erp_customer_number,
        "name": customer.name,
    }


def _source_document(document: SourceDocument) -> dict[str, Any]:
    return {
        "document_id": str(document.document_id) if document.document_id else None,
        "file_name": document.file_name,
        "sha256": document.sha256,
    }


def _utc(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def export_schema() -> dict[str, Any]:
    """Return the published JSON Schema (2020-12) of the document."""
    text = resources.files("orderflow.domain").joinpath(f"{FORMAT_VERSION}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator() -> Callable[[dict[str, Any]], Any]:
    return validator_of(export_schema())


@cache
def _validator_of_the_rest() -> Callable[[dict[str, Any]], Any]:
    return validator_of(without_lines(export_schema()))


def without_lines(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a document's schema for all but its lines."""
    return schema | {"properties": schema["properties"] | {"lines": {}}}


def validator_of(schema: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """Return what checks a document against its published schema, for `checked_document`."""
    # fastjsonschema speaks draft 7; the schemas use nothing that differs between it and 2020-12 (a test holds it).
    validate: Callable[[dict[str, Any]], Any] = fastjsonschema.compile(schema, use_default=False)
    return validate
