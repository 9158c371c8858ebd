"""`orderflow_change_json_v1`: the document that changes an order at its ERP, as the published schema fixes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from functools import cache
from importlib import resources
from typing import Any

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import checked_document, export_fields, validator_of
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import Customer, DraftOrder

FORMAT_VERSION = "orderflow_change_json_v1"


def change_document(
    order: DraftOrder,
    delivery: Delivery | None = None,
    written: Callable[[DraftOrder], dict[str, Any]] = export_fields,
) -> Document:
    """Build, validate and encode the change to what `order` says.

    Args:
        written: Returns an order as this connection's order documents have it.

    Raises:
        RejectedError: It does not say what was sent, or does not fit the published schema.
    """
    delivery = delivery or order.delivery
    return checked_document(change_fields(order, delivery, written), order, delivery, _validator(), what="change")


def change_fields(
    order: DraftOrder, delivery: Delivery, written: Callable[[DraftOrder], dict[str, Any]] = export_fields
) -> dict[str, Any]:
    """Return the document's content. Raises RejectedError if nobody knows what was sent."""
    sent = delivery.sent
    if sent is None:
        raise RejectedError("Nothing is known of the delivery that is to be changed.", code="DOCUMENT_INVALID")
    return {
        "export_version": FORMAT_VERSION,
        "org_slug": order.org_slug or (str(order.org_id) if order.org_id else None),
        "change_id": str(delivery.export_id),
        "requested_at": delivery.requested_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "draft_order_id": str(order.id),
        "external_order_number": order.external_order_number,
        "erp_customer_number": (order.customer or Customer()).erp_customer_number,
        "changed": {"file": sent.reference, "export_id": str(sent.export_id), "erp_order_id": sent.erp_order_id},
        "order": written(order),
        "before": written(delivery.before) if delivery.before else None,
    }


def change_schema() -> dict[str, Any]:
    """Return the published JSON Schema (2020-12) of the document."""
    text = resources.files("orderflow.domain").joinpath(f"{FORMAT_VERSION}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator() -> Callable[[dict[str, Any]], Any]:
    return validator_of(change_schema())
