"""What a dropzone needs of the place where its files go, whether it is a folder, an SFTP or an FTP server.

Paths are POSIX paths as the server sees them. Errors that concern a single file are handed back beside the other
files' results; errors that concern the whole session (cannot connect, wrong password) are raised by the call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from orderflow.domain.errors import ConnectorError


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder. `size` in bytes, `modified` in seconds since 1970 by the server's clock."""

    name: str
    size: int
    modified: float
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be written whole and checked.

    Attributes:
        path: Where to; what is there already is overwritten, unless it is `only_new`.
        content: Its bytes.
        may_start: Asked right before the file is opened; False leaves it out, with a `LEASE_ENDING` error.
        remove_first: A leftover of an earlier attempt to remove on the way; that it is not there is no error.
        only_new: Whether a file that is there already is left alone, as far as the server lets us look, unless it
            holds a beginning of `content`, as an attempt leaves it that broke off: a RejectedError, `TARGET_EXISTS`.
            It is written at most once: what is written again where the ERP took it meanwhile is a second file to it.
    """

    path: str
    content: bytes
    may_start: Callable[[], bool] = lambda: True
    remove_first: str | None = None
    only_new: bool = False


@dataclass(frozen=True, slots=True)
class Rename:
    """A file to be given another name in the same folder, unless something has that name.

    Attributes:
        may_start: As in `Upload`.
        content: What the file holds, where it is published by this: by that it is found again after a server carried
            out half of a command.
        unsure: True if an earlier try was sent and never answered.
    """

    source: str
    target: str
    may_start: Callable[[], bool] = lambda: True
    content: bytes | None = field(default=None, repr=False)
    unsure: bool = False


class FileStore(ABC):
    """A live session with a place for files. Several threads may use one at the same time."""

    renames: bool = True
    """Whether a file can be given another name in one step; where not, it is written under its final name."""

    processes: int | None = None
    """How many processes of ours may be signed in at a time to deliver; None: all that there are."""

    @abstractmethod
    def address(self, path: str) -> str:
        """Return the path's full address without secrets, as `sftp://user@host:22/out/x` or `file:///out/x`."""

    @abstractmethod
    def upload(self, uploads: Sequence[Upload]) -> Iterator[tuple[Upload, ConnectorError | None]]:
        """Write files, many in flight; each result comes as soon as it is known. None: there, with the right size.

        Raises:
            ConnectorError: The session cannot be had; nothing was written.
        """

    @abstractmethod
    def rename(self, renames: Sequence[Rename]) -> Iterator[tuple[Rename, bool | ConnectorError]]:
        """Rename files, many in flight. True: renamed; False: it was renamed before.

        That is so where the source is gone and its folder is there, or where the target holds the same. A target that
        holds something else is left alone, as far as the server lets us look: a RejectedError, `TARGET_EXISTS`.
        A rename whose answer never came is tried once more on a fresh session before it is given as an error.

        Raises:
            ConnectorError: The session cannot be had; nothing was renamed.
        """

    @abstractmethod
    def read(self, paths: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
        """Read small files, many in flight. None: the file is gone. Beyond `limit` bytes: a `FILE_TOO_LARGE` error."""

    @abstractmethod
    def list(self, folder: str, at_most: int | None = None) -> list[Entry]:
        """Return what is in a folder, or the first `at_most` of it.

        Raises:
            NeedsAttentionError: It is not there (FOLDER_MISSING), or may not be read.
        """

    @abstractmethod
    def stat(self, path: str) -> Entry | None:
        """Return what is known of a path, None if nothing is there."""

    @abstractmethod
    def remove(self, paths: Sequence[str]) -> None:
        """Remove files as far as possible; that one is not there or may not be removed is no error."""

    @abstractmethod
    def make_folder(self, path: str) -> None:
        """Make a folder unless it is there. Raises ConnectorError."""

    def close(self) -> None:  # noqa: B027  # most stores hold nothing that would have to be closed
        """Close the session now, if nobody else uses it, instead of when it has been idle for a while."""
