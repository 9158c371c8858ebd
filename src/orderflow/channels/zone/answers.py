"""The ERP's answers in a folder: found by name, read by the connection's format, and told whose they are.

Which names are answers, and what they and their content mean, the format knows. What names an export that waits and
is no answer by its name is read where one alone can be meant (`ack <file>`), else it is news: never passed over.
docs/dropzone.md tells the ERP's side.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from posixpath import join
from uuid import uuid4

from orderflow.channels.channel import Reader
from orderflow.channels.filestore import Entry, FileStore, Upload
from orderflow.channels.zone.names import KnownNames, is_plain
from orderflow.domain.answer_files import (
    LIMIT,
    Answer,
    OrderNumber,
    Reference,
    UnfinishedError,
    UnreadableError,
    excerpt,
)
from orderflow.domain.delivery import Ack, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError
from orderflow.domain.readings import DIED, READER_DIED, Readings, current, named

READ_AT_ONCE = 500
"""Answers asked for together."""

SECOND_LOOK = 1.0
"""Seconds after which an answer that makes no sense is read again."""

PATIENCE = 60.0
"""Seconds, by the server's clock, for which an answer that breaks off counts as still being written."""

NOT_CLAIMED = "Its name is not that of an answer, though it names this order; it was not read. Have it named as agreed."


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is an answer by its name.

    Attributes:
        name: What the format reads it as: its own name, or the one that was meant.
        export: Whose answer it is by its name; None: what lies in it says.
    """

    entry: Entry
    name: str
    export: WaitingExport | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """What lies in the folder: answers to be read, those to exports that nobody knows, and what is neither."""

    ours: list[Found]
    strangers: list[Ack]
    unclaimed: list[Ack]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a file says, and how it is known again if what it says does not fit the order."""

    answers: list[Answer]
    digest: str
    excerpt: str | None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """What makes no sense, and why."""

    path: str
    found: Found
    digest: str
    excerpt: str | None
    reason: UnreadableError


def read_answers(store: FileStore, folder: str, waiting: Waiting, read: Reader) -> Iterator[Ack]:
    """Read what lies in the folder, oldest first; then what makes no sense, after a second look; then the rest.

    Args:
        read: How the format reads what lies in an answer, and which names are answers.

    Raises:
        ConnectorError: The folder or one of the answers cannot be read; the others were yielded before.
    """
    found = sort(folder, store.list(folder), waiting, read)
    doubtful: list[Doubtful] = []
    problems: list[ConnectorError] = []
    for batch in _batches(found.ours, current()):
        by_path = {join(folder, file.entry.name): file for file in batch}
        if len(batch) == 1 and not current().begin(_known_as(batch[0])):
            yield from (_set_aside(path, file) for path, file in by_path.items())
            continue
        yield from read_each(by_path, _contents(store, list(by_path), read.largest), waiting, read, doubtful, problems)
    if doubtful:
        yield from _look_again(store, folder, doubtful, read.largest)
    yield from found.unclaimed
    yield from found.strangers
    if problems:
        raise problems[0]


def _batches(files: Sequence[Found], readings: Readings) -> Iterator[Sequence[Found]]:
    """Yield what is read together; last, and each by itself, what a reader may have died of."""
    feared = {id(file) for file in files if readings.suspects(_known_as(file))}
    others = [file for file in files if id(file) not in feared]
    size = 1 if readings.one_by_one else READ_AT_ONCE
    yield from (others[start : start + size] for start in range(0, len(others), size))
    yield from ([file] for file in files if id(file) in feared)


def _known_as(file: Found) -> str:
    return f"{named(file.entry.name)}{file.entry.size} {file.entry.modified}"


def sort(folder: str, entries: Sequence[Entry], waiting: Waiting, read: Reader) -> Sorted:
    """Sort what lies in a folder by its names; what begins or ends as temporary files do is still being written."""
    files = sorted((one for one in entries if not one.is_folder and not _is_unfinished(one.name)), key=_age)
    about = {one.name: tuple(read.about(one.name)) for one in files if is_plain(one.name) and read.claims(one.name)}
    known = waiting.match(name for names in about.values() for name in names)
    names = KnownNames(waiting)
    done = Sorted([], [], [])
    for entry in files:
        named = about.get(entry.name)
        export = next((known[name] for name in named or () if name in known), None)
        if export is not None or named == () or (named and (export := names.nearly(named[0]))):
            done.ours.append(Found(entry, entry.name, export))
        elif found := _as_meant(entry, names, read):
            done.ours.append(found)
        elif named:
            done.strangers.append(Ack(named[0], "UNMATCHED", source=join(folder, entry.name)))
        elif carried := names.carried_by(entry.name):
            done.unclaimed.append(_unclaimed(folder, entry, carried[0]))
    return done


def _as_meant(entry: Entry, names: KnownNames, read: Reader) -> Found | None:
    """Return the answer that was meant, if what stands beside an export's name says one, as in `ack <file>`."""
    carried = names.carried_by(entry.name) if is_plain(entry.name) else None
    if carried is None:
        return None
    export, beside = carried
    meant = f"{beside}_{export.reference}"
    return Found(entry, meant, export) if read.claims(meant) and export.reference in read.about(meant) else None


def _unclaimed(folder: str, entry: Entry, export: WaitingExport) -> Ack:
    shown = "".join(letter if letter.isprintable() else "?" for letter in entry.name)
    source = join(folder, shown)
    return Ack(export.reference, "UNREADABLE", export.export_id, message=NOT_CLAIMED, source=source)


def _is_unfinished(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(".tmp")


def _age(entry: Entry) -> tuple[float, str]:
    return entry.modified, entry.name


def read_each(
    by_path: Mapping[str, Found],
    contents: Iterable[tuple[str, bytes | ConnectorError | None]],
    waiting: Waiting,
    read: Reader,
    doubtful: list[Doubtful],
    problems: list[ConnectorError],
) -> Iterator[Ack]:
    """Read some files and yield their answers in order; what is gone is somebody else's doing.

    Args:
        doubtful: What makes no sense is added to it.
        problems: What cannot be read now, likewise.
    """
    said: dict[str, _Said] = {}
    unsure: list[Doubtful] = []
    too_large: dict[str, Ack] = {}
    for path, content in contents:
        found = by_path[path]
        if isinstance(content, bytes):
            try:
                said[path] = _said(found, content, read)
            except UnreadableError as reason:
                unsure.append(Doubtful(path, found, _digest(content), excerpt(content), reason))
        elif _is_too_large(content):
            too_large[path] = _unreadable(path, found, f"The file is larger than {read.largest} bytes.")
        elif content is not None:
            problems.append(content)
    answers = [answer for file in said.values() for answer in file.answers]
    known = waiting.match({about for about in (*(answer.about for answer in answers), *map(_named, unsure)) if about})
    doubtful += [replace(item, found=_whose(item, known)) for item in unsure]
    for path, found in by_path.items():
        if path in said:
            yield from (_ack(path, found, answer, said[path], known) for answer in said[path].answers)
        if path in too_large:
            yield too_large[path]


def _contents(
    store: FileStore, paths: Sequence[str], largest: int
) -> Iterator[tuple[str, bytes | ConnectorError | None]]:
    """Yield what lies in files, many in flight; each that is larger than most by itself, so that memory is bounded."""
    large = []
    for path, content in store.read(paths, LIMIT):
        if largest > LIMIT and _is_too_large(content):
            large.append(path)
        else:
            yield path, content
    for path in large:
        yield from store.read([path], largest)


def _is_too_large(content: bytes | ConnectorError | None) -> bool:
    return isinstance(content, ConnectorError) and content.code == "FILE_TOO_LARGE"


def _digest(content: bytes = b"") -> str:
    return sha256(content).hexdigest()


def _named(item: Doubtful) -> Reference | None:
    return item.reason.about


def _whose(item: Doubtful, known: dict[Reference, WaitingExport]) -> Found:
    """Return a file that makes no sense with the export that it means by its name, or else by what it says."""
    about = item.reason.about
    return replace(item.found, export=item.found.export or (known.get(about) if about else None))


def _said(found: Found, content: bytes, read: Reader) -> _Said:
    answers = list(read(found.name, content))
    if not answers:
        raise UnreadableError("It is no answer in the connection's format.")
    return _Said(answers, _digest(content), excerpt(content))


def _ack(path: str, found: Found, answer: Answer, said: _Said, known: dict[Reference, WaitingExport]) -> Ack:
    export = known.get(answer.about) if answer.about else found.export
    if export is None:
        return Ack(_told(answer.about) or found.entry.name, "UNMATCHED", source=path)
    by_order_number = isinstance(answer.about, OrderNumber)
    may_not_fit = by_order_number or answer.details is not None
    return Ack(
        export.reference,
        answer.status,
        export_id=export.export_id,
        erp_order_id=answer.erp_order_id,
        error_code=answer.error_code,
        message=answer.message,
        processed_at=answer.processed_at,
        source=path,
        level=answer.level,
        details=answer.details,
        excerpt=said.excerpt if may_not_fit else None,
        digest=said.digest if may_not_fit else None,
        by_order_number=by_order_number,
    )


def _told(about: Reference | None) -> str:
    return str(getattr(about, "number", about or ""))


def told(item: Doubtful) -> Ack:
    """Return that an answer cannot be read, and why."""
    return _unreadable(item.path, item.found, str(item.reason), item.digest, item.excerpt)


def _unreadable(source: str, found: Found, reason: str, digest: str = _digest(), beginning: str | None = None) -> Ack:
    """Return that an answer cannot be read; one whose export nobody knows stays where it lies, and is counted."""
    if found.export is None:
        return Ack(found.entry.name, "UNMATCHED", message=reason, source=source)
    return Ack(
        found.export.reference,
        "UNREADABLE",
        export_id=found.export.export_id,
        message=reason,
        source=source,
        excerpt=beginning,
        digest=digest,
    )


def _set_aside(path: str, found: Found) -> Ack:
    return replace(_unreadable(path, found, DIED), error_code=READER_DIED)


def _look_again(store: FileStore, folder: str, doubtful: Sequence[Doubtful], largest: int) -> Iterator[Ack]:
    """Yield what still makes no sense and is surely finished; the rest is for the next round."""
    time.sleep(SECOND_LOOK)
    entries = {entry.name: entry for entry in store.list(folder)}
    same = {item.path: item for item in doubtful if entries.get(item.found.entry.name) == item.found.entry}
    finished = [
        same[path]
        for path, content in _contents(store, list(same), largest)
        if isinstance(content, bytes) and _digest(content) == same[path].digest
    ]
    breaks_off = any(isinstance(item.reason, UnfinishedError) for item in finished)
    now = server_time(store, folder) if breaks_off else 0.0
    for item in finished:
        if not isinstance(item.reason, UnfinishedError) or now - item.found.entry.modified > PATIENCE:
            yield told(item)


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
