"""What is done with one file or folder over a session. ftplib's errors pass; `store` gives them their names."""

from __future__ import annotations

import ftplib
import posixpath
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from orderflow.channels.filestore import Entry, Upload
from orderflow.channels.ftp.errors import code_of
from orderflow.channels.ftp.session import LISTING_TIMES, FTPSession, TooMuchError
from orderflow.channels.limits import too_many_names
from orderflow.channels.publishing import COMPARED_AT_MOST, written_before
from orderflow.domain.errors import ConnectorError, LeaseEndingError, NeedsAttentionError, TransientError

_TEMPORARY = re.compile(r"(?P<stem>.+)(?P<rest>\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp)")


def on_the_wire(path: str) -> str:
    """Return under which path a temporary file lies on a plain FTP server: the final name's dots are `~1` there.

    A server may carry out a command that a broken connection cut short. No beginning of this name is a name under
    which an ERP would find a file, so that a cut STOR publishes nothing and a cut DELE removes nothing. `~` is `~0`.
    """
    folder, slash, name = path.rpartition("/")
    if found := _TEMPORARY.fullmatch(name):
        name = found["stem"].replace("~", "~0").replace(".", "~1") + found["rest"]
    return f"{folder}{slash}{name}"


def off_the_wire(name: str) -> str:
    """Return the name that `on_the_wire` made this of."""
    found = _TEMPORARY.fullmatch(name)
    return found["stem"].replace("~1", ".").replace("~0", "~") + found["rest"] if found else name


def check_lease(may_start: Callable[[], bool], path: str) -> None:
    """Raise LeaseEndingError if there is too little time left to begin."""
    if not may_start():
        raise LeaseEndingError(f"There was too little time left to begin with {path}.")


def upload(session: FTPSession, item: Upload, path: str, remove_first: str | None) -> None:
    """Write a file and check its size; whose file has an `only_new` name already, `check_name` tells."""
    if remove_first:
        with suppress(ftplib.error_perm, ftplib.error_temp):
            session.delete(remove_first)
    check_lease(item.may_start, item.path)
    session.put(path, item.content)
    size = size_of(session, path)
    if size is not None and size != len(item.content):
        raise TransientError(
            f"{item.path} has {size} bytes on the server instead of {len(item.content)}.", code="SIZE_MISMATCH"
        )


def check_name(session: FTPSession, item: Upload, path: str, place: str) -> None:
    """Raise ConnectorError if something has the name of a file to be written in place, and is not a part of it."""
    if is_seen(session, path) and (error := written_before(place, item.path, item.content, readable(session, path))):
        raise error


def readable(session: FTPSession, path: str) -> bytes | None:
    """Return what a file holds that is to be compared; None if it may not be read, or is gone."""
    try:
        return read(session, path, COMPARED_AT_MOST)
    except (ConnectorError, ftplib.error_perm):
        return None


def read(session: FTPSession, path: str, limit: int) -> bytes | None:
    """Return a file's content; None if it is gone."""
    if (size_of(session, path) or 0) > limit:
        raise too_large(path, limit)
    try:
        return session.get(f"RETR {path}", limit)
    except TooMuchError:
        raise too_large(path, limit) from None
    except ftplib.error_perm:
        if is_there(session, path) or not folder_of(session, path):
            raise
        return None


def too_large(path: str, limit: int) -> ConnectorError:
    """Return the error for a file that is larger than any that we expect."""
    return NeedsAttentionError(
        f"{path} has more than {limit} bytes and was not read.",
        code="FILE_TOO_LARGE",
        hint="Look at the file; if it does not belong there, move it away.",
    )


def size_of(session: FTPSession, path: str) -> int | None:
    """Return the size of a file; None where the server does not tell."""
    try:
        return session.size(path)
    except (ftplib.error_perm, ValueError):
        return None


def is_seen(session: FTPSession, path: str) -> bool:
    """Return whether something of this name is there, in one question; a server that cannot be asked so is listed."""
    command = "MLST" if "MLST" in session.features else "SIZE"
    try:
        session.sendcmd(f"{command} {path}")
    except ftplib.error_perm as error:
        return code_of(error) != 550 and is_there(session, path)
    return True


def is_there(session: FTPSession, path: str) -> bool:
    """Return whether a file can be seen, by its size or in the list of its folder."""
    return size_of(session, path) is not None or posixpath.basename(path) in names_in(session, posixpath.dirname(path))


def folder_of(session: FTPSession, path: str) -> bool:
    """Return whether a path's folder is there."""
    return session.has_folder(posixpath.dirname(path) or session.home)


def names_in(session: FTPSession, folder: str) -> list[str]:
    """Return the names in a folder; none where it may not be listed."""
    try:
        return listed_names(session, folder)
    except ftplib.error_perm:  # some say so when the folder is empty
        return []


def listed_names(session: FTPSession, folder: str) -> list[str]:
    """Return the names in a folder, some of which may come with a path before them."""
    names = session.names(f"NLST {folder or session.home}")
    return [name.replace("\\", "/").rstrip("/").rpartition("/")[2] for name in names]


def listed(session: FTPSession, folder: str, place: str) -> list[Entry]:
    """Return what is in a folder."""
    try:
        return _listed(session, folder)
    except TooMuchError:
        raise too_many_names(place, folder) from None


def _listed(session: FTPSession, folder: str) -> list[Entry]:
    if "MLST" in session.features:  # RFC 3659
        entries = [_from_line(line) for line in session.names(f"MLSD {folder}")]
        return [entry for entry in entries if entry is not None]
    if not session.has_folder(folder):
        raise ftplib.error_perm(f"550 {folder}: no such folder")  # noqa: S321  # what MLSD would have said
    with session.within(session.answer_time * LISTING_TIMES):
        found = (entry_of(session, f"{folder.rstrip('/')}/{name}") for name in names_in(session, folder))
        return [entry for entry in found if entry]


def entry_of(session: FTPSession, path: str) -> Entry | None:
    """Return what is known of a path, by MLST or, of older servers, by SIZE and MDTM (RFC 3659)."""
    name = posixpath.basename(path)
    if "MLST" in session.features:
        return _by_mlst(session, path, name)
    size = size_of(session, path)
    if size is None:
        return Entry(name, 0, 0.0, is_folder=True) if session.has_folder(path) else None
    try:
        return Entry(name, size, _time(session.sendcmd(f"MDTM {path}")[4:]))
    except ftplib.error_perm:
        return Entry(name, size, 0.0)


def _by_mlst(session: FTPSession, path: str, name: str) -> Entry | None:
    try:
        lines = session.sendcmd(f"MLST {path}").splitlines()
    except ftplib.error_perm:
        if folder_of(session, path):
            return None
        raise
    found = _from_line(lines[1].strip()) if len(lines) > 1 else None
    return Entry(name, found.size, found.modified, found.is_folder) if found else Entry(name, 0, 0.0)


def _from_line(line: str) -> Entry | None:
    """Return what a line of MLST or MLSD tells (RFC 3659, 7.2); None for the folder itself and the one above."""
    written, _, name = line.partition(" ")
    pairs = (fact.partition("=") for fact in written.split(";") if fact)
    facts = {key.lower(): value for key, _, value in pairs}
    kind = facts.get("type", "file").lower()
    if kind in ("cdir", "pdir"):
        return None
    size = facts.get("size", "")
    return Entry(
        name, int(size) if size.isascii() and size.isdigit() else 0, _time(facts.get("modify", "")), kind != "file"
    )


def _time(written: str) -> float:
    """Return the seconds since 1970 of `YYYYMMDDHHMMSS[.sss]`, which is UTC (RFC 3659, 2.3)."""
    try:
        return datetime.strptime(written.strip()[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
