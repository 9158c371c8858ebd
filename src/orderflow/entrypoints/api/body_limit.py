"""How much a request may send."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive


def limited(request: Request, most: int) -> Receive:
    """Return the request's `receive`, which raises once more than `most` bytes came.

    Raises:
        HTTPException: 413, at once if the request announces that much.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > most:
            raise _too_large(most)
        return message

    return receive


def _too_large(most: int) -> HTTPException:
    return HTTPException(413, f"The body is larger than the {most:,} bytes that are taken here.")
