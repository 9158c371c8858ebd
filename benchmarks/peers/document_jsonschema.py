"""The export document with the best-known parts: a dict, the jsonschema package, `json.dumps`; decimals as floats."""

from __future__ import annotations

import json
from datetime import UTC
from decimal import Decimal
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

from orderflow.domain.orders import DraftOrder


class Documents:
    def __init__(self) -> None:
        schema = resources.files("orderflow.domain").joinpath("orderflow_export_json_v1.schema.json").read_text()
        self._validator = Draft202012Validator(json.loads(schema))

    def encode(self, order: DraftOrder) -> bytes:
        document = fields(order)
        self._validator.validate(document)
        return json.dumps(document).encode()


def fields(order: DraftOrder) -> dict[str, Any]:
    assert order.approved_at is not None
    assert order.order_date is not None
    assert order.customer is not None
    return {
        "export_version": "orderflow_export_json_v1",
        "org_slug": order.org_slug,
        "draft_order_id": str(order.id),
        "approved_at": order.approved_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "customer": {
            "id": str(order.customer.id),
            "erp_customer_number": order.customer.erp_customer_number,
            "name": order.customer.name,
        },
        "header": {
            "external_order_number": order.external_order_number,
            "order_date": order.order_date.isoformat(),
            "currency": order.currency,
            "requested_delivery_date": None,
            "notes": order.notes,
        },
        "lines": [
            {
                "line_no": line.line_no,
                "internal_sku": line.internal_sku,
                "qty": _number(line.qty),
                "uom": line.uom,
                "unit_price": _number(line.unit_price),
                "currency": line.currency,
                "customer_sku_raw": line.customer_sku_raw,
                "description": line.product_description,
            }
            for line in order.lines
        ],
        "meta": {
            "created_by": order.created_by,
            "source_document": {"document_id": None, "file_name": None, "sha256": None},
        },
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
