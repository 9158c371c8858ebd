"""Parts of an order's content are changed, as JSON Merge Patch has it (RFC 7396)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from orderflow.domain.orders import CONTENT, LINE_CONTENT, DraftOrder
from orderflow.flow.order.incoming import NAMES
from orderflow.flow.order.reading import read_order


def patched(order: DraftOrder, patch: Mapping[str, Any]) -> DraftOrder:
    """Return the order with its content as `patch` changes it: what it leaves out stays, and null removes.

    Raises:
        InputError: What comes of it cannot be an order; the faults are named by their fields.
    """
    changed = read_order(merged(said_by(order), patch))
    changed.id = order.id
    return changed


def said_by(order: DraftOrder) -> dict[str, Any]:
    """Return an order's content as it comes in: as JSON names it, its numbers `Decimal`, what is empty left out."""
    content = {name: getattr(order, name) for name in CONTENT}
    content["lines"] = [{NAMES.get(name, name): getattr(line, name) for name in LINE_CONTENT} for line in order.lines]
    said: dict[str, Any] = _stated(msgspec.to_builtins(content, builtin_types=(Decimal,)))
    return said


def _stated(value: Any) -> Any:
    match value:
        case dict():
            return {name: _stated(inner) for name, inner in value.items() if inner is not None}
        case list() | tuple():
            return [_stated(inner) for inner in value]
    return value


def merged(target: Any, patch: Any) -> Any:
    """Return what RFC 7396, section 2, makes of a value and a patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
