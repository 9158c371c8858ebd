"""A TCP line between OrderFlow and the ERP's server that can be cut, clogged and slowed down."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from typing import Literal, Self

Mode = Literal["open", "black hole", "trickle", "slow"]
LATENCY = 2.0
"""Seconds that everything takes in mode `slow`, in either direction."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close sends RST


class Line:
    """Listens on a port of its own and passes everything on to `to_port` on this machine.

    Attributes:
        mode: What happens to bytes: passed on; held back until the mode changes; one at a time; late.
        reset_after: Bytes from the client after which all connections are reset, once; None for never.
    """

    def __init__(self, to_port: int) -> None:
        self.to_port = to_port
        self.port = 0
        self.mode: Mode = "open"
        self.reset_after: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(ready)), name="line", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def reset(self) -> None:
        """Reset every connection."""
        self._loop.call_soon_threadsafe(self._reset)

    def refuse(self) -> None:
        """Reset every connection and accept no further one."""
        asyncio.run_coroutine_threadsafe(self._refuse(), self._loop).result()

    def accept(self) -> None:
        """Accept connections (again)."""
        asyncio.run_coroutine_threadsafe(self._accept(), self._loop).result()

    async def _live(self, ready: threading.Event) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        await self._accept()
        ready.set()
        await self._end.wait()
        await self._refuse()

    async def _accept(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        self._server.close()
        self._reset()

    def _reset(self) -> None:
        for writer in self._writers:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()
        self._writers.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, server_writer}
        try:
            await asyncio.gather(
                self._pump(reader, server_writer, counted=True), self._pump(server_reader, writer, counted=False)
            )
        except OSError:
            pass  # reset by us, or by either end: both are closed below
        finally:
            for one in (writer, server_writer):
                self._writers.discard(one)
                one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        while data := await reader.read(65_536):
            while self.mode == "black hole":  # noqa: ASYNC110  # set by another thread, a plain word does
                await asyncio.sleep(0.05)
            if counted and self._resets_within(data):
                self._reset()
                return
            await self._pass_on(data, writer)
        writer.close()

    def _resets_within(self, data: bytes) -> bool:
        if self.reset_after is None:
            return False
        self.reset_after -= len(data)
        if self.reset_after > 0:
            return False
        self.reset_after = None
        return True

    async def _pass_on(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self.mode == "slow":
            self._loop.call_later(LATENCY, writer.write, data)
        elif self.mode == "trickle":
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for place in range(len(data)):
                writer.write(data[place : place + 1])
                await asyncio.sleep(0)
        else:
            writer.write(data)
            await writer.drain()
