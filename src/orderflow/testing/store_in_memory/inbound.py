"""`flow.ports.Inbound` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from orderflow.domain.delivery import LIGHTEST, Arrived
from orderflow.domain.readings import MOST_BEGUN
from orderflow.flow.ports import Read
from orderflow.flow.refusals import message_id_reused, no_connection, nothing_to_put_aside
from orderflow.testing.store_in_memory.tables import InboundRow, Tables


class MemoryInbound:
    """What partners sent by themselves to one organization."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, connection_id: UUID, item: Arrived, identity: str) -> bool:
        """Keep what came; False if it is here already. Raises NotFoundError, StateError."""
        connection = self._tables.connections.get(connection_id)
        if connection is None or connection.deleted:
            raise no_connection(connection_id)
        known = next((row for row in self._of(connection_id) if row.identity == identity), None)
        if known is None:
            now = self._tables.now()
            row = InboundRow(item.id, connection_id, identity, item, now, now, item.content)
            self._tables.inbound[item.id] = row
            return True
        if known.item.content != item.content:
            raise message_id_reused(identity)
        if item.message_id is None:
            now = self._tables.now()
            self._set(known, next_read_at=now, received_at=now, content=item.content, put_aside=False)
        return False

    def kept_bytes(self) -> int:
        """Return how much is kept to be read, or read once more; each counts as `LIGHTEST` at least."""
        return sum(max(len(row.content), LIGHTEST) for row in self._tables.inbound.values() if row.content is not None)

    def take(self, connection_id: UUID, limit: int, seconds: float, *, begun: bool = False) -> list[Arrived]:
        """Return what is due, the oldest first, and count that its reading begins; nobody else takes it meanwhile."""
        now = self._tables.now()
        due = [row for row in self._due(connection_id) if (row.begun > 0) is begun and row.begun < MOST_BEGUN]
        taken = sorted(due, key=lambda row: (row.received_at, row.id))[:limit]
        for row in taken:
            self._set(row, next_read_at=self._tables.after(seconds), begun=row.begun + 1)
        return [replace(row.item, age=(now - row.received_at).total_seconds()) for row in taken]

    def set_aside(self, connection_id: UUID, told: str) -> int:
        """Let be what is due and was begun `MOST_BEGUN` times. Returns how many."""
        deadly = [row for row in self._due(connection_id) if row.begun >= MOST_BEGUN]
        for row in deadly:
            self._set(row, verdict="unreadable", told=told, next_read_at=None)
        return len(deadly)

    def note(self, items: Sequence[Read]) -> None:
        """Write down what became of each."""
        for one in items:
            self._set(self._tables.inbound[one.id], begun=0)
            row = self._tables.inbound[one.id]
            if row.next_read_at and row.next_read_at > self._tables.now():
                again = None if one.again_in is None else self._tables.after(one.again_in)
                content = row.content if one.keeps_content else None
                self._set(row, verdict=one.verdict, told=one.told, next_read_at=again, content=content)

    def read_again(self, connection_id: UUID, item_id: UUID) -> bool:
        """Make something due now; False if it is not there any more."""
        row = self._tables.inbound.get(item_id)
        if row is None or row.connection_id != connection_id or row.content is None:
            return False
        self._set(row, next_read_at=self._tables.now(), put_aside=False, begun=min(row.begun, MOST_BEGUN - 1))
        return True

    def put_aside(self, connection_id: UUID, item_id: UUID) -> None:
        """Let something be that nobody understood. Raises NotFoundError."""
        row = next((row for row in self._of(connection_id) if row.id == item_id and not row.put_aside), None)
        if row is None or row.verdict not in ("unmatched", "unreadable", "misfit"):
            raise nothing_to_put_aside(item_id)
        self._set(row, put_aside=True, next_read_at=None, content=None)

    def count_unmatched(self, connection_id: UUID) -> int:
        """Count what belongs to no export of the connection."""
        return sum(row.verdict == "unmatched" and not row.put_aside for row in self._of(connection_id))

    def count_set_aside(self, connection_id: UUID) -> int:
        """Count what its readers died of."""
        unreadable = (row for row in self._of(connection_id) if row.verdict == "unreadable" and not row.put_aside)
        return sum(row.begun > 0 and row.next_read_at is None for row in unreadable)

    def _due(self, connection_id: UUID) -> list[InboundRow]:
        now = self._tables.now()
        return [row for row in self._of(connection_id) if row.next_read_at and row.next_read_at <= now]

    def _of(self, connection_id: UUID) -> list[InboundRow]:
        return [row for row in self._tables.inbound.values() if row.connection_id == connection_id]

    def _set(self, row: InboundRow, **columns: object) -> None:
        self._tables.inbound[row.id] = replace(row, **columns)  # type: ignore[arg-type]  # columns of this row
