"""Live SFTP sessions, one per target, shared by everyone in this process and closed when idle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orderflow.channels.limits import session_limit
from orderflow.channels.sftp.connect import connect
from orderflow.channels.sftp.session import SFTPSession
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import UnavailableError

IDLE_SECONDS = 60.0
SHORT_IDLE_SECONDS = 2.0
"""How long a session that nobody uses is kept; the shorter where another process may wait for it.

Such a one is gone before the lane of its process is anybody's (`orderflow.flow.ports.SESSION_LINGERS`).
"""

LOOK_AGAIN = 0.05


class SessionPool:
    """Keeps one session per target; all its methods run on one loop.

    Args:
        idle_seconds: How long a session that nobody uses is kept.
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._closed = False
        self._sessions: dict[SFTPTarget, SFTPSession] = {}
        self._connecting: dict[SFTPTarget, asyncio.Task[SFTPSession]] = {}
        self._logging_in: set[SFTPTarget] = set()
        self._timers: dict[SFTPSession, asyncio.TimerHandle] = {}

    @asynccontextmanager
    async def session(self, target: SFTPTarget) -> AsyncIterator[SFTPSession]:
        """Lend the target's session; see `acquire`."""
        session = await self.acquire(target)
        try:
            yield session
        finally:
            self.release(session)

    async def acquire(self, target: SFTPTarget) -> SFTPSession:
        """Return the target's session, a new one if it broke; give it back with `release`.

        Raises:
            ConnectorError: It cannot be had; all who wait for the same connection get the same error.
        """
        if self._closed:
            raise UnavailableError(f"The connections to {target.place} are being closed.", code="CONNECTION_LOST")
        session = self._sessions.get(target)
        if session is None or session.lost:
            session = await self._connected(target)
        session.users += 1
        if timer := self._timers.pop(session, None):
            timer.cancel()
        return session

    def release(self, session: SFTPSession) -> None:
        """Take a session back; if nobody else uses it, it is closed after a while."""
        session.users -= 1
        if not session.users:
            loop = asyncio.get_running_loop()
            counted = session.target.max_sessions is not None
            wait = min(self._idle_seconds, SHORT_IDLE_SECONDS) if counted else self._idle_seconds
            self._timers[session] = loop.call_later(wait, self._close, session)

    async def close_idle(self, target: SFTPTarget) -> None:
        """Close the target's session, unless somebody uses it."""
        session = self._sessions.get(target)
        if session is not None and not session.users:
            if timer := self._timers.get(session):
                timer.cancel()
            self._close(session)

    async def close(self) -> None:
        """Close every session for good. A call that uses one is told that its session was lost."""
        self._closed = True
        for session in list(self._sessions.values()):
            self._close(session)

    def _close(self, session: SFTPSession) -> None:
        self._timers.pop(session, None)
        if self._sessions.get(session.target) is session:
            del self._sessions[session.target]
        session.close()

    async def _connected(self, target: SFTPTarget) -> SFTPSession:
        task = self._connecting.get(target)
        if task is None:
            task = self._connecting[target] = asyncio.create_task(self._connect(target))
            task.add_done_callback(lambda _: self._connecting.pop(target))
        return await asyncio.shield(task)

    async def _connect(self, target: SFTPTarget) -> SFTPSession:
        """Connect; where the account has too many sessions, one of ours that only waits for work makes room."""
        most, idle = target.max_sessions, None
        if most is not None:
            idle = await self._place(target, most, f"OrderFlow holds its {most} already")
        try:
            return await self._log_in(target, idle)
        except UnavailableError as error:
            if error.code not in ("SESSION_LIMIT", "CONNECTION_LOST") or not self._held(target):
                raise
            idle = await self._place(target, 1, error.message)
        return await self._log_in(target, idle)

    async def _log_in(self, target: SFTPTarget, idle: SFTPSession | None) -> SFTPSession:
        """Log in, and count as a session of the account from now on: in the place of one that is idle, if need be."""
        self._logging_in.add(target)
        try:
            if idle is not None:
                self._forget(idle)
                await idle.closed()
            session = self._sessions[target] = await connect(target)
        finally:
            self._logging_in.remove(target)
        return session

    async def _place(self, target: SFTPTarget, most: int, otherwise: str) -> SFTPSession | None:
        """Wait until the account has fewer than `most` sessions, or an idle one, which is returned: log in at once.

        Raises:
            SessionLimitError: That takes half as long as connecting may; says `otherwise`.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + target.connect_timeout / 2
        while self._held(target) >= most:
            if idle := self._idle(target):
                return idle
            if loop.time() >= ends:
                raise session_limit(target.place, otherwise)
            await asyncio.sleep(LOOK_AGAIN)
        return None

    def _held(self, target: SFTPTarget) -> int:
        """Return how many sessions the account has, with those that are logging in."""
        logging_in = sum(one.account == target.account for one in self._logging_in)
        return len(self._sessions_of(target)) + logging_in

    def _idle(self, target: SFTPTarget) -> SFTPSession | None:
        """Return a session of the account that was given back; a new one has no users yet, and is no idle one."""
        return next((one for one in self._sessions_of(target) if one in self._timers), None)

    def _sessions_of(self, target: SFTPTarget) -> list[SFTPSession]:
        sessions = [*self._sessions.values()]
        return [one for one in sessions if one.target.account == target.account and not one.lost]

    def _forget(self, session: SFTPSession) -> None:
        if timer := self._timers.pop(session, None):
            timer.cancel()
        if self._sessions.get(session.target) is session:
            del self._sessions[session.target]
