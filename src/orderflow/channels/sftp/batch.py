"""Many files over one session; what a lost session left unanswered goes once more over a fresh one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from orderflow.channels.filestore import Rename
from orderflow.channels.limits import seconds_for
from orderflow.channels.publishing import publish_unknown
from orderflow.channels.sftp import files as sftp_files
from orderflow.channels.sftp.errors import translate
from orderflow.channels.sftp.loop import Outbox
from orderflow.channels.sftp.pool import SessionPool
from orderflow.channels.sftp.protocol import MalformedError
from orderflow.channels.sftp.session import SessionLostError, SFTPSession
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import ConnectorError, LeaseEndingError

ANSWERS = 4
"""How often the time to answer one file may take."""

Item = TypeVar("Item")
Result = TypeVar("Result")
_Results = Outbox[tuple[Item, Result | ConnectorError]]


class Batch(Generic[Item, Result]):
    """One call's files.

    Args:
        do: What is done with each file; its result, or the error that it returns, goes to the outbox.
        give_up: Makes the error for a file that stayed unanswered, from the reason.
        size: How many bytes a file may move.
    """

    def __init__(
        self,
        target: SFTPTarget,
        do: Callable[[SFTPSession, Item], Awaitable[Result | ConnectorError]],
        give_up: Callable[[Item, ConnectorError], ConnectorError] = lambda _, error: error,
        size: Callable[[Item], int] = lambda _: 0,
    ) -> None:
        self._target = target
        self._size = size
        self._do = do
        self._give_up = give_up

    async def run(
        self, pool: SessionPool, session: SFTPSession, items: Sequence[Item], outbox: _Results[Item, Result]
    ) -> None:
        """Work through the items, first over `session`, which is given back to the pool."""
        try:
            unanswered = await self._round(session, items, outbox)
        finally:
            pool.release(session)
        if unanswered and not outbox.abandoned:
            unanswered = await self._again(pool, unanswered, outbox)
        for item, error in unanswered:
            outbox.put((item, self._give_up(item, error)))

    async def _again(
        self, pool: SessionPool, unanswered: list[tuple[Item, ConnectorError]], outbox: _Results[Item, Result]
    ) -> list[tuple[Item, ConnectorError]]:
        items = [item for item, _ in unanswered]
        try:
            async with pool.session(self._target) as session:
                return await self._round(session, items, outbox)
        except ConnectorError as error:
            return [(item, error) for item in items]

    async def _round(
        self, session: SFTPSession, items: Sequence[Item], outbox: _Results[Item, Result]
    ) -> list[tuple[Item, ConnectorError]]:
        """Do as many at a time as the session allows; returns what it was lost under, and why."""
        waiting = iter(items)
        unanswered: list[tuple[Item, ConnectorError]] = []

        async def work() -> None:
            for item in waiting:
                if outbox.abandoned:
                    return
                try:
                    async with session.slots:
                        result = await self._one(session, item)
                except SessionLostError as lost:
                    unanswered.append((item, lost.error))
                else:
                    outbox.put((item, result))

        with session.within(self._seconds(items)):
            await asyncio.gather(*(work() for _ in range(min(len(items), self._target.max_in_flight))))
        return unanswered

    def _seconds(self, items: Sequence[Item]) -> float:
        """Return the time for all: that of some answers for as many as are under way together, and more for bytes."""
        turns = ANSWERS * math.ceil(len(items) / self._target.max_in_flight)
        return seconds_for(self._target.timeout * turns, sum(self._size(item) for item in items))

    async def _one(self, session: SFTPSession, item: Item) -> Result | ConnectorError:
        try:
            return await self._do(session, item)
        except MalformedError as error:
            return translate(self._target, error)


class Renames:
    """Renames that remember which of them were sent and never answered."""

    def __init__(self, target: SFTPTarget) -> None:
        self._target = target
        self._in_doubt: set[int] = set()

    async def do(self, session: SFTPSession, item: Rename) -> bool | ConnectorError:
        """Rename; an item that was sent before and may not be tried again stays in doubt."""
        try:
            result = await sftp_files.rename(session, item)
        except SessionLostError as lost:
            if lost.sent:
                self._in_doubt.add(id(item))
            raise
        if isinstance(result, LeaseEndingError):
            return self.give_up(item, result)
        return result

    def give_up(self, item: Rename, error: ConnectorError) -> ConnectorError:
        """Return `error`, or that nobody knows, if the item may have been renamed."""
        return publish_unknown(self._target.place, item.target) if id(item) in self._in_doubt else error
