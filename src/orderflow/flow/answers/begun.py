"""Which files of a folder were begun to be read and never to their end, written down before each is read."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from orderflow.domain.readings import MOST_BEGUN, Readings
from orderflow.flow.ports import Store


class Begun(Readings):
    """The readings of one round.

    Args:
        counts: Readings begun of files by now, of each that none came to its end.
        one_by_one: The last round did not come to its end.
    """

    def __init__(
        self,
        store: Store,
        org_id: UUID,
        connection_id: UUID,
        token: UUID,
        counts: Mapping[str, int],
        *,
        one_by_one: bool,
    ) -> None:
        self.one_by_one = one_by_one
        self._store, self._org_id, self._connection_id, self._token = store, org_id, connection_id, token
        self._before, self._counts = dict(counts), dict(counts)
        self._seen: set[str] = set()
        self._reading: str | None = None

    def suspects(self, file: str) -> bool:
        """Return whether a reader may have died of a file."""
        self._seen.add(file)
        return file in self._counts

    def begin(self, file: str) -> bool:
        """Note that a file is read now, and the one before it to its end; False: it is to be read no more."""
        self._end()
        begun = self._counts.get(file, 0)
        if begun >= MOST_BEGUN:
            return False
        if begun or self.one_by_one:
            self._reading, self._counts[file] = file, begun + 1
            self._write()
        return True

    def close(self, *, whole: bool) -> None:
        """Write down what is left: of a whole round only files that are there still."""
        self._end()
        if whole:
            self._counts = {file: begun for file, begun in self._counts.items() if file in self._seen}
        if self._counts != self._before:
            self._write()

    def _end(self) -> None:
        if self._reading is not None:
            del self._counts[self._reading]
            self._reading = None

    def _write(self) -> None:
        with self._store.work(self._org_id) as work:
            work.connections.note_begun(self._connection_id, self._token, self._counts)
        self._before = dict(self._counts)
