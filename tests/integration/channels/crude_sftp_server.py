"""An SFTP server over real SSH whose answers a test makes up, byte by byte."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Callable
from typing import Self

import asyncssh

from orderflow.channels.sftp.protocol import ReplyType, Request, Splitter, string

Answer = Callable[["Channel", Request, bytes], None]
EOF = struct.pack(">I", 1) + string(b"") + string(b"")
OK = struct.pack(">I", 0) + string(b"") + string(b"")
FILE = struct.pack(">IQ", 1, 1_000_000)


class Channel(asyncssh.SSHServerSession[bytes]):
    """One client; `answer` decides what it hears."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self._splitter = answer, Splitter()

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self.channel = chan

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        for packet in self._splitter.feed(data):
            request = Request(packet[0])
            if request == Request.INIT:
                self.channel.write(framed(bytes([ReplyType.VERSION]) + struct.pack(">I", 3)))
            else:
                self._answer(self, request, packet[1:5])

    def say(self, kind: ReplyType, number: bytes, body: bytes) -> None:
        """Answer a request."""
        self.channel.write(framed(bytes([kind]) + number + body))

    def drip(self, words: bytes, seconds: float = 0.02) -> None:
        """Say one byte after the other."""

        async def go_on() -> None:
            for byte in words:
                self.channel.write(bytes([byte]))
                await asyncio.sleep(seconds)

        self._dripping = asyncio.get_running_loop().create_task(go_on())

    def connection_lost(self, exc: Exception | None) -> None:
        if task := getattr(self, "_dripping", None):
            task.cancel()


class CrudeSFTPServer:
    """Serve on a thread of its own, to anybody who knows the password `sesame`."""

    host, username, password = "127.0.0.1", "orderflow", "sesame"

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._live: list[asyncssh.SSHServerConnection] = []
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key = " ".join(self._key.export_public_key().decode().split()[:2])

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    async def _serve(self, started: threading.Event) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncssh.listen(
            self.host,
            0,
            config=None,
            server_factory=lambda: _Login(self._answer, self._live),
            server_host_keys=[self._key],
            gss_host=None,
            encoding=None,
        )
        self.port = server.get_port()
        started.set()
        await self._end.wait()
        server.close()
        for connection in self._live:
            connection.abort()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=5)


class _Login(asyncssh.SSHServer):
    def __init__(self, answer: Answer, live: list[asyncssh.SSHServerConnection]) -> None:
        self._answer, self._live = answer, live

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._live.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return password == CrudeSFTPServer.password

    def session_requested(self) -> Channel:
        return Channel(self._answer)


def framed(packet: bytes) -> bytes:
    """Return a packet with its length before it."""
    return struct.pack(">I", len(packet)) + packet


def names(*given: bytes) -> bytes:
    """Return the body of a READDIR's answer."""
    plain = struct.pack(">I", 0)
    return struct.pack(">I", len(given)) + b"".join(string(name) + string(b"") + plain for name in given)
