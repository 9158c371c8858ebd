"""The file store on FTP and FTPS servers: a few sessions per target, one file at a time on each.

FTP has no answer that comes late: whoever hears nothing after a rename was sent asks again on a fresh session, where
a source that is gone says that the rename was done.
"""

from __future__ import annotations

import atexit
import ftplib
import io
import posixpath
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from orderflow.channels.filestore import Entry, FileStore, Rename, Upload
from orderflow.channels.ftp.session import FTPSession, FTPTarget, is_fatal, refused, session_error, translated
from orderflow.domain.errors import ConnectorError, InDoubtError, LeaseEndingError, TransientError

Item = TypeVar("Item")
Result = TypeVar("Result")
T = TypeVar("T")


class _Sessions:
    """The idle sessions of each target. One that broke is not taken back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[FTPTarget, deque[FTPSession]] = {}

    @contextmanager
    def one(self, target: FTPTarget, *, fresh: bool = False) -> Iterator[FTPSession]:
        """Lend a session; after an error that ends it, it is closed."""
        session = (None if fresh else self._usable(target)) or FTPSession.begin(target)
        try:
            yield session
        except BaseException as error:
            if isinstance(error, ConnectorError) or not is_fatal(error):
                self._keep(target, session)
            else:
                session.close()
            raise
        self._keep(target, session)

    def close(self, target: FTPTarget | None = None) -> None:
        """Close the idle sessions of a target, or all."""
        with self._lock:
            targets = [target] if target else list(self._idle)
            idle = [session for one in targets for session in self._idle.pop(one, ())]
        for session in idle:
            session.close()

    def _usable(self, target: FTPTarget) -> FTPSession | None:
        """Return an idle session that still answers: servers close what is idle without a word."""
        while session := self._taken(target):
            try:
                session.voidcmd("NOOP")
            except ftplib.all_errors:
                session.close()
            else:
                return session
        return None

    def _taken(self, target: FTPTarget) -> FTPSession | None:
        with self._lock:
            idle = self._idle.get(target)
            return idle.pop() if idle else None

    def _keep(self, target: FTPTarget, session: FTPSession) -> None:
        with self._lock:
            self._idle.setdefault(target, deque()).append(session)


_sessions = _Sessions()
atexit.register(_sessions.close)


def close_all() -> None:
    """Close every idle session."""
    _sessions.close()


class FTPStore(FileStore):
    """A place on an FTP server; every method may raise what `FTPSession.begin` raises."""

    def __init__(self, target: FTPTarget) -> None:
        self.target = target

    def address(self, path: str) -> str:
        """Return `ftp://user@host:port/path`, or `ftps://…`."""
        return self.target.address(path)

    def upload(self, uploads: Sequence[Upload]) -> Iterator[tuple[Upload, ConnectorError | None]]:
        """Write files and check their size."""
        return self._each(uploads, self._upload, lambda upload: upload.path)

    def rename(self, renames: Sequence[Rename]) -> Iterator[tuple[Rename, bool | ConnectorError]]:
        """Rename files; one that was sent and can never be answered is an InDoubtError, PUBLISH_UNKNOWN."""
        return self._each(renames, self._rename, lambda rename: rename.source)

    def read(self, paths: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
        """Read small files; `limit` in bytes."""
        return self._each(paths, partial(_read, limit=limit), str)

    def list(self, folder: str, at_most: int | None = None) -> list[Entry]:
        """Return what is in a folder."""
        return self._once(f"{folder.rstrip('/')}/", lambda session: _listed(session, folder)[:at_most])

    def stat(self, path: str) -> Entry | None:
        """Return what is known of a path."""
        return self._once(path, lambda session: _entry(session, path))

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files as far as possible."""

        def remove(session: FTPSession) -> None:
            for path in paths:
                with suppress(ftplib.error_perm, ftplib.error_temp):
                    session.delete(path)

        self._once("", remove)

    def make_folder(self, path: str) -> None:
        """Make a folder unless it is there."""

        def make(session: FTPSession) -> None:
            if not session.has_folder(path):
                session.mkd(path)

        self._once(path, make)

    def close(self) -> None:
        """Close the idle sessions."""
        _sessions.close(self.target)

    def _once(self, path: str, do: Callable[[FTPSession], T], *, fresh: bool = False) -> T:
        """Do one thing; once more on a fresh session if the first one turns out to be lost."""
        with translated(self.target):
            try:
                with _sessions.one(self.target, fresh=fresh) as session:
                    return self._asked(session, path, do)
            except ftplib.all_errors as error:
                if fresh or (isinstance(error, ftplib.Error) and not is_fatal(error)):
                    raise
        return self._once(path, do, fresh=True)

    def _asked(self, session: FTPSession, path: str, do: Callable[[FTPSession], T]) -> T:
        try:
            return do(session)
        except (ftplib.error_perm, ftplib.error_temp) as error:
            if is_fatal(error):
                raise
            folder_there = session.has_folder(posixpath.dirname(path) or session.home)
            raise refused(self.target, path, error, folder_there=folder_there) from None

    def _each(
        self, items: Sequence[Item], do: Callable[[FTPSession, Item], Result], path_of: Callable[[Item], str]
    ) -> Iterator[tuple[Item, Result | ConnectorError]]:
        """Work on the items over a few sessions; the first is opened here, so that a bad login is raised at once."""
        with translated(self.target), _sessions.one(self.target):
            pass
        return self._worked(items, do, path_of)

    def _worked(
        self, items: Sequence[Item], do: Callable[[FTPSession, Item], Result], path_of: Callable[[Item], str]
    ) -> Iterator[tuple[Item, Result | ConnectorError]]:
        def one(item: Item) -> Result | ConnectorError:
            try:
                return self._once(path_of(item), lambda session: do(session, item))
            except ConnectorError as error:
                return self._unknown(item, error)

        pool = ThreadPoolExecutor(max(1, min(self.target.sessions, len(items))), thread_name_prefix="ftp")
        try:
            futures = {pool.submit(one, item): item for item in items}
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _unknown(self, item: object, error: ConnectorError) -> ConnectorError:
        """Return the error, or doubt where a rename may have been done before the connection broke."""
        if isinstance(item, Rename) and error.code in ("CONNECTION_LOST", "TIMEOUT", "PROTOCOL_ERROR"):
            return InDoubtError(
                f"It is unknown whether {item.target} was published on {self.target.place}.", code="PUBLISH_UNKNOWN"
            )
        return error

    def _upload(self, session: FTPSession, upload: Upload) -> None:
        if upload.remove_first:
            with suppress(ftplib.error_perm, ftplib.error_temp):
                session.delete(upload.remove_first)
        _check_lease(upload.may_start, upload.path)
        session.storbinary(f"STOR {upload.path}", io.BytesIO(upload.content))
        size = _size(session, upload.path)
        if size is not None and size != len(upload.content):
            raise TransientError(
                f"{upload.path} has {size} bytes on the server instead of {len(upload.content)}.", code="SIZE_MISMATCH"
            )

    def _rename(self, session: FTPSession, rename: Rename) -> bool:
        _check_lease(rename.may_start, rename.source)
        try:
            session.rename(rename.source, rename.target)
        except ftplib.error_perm:
            if _is_there(session, rename.source):
                if _is_there(session, rename.target):
                    raise TransientError(
                        f"{rename.target} is there already on {self.target.place}.", code="TARGET_EXISTS"
                    ) from None
                raise
            if session.has_folder(posixpath.dirname(rename.source) or session.home):
                return False
            raise
        return True


def open_ftp(target: FTPTarget) -> FTPStore:
    """Return the store for a target; it connects when it is first used."""
    return FTPStore(target)


def _check_lease(may_start: Callable[[], bool], path: str) -> None:
    if not may_start():
        raise LeaseEndingError(f"There was too little time left to begin with {path}.")


def _read(session: FTPSession, path: str, limit: int) -> bytes | None:
    content = io.BytesIO()
    with suppress(ftplib.error_perm):  # no SIZE, or no such file: reading tells
        if (session.size(path) or 0) > limit:
            raise _too_large(path, limit)
    try:
        session.retrbinary(f"RETR {path}", content.write)
    except ftplib.error_perm:
        if _is_there(session, path) or not session.has_folder(posixpath.dirname(path) or session.home):
            raise
        return None
    if content.tell() > limit:
        raise _too_large(path, limit)
    return content.getvalue()


def _too_large(path: str, limit: int) -> TransientError:
    return TransientError(f"{path} is larger than {limit} bytes.", code="FILE_TOO_LARGE")


def _size(session: FTPSession, path: str) -> int | None:
    """Return the size of a file; None where the server does not tell."""
    try:
        return session.size(path)
    except ftplib.error_perm:
        return None


def _is_there(session: FTPSession, path: str) -> bool:
    return _size(session, path) is not None or path.rpartition("/")[2] in _names(session, posixpath.dirname(path))


def _names(session: FTPSession, folder: str) -> list[str]:
    try:
        return [posixpath.basename(name) for name in session.nlst(folder or session.home)]
    except ftplib.error_perm:  # some say so when the folder is empty
        return []


def _listed(session: FTPSession, folder: str) -> list[Entry]:
    if "MLST" in session.features:  # RFC 3659
        return [
            _from_facts(name, facts)
            for name, facts in session.mlsd(folder)
            if facts.get("type") not in ("cdir", "pdir")
        ]
    if not session.has_folder(folder):
        raise ftplib.error_perm(f"550 {folder}: no such folder")  # noqa: S321  # what MLSD would have said
    found = (_entry(session, f"{folder.rstrip('/')}/{name}") for name in _names(session, folder))
    return [entry for entry in found if entry]


def _entry(session: FTPSession, path: str) -> Entry | None:
    """Return what is known of a path, by MLST or, of older servers, by SIZE and MDTM (RFC 3659)."""
    name = posixpath.basename(path)
    if "MLST" in session.features:
        return _by_mlst(session, path, name)
    try:
        size = session.size(path)
        return Entry(name, size or 0, _time(session.sendcmd(f"MDTM {path}")[4:]))
    except ftplib.error_perm:
        return Entry(name, 0, 0.0, is_folder=True) if session.has_folder(path) else None


def _by_mlst(session: FTPSession, path: str, name: str) -> Entry | None:
    try:
        facts, _, _ = session.sendcmd(f"MLST {path}").splitlines()[1].strip().partition(" ")
    except ftplib.error_perm:
        if session.has_folder(posixpath.dirname(path) or session.home):
            return None
        raise
    pairs = (fact.partition("=") for fact in facts.split(";") if fact)
    return _from_facts(name, {key.lower(): value for key, _, value in pairs})


def _from_facts(name: str, facts: dict[str, str]) -> Entry:
    size, modified = int(facts.get("size", 0)), _time(facts.get("modify", ""))
    return Entry(name, size, modified, facts.get("type", "file").lower() != "file")


def _time(written: str) -> float:
    """Return the seconds since 1970 of `YYYYMMDDHHMMSS[.sss]`, which is UTC (RFC 3659, 2.3)."""
    try:
        return datetime.strptime(written.strip()[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


__all__ = ["FTPStore", "FTPTarget", "close_all", "open_ftp", "session_error"]
