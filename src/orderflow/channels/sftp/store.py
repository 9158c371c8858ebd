"""The SFTP file store: pooled sessions, many files in flight, one SSH connection for everybody.

```python
with_key = SFTPTarget("ftp.acme.example", username="orderflow", password="…", host_key="SHA256:…")
store = open_sftp(with_key)
for upload, error in store.upload([Upload("/in/x.json.tmp", b"…")]):
    ...
```
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from orderflow.channels.filestore import Entry, FileStore, Rename, Upload
from orderflow.channels.sftp import files as sftp_files
from orderflow.channels.sftp import folders as sftp_folders
from orderflow.channels.sftp.batch import Batch, Renames
from orderflow.channels.sftp.errors import translated
from orderflow.channels.sftp.loop import LoopThread, Outbox
from orderflow.channels.sftp.pool import SessionPool
from orderflow.channels.sftp.session import SessionLostError, SFTPSession
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.errors import ConnectorError

__all__ = ["SFTPStore", "SFTPTarget", "close_all", "open_sftp"]

ANSWERS_OF_ONE = 10
"""How often the time to answer a listing, a look or a removal may take in all."""

T = TypeVar("T")
Item = TypeVar("Item")
Result = TypeVar("Result")


class _Engine:
    """The background loop and the sessions that live on it."""

    def __init__(self) -> None:
        self.loop = LoopThread()
        self.pool = SessionPool()

    def many(
        self, target: SFTPTarget, items: Sequence[Item], batch: Batch[Item, Result]
    ) -> Iterator[tuple[Item, Result | ConnectorError]]:
        """Start on the items as soon as there is a session, and return an iterator over what comes of them."""
        session = self.loop.run(self.pool.acquire(target))

        def work(outbox: Outbox[tuple[Item, Result | ConnectorError]]) -> Coroutine[Any, Any, None]:
            return batch.run(self.pool, session, items, outbox)

        return self.loop.stream(work)

    def one(self, target: SFTPTarget, do: Callable[[SFTPSession], Awaitable[T]]) -> T:
        """Do one thing; once more on a fresh session if the first one turns out to be lost."""
        try:
            return self.loop.run(self._once(target, do))
        except SessionLostError:
            try:
                return self.loop.run(self._once(target, do))
            except SessionLostError as lost:
                raise lost.error from lost

    async def _once(self, target: SFTPTarget, do: Callable[[SFTPSession], Awaitable[T]]) -> T:
        with translated(target):
            async with self.pool.session(target) as session:
                with session.within(target.timeout * ANSWERS_OF_ONE):
                    return await do(session)

    def close(self) -> None:
        """Close all sessions. A call that uses one is told that its session was lost."""
        if self.loop.is_running:
            self.loop.run(self.pool.close())
            self.loop.stop()


_engine = _Engine()
_of_the_parent: list[_Engine] = []


def _begin_anew() -> None:
    """Leave the parent's sessions alone after a fork: kept, so that nothing here closes what it still uses."""
    global _engine  # noqa: PLW0603  # one per process, so a new process needs a new one
    _of_the_parent.append(_engine)
    _engine = _Engine()


os.register_at_fork(after_in_child=_begin_anew)


def open_sftp(target: SFTPTarget) -> SFTPStore:
    """Return the store for a target; it connects when it is first used, and stores of equal targets share that."""
    return SFTPStore(target)


def close_all() -> None:
    """Close every session and end the background thread; a store that is used afterwards begins anew."""
    global _engine
    closing, _engine = _engine, _Engine()
    closing.close()


atexit.register(close_all)


class SFTPStore(FileStore):
    """A place on an SFTP server; every method connects if need be, and may raise what that raises.

    Any of these may raise UnavailableError (CONNECTION_LOST, TIMEOUT, …) or NeedsAttentionError (AUTH_FAILED,
    KEY_REFUSED, KEY_UNREADABLE, HOST_KEY_UNKNOWN, HOST_KEY_CHANGED, …): see `ssh_errors`.
    """

    def __init__(self, target: SFTPTarget) -> None:
        self.target = target
        self.processes = target.max_sessions  # each process delivers over one

    def address(self, path: str) -> str:
        """Return `sftp://user@host:port/path`."""
        return self.target.address(path)

    def upload(self, uploads: Sequence[Upload]) -> Iterator[tuple[Upload, ConnectorError | None]]:
        """Write files: OPEN, then WRITE, FSTAT and CLOSE in one burst, for each."""
        return _engine.many(self.target, uploads, Batch(self.target, sftp_files.upload, size=_size))

    def rename(self, renames: Sequence[Rename]) -> Iterator[tuple[Rename, bool | ConnectorError]]:
        """Rename files; one that was sent and can never be answered is an InDoubtError, PUBLISH_UNKNOWN."""
        batch = Renames(self.target)
        return _engine.many(self.target, renames, Batch(self.target, batch.do, batch.give_up))

    def read(self, paths: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
        """Read small files; `limit` in bytes."""
        return _engine.many(self.target, paths, Batch(self.target, partial(_read, limit), size=lambda _: limit))

    def list(self, folder: str, at_most: int | None = None) -> list[Entry]:
        """Return what is in a folder; with `at_most`, as soon as that many names have come."""
        return _engine.one(self.target, partial(sftp_folders.list_folder, folder=folder, at_most=at_most))

    def stat(self, path: str) -> Entry | None:
        """Return what is known of a path."""
        return _engine.one(self.target, partial(sftp_folders.stat, path=path))

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files as far as possible."""
        _engine.one(self.target, partial(sftp_folders.remove, paths=paths))

    def make_folder(self, path: str) -> None:
        """Make a folder unless it is there."""
        _engine.one(self.target, partial(sftp_folders.make_folder, path=path))

    def close(self) -> None:
        """Close the session now, unless somebody else uses it."""
        _engine.loop.run(_engine.pool.close_idle(self.target))


def _size(upload: Upload) -> int:
    return len(upload.content)


async def _read(limit: int, session: SFTPSession, path: str) -> bytes | ConnectorError | None:
    return await sftp_files.read(session, path, limit)
