"""The ERP's answers in a folder: found by name, read, and put away once they are recorded.

`ack_<export file>` says that the ERP has the order, `error_<export file>` that it refuses it; either may carry one
more `.json`; docs/dropzone.md tells the ERP's side; what an answer holds is read by the format.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from uuid import UUID, uuid4

from orderflow.channels.channel import Reader
from orderflow.channels.filestore import Entry, FileStore, Upload, join
from orderflow.domain.delivery import Ack, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError
from orderflow.formats.answers import LIMIT, PREFIXES, Answer, UnfinishedError, UnreadableError, excerpt

READ_AT_ONCE = 500
"""Answers asked for together."""

SECOND_LOOK = 1.0
"""Seconds after which an answer that makes no sense is read again."""

PATIENCE = 60.0
"""Seconds, by the server's clock, for which an answer that breaks off counts as still being written."""


_TAIL = re.compile(r"(\.(json|csv|xml|txt|edi|dat)| ?\(\d+\)| - (copy|kopie))$")


@dataclass(frozen=True, slots=True)
class Found:
    """A file whose name is that of an answer.

    Attributes:
        references: The export files that the name may mean; the likelier first.
        export_id: The export that it was matched to.
    """

    entry: Entry
    expected: Literal["ACKED", "FAILED"]
    references: tuple[str, ...]
    export_id: UUID | None = None

    @property
    def reference(self) -> str:
        """The export file that it is about."""
        return self.references[0]


@dataclass(frozen=True, slots=True)
class _Doubtful:
    found: Found
    content: bytes
    reason: UnreadableError


def read_answers(store: FileStore, folder: str, waiting: Waiting, read: Reader) -> Iterator[Ack]:
    """Read what lies in the folder, oldest first; then what makes no sense, after a second look; then strangers.

    Args:
        read: How the format reads what lies in an answer.

    Raises:
        ConnectorError: The folder or one of the answers cannot be read; the others were yielded before.
    """
    ours, strangers = _match(_named_as_answers(store.list(folder)), waiting)
    doubtful: list[_Doubtful] = []
    problems: list[ConnectorError] = []
    for start in range(0, len(ours), READ_AT_ONCE):
        yield from _read(store, folder, ours[start : start + READ_AT_ONCE], read, doubtful, problems)
    if doubtful:
        yield from _look_again(store, folder, doubtful)
    for found in strangers:
        yield Ack(found.reference, "UNMATCHED", source=join(folder, found.entry.name))
    if problems:
        raise problems[0]


def _named_as_answers(entries: Iterable[Entry]) -> list[Found]:
    found = [answer for entry in entries if (answer := _named_as_answer(entry)) is not None]
    return sorted(found, key=_age)


def _named_as_answer(entry: Entry) -> Found | None:
    """Return what has the name of an answer, or nearly; `.tmp` is still being written."""
    for prefix, expected in PREFIXES.items():
        if entry.name.lower().startswith(prefix) and not entry.is_folder and is_plain(entry.name):
            file = entry.name[len(prefix) :]
            if file.lower().endswith(".tmp"):
                return None
            shorter = file[: -len(".json")] if file.lower().endswith(".json") else file
            return Found(entry, expected, (file,) if shorter == file else (file, shorter))
    return None


def _stem(name: str) -> str:
    """Return what stays of a name if case, extensions and the number of a copy are left out."""
    stem = name.casefold()
    while (shorter := _TAIL.sub("", stem)) != stem:
        stem = shorter
    return stem


def is_plain(name: str) -> bool:
    """Tell whether a name that a server gave us is one in the folder itself, and can be spelled."""
    return name.isprintable() and not name.startswith(".") and "/" not in name and "\\" not in name


def _match(answers: Sequence[Found], waiting: Waiting) -> tuple[list[Found], list[Found]]:
    """Divide answers into those to our exports, and those that look like answers but are to nothing we know."""
    known = waiting.match(reference for answer in answers for reference in answer.references)
    ours, left = [], []
    for answer in answers:
        export = next((known[one] for one in answer.references if one in known), None)
        if export is None:
            left.append(answer)
        else:
            ours.append(Found(answer.entry, answer.expected, (export.reference,), export.export_id))
    if not left:
        return ours, []
    nearly, strangers = _match_nearly(left, waiting)
    return sorted([*ours, *nearly], key=_age), strangers


def _match_nearly(answers: Sequence[Found], waiting: Waiting) -> tuple[list[Found], list[Found]]:
    """Match by what stays of the names; only where one export alone can be meant."""
    by_stem: dict[str, list[WaitingExport]] = {}
    for export in waiting:
        by_stem.setdefault(_stem(export.reference), []).append(export)
    ours, strangers = [], []
    for answer in answers:
        meant = by_stem.get(_stem(answer.reference), [])
        if len(meant) == 1:
            ours.append(Found(answer.entry, answer.expected, (meant[0].reference,), meant[0].export_id))
        else:
            strangers.append(answer)
    return ours, strangers


def _age(answer: Found) -> tuple[float, str]:
    return answer.entry.modified, answer.entry.name


def _read(
    store: FileStore,
    folder: str,
    answers: Sequence[Found],
    read: Reader,
    doubtful: list[_Doubtful],
    problems: list[ConnectorError],
) -> Iterator[Ack]:
    """Read some answers, many in flight, and yield them in their order; what is gone is somebody else's doing."""
    by_path = {join(folder, answer.entry.name): answer for answer in answers}
    acks: dict[str, Ack] = {}
    for path, content in store.read(list(by_path), LIMIT):
        answer = by_path[path]
        if isinstance(content, bytes):
            try:
                acks[path] = _understood(folder, answer, read(answer.entry.name, content))
            except UnreadableError as reason:
                doubtful.append(_Doubtful(answer, content, reason))
        elif isinstance(content, ConnectorError) and content.code == "FILE_TOO_LARGE":
            acks[path] = _unreadable(folder, answer, f"The file is larger than {LIMIT} bytes.")
        elif content is not None:
            problems.append(content)
    yield from (acks[path] for path in by_path if path in acks)


def _understood(folder: str, found: Found, answers: Iterable[Answer]) -> Ack:
    answer = next(iter(answers), None)
    if answer is None:
        raise UnreadableError("It is no answer in the connection's format.")
    return Ack(
        found.reference,
        answer.status,
        export_id=found.export_id,
        erp_order_id=answer.erp_order_id,
        error_code=answer.error_code,
        message=answer.message,
        processed_at=answer.processed_at,
        source=join(folder, found.entry.name),
    )


def _unreadable(folder: str, found: Found, reason: str, content: bytes = b"") -> Ack:
    return Ack(
        found.reference,
        "UNREADABLE",
        export_id=found.export_id,
        message=reason,
        source=join(folder, found.entry.name),
        excerpt=excerpt(content),
        digest=sha256(content).hexdigest(),
    )


def _look_again(store: FileStore, folder: str, doubtful: Sequence[_Doubtful]) -> Iterator[Ack]:
    """Yield what still makes no sense and is surely finished; the rest is for the next round."""
    time.sleep(SECOND_LOOK)
    entries = {entry.name: entry for entry in store.list(folder)}
    same = {
        join(folder, item.found.entry.name): item
        for item in doubtful
        if entries.get(item.found.entry.name) == item.found.entry
    }
    finished = [
        same[path]
        for path, content in store.read(list(same), LIMIT)
        if isinstance(content, bytes) and content == same[path].content
    ]
    breaks_off = any(isinstance(item.reason, UnfinishedError) for item in finished)
    now = server_time(store, folder) if breaks_off else 0.0
    for item in finished:
        if not isinstance(item.reason, UnfinishedError) or now - item.found.entry.modified > PATIENCE:
            yield _unreadable(folder, item.found, str(item.reason), item.content)


def server_time(store: FileStore, folder: str) -> float:
    """Return the server's time, as it stamps a new file; it need not agree with ours."""
    path = join(folder, f"orderflow_clock_{uuid4().hex}.tmp")
    written = store.upload([Upload(path, b"")])
    try:
        for _, problem in written:
            if problem is not None:
                raise problem
        entry = store.stat(path)
    finally:
        store.remove([path])
    return entry.modified if entry else 0.0
