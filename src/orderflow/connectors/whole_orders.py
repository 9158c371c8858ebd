"""What connectors that write orders by themselves need: letters, digits, and what a connection leaves out."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints

from orderflow.domain.orders import ADJUSTMENTS, CONTENT, LINE_CONTENT, DraftOrder

Entity = dict[str, Any]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)?$")]
"""A field of an order, a line or a party, as `gtin` or `ship_to.email`."""

_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class PlainLetters:
    """All letters but control characters, which no screen shows.

    Args:
        name: For people, as "an SAP field".
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def written(self, text: str) -> str | None:
        """Return the text, or None: it holds another letter."""
        return None if _CONTROL_CHARACTER.search(text) else text


def short_key(export_id: UUID) -> str:
    """Return 8 letters and digits by which an order is a delivery's, among the orders of one number: 40 bits."""
    return base64.b32encode(hashlib.blake2b(export_id.bytes, digest_size=5).digest()).decode()


def without(order: DraftOrder, left_out: Collection[str]) -> DraftOrder:
    """Return the order without the fields that a connection leaves out; those of its parties stay."""
    header: Entity = {name: () if name in ADJUSTMENTS else None for name in CONTENT if name in left_out}
    line: Entity = {name: () if name in ADJUSTMENTS else None for name in LINE_CONTENT if name in left_out}
    lines = [replace(one, **line) for one in order.lines] if line else order.lines
    return replace(order, lines=lines, **header) if header or line else order


def fits(number: Decimal, decimals: int) -> bool:
    """Return whether a number has no more decimals than that."""
    scaled = number.scaleb(decimals)
    return scaled == scaled.to_integral_value()


def filled(values: Mapping[str, Any]) -> Entity:
    """Return the values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", [])}
