"""The file store on FTP and FTPS servers: a few sessions per account, one file at a time on each.

FTP has no answer that comes late: whoever hears nothing after a rename was sent asks again on a fresh session.
"""

from __future__ import annotations

import atexit
import ftplib
import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from orderflow.channels.filestore import Entry, FileStore, Rename, Upload
from orderflow.channels.ftp import files, renaming
from orderflow.channels.ftp.errors import is_fatal, refused, session_error, translated
from orderflow.channels.ftp.pool import Sessions
from orderflow.channels.ftp.session import FTPSession
from orderflow.channels.ftp.target import FTPTarget
from orderflow.domain.errors import ConnectorError

Item = TypeVar("Item")
Result = TypeVar("Result")
T = TypeVar("T")

_sessions = Sessions()
_of_the_parent: list[Sessions] = []


def _begin_anew() -> None:
    """Leave the parent's sessions alone after a fork."""
    global _sessions  # noqa: PLW0603  # one per process, so a new process needs a new one
    _of_the_parent.append(_sessions)
    _sessions = Sessions()


os.register_at_fork(after_in_child=_begin_anew)


def close_all() -> None:
    """Close every idle session."""
    _sessions.close()


atexit.register(close_all)


class FTPStore(FileStore):
    """A place on an FTP server; every method may raise what `FTPSession.begin` raises."""

    def __init__(self, target: FTPTarget) -> None:
        self.target = target
        self.processes = 1 if target.counted else None  # a process signs in as often as may be

    def address(self, path: str) -> str:
        """Return `ftp://user@host:port/path`, or `ftps://…`."""
        return self.target.address(path)

    def upload(self, uploads: Sequence[Upload]) -> Iterator[tuple[Upload, ConnectorError | None]]:
        """Write files and check their size.

        None is begun twice: a server may carry out a STOR whose connection broke only after another STOR of that name,
        and what is published then would be empty. The next attempt writes under another token.
        """
        return self._each(uploads, self._upload, lambda upload: upload.path, again=False)

    def rename(self, renames: Sequence[Rename]) -> Iterator[tuple[Rename, bool | ConnectorError]]:
        """Rename files; one that was sent and can never be answered is an InDoubtError, PUBLISH_UNKNOWN."""
        batch = renaming.Renames(self.target)
        return self._each(renames, batch.do, lambda rename: rename.source, batch.give_up)

    def read(self, paths: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
        """Read small files; `limit` in bytes."""
        return self._each(paths, lambda session, path: files.read(session, self._wire(path), limit), str)

    def list(self, folder: str, at_most: int | None = None) -> list[Entry]:
        """Return what is in a folder."""
        entries = self._once(
            f"{folder.rstrip('/')}/", lambda session: files.listed(session, folder, self.target.place)[:at_most]
        )
        return entries if self.target.tls else [replace(one, name=files.off_the_wire(one.name)) for one in entries]

    def stat(self, path: str) -> Entry | None:
        """Return what is known of a path."""
        found = self._once(path, lambda session: files.entry_of(session, self._wire(path)))
        return replace(found, name=posixpath.basename(path)) if found else None

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files as far as possible."""

        def remove(session: FTPSession) -> None:
            for path in paths:
                with suppress(ftplib.error_perm, ftplib.error_temp):
                    session.delete(self._wire(path))

        self._once("", remove)

    def make_folder(self, path: str) -> None:
        """Make a folder unless it is there."""

        def make(session: FTPSession) -> None:
            if session.has_folder(path):
                return
            try:
                session.mkd(path)
            except ftplib.error_perm:  # it is there, but may not be entered
                if not session.has_folder(path) and posixpath.basename(path) not in files.names_in(
                    session, posixpath.dirname(path)
                ):
                    raise

        self._once(path, make)

    def close(self) -> None:
        """Close the idle sessions."""
        _sessions.close(self.target)

    def _wire(self, path: str) -> str:
        return path if self.target.tls else files.on_the_wire(path)

    def _once(self, path: str, do: Callable[[FTPSession], T], *, fresh: bool = False, again: bool = True) -> T:
        """Do one thing; on a fresh session `again`, if that may be, where the first one turns out to be lost."""
        with translated(self.target):
            try:
                with _sessions.one(self.target, fresh=fresh) as session:
                    return self._asked(session, path, do)
            except ftplib.all_errors as error:
                if not again or (isinstance(error, ftplib.Error) and not is_fatal(error)):
                    raise
        return self._once(path, do, fresh=True, again=False)

    def _asked(self, session: FTPSession, path: str, do: Callable[[FTPSession], T]) -> T:
        try:
            return do(session)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            if is_fatal(error):
                raise
            folder_there = session.has_folder(posixpath.dirname(path) or session.home)
            raise refused(self.target, path, error, folder_there=folder_there) from None

    def _each(
        self,
        items: Sequence[Item],
        do: Callable[[FTPSession, Item], Result],
        path_of: Callable[[Item], str],
        give_up: Callable[[Item, ConnectorError], ConnectorError] = lambda _, error: error,
        *,
        again: bool = True,
    ) -> Iterator[tuple[Item, Result | ConnectorError]]:
        """Work on the items over a few sessions; the first is opened here, so that a bad login is raised at once."""
        with translated(self.target), _sessions.one(self.target):
            pass
        return self._worked(items, do, path_of, give_up, again=again)

    def _worked(
        self,
        items: Sequence[Item],
        do: Callable[[FTPSession, Item], Result],
        path_of: Callable[[Item], str],
        give_up: Callable[[Item, ConnectorError], ConnectorError],
        *,
        again: bool,
    ) -> Iterator[tuple[Item, Result | ConnectorError]]:
        def one(item: Item) -> Result | ConnectorError:
            try:
                return self._once(path_of(item), lambda session: do(session, item), again=again)
            except ConnectorError as error:
                return give_up(item, error)

        pool = ThreadPoolExecutor(max(1, min(self.target.sessions, len(items))), thread_name_prefix="ftp")
        try:
            futures = {pool.submit(one, item): item for item in items}
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _upload(self, session: FTPSession, upload: Upload) -> None:
        if upload.only_new:
            files.check_name(session, upload, upload.path, self.target.place)
        orphan = self._wire(upload.remove_first) if upload.remove_first else None
        files.upload(session, upload, self._wire(upload.path), orphan)


def open_ftp(target: FTPTarget) -> FTPStore:
    """Return the store for a target; it connects when it is first used."""
    return FTPStore(target)


__all__ = ["FTPStore", "FTPTarget", "close_all", "open_ftp", "session_error"]
