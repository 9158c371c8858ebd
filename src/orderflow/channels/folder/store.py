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
from orderflow.channels.publishing import COMPARED_AT_MOST, published_before, written_before
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
        if upload.only_new:
            _check_name(upload)
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
        """Rename files in one step; the name is looked for before.

        To link the new name and remove the old one would refuse a name that is taken, but a crash between the two
        would leave both: once the ERP took the one, nobody could tell that the file was published.
        """
        return _each(renames, self._rename, lambda rename: rename.target)

    def _rename(self, rename: Rename) -> bool:
        _check_lease(rename.may_start)
        if os.path.lexists(rename.target):
            return _with_target(rename)
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
        """Make the folder; the one that it lies in must be there. A link is not followed."""
        if Path(path).is_symlink():
            raise NeedsAttentionError(
                f"{path} is a link, and OrderFlow does not follow it.",
                code="FOLDER_NOT_ALLOWED",
                hint="Make a folder of it, or mount what it leads to there.",
            )
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


def _with_target(rename: Rename) -> bool:
    """Return whether the file under the final name is ours; if the one to be renamed is still there, compare."""
    ours = _read(rename.source, COMPARED_AT_MOST)
    if ours is None:
        return False
    if error := published_before("this machine", rename.target, ours, _readable(rename.target)):
        raise error
    Path(rename.source).unlink()
    return False


def _check_name(upload: Upload) -> None:
    """Raise ConnectorError if something has the name that is not a beginning of the file."""
    if os.path.lexists(upload.path) and (
        error := written_before("this machine", upload.path, upload.content, _readable(upload.path))
    ):
        raise error


def _readable(path: str) -> bytes | None:
    try:
        return _read(path, COMPARED_AT_MOST)
    except (OSError, ConnectorError):
        return None


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
    # Neither waits for whoever writes into a pipe nor follows a link out of the folder.
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise _no_file(path)
        content = file.read(limit + 1)
    if len(content) > limit:
        raise TransientError(f"{path} is larger than {limit} bytes.", code="FILE_TOO_LARGE")
    return content


def _no_file(path: str) -> TransientError:
    return TransientError(f"{path} is no regular file, and was not read.", code="FILE_ERROR")


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
        case errno.ELOOP | errno.ENXIO:
            return _no_file(path)
        case errno.ENOENT | errno.ENOTDIR:
            return NeedsAttentionError(
                f"There is no folder {path.rpartition('/')[0] or '/'}.",
                code="FOLDER_MISSING",
                hint="Make the folder, mount it, or correct the path in the connection.",
            )
        case _:
            return TransientError(f"{path}: {os.strerror(error.errno or 0)}.", code="FILE_ERROR")
