"""uvicorn's HTTP with an end to everything: how long and how large a head may be, and how many connections there are.

uvicorn closes a connection that idles between two requests. One that never begins, or begins and goes on a byte at a
time, or takes no answer, it would keep for ever.
"""

from __future__ import annotations

import asyncio
import json
import resource
from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536
"""Bytes."""

MOST_CONNECTIONS = 10_000

MOST_BEHIND = 16
"""Requests that wait in a connection for the answers to those before them: uvicorn queues all that one piece holds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What connections may do.

    Attributes:
        head_within: Seconds from a connection's begin, or a request's first byte, until its head is there.
        taken_within: Seconds in which the other side takes something of an answer.
        connections: At a time, in this process.
        of_one_client: At a time, from one address; a proxy on this machine may have them all.
    """

    head_within: float = 15.0
    taken_within: float = 60.0
    connections: int = MOST_CONNECTIONS
    of_one_client: int = MOST_CONNECTIONS // 2


def bounds_here() -> Bounds:
    """Return bounds that leave half of the process's descriptors for all else, and half of those to other clients."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    connections = min(MOST_CONNECTIONS, descriptors // 2) if descriptors > 0 else MOST_CONNECTIONS
    return Bounds(connections=connections, of_one_client=max(connections // 2, 1))


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    bounds: ClassVar[Bounds] = bounds_here()
    held: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take the connection, or say that there are too many."""
        self._deadline: asyncio.TimerHandle | None = None
        self._head_size = 0
        super().connection_made(transport)
        self._from = self.client[0] if self.client else ""
        self.held[self._from] += 1
        if self._too_many():
            self._end(503, "TOO_MANY_CONNECTIONS", "This server has as many connections as it takes. Try again soon.")
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no more."""
        self._head_is_there()
        self.held[self._from] -= 1
        if not self.held[self._from]:
            del self.held[self._from]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, unless it is part of a head that is too large."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._deadline is not None:
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD and not self.transport.is_closing():
                self._end(431, "HEAD_TOO_LARGE", f"The request's head is larger than {LARGEST_HEAD:,} bytes.")

    def on_message_begin(self) -> None:
        """Expect the rest of the head in time; a connection that sends many requests at once is ended.

        Raises:
            ConnectionAbortedError: It is; the parser reads nothing more of what came.
        """
        if len(self.pipeline) >= MOST_BEHIND:
            self.transport.close()  # without a word, which would be taken for the answer to the first of them
            raise ConnectionAbortedError("more requests than may wait")
        super().on_message_begin()
        if self._deadline is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """Serve the request."""
        self._head_is_there()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that what came is no HTTP, unless the connection was ended for something else."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """Give the other side a time to take what was sent."""
        super().pause_writing()
        self._stuck = self.loop.call_later(self.bounds.taken_within, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        super().resume_writing()
        self._stuck.cancel()

    def _await_head(self) -> None:
        self._head_size = 0
        self._deadline = self.loop.call_later(self.bounds.head_within, self._late)

    def _head_is_there(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self._head_size:
            self._end(408, "HEAD_TOO_SLOW", "The request's head came too slowly.")
        else:
            self.transport.close()

    def _too_many(self) -> bool:
        if self.held.total() > self.bounds.connections:
            return True
        return self.held[self._from] > self.bounds.of_one_client and not _is_this_machine(self._from)

    def _end(self, status: int, reason: str, message: str) -> None:
        """Answer as the API does, and close."""
        self._head_is_there()
        kind = "DEPENDENCY_ERROR" if status == 503 else "VALIDATION_ERROR"
        details = {"reason": reason, "hint": "Close what you do not use, and send requests at once when you connect."}
        error = {"code": kind, "message": message, "details": details, "request_id": ""}
        body = json.dumps({"error": error}).encode()
        head = f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}retry-after: 5\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return not host
