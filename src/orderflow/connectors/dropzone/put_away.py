"""Answers that are recorded leave the folder: understood ones to `processed/`, the others to `error/`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import uuid4

from orderflow.channels.filestore import FileStore, Rename, Upload, join
from orderflow.connectors.dropzone.acks import is_plain
from orderflow.domain.delivery import Ack
from orderflow.domain.errors import ConnectorError

PROCESSED = "processed"
ERROR = "error"
SUFFIXES = 9
"""Numbered names tried for an answer whose name is taken, before one that nobody can have."""


def put_away(store: FileStore, folder: str, acks: Sequence[Ack]) -> None:
    """Move recorded answers; one that is gone was moved before.

    Raises:
        ConnectorError: Some could not be moved; they are read, and found recorded, in the next round.
    """
    understood = [name for ack in acks if ack.status in ("ACKED", "FAILED") and (name := _name(ack))]
    reasons = {name: ack.message or "" for ack in acks if ack.status == "UNREADABLE" and (name := _name(ack))}
    if understood:
        _move(store, folder, PROCESSED, understood, {})
    if reasons:
        _move(store, folder, ERROR, list(reasons), reasons)


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
