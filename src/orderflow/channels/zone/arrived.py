"""Answers that came by themselves: read as those in a folder are, but for what a folder needs beside it.

Nothing of them is still being written, so there is no second look, and a name says only what its format lets it say:
what comes without one, or under another, has to say itself which delivery it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orderflow.channels.channel import Reader
from orderflow.channels.filestore import Entry
from orderflow.channels.zone.answers import Doubtful, Found, read_each, sort, told
from orderflow.channels.zone.names import is_plain
from orderflow.domain.delivery import Ack, Arrived, Waiting


def read_arrived(items: Sequence[Arrived], waiting: Waiting, read: Reader) -> Iterator[Ack]:
    """Yield what each says; one that cannot be read and names no export, or one of nobody's, is UNMATCHED."""
    found: dict[str, Found] = {}
    for item in items:
        named = _found(item, waiting, read)
        if named is None:
            yield Ack(item.name, "UNMATCHED", source=item.source)
        else:
            found[item.source] = named
    contents = [(item.source, item.content) for item in items if item.source in found]
    doubtful: list[Doubtful] = []
    yield from read_each(found, contents, waiting, read, doubtful, [])
    yield from map(told, doubtful)


def _found(item: Arrived, waiting: Waiting, read: Reader) -> Found | None:
    """Return what it is by its name; None: the name is that of an answer to nobody's export."""
    name = item.name if is_plain(item.name) and read.claims(item.name) else ""
    entry = Entry(name, len(item.content), 0.0)
    return Found(entry, "") if not name else next(iter(sort("", [entry], waiting, read).ours), None)
