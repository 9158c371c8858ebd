"""What is done with folders and names over a session; all of it raises SessionLostError as in `sftp_files`."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from orderflow.channels.filestore import Entry
from orderflow.channels.limits import MOST_NAME_BYTES, MOST_NAMES, too_many_names
from orderflow.channels.sftp import protocol as wire
from orderflow.channels.sftp.files import folder_is_there, is_there
from orderflow.channels.sftp.protocol import Code, ReplyType, Request, StatusError, path_string
from orderflow.channels.sftp.session import SFTPSession
from orderflow.channels.status_errors import changed_meanwhile, folder_missing, status_error
from orderflow.domain.errors import ConnectorError


async def list_folder(session: SFTPSession, folder: str, at_most: int | None = None) -> list[Entry]:
    """Return what is in a folder, or the first `at_most` of it; raises ConnectorError."""
    opened = await session.request(Request.OPENDIR, path_string(folder))
    if refused := opened.error():
        raise (
            folder_missing(session.target, folder) if refused.missing else status_error(session.target, folder, refused)
        )
    name = wire.string(opened.check(ReplyType.HANDLE).string())
    entries: list[Entry] = []
    ended: StatusError | None = None
    came, too_much = 0, False
    while not ended and not too_much and (at_most is None or len(entries) < at_most):
        answer = await session.request(Request.READDIR, name)
        ended = answer.error()
        if not ended:
            entries += answer.entries()
        came += len(answer.packet)
        too_much = len(entries) > MOST_NAMES or came > MOST_NAME_BYTES
    session.request(Request.CLOSE, name)
    if too_much:
        raise too_many_names(session.target.place, folder)
    if ended and ended.missing:  # some servers open what is not there; others mean a file that went meanwhile
        gone = await is_there(session, folder) is False
        raise folder_missing(session.target, folder) if gone else changed_meanwhile(session.target, folder)
    if ended and ended.code != Code.EOF:
        raise status_error(session.target, folder, ended)
    return entries[:at_most]


async def stat(session: SFTPSession, path: str) -> Entry | None:
    """Return what is known of a path, None if nothing is there; raises ConnectorError."""
    answer = await session.request(Request.STAT, path_string(path))
    refused = answer.error()
    if refused is None:
        known = answer.check(ReplyType.ATTRS).attributes()
        return Entry(posixpath.basename(path), known.size or 0, float(known.modified), known.is_folder)
    if refused.missing:
        return None
    return await _listed(session, path, refused)


async def _listed(session: SFTPSession, path: str, refused: StatusError) -> Entry | None:
    """Look for a path in the list of its folder, where the server refuses to be asked for it."""
    folder, name = posixpath.split(path)
    try:
        entries = await list_folder(session, folder or ".")
    except ConnectorError:
        raise status_error(session.target, path, refused) from None
    return next((entry for entry in entries if entry.name == name), None)


async def remove(session: SFTPSession, paths: Sequence[str]) -> None:
    """Remove files, all in flight at once; what the server says about each does not matter."""
    for answer in [session.request(Request.REMOVE, path_string(path)) for path in paths]:
        await answer


async def make_folder(session: SFTPSession, path: str) -> None:
    """Make a folder unless it is there; raises ConnectorError."""
    refused = (await session.request(Request.MKDIR, path_string(path), wire.NO_ATTRIBUTES)).error()
    if refused and not await folder_is_there(session, path):
        raise status_error(session.target, path, refused)
