"""The order in a request's body: decoded in one step if it is right, else looked at field by field."""

from __future__ import annotations

from orderflow.domain.errors import InputError
from orderflow.domain.orders import DraftOrder
from orderflow.entrypoints.api.routing import ExactRequest, parsed, sends_json
from orderflow.flow.order.reading import decode_order, read_order

_NO_OBJECT = {"field": "body", "message": "must be a JSON object, sent with Content-Type: application/json"}


def order_in(request: ExactRequest) -> DraftOrder:
    """Return the order in a request's body.

    Raises:
        InputError: It is none; its faults are named by their fields.
    """
    order = decode_order(request.raw) if sends_json(request) else None
    return order or read_order(_object_in(request))


def _object_in(request: ExactRequest) -> dict[str, object]:
    value = parsed(request.raw) if sends_json(request) else None
    if not isinstance(value, dict):
        raise InputError("Some fields cannot be used: body.", details={"fields": [_NO_OBJECT]})
    return value
