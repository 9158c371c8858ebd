"""A folder of a connection that was set up over the API: every use is held to the folders that the operator allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from orderflow.channels.filestore import Entry, Rename, Upload
from orderflow.channels.folder.store import FilesystemStore
from orderflow.domain.errors import ConnectorError
from orderflow.domain.reach import Reach, current
from orderflow.net.allowed import check_folder


def open_folder(*, fsync: bool) -> FilesystemStore:
    """Return the store for folders of this machine, as far as the connection that is worked with may lead."""
    reach = current()
    return HeldFolder(reach, fsync=fsync) if reach.restricted else FilesystemStore(fsync=fsync)


class HeldFolder(FilesystemStore):
    """Looks where a folder really is, links followed, each time that it is used; a link may have been made since.

    All methods raise NeedsAttentionError (FOLDER_NOT_ALLOWED) before anything is done.
    """

    def __init__(self, reach: Reach, *, fsync: bool = False) -> None:
        super().__init__(fsync=fsync)
        self._reach = reach

    def upload(self, uploads: Sequence[Upload]) -> Iterator[tuple[Upload, ConnectorError | None]]:
        """Write files."""
        self._check(_parents(upload.path for upload in uploads))
        return super().upload(uploads)

    def rename(self, renames: Sequence[Rename]) -> Iterator[tuple[Rename, bool | ConnectorError]]:
        """Rename files."""
        self._check(_parents(path for rename in renames for path in (rename.source, rename.target)))
        return super().rename(renames)

    def read(self, paths: Sequence[str], limit: int) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
        """Read files."""
        self._check(_parents(paths))
        return super().read(paths, limit)

    def list(self, folder: str, at_most: int | None = None) -> list[Entry]:
        """Return what is in the folder."""
        self._check({folder})
        return super().list(folder, at_most)

    def stat(self, path: str) -> Entry | None:
        """Return what is known of the path."""
        self._check({path})
        return super().stat(path)

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files."""
        self._check(_parents(paths))
        super().remove(paths)

    def make_folder(self, path: str) -> None:
        """Make the folder."""
        self._check({path})
        super().make_folder(path)

    def _check(self, folders: set[str]) -> None:
        for folder in folders:
            check_folder(folder, self._reach)


def _parents(paths: Iterable[str]) -> set[str]:
    return {str(Path(path).parent) for path in paths}
