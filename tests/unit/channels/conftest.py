"""An SFTP server behind a channel that is not there: it notes what it is sent, and answers a round trip later."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from orderflow.channels.sftp.protocol import Code, Fields, ReplyType, Request, Splitter, string
from orderflow.channels.sftp.session import SFTPSession
from orderflow.channels.sftp.target import SFTPTarget

T = TypeVar("T")
LIMITS = struct.pack(">QQQQ", 300_000, 261_120, 261_120, 1_000)


def status(code: int, words: str = "") -> tuple[ReplyType, bytes]:
    return ReplyType.STATUS, struct.pack(">I", code) + string(words.encode()) + string(b"")


@dataclass
class FakeServer:
    """Attributes: `bursts`, what came in one write each; `refuse`, answers other than success, by request."""

    extensions: dict[bytes, bytes] = field(default_factory=dict)
    refuse: dict[str, tuple[ReplyType, bytes]] = field(default_factory=dict)
    silent_on: str | None = None
    delay: float = 0.0
    bursts: list[list[str]] = field(default_factory=list)
    files: dict[bytes, bytearray] = field(default_factory=dict)
    connection_closed: bool = False
    largest: int = 0
    most_open: int = 0
    opened: int = 0

    def attach(self, session: SFTPSession) -> None:
        self.session = session
        self._splitter = Splitter()
        session.connection_made(self)  # type: ignore[arg-type]  # all that the session needs of a channel is here

    def write(self, data: bytes) -> None:
        burst: list[str] = []
        self.bursts.append(burst)
        for packet in self._splitter.feed(data):
            name, kind, body = self._take(packet)
            burst.append(name)
            if name != self.silent_on:
                answer = bytes([kind]) + packet[1:5] + body
                loop = asyncio.get_running_loop()
                loop.call_later(self.delay, self.say, struct.pack(">I", len(answer)) + answer)

    def say(self, data: bytes) -> None:
        self.session.data_received(data, None)

    def close(self) -> None:
        self.connection_closed = True

    abort = close

    def _take(self, packet: bytes) -> tuple[str, ReplyType, bytes]:
        request = Request(packet[0])
        fields = Fields(packet)
        if request == Request.INIT:
            return "INIT", ReplyType.VERSION, b"".join(string(k) + string(v) for k, v in self.extensions.items())
        name = fields.string().decode("utf-8", "replace")
        called = name.partition("@")[0] if request == Request.EXTENDED else request.name
        if called in self.refuse:
            return called, *self.refuse[called]
        return called, *self._answer(called, name.encode(), fields)

    def _answer(self, called: str, name: bytes, fields: Fields) -> tuple[ReplyType, bytes]:
        match called:
            case "limits":
                return ReplyType.EXTENDED_REPLY, LIMITS
            case "OPEN":
                self.files[name] = bytearray()
                self.opened += 1
                self.most_open = max(self.most_open, self.opened)
                return ReplyType.HANDLE, string(name)
            case "WRITE":
                (offset,) = fields.numbers("Q")
                content = fields.string()
                self.largest = max(self.largest, len(content))
                self.files[name][offset:] = content
            case "CLOSE":
                self.opened -= 1
            case "STAT":
                there = self.files.get(name)
                if there is None:
                    return status(Code.NO_SUCH_FILE)
                return ReplyType.ATTRS, struct.pack(">IQ", 1, len(there))
            case "FSTAT":
                return ReplyType.ATTRS, struct.pack(">IQ", 1, len(self.files[name]))
        return status(Code.OK)


@pytest.fixture
def in_session() -> Callable[..., Any]:
    """Runs a coroutine function with a session to a fake server, and returns what it returned."""

    def run(server: FakeServer, do: Callable[[SFTPSession], Awaitable[T]], **target: Any) -> T:
        async def main() -> T:
            place = SFTPTarget("ftp.acme.example", username="orderflow", **target)
            session = SFTPSession(place, server)  # type: ignore[arg-type]  # it is only ever closed
            server.attach(session)
            await session.begin()
            server.bursts.clear()
            try:
                return await do(session)
            finally:
                session.close()

        return asyncio.run(main())

    return run


@pytest.fixture
def fake_server() -> type[FakeServer]:
    return FakeServer


@pytest.fixture
def answer() -> Callable[..., tuple[ReplyType, bytes]]:
    """Makes a status to refuse something with."""
    return status
