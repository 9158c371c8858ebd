"""Tryton's JSON: decimals and dates travel as tagged objects.

Source: trytond 8.2, `trytond/protocols/jsonrpc.py`.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from orderflow.domain.strict_json import Contradiction, with_contradictions


def encode(value: Any) -> bytes:
    """Return `value` as Tryton reads it."""
    return json.dumps(value, default=_tagged, ensure_ascii=False).encode()


def decode(content: str | bytes) -> Any:
    """Return what Tryton wrote.

    Raises:
        ValueError: This is not JSON, or a name in it has different values.
    """
    return json.loads(content, object_pairs_hook=_object)


def _tagged(value: Any) -> Any:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": f"{value:f}"}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"Tryton's JSON has no form for {type(value).__name__}")


def _object(pairs: list[tuple[str, Any]]) -> Any:
    value = with_contradictions(pairs)
    if any(isinstance(inner, Contradiction) for inner in value.values()):
        raise ValueError("a name has different values")
    return _untagged(value)


def _untagged(value: dict[str, Any]) -> Any:
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
        case _:
            return value
