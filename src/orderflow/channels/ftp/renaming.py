"""Giving a file its final name over FTP, which has no rename that leaves a file of that name alone.

So the final name is looked for before. Over plain FTP a connection that ends within `RNTO …` may have the server
carry out the half of it that it got: the file then lies under a beginning of its path. It is looked for, and given
its name. Where nothing is found after an RNTO that was never answered, nobody knows, and a person decides. TLS never
hands half a record over.
"""

from __future__ import annotations

import ftplib
import posixpath
from collections.abc import Iterator
from contextlib import suppress

from orderflow.channels.filestore import Rename
from orderflow.channels.ftp import files
from orderflow.channels.ftp.errors import is_fatal
from orderflow.channels.ftp.session import FTPSession
from orderflow.channels.ftp.target import FTPTarget
from orderflow.channels.publishing import publish_unknown, published_before
from orderflow.domain.errors import ConnectorError


class Renames:
    """The renames of one call, which remember whose RNTO was sent and never answered."""

    def __init__(self, target: FTPTarget) -> None:
        self._target = target
        self._unanswered: set[int] = set()

    def do(self, session: FTPSession, item: Rename) -> bool:
        """Rename a file; False if it was renamed before.

        Raises:
            RejectedError: TARGET_EXISTS: somebody else's file has the name.
            InDoubtError: PUBLISH_UNKNOWN.
            ftplib.Error: The server refuses it.
        """
        files.check_lease(item.may_start, item.source)
        if files.is_seen(session, item.target):
            return _with_target(session, self._target, item)
        for source in _names_of_source(self._target, item):
            if self._renamed(session, source, item):
                return True
        return self._without_source(session, item)

    def give_up(self, item: Rename, error: ConnectorError) -> ConnectorError:
        """Return `error`, or that nobody knows, if the item may have been renamed."""
        return publish_unknown(self._target.place, item.target) if id(item) in self._unanswered else error

    def _renamed(self, session: FTPSession, source: str, item: Rename) -> bool:
        try:
            session.sendcmd(f"RNFR {source}")
        except ftplib.error_perm:
            if files.is_there(session, source):
                raise
            return False
        try:
            session.voidcmd(f"RNTO {item.target}")
        except (ftplib.Error, OSError, EOFError) as error:
            if is_fatal(error):
                self._unanswered.add(id(item))
            raise
        return True

    def _without_source(self, session: FTPSession, item: Rename) -> bool:
        if not files.folder_of(session, item.source):
            raise ftplib.error_perm("550 no such folder")  # noqa: S321  # an exception; `store` names the folder
        if self._target.tls or files.is_there(session, item.target):
            return False
        content = item.content  # what is not published by this cannot be told from others' files
        cut_short = content and [path for path in _cut_short(session, item.target) if _holds(session, path, content)]
        if cut_short:
            return self._mended(session, cut_short[0], item)
        if item.unsure or id(item) in self._unanswered:
            raise publish_unknown(self._target.place, item.target, ": it lies under neither of its names any more")
        return False

    def _mended(self, session: FTPSession, path: str, item: Rename) -> bool:
        if self._renamed(session, path, item):
            return True
        raise publish_unknown(self._target.place, item.target, f": a line that broke left it at {path}")


def _names_of_source(target: FTPTarget, item: Rename) -> list[str]:
    """Return under which names the file may lie; the second is that of earlier versions."""
    return [item.source] if target.tls else list(dict.fromkeys([files.on_the_wire(item.source), item.source]))


def _with_target(session: FTPSession, target: FTPTarget, item: Rename) -> bool:
    """Return whether the file under the final name is ours; if the one to be renamed is still there, compare."""
    source = next((name for name in _names_of_source(target, item) if files.is_there(session, name)), None)
    if source is None:
        return False
    ours, found = (files.readable(session, path) for path in (source, item.target))
    if error := published_before(target.place, item.target, ours, found):
        raise error
    session.delete(source)
    return False


def _cut_short(session: FTPSession, path: str) -> Iterator[str]:
    """Yield what lies under a beginning of a path, the longest first."""
    while name := posixpath.basename(path):
        folder = posixpath.dirname(path)
        found = files.names_in(session, folder)
        for cut in sorted((one for one in found if one and one != name and name.startswith(one)), key=len)[::-1]:
            yield posixpath.join(folder, cut)
        path = folder


def _holds(session: FTPSession, path: str, content: bytes) -> bool:
    if files.size_of(session, path) not in (None, len(content)):
        return False
    with suppress(ConnectorError, ftplib.error_perm):
        return files.read(session, path, len(content)) == content
    return False
