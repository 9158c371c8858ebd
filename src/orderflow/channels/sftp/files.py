"""What is done with one file over a session, each in as few round trips as is safe.

All of these raise SessionLostError if the session ends before they have their answers, and may be done again then.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

from orderflow.channels.filestore import Rename, Upload
from orderflow.channels.publishing import COMPARED_AT_MOST, publish_unknown, published_before, written_before
from orderflow.channels.sftp import protocol as wire
from orderflow.channels.sftp.protocol import Code, Reply, ReplyType, Request, StatusError, path_string
from orderflow.channels.sftp.session import SessionLostError, SFTPSession
from orderflow.channels.status_errors import (
    disk_full,
    folder_missing,
    lease_ending,
    status_error,
    too_large,
    wrong_size,
)
from orderflow.domain.errors import ConnectorError

# Accounts that may write but not look answer FSTAT with one of these.
_MAY_NOT_LOOK = frozenset({Code.PERMISSION_DENIED, Code.OP_UNSUPPORTED, Code.FAILURE})


async def upload(session: SFTPSession, item: Upload) -> ConnectorError | None:
    """Write a file in two round trips: OPEN; then WRITE, FSTAT and CLOSE in one burst.

    One that is written in place is opened once, and a session that is lost from then on is its outcome: its ERP may
    have taken it whole before the answer was lost, and would take what is written anew for another one.
    """
    if not item.may_start():
        return lease_ending(item.path)
    if item.only_new and (taken := await _taken(session, item)):
        return taken
    if item.remove_first:
        session.request(Request.REMOVE, path_string(item.remove_first))
    opening = session.request(Request.OPEN, path_string(item.path), wire.WRITE_NEW)
    try:
        return await _fill(session, item, opening)
    except SessionLostError as lost:
        if item.only_new:
            return lost.error
        raise


async def _fill(session: SFTPSession, item: Upload, opening: asyncio.Future[Reply]) -> ConnectorError | None:
    opened = await opening
    if refused := opened.error():
        return await _explain(session, item.path, refused)
    try:
        size = await _write(session, opened.check(ReplyType.HANDLE).string(), item.content)
    except StatusError as failed:
        error = await _explain(session, item.path, failed)
        await session.request(Request.REMOVE, path_string(item.path))  # half a file is of no use to anyone
        return error
    return None if size == len(item.content) else wrong_size(item.path, size, len(item.content))


async def _taken(session: SFTPSession, item: Upload) -> ConnectorError | None:
    """Return the error for a name that somebody else's file has."""
    if not await is_there(session, item.path):
        return None
    found = await read(session, item.path, COMPARED_AT_MOST)
    return None if found is None else written_before(session.target.place, item.path, item.content, found)


async def _write(session: SFTPSession, handle: bytes, content: bytes) -> int:
    """Write and close; returns the size that the server tells, or ours where it may not be asked."""
    name = wire.string(handle)
    writes = await _send(session, name, content)
    if session.target.fsync and wire.FSYNC in session.extensions:
        writes.append(session.request(Request.EXTENDED, wire.string(wire.FSYNC), name))
    looking = session.request(Request.FSTAT, name)
    closing = session.request(Request.CLOSE, name)
    for answer in (*writes, closing):
        (await answer).check()
    looked = await looking
    denied = looked.error()
    if denied and denied.code in _MAY_NOT_LOOK:
        return len(content)
    size = looked.check(ReplyType.ATTRS).attributes().size
    return len(content) if size is None else size


async def _send(session: SFTPSession, name: bytes, content: bytes) -> list[asyncio.Future[Reply]]:
    writes = []
    view = memoryview(content)
    for start in range(0, len(content), session.max_write):
        piece = view[start : start + session.max_write]
        await session.budget.take(len(piece))
        try:
            write = session.request(Request.WRITE, name, wire.u64(start), wire.u32(len(piece)), piece)
        except SessionLostError:
            session.budget.give_back(len(piece))
            raise
        write.add_done_callback(partial(_give_back, session, len(piece)))
        writes.append(write)
    return writes


def _give_back(session: SFTPSession, amount: int, _: asyncio.Future[Reply]) -> None:
    session.budget.give_back(amount)


async def _explain(session: SFTPSession, path: str, status: StatusError) -> ConnectorError:
    """Tell a full disk, which most servers only call a failure, from other failures."""
    if status.code == Code.FAILURE and await _no_room(session, posixpath.dirname(path) or "."):
        return disk_full(session.target, path)
    return status_error(session.target, path, status)


async def _no_room(session: SFTPSession, folder: str) -> bool:
    if wire.STATVFS not in session.extensions:
        return False
    answer = await session.request(Request.EXTENDED, wire.string(wire.STATVFS), path_string(folder))
    if answer.error():
        return False
    # OpenSSH's PROTOCOL §4.4; blocks and files that are free to this account, and files at all (0: not counted).
    *_, free_blocks, files, _, free_files = answer.check(ReplyType.EXTENDED_REPLY).numbers("QQQQQQQQ")
    return not free_blocks or (files > 0 and not free_files)


async def rename(session: SFTPSession, item: Rename) -> bool | ConnectorError:
    """Look whether the name is free, and rename a file: two round trips; a failure takes some more to be understood.

    An atomic rename replaces what has the name. SFTP's own (draft-02 §6.5) does not, but OpenSSH links the new name
    and removes the old one for it: a server killed in between leaves both, and once the ERP took the one, nobody can
    tell that the file was published. So it is looked for before, and renamed in one step.
    """
    if not item.may_start():
        return lease_ending(item.source)
    with _nothing_in_doubt():  # the rename was not sent yet
        if await is_there(session, item.target):
            return await _with_target(session, item)
    refused = await _ask_to_rename(session, item)
    if refused is None:
        return True
    with _nothing_in_doubt():  # the rename was answered
        return await _why_not_renamed(session, item, refused)


@contextmanager
def _nothing_in_doubt() -> Iterator[None]:
    try:
        yield
    except SessionLostError as lost:
        raise SessionLostError(lost.error, sent=False) from lost


async def _ask_to_rename(session: SFTPSession, item: Rename) -> StatusError | None:
    names = path_string(item.source), path_string(item.target)
    if wire.POSIX_RENAME in session.extensions:
        answer = (await session.request(Request.EXTENDED, wire.string(wire.POSIX_RENAME), *names)).error()
        if answer is None or answer.code != Code.OP_UNSUPPORTED:
            return answer
        session.extensions.pop(wire.POSIX_RENAME, None)
    return (await session.request(Request.RENAME, *names)).error()


async def _why_not_renamed(session: SFTPSession, item: Rename, refused: StatusError) -> bool | ConnectorError:
    if not refused.missing and refused.code not in {Code.FAILURE, Code.FILE_ALREADY_EXISTS}:
        return status_error(session.target, item.target, refused)
    source = await is_there(session, item.source)
    if source is False or (source is None and refused.missing):
        return await _without_source(session, item)
    if not refused.missing and await is_there(session, item.target):
        return await _with_target(session, item)
    return await _explain(session, item.target, refused)


async def _with_target(session: SFTPSession, item: Rename) -> bool | ConnectorError:
    """Return whether the file under the final name is ours; if the one to be renamed is still there, compare."""
    ours = await read(session, item.source, COMPARED_AT_MOST)
    if ours is None:
        return await _without_source(session, item)
    found = await read(session, item.target, COMPARED_AT_MOST)
    if error := published_before(session.target.place, item.target, ours, found):
        return error
    await session.request(Request.REMOVE, path_string(item.source))
    return False


async def _without_source(session: SFTPSession, item: Rename) -> bool | ConnectorError:
    folder = posixpath.dirname(item.source) or "."
    there = await folder_is_there(session, folder)
    if there is None:
        return publish_unknown(session.target.place, item.target)
    return False if there else folder_missing(session.target, folder)


async def is_there(session: SFTPSession, path: str) -> bool | None:
    """Return whether a path exists; None if the account may not look. Where STAT is refused, opening it tells."""
    answer = await session.request(Request.STAT, path_string(path))
    denied = answer.error()
    if denied is None:
        return True if answer.kind == ReplyType.ATTRS else None
    if denied.missing:
        return False
    opened = await session.request(Request.OPEN, path_string(path), wire.READ_ONLY)
    return _told_by(session, opened)


async def folder_is_there(session: SFTPSession, folder: str) -> bool | None:
    """Return whether a folder exists, by looking, by listing it, and in the end by writing into it; None if unknown."""
    answer = await session.request(Request.STAT, path_string(folder))
    denied = answer.error()
    if denied is None:
        mode = answer.check(ReplyType.ATTRS).attributes()
        return mode.is_folder or mode.mode is None
    if denied.missing:
        return False
    there = _told_by(session, await session.request(Request.OPENDIR, path_string(folder)))
    return await _takes_files(session, folder) if there is None else there


def _told_by(session: SFTPSession, opened: Reply) -> bool | None:
    denied = opened.error()
    if denied:
        return False if denied.missing else None
    session.request(Request.CLOSE, wire.string(opened.check(ReplyType.HANDLE).string()))
    return True


async def _takes_files(session: SFTPSession, folder: str) -> bool | None:
    path = path_string(posixpath.join(folder, f"orderflow_look_{uuid4().hex}.tmp"))
    there = _told_by(session, await session.request(Request.OPEN, path, wire.WRITE_NEW))
    if there:
        await session.request(Request.REMOVE, path)
    return there


async def read(session: SFTPSession, path: str, limit: int) -> bytes | ConnectorError | None:
    """Read a file of at most `limit` bytes, a small one in two round trips; None if it is gone."""
    opened = await session.request(Request.OPEN, path_string(path), wire.READ_ONLY)
    if refused := opened.error():
        return None if refused.missing else status_error(session.target, path, refused)
    name = wire.string(opened.check(ReplyType.HANDLE).string())
    try:
        content = await _read_up_to(session, name, limit + 1)
    except StatusError as failed:
        return status_error(session.target, path, failed)
    finally:
        if not session.lost:
            session.request(Request.CLOSE, name)
    return content if len(content) <= limit else too_large(path, limit)


async def _read_up_to(session: SFTPSession, name: bytes, most: int) -> bytes:
    looking = session.request(Request.FSTAT, name)
    content = bytearray()
    size: int | None = None
    pace = session.pace()
    while len(content) < most and len(content) != size:
        length = min(session.max_read, most - len(content))
        answer = await session.request(Request.READ, name, wire.u64(len(content)), wire.u32(length))
        ended = answer.error()
        if ended and ended.code == Code.EOF:
            break
        piece = answer.check(ReplyType.DATA).string()
        content += piece
        pace(len(piece))
        looked = await looking
        size = None if looked.error() else looked.check(ReplyType.ATTRS).attributes().size
    return bytes(content)
