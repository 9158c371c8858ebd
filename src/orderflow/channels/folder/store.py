"""A folder on this machine, or one mounted into it, as the place where files go."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar

from orderflow.channels.filestore import Entry, FileStore, Rename, Upload
from orderflow.domain.errors import ConnectorError, LeaseEndingError, NeedsAttentionError, TransientError

Item = TypeVar("Item")
Result = TypeVar("Result")


class FilesystemStore(FileStore):
    """Folders that the operating system shows. Takes one file after the other: there is no link to fill.

    Args:
        fsync: Have each file, and after a rename its folder, on the disk before it counts as done.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        self._fsync = fsync

    def address(self, path: str) -> str:
        """Return the path as a `file:` URL (RFC 8089)."""
        return Path(path).absolute().as_uri()

    def upload(self, uploads: Sequence[Upload]) -> Iterator[tuple[Upload, ConnectorError | None]]:
        """Write files; a failed one leaves what was written, for `remove_first` or the next try."""
        return _each(uploads, self._upload, lambda upload: upload.path)

    def _upload(self, upload: Upload) -> None:
        if upload.remove_first:
            self.remove([upload.remove_first])
        _check_lease(upload.may_start)
        # Others get what the umask leaves of this; an order is nobody else's business.
        file = os.open(upload.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o660)
        try:
            _write(file, upload.content)
            if self._fsync:
                os.fsync(file)
            size = os.fstat(file).st_size
        finally:
            os.close(file)
        if size != len(upload.content):
            raise TransientError(f"{upload.path} has {size} bytes, not {len(upload.content)}.", code="SIZE_MISMATCH")

    def rename(self, renames: Sequence[Rename]) -> Iterator[tuple[Rename, bool | ConnectorError]]:
        """Rename files; a file that has the new name already is replaced."""
        return _each(renames, self._rename, lambda rename: rename.target)

    def _rename(self, rename: Rename) -> bool:
        _check_lease(rename.may_start)
        try:
            Path(rename.source).rename(rename.target)
        except FileNotFoundError:
            for folder in {Path(rename.source).parent, Path(rename.target).parent}:
                folder.stat()  # raises if it is the folder that is not there
            return False
        if self._fsync:
            _sync(Path(rename.target).parent)
        return True

    def read(self, paths: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
        """Read files."""
        return _each(paths, lambda path: _read(path, limit), str)

    def list(self, folder: str, at_most: int | None = None) -> list[Entry]:
        """Return what is in the folder; a name that vanishes meanwhile is left out."""
        try:
            with os.scandir(folder) as found:
                return [entry for item in islice(found, at_most) if (entry := _entry(Path(item.path))) is not None]
        except OSError as error:
            raise _translated(error, f"{folder.rstrip('/')}/") from error

    def stat(self, path: str) -> Entry | None:
        """Return what is known of the path."""
        try:
            return _entry(Path(path))
        except OSError as error:
            raise _translated(error, path) from error

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files."""
        for path in paths:
            with suppress(OSError):  # whoever writes to the folder next reports what is wrong with it
                Path(path).unlink()

    def make_folder(self, path: str) -> None:
        """Make the folder; the one that it lies in must be there."""
        try:
            Path(path).mkdir(exist_ok=True)
        except OSError as error:
            raise _translated(error, path) from error


def _each(
    items: Sequence[Item], act: Callable[[Item], Result], path_of: Callable[[Item], str]
) -> Iterator[tuple[Item, Result | ConnectorError]]:
    for item in items:
        try:
            yield item, act(item)
        except OSError as error:
            yield item, _translated(error, path_of(item))
        except ConnectorError as error:
            yield item, error


def _check_lease(may_start: Callable[[], bool]) -> None:
    if not may_start():
        raise LeaseEndingError("Too little of the lease is left to begin with this file.")


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync(folder: Path) -> None:
    # A rename is on the disk only when the folder is: https://man7.org/linux/man-pages/man2/fsync.2.html
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _read(path: str, limit: int) -> bytes | None:
    try:
        with Path(path).open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        return None
    if len(content) > limit:
        raise TransientError(f"{path} is larger than {limit} bytes.", code="FILE_TOO_LARGE")
    return content


def _entry(path: Path) -> Entry | None:
    try:
        known = path.stat()
    except FileNotFoundError:
        return None
    return Entry(path.name, known.st_size, known.st_mtime, stat.S_ISDIR(known.st_mode))


def _translated(error: OSError, path: str) -> ConnectorError:
    """Return what `error` means for the connection."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return NeedsAttentionError(
                f"There is no space left to write {path}.",
                code="DISK_FULL",
                hint="Make room on the disk, or raise the quota, then test the connection.",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return NeedsAttentionError(
                f"OrderFlow may not use {path}.",
                code="PERMISSION_DENIED",
                hint="Give the user that OrderFlow runs as the right to read and write in this folder.",
            )
        case errno.ENOENT | errno.ENOTDIR:
            return NeedsAttentionError(
                f"There is no folder {path.rpartition('/')[0] or '/'}.",
                code="FOLDER_MISSING",
                hint="Make the folder, mount it, or correct the path in the connection.",
            )
        case _:
            return TransientError(f"{path}: {os.strerror(error.errno or 0)}.", code="FILE_ERROR")
