"""The exports that an ERP may still answer, read from PostgreSQL as they are needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import text

from orderflow.domain.delivery import Waiting, WaitingExport
from orderflow.domain.states import ExportStep
from orderflow.storage.database import Database
from orderflow.storage.tables.states import may

PAGE = 5_000
"""Names looked up, or exports read, in one query."""

_COLUMNS = "id, draft_order_id, filename, sent_at, erp_order_id"
_UNANSWERED = text(f"""
    SELECT {_COLUMNS} FROM erp_export
    WHERE connection_id = :connection_id AND {may(ExportStep.CONFIRM)} AND (sent_at, id) > (:after, :after_id)
    ORDER BY sent_at, id LIMIT {PAGE}
""")  # noqa: S608  # built from constants
_BY_NAME = text(f"""
    SELECT {_COLUMNS} FROM erp_export WHERE connection_id = :connection_id AND filename = ANY(:names)
""")  # noqa: S608  # built from a constant
_BEGINNING: dict[str, Any] = {"after": "-infinity", "after_id": UUID(int=0)}


class SqlWaiting(Waiting):
    """The exports of one connection."""

    def __init__(self, database: Database, org_id: UUID, connection_id: UUID) -> None:
        super().__init__()
        self._database = database
        self._org_id = org_id
        self._connection_id = connection_id

    def __iter__(self) -> Iterator[WaitingExport]:
        position = _BEGINNING
        while rows := self._page(_UNANSWERED, position):
            yield from map(_waiting, rows)
            position = {"after": rows[-1]["sent_at"], "after_id": rows[-1]["id"]}

    def match(self, references: Iterable[str]) -> dict[str, WaitingExport]:
        """Return those of the named exports that belong to this connection, answered or not, by reference."""
        found: dict[str, WaitingExport] = {}
        names = iter(references)
        while chunk := list(islice(names, PAGE)):
            found.update((row["filename"], _waiting(row)) for row in self._page(_BY_NAME, {"names": chunk}))
        return found

    def _page(self, query: Any, parameters: Mapping[str, Any]) -> list[Any]:
        with self._database.transaction(self._org_id) as connection:
            return list(connection.execute(query, {"connection_id": self._connection_id, **parameters}).mappings())


def _waiting(row: Mapping[Any, Any]) -> WaitingExport:
    return WaitingExport(row["id"], row["draft_order_id"], row["filename"], row["sent_at"], row["erp_order_id"])
