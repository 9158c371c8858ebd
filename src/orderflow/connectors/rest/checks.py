"""What can be known of a configuration's templates when it is saved: each is tried on a sample order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationInfo

from orderflow.channels.http.checks import header_lines, without_twins
from orderflow.formats.template.filters import in_header, in_url
from orderflow.formats.template.texts import ORDER_FIELDS, filled
from orderflow.http.urls import origin_of

CHANGE_FIELDS = {
    "sent": {
        "export_id": "4",
        "reference": "sales_order_1.json",
        "requested_at": datetime(2025, 12, 26, 10, tzinfo=UTC),
        "erp_order_id": "SO-1",
    },
}
"""What the templates of a change have beside the order's fields."""

RECALL_FIELDS = CHANGE_FIELDS | {"recall": {"reason": "cancelled"}}
"""The same of a recall."""

STATUS_FIELDS = {"erp_order_id": "SO-1", "reference": "sales_order_1.json", "export_id": "4", "draft_order_id": "1"}


def check_url(text: str, fields: Mapping[str, Any]) -> str:
    """Return a URL, or a template of one, that makes sense with `fields`.

    Raises:
        ValueError: It cannot be compiled or filled, or leaves its host open.
    """
    url = text.strip()
    origin_of(url)
    filled(url, in_url, fields)
    return url


def check_headers(text: str, about: ValidationInfo) -> str:
    """Return the headers' templates as they are.

    Raises:
        ValueError: One is none, cannot be filled, or is there twice; of those that were saved, the last one counts.
    """
    for name, value in without_twins(header_lines(text), about.context):
        try:
            filled(value, in_header, ORDER_FIELDS)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return text
