"""How much a request may send, and how slowly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import Message, Receive

from orderflow.domain.errors import OrderFlowError
from orderflow.entrypoints.api.work import Endpoint

ANONYMOUS = 8_192
"""Bytes that a request may send before it is known whose it is."""

USUAL = 262_144
"""Bytes that most requests may send; those that bring in an order, or a file (`up_to`), may send more."""

LARGE = 65_536
"""Bytes from which on a body is parsed beside the event loop, and counts as large (`work.LIMITS`)."""


class BodyTooLargeError(OrderFlowError):
    """A request sends more than is taken here."""

    code = "BODY_TOO_LARGE"
    hint = "Send less at a time: many orders go to /draft-orders/import."


class BodyTooSlowError(OrderFlowError):
    """A request's body comes too slowly."""

    code = "BODY_TOO_SLOW"
    hint = "Nothing of it was taken; send it again over a faster connection, or in smaller parts."
    default_message = "The body came too slowly, or not at all."


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly a body has to come.

    Attributes:
        idle: Seconds within which something of it comes, each time.
        grace: Seconds after which it is looked at how quickly it came.
        rate: Bytes a second, on average, from then on.
    """

    idle: float = 20.0
    grace: float = 20.0
    rate: float = 4_096.0


PACE = Pace()


def up_to(most: int) -> Callable[[Endpoint], Endpoint]:
    """Let requests to an endpoint send this many bytes; stands below the decorator of its route."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.most_bytes = most  # type: ignore[attr-defined]  # functions take attributes
        return endpoint

    return mark


def usually(endpoint: Callable[..., Any]) -> int:
    """Return how many bytes a request to an endpoint that brings in no order may send."""
    return getattr(endpoint, "most_bytes", USUAL)


def limited(request: Request, most: int, pace: Pace | None = None) -> Receive:
    """Return the request's `receive`, which raises once more than `most` bytes came, or too few.

    What is within the limit is given out first, however the network cut it.

    Raises:
        BodyTooLargeError: At once if the request announces that much.
        BodyTooSlowError: It does not keep `pace`.
    """
    pace = pace or PACE
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    received, begun = 0, time.monotonic()
    beyond = False

    async def receive() -> Message:
        nonlocal received, beyond
        if beyond:
            raise _too_large(most)
        try:
            async with asyncio.timeout(pace.idle):  # `wait_for` would make a task of it
                message = await request.receive()
        except TimeoutError:
            raise BodyTooSlowError from None
        piece = message.get("body", b"")
        received += len(piece)
        if received > most:
            beyond = True
            return {"type": message["type"], "body": piece[: most - received], "more_body": True}
        if message.get("more_body") and _lags(received, time.monotonic() - begun, pace):
            raise BodyTooSlowError
        return message

    return receive


def announces_much(request: Request) -> bool:
    """Return whether a request's body is large, or may be for all that is known."""
    announced = request.headers.get("content-length", "")
    return int(announced) > LARGE if announced.isdigit() else "transfer-encoding" in request.headers


def _lags(received: int, seconds: float, pace: Pace) -> bool:
    return seconds > pace.grace and received < seconds * pace.rate


def _too_large(most: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The body is larger than the {most:,} bytes that are taken here.")
