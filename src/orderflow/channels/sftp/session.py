"""One SFTP session over one SSH channel: requests go out in bursts, answers come back by their id."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

import asyncssh

from orderflow.channels.limits import seconds_for
from orderflow.channels.sftp import protocol as wire
from orderflow.channels.sftp.errors import no_sftp, timed_out, translate
from orderflow.channels.sftp.protocol import Fields, MalformedError, Reply, ReplyType, Request, Splitter
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import ConnectorError

MAX_BYTES_IN_FLIGHT = 8 * 1024 * 1024
# Every server takes 32 KiB of data at once (draft-02 §3); more only where limits@openssh.com says so.
SAFE_LENGTH = 32 * 1024
# What we can take in one answer ourselves, with room for the fields around the data.
LONGEST = wire.MAX_PACKET - 2048
CLOSE_SECONDS = 1.0


class SessionLostError(Exception):
    """The session ended; `sent` tells whether the request concerned may have reached the server."""

    def __init__(self, error: ConnectorError, *, sent: bool) -> None:
        self.error = error
        self.sent = sent
        super().__init__(error.message)


class Budget:
    """Lets so many bytes be under way at a time; a single larger piece passes alone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, amount: int) -> None:
        """Wait until there is room, in the order of asking."""
        while self._used and self._used + amount > self._limit:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._used += amount

    def give_back(self, amount: int) -> None:
        """Make room again."""
        self._used -= amount
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break


class SFTPSession(asyncssh.SSHClientSession[bytes]):
    """A live session; all its methods run on the loop.

    Attributes:
        lost: Why it ended; None while it lives.
        extensions: What the server offers beyond version 3, by name.
        max_read, max_write: Bytes of data in one READ or WRITE.
        slots: One for each file that may be under way.
        budget: Bytes that may be under way.
        users: How many callers hold it; kept by the pool.
    """

    def __init__(self, target: SFTPTarget, connection: asyncssh.SSHClientConnection) -> None:
        self.target = target
        self.lost: ConnectorError | None = None
        self.extensions: dict[bytes, bytes] = {}
        self.max_read = self.max_write = SAFE_LENGTH
        self.slots = asyncio.Semaphore(target.max_in_flight)
        self.budget = Budget(MAX_BYTES_IN_FLIGHT)
        self.users = 0
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._ids = count(1)
        self._pending: dict[int, asyncio.Future[Reply]] = {}
        self._outgoing: list[bytes | memoryview] = []
        self._paused = self._begun = False
        self._splitter = Splitter()
        self._watch = self._loop.create_task(self._watch_for_silence())

    async def begin(self) -> None:
        """Agree on version 3 and learn the server's extensions and limits.

        Raises:
            SessionLostError: What answers is no SFTP server.
        """
        version = self._loop.create_future()
        self._pending[wire.VERSION] = version
        self._ids = count(wire.VERSION + 1)
        self._send(wire.header(Request.INIT, wire.VERSION, 0))
        fields = (await version).check(ReplyType.VERSION)
        self._begun = True
        while fields:
            name = fields.string()
            self.extensions[name] = fields.string()
        if wire.LIMITS in self.extensions:
            self._learn_limits(
                (await self.request(Request.EXTENDED, wire.string(wire.LIMITS))).check(ReplyType.EXTENDED_REPLY)
            )

    def _learn_limits(self, fields: Fields) -> None:
        # OpenSSH's PROTOCOL §4.8: packet, read and write length, open handles; 0 stands for "not limited".
        _packet, read, write, handles = fields.numbers("QQQQ")
        self.max_read = min(read or SAFE_LENGTH, LONGEST)
        self.max_write = min(write or SAFE_LENGTH, LONGEST)
        if handles:
            self.slots = asyncio.Semaphore(max(1, min(self.target.max_in_flight, handles - 1)))

    def request(self, kind: Request, *fields: bytes | memoryview) -> asyncio.Future[Reply]:
        """Send a request, together with all others of this turn of the loop; returns its answer to come.

        Raises:
            SessionLostError: The session is over; nothing was sent.
        """
        if self.lost:
            raise SessionLostError(self.lost, sent=False)
        request_id = next(self._ids) & 0xFFFFFFFF
        answer = self._loop.create_future()
        self._pending[request_id] = answer
        self._send(wire.header(kind, request_id, sum(map(len, fields))), *fields)
        return answer

    def pace(self) -> Callable[[int], None]:
        """Return what is told of each piece of a transfer, and drops the connection once it takes too long.

        A transfer has the time to answer, and a second more for every 16 KiB that came.
        """
        began, came = self._loop.time(), 0

        def moved(size: int) -> None:
            nonlocal came
            came += size
            if self._loop.time() - began > seconds_for(self.target.timeout, came):
                self.drop(timed_out(self.target))

        return moved

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Drop the connection unless the block ends within so many seconds."""
        timer = self._loop.call_later(seconds, self.drop, timed_out(self.target))
        try:
            yield
        finally:
            timer.cancel()

    async def closed(self) -> None:
        """End the session and wait until the server has heard of it."""
        self.close()
        with suppress(TimeoutError, OSError, asyncssh.Error):
            await asyncio.wait_for(self._connection.wait_closed(), CLOSE_SECONDS)

    def close(self) -> None:
        """End the session and its connection."""
        self._end(translate(self.target, asyncssh.ConnectionLost("closed by us")))
        self._connection.close()

    def drop(self, error: ConnectorError) -> None:
        """Give the connection up at once because of `error`."""
        self._end(error)
        self._connection.abort()

    def _send(self, *parts: bytes | memoryview) -> None:
        if not self._outgoing and not self._paused:
            self._loop.call_soon(self._flush)
        self._outgoing += parts

    def _flush(self) -> None:
        if self._paused or self.lost or not self._outgoing:
            return
        burst = b"".join(self._outgoing)
        self._outgoing.clear()
        try:
            self._channel.write(burst)
        except OSError as error:  # the channel is closing; connection_lost would come next
            self.drop(translate(self.target, error))

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        """Note the channel; asyncssh calls this."""
        self._channel: asyncssh.SSHClientChannel[bytes] = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Hand answers to those who wait for them; what comes on stderr is not SFTP."""
        if datatype is not None:
            return
        try:
            for packet in self._splitter.feed(data):
                self._answer(packet)
        except MalformedError as error:
            self.drop(translate(self.target, error) if self._begun else no_sftp(self.target))

    def _answer(self, packet: bytes) -> None:
        waiting = self._pending.pop(wire.request_id_of(packet), None)
        if waiting is None:
            raise MalformedError("an answer that nobody asked for")
        if not waiting.done():
            waiting.set_result(Reply(packet))

    def pause_writing(self) -> None:
        """Hold requests back; asyncssh calls this when the server's window is used up."""
        self._paused = True

    def resume_writing(self) -> None:
        """Send what was held back."""
        self._paused = False
        self._loop.call_soon(self._flush)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail all who wait; asyncssh calls this when the channel is gone."""
        refused = exc is None and not self._begun
        cause = exc or asyncssh.ConnectionLost("the server closed it")
        self._end(no_sftp(self.target) if refused else translate(self.target, cause))
        self._connection.close()

    def _end(self, error: ConnectorError) -> None:
        if self.lost:
            return
        self.lost = error
        self._watch.cancel()
        pending, self._pending = self._pending, {}
        for waiting in pending.values():
            if not waiting.done():
                waiting.set_exception(SessionLostError(error, sent=True))
                waiting.exception()  # a caller that gave up on its other answers shall not be told of these

    async def _watch_for_silence(self) -> None:
        """Drop the connection when the oldest request stays the oldest for too long.

        Counted like this, a slow link that keeps carrying other answers is no silence.
        """
        oldest: int | None = None
        since: float = 0
        while True:
            await asyncio.sleep(self.target.timeout / 4)
            now = self._loop.time()
            first = next(iter(self._pending), None)
            if first != oldest:
                oldest, since = first, now
            elif first is not None and now - since >= self.target.timeout * 3 / 4:
                self.drop(timed_out(self.target))
