"""`orderflow_export_json_v1`: the document that an ERP reads, as the published schema fixes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import fastjsonschema
import msgspec

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine, SourceDocument

FORMAT_VERSION = "orderflow_export_json_v1"
MEDIA_TYPE = "application/json"
_encoder = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical")


def export_document(order: DraftOrder, delivery: Delivery | None = None) -> Document:
    """Build, validate and encode the document of `order`.

    Raises:
        RejectedError: The order does not fit the published schema; the message names the place.
    """
    return checked_document(export_fields(order), order, delivery or order.delivery, _validator())


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


def export_fields(order: DraftOrder) -> dict[str, Any]:
    """Return the document's content with numbers as `int` or `Decimal` and every null written."""
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
        "lines": [_line(line, order.currency) for line in order.lines],
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


def validator_of(schema: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """Return what checks a document against its published schema, for `checked_document`."""
    # fastjsonschema speaks draft 7; the schemas use nothing that differs between it and 2020-12 (a test holds it).
    validate: Callable[[dict[str, Any]], Any] = fastjsonschema.compile(schema, use_default=False)
    return validate
