"""`orderflow_recall_json_v1`: the document that asks an ERP to give an order back, as the published schema fixes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from functools import cache
from importlib import resources
from typing import Any

from orderflow.domain.delivery import Delivery, Document
from orderflow.domain.document import checked_document, validator_of
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import Customer, DraftOrder

FORMAT_VERSION = "orderflow_recall_json_v1"


def recall_document(order: DraftOrder, delivery: Delivery | None = None) -> Document:
    """Build, validate and encode the recall of `order`.

    Raises:
        RejectedError: It does not say what was sent, or does not fit the published schema.
    """
    delivery = delivery or order.delivery
    return checked_document(recall_fields(order, delivery), order, delivery, _validator(), what="recall")


def recall_fields(order: DraftOrder, delivery: Delivery) -> dict[str, Any]:
    """Return the document's content. Raises RejectedError if nobody knows what was sent."""
    sent = delivery.sent
    if sent is None:
        raise RejectedError("Nothing is known of the delivery that is to be recalled.", code="DOCUMENT_INVALID")
    return {
        "export_version": FORMAT_VERSION,
        "org_slug": order.org_slug or (str(order.org_id) if order.org_id else None),
        "recall_id": str(delivery.export_id),
        "requested_at": delivery.requested_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "reason": delivery.reason,
        "draft_order_id": str(order.id),
        "external_order_number": order.external_order_number,
        "erp_customer_number": (order.customer or Customer()).erp_customer_number,
        "recalled": {"file": sent.reference, "export_id": str(sent.export_id), "erp_order_id": sent.erp_order_id},
    }


def recall_schema() -> dict[str, Any]:
    """Return the published JSON Schema (2020-12) of the document."""
    text = resources.files("orderflow.domain").joinpath(f"{FORMAT_VERSION}.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _validator() -> Callable[[dict[str, Any]], Any]:
    return validator_of(recall_schema())
