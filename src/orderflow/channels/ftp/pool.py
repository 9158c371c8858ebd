"""Live FTP sessions: lent to one caller at a time, so many per account at most, and closed when idle.

A server that refuses one more session while we hold others has told its limit: from then on we stay within it, and
who needs a session waits for one to come free.
"""

from __future__ import annotations

import ftplib
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager

from orderflow.channels.accounts import Account
from orderflow.channels.ftp.errors import is_fatal
from orderflow.channels.ftp.session import FTPSession
from orderflow.channels.ftp.target import FTPTarget
from orderflow.channels.limits import SessionLimitError, session_limit
from orderflow.domain.errors import ConnectorError

IDLE_SECONDS = 60.0
SHORT_IDLE_SECONDS = 2.0
"""How long a session that nobody uses is kept; the shorter where another process may wait for it.

Such a one is gone before the lane of its process is anybody's (`orderflow.flow.ports.SESSION_LINGERS`).
"""

LIMIT_KEPT = 600.0
"""Seconds for which a limit that a server told is kept to, before more is tried again."""

LINGERS = 5.0
"""Seconds for which a server may still count a session that we closed."""


class Sessions:
    """The sessions of this process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: dict[FTPTarget, deque[tuple[FTPSession, float]]] = {}
        self._live: Counter[Account] = Counter()
        self._told: dict[Account, tuple[int, float]] = {}
        self._closed: dict[Account, float] = {}
        self._sweeper: threading.Timer | None = None

    @contextmanager
    def one(self, target: FTPTarget, *, fresh: bool = False) -> Iterator[FTPSession]:
        """Lend a session; after an error that ends it, it is closed.

        Raises:
            BusyError: SESSION_LIMIT: none came free within the time to connect.
        """
        session = self._session(target, fresh=fresh)
        try:
            yield session
        except BaseException as error:
            if isinstance(error, ConnectorError) or not is_fatal(error):
                self._keep(target, session)
            else:
                self._end(target, session)
            raise
        self._keep(target, session)

    def close(self, target: FTPTarget | None = None) -> None:
        """Close the idle sessions of a target, or all."""
        with self._changed:
            targets = [target] if target else list(self._idle)
            idle = [(one, session) for one in targets for session, _ in self._idle.pop(one, ())]
        for one, session in idle:
            self._end(one, session)

    def _session(self, target: FTPTarget, *, fresh: bool) -> FTPSession:
        ends = time.monotonic() + target.connect_timeout
        while True:
            if not fresh and (session := self._usable(target)):
                return session
            if not self._place(target, ends, fresh=fresh):
                continue
            try:
                return FTPSession.begin(target)
            except SessionLimitError:
                self._give_place(target)
                if not self._learned(target) and not self._lingered(target, ends):
                    raise
            except BaseException:
                self._give_place(target)
                raise

    def _place(self, target: FTPTarget, ends: float, *, fresh: bool) -> bool:
        """Take a place among the account's sessions; False after a wait in which one may have come free.

        A session that only waits for work gives its place up, unless it is of use to this target.
        """
        with self._changed:
            if self._live[target.account] < self._limit(target):
                self._live[target.account] += 1
                return True
            idle = self._idle_of(target.account)
            if idle is None:
                left = ends - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise session_limit(target.place, f"OrderFlow holds its {self._limit(target)} already")
                return False
            if idle[0] == target and not fresh:
                self._idle[target].appendleft((idle[1], time.monotonic()))
                return False
        self._end(*idle)
        return False

    def _give_place(self, target: FTPTarget) -> None:
        with self._changed:
            self._live[target.account] -= 1
            self._changed.notify_all()

    def _limit(self, target: FTPTarget) -> int:
        told, until = self._told.get(target.account, (target.sessions, 0.0))
        return min(told, target.sessions) if time.monotonic() < until else target.sessions

    def _idle_seconds(self, target: FTPTarget) -> float:
        return SHORT_IDLE_SECONDS if target.counted or self._limit(target) == 1 else IDLE_SECONDS

    def _learned(self, target: FTPTarget) -> bool:
        """Keep to what the server allows, if it is more than none; False if we hold none ourselves."""
        with self._changed:
            held = self._live[target.account]
            if held:
                self._told[target.account] = held, time.monotonic() + LIMIT_KEPT
            return held > 0

    def _lingered(self, target: FTPTarget, ends: float) -> bool:
        """Wait a moment if the server may still count a session that we closed; False if it can't be that."""
        with self._changed:
            closed = self._closed.get(target.account, -LINGERS)
            if time.monotonic() > min(ends, closed + LINGERS):
                return False
            self._changed.wait(LINGERS / 5)
            return True

    def _usable(self, target: FTPTarget) -> FTPSession | None:
        """Return an idle session that still answers: servers close what is idle without a word."""
        while session := self._taken(target):
            try:
                session.voidcmd("NOOP")
            except ftplib.all_errors:
                self._end(target, session)
            else:
                return session
        return None

    def _taken(self, target: FTPTarget) -> FTPSession | None:
        with self._changed:
            idle = self._idle.get(target)
            return idle.pop()[0] if idle else None

    def _idle_of(self, account: Account) -> tuple[FTPTarget, FTPSession] | None:
        for target, idle in self._idle.items():
            if target.account == account and idle:
                return target, idle.popleft()[0]
        return None

    def _keep(self, target: FTPTarget, session: FTPSession) -> None:
        with self._changed:
            self._idle.setdefault(target, deque()).append((session, time.monotonic()))
            self._sweep_later()
            self._changed.notify_all()

    def _end(self, target: FTPTarget, session: FTPSession) -> None:
        session.close()
        now = time.monotonic()
        with self._changed:
            self._closed = {account: at for account, at in self._closed.items() if now - at < LINGERS}
            self._closed[target.account] = now
        self._give_place(target)

    def _sweep_later(self) -> None:
        if self._sweeper is None and any(self._idle.values()):
            self._sweeper = threading.Timer(SHORT_IDLE_SECONDS, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        """Close what nobody used for a while."""
        now = time.monotonic()
        with self._changed:
            self._sweeper = None
            old = [
                (target, session)
                for target, idle in self._idle.items()
                for session, since in idle
                if now - since > self._idle_seconds(target)
            ]
            gone = {id(session) for _, session in old}
            self._idle = {
                target: kept
                for target, idle in self._idle.items()
                if (kept := deque(item for item in idle if id(item[0]) not in gone))
            }
            self._sweep_later()
        for target, session in old:
            self._end(target, session)
