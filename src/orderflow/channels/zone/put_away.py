"""Answers that are recorded leave the folder: understood ones to `processed/`, the others to `error/`.

From there a person may have one brought back, once its cause is mended or the file is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from posixpath import join
from uuid import uuid4

from orderflow.channels.filestore import FileStore, Rename, Upload
from orderflow.channels.zone.names import is_plain
from orderflow.domain.answer_files import LIMIT
from orderflow.domain.delivery import Ack
from orderflow.domain.errors import ConnectorError

PROCESSED = "processed"
ERROR = "error"
SUFFIXES = 9
"""Numbered names tried for an answer whose name is taken, before one that nobody can have."""


def put_away(store: FileStore, folder: str, acks: Sequence[Ack]) -> None:
    """Move recorded answers; one that is gone was moved before, and one that was not even read stays.

    Raises:
        ConnectorError: Some could not be moved; they are read, and found recorded, in the next round.
    """
    unreadable = [ack for ack in acks if ack.status == "UNREADABLE" and ack.digest is not None]
    reasons = {name: ack.message or "" for ack in unreadable if (name := _name(ack))}
    named = {name for ack in acks if ack.status in ("ACKED", "FAILED") and (name := _name(ack))}
    if understood := sorted(named - reasons.keys()):  # a file of many answers is looked at for the one that is amiss
        _move(store, folder, PROCESSED, understood, {})
    if reasons:
        _move(store, folder, ERROR, list(reasons), reasons)


def bring_back(store: FileStore, folder: str, name: str, digest: str | None) -> bool:
    """Move an answer from `error/` to where it came from, unless one lies there already.

    Args:
        name: Of the file, as it was when it was read.
        digest: The SHA-256 of what it held; of several that were put away under this name, that one is meant, else the
            last: somebody has mended it.

    Returns:
        Whether an answer of this name lies in the folder now.

    Raises:
        ConnectorError: It cannot be looked for or moved.
    """
    if not is_plain(name):
        return False
    if store.stat(join(folder, name)) is not None:
        return True
    away = _put_away_as(store, join(folder, ERROR), name, digest)
    if away is None:
        return False
    _raise_first(
        moved if isinstance(moved, ConnectorError) else None
        for _, moved in store.rename([Rename(away, join(folder, name))])
    )
    store.remove([f"{away}.reason.txt"])
    return True


def _put_away_as(store: FileStore, folder: str, name: str, digest: str | None) -> str | None:
    """Return the path under which the answer lies; one beyond our limit has no content that could be compared."""
    names = [name, *(f"{name}.{number}" for number in range(1, SUFFIXES + 1))]
    found = {path: content for path, content in store.read([join(folder, one) for one in names], LIMIT) if content}
    _raise_first(
        problem for problem in found.values() if isinstance(problem, ConnectorError) and not _too_large(problem)
    )
    in_order = [path for one in names if (path := join(folder, one)) in found]
    same = [path for path in in_order if _digest(found[path]) == digest]
    return next(reversed(same or in_order), None)


def _too_large(problem: ConnectorError) -> bool:
    return problem.code == "FILE_TOO_LARGE"


def _digest(content: bytes | ConnectorError | None) -> str | None:
    return sha256(content).hexdigest() if isinstance(content, bytes) else None


def _name(ack: Ack) -> str | None:
    name = (ack.source or "").rpartition("/")[2]
    return name if name and is_plain(name) else None


def _move(store: FileStore, folder: str, to: str, names: Sequence[str], reasons: dict[str, str]) -> None:
    target = join(folder, to)
    store.make_folder(target)
    free = _free_names(store, target, names)
    # The reason goes first: should we die in between, it is written again beside the same name.
    notes = [
        Upload(join(target, f"{free[name]}.reason.txt"), f"{reason}\n".encode()) for name, reason in reasons.items()
    ]
    problems = [problem for _, problem in store.upload(notes)] if notes else []
    moves = [Rename(join(folder, name), join(target, free[name])) for name in names]
    problems += [moved for _, moved in store.rename(moves) if isinstance(moved, ConnectorError)]
    _raise_first(problems)


def _free_names(store: FileStore, folder: str, names: Iterable[str]) -> dict[str, str]:
    """Return under which name each file can lie in `folder`; many looked up at a time, however full it is."""
    free: dict[str, str] = {}
    left = {name: name for name in names}
    for number in range(1, SUFFIXES + 2):
        paths = {join(folder, candidate): name for name, candidate in left.items()}
        taken = {paths[path] for path, content in store.read(list(paths), 0) if content is not None}
        free |= {name: candidate for name, candidate in left.items() if name not in taken}
        left = {name: f"{name}.{number}" for name in taken}
        if not left:
            return free
    return free | {name: f"{name}.{uuid4().hex}" for name in left}


def _raise_first(problems: Iterable[ConnectorError | None]) -> None:
    for problem in problems:
        if problem is not None:
            raise problem
