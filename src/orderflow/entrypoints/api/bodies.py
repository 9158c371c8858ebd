"""What a request brings in its body: exact numbers, and an order decoded in one step."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import msgspec
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from orderflow.domain.errors import InputError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.strict_json import NotJSONError, parse
from orderflow.entrypoints.api.body_limit import LARGE
from orderflow.entrypoints.api.computing import metering
from orderflow.flow.order.reading import decode_order, read_order

T = TypeVar("T")
BODIES: set[type[msgspec.Struct]] = set()
"""What routes read by themselves, for the OpenAPI document."""

_NO_OBJECT = {"field": "body", "message": "must be a JSON object, sent with Content-Type: application/json"}


class ExactRequest(Request):
    """A request whose body was read beforehand by `read`, its JSON by the rules of `domain.strict_json`.

    Attributes:
        raw: The body.
    """

    raw: bytes = b""
    _value: Any = None

    async def read(self, *, parse_it: bool) -> None:
        """Read the body, and parse it if it is JSON and that is wanted; a large one beside the event loop.

        Raises:
            InputError: It is not JSON as it is taken here.
        """
        self.raw = await self.body()
        if parse_it and self.raw and sends_json(self):
            self._value = await beside_the_loop(self.raw, parsed, self.raw)

    async def json(self) -> Any:
        """Return the parsed body."""
        return self._value


async def beside_the_loop(raw: bytes, step: Callable[..., T], *given: Any) -> T:
    """Return what a step about a body returns, taken in a thread if the body is large."""
    return await run_in_threadpool(metering(step), *given) if len(raw) > LARGE else step(*given)


def parsed(raw: bytes) -> Any:
    """Return the value of a body that is JSON.

    Raises:
        InputError: It is none, or breaks the rules of `domain.strict_json`.
    """
    try:
        return parse(raw)
    except NotJSONError as error:
        fields = [{"field": error.field or "body", "message": error.message}]
        raise InputError(f"Some fields cannot be used: {fields[0]['field']}.", details={"fields": fields}) from None


def sends_json(request: Request) -> bool:
    """Return whether the request says that its body is JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def body_of(struct: type[msgspec.Struct], *media_types: str) -> dict[str, Any]:
    """Return the `openapi_extra=` of a route that reads its body itself, as this struct; usually as plain JSON."""
    BODIES.add(struct)
    schema = {"$ref": f"#/components/schemas/{struct.__name__}"}
    content = {media_type: {"schema": schema} for media_type in media_types or ("application/json",)}
    return {"requestBody": {"required": True, "content": content}}


def order_in(request: ExactRequest, beside: Collection[str] = ()) -> DraftOrder:
    """Return the order in a request's body: decoded in one step if it is right, else looked at field by field.

    Args:
        beside: Fields that may stand beside its own, and do not matter.

    Raises:
        InputError: It is none; its faults are named by their fields.
    """
    order = decode_order(request.raw) if sends_json(request) else None
    return order or read_order({name: value for name, value in object_in(request).items() if name not in beside})


def object_in(request: ExactRequest) -> dict[str, object]:
    """Return the object that a request's body is. Raises InputError if it is none."""
    value = parsed(request.raw) if sends_json(request) else None
    if not isinstance(value, dict):
        raise InputError("Some fields cannot be used: body.", details={"fields": [_NO_OBJECT]})
    return value
