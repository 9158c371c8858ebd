"""A TCP line with a delay in each direction and no limit of bandwidth, as a process of its own.

`python -m benchmarks.link TO_PORT ROUND_TRIP_SECONDS` prints the port that it listens on and runs until it is ended.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.programs import listening


@contextmanager
def link(to_port: int, round_trip: float) -> Iterator[int]:
    """Run a line to a port of this machine, and yield its own port; `round_trip` in seconds."""
    command = [sys.executable, "-m", "benchmarks.link", str(to_port), str(round_trip)]
    with listening(command) as port:
        yield port


class _End(asyncio.Protocol):
    """One end of a connection; what comes in here leaves at the other end a while later."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        for data in self._early:
            transport.write(data)

    def write(self, data: bytes) -> None:
        if self.transport is None:
            self._early.append(data)
        else:
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        assert self.other is not None
        asyncio.get_running_loop().call_later(self.delay, self.other.write, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            asyncio.get_running_loop().call_later(self.delay, self.other.transport.close)


async def _run(to_port: int, round_trip: float) -> None:
    loop = asyncio.get_running_loop()
    calls: set[asyncio.Task[object]] = set()

    def accepted() -> _End:
        near, far = _End(round_trip / 2), _End(round_trip / 2)
        near.other, far.other = far, near
        call = loop.create_task(loop.create_connection(lambda: far, "127.0.0.1", to_port))
        calls.add(call)
        call.add_done_callback(calls.discard)
        return near

    server = await loop.create_server(accepted, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), float(sys.argv[2])))
