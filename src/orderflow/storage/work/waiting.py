"""The exports that an ERP may still answer, read from PostgreSQL as they are needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import text

from orderflow.domain.answer_files import ControlNumber, OrderNumber, Reference
from orderflow.domain.delivery import Waiting, WaitingExport
from orderflow.domain.states import ExportStep, Kind
from orderflow.storage.database import Database
from orderflow.storage.tables.states import may
from orderflow.storage.work.clock import unleased
from orderflow.storage.work.sent import LED_TO

PAGE = 5_000
"""Names looked up, or exports read, in one query."""

_COLUMNS = (
    "id, draft_order_id, filename, sent_at, erp_order_id, NULL AS order_number, control_number, receipt_check,"
    " refusals, kind, last_begun_at > doubt_since AS sent_again"
)
_UNANSWERED = text(f"""
    SELECT {_COLUMNS}, CASE WHEN :destination <> '' THEN {LED_TO} END AS led_to FROM erp_export e
    WHERE connection_id = :connection_id AND {may(ExportStep.CONFIRM)} AND (sent_at, id) > (:after, :after_id)
    ORDER BY sent_at, id LIMIT {PAGE}
""")  # noqa: S608  # built from constants
_BY_NAME = text(f"""
    SELECT {_COLUMNS} FROM erp_export WHERE connection_id = :connection_id AND filename = ANY(:names)
""")  # noqa: S608  # built from a constant
_BY_ID = text(f"""
    SELECT {_COLUMNS} FROM erp_export WHERE connection_id = :connection_id AND id = ANY(:names)
""")  # noqa: S608  # built from a constant
_WITH_ORDER = """
    SELECT e.id, e.draft_order_id, e.filename, e.sent_at, e.erp_order_id, o.external_order_number AS order_number,
           e.control_number, e.receipt_check, e.refusals, e.kind, e.last_begun_at > e.doubt_since AS sent_again
    FROM draft_order o JOIN erp_export e ON e.draft_order_id = o.id
"""
_BY_CONTROL_NUMBER = text(f"""
    {_WITH_ORDER} WHERE e.connection_id = :connection_id AND e.control_number = ANY(:names)
""")
_BY_NUMBER = text(f"""
    {_WITH_ORDER}
    WHERE o.org_id = :org_id AND o.external_order_number = ANY(:names) AND e.connection_id = :connection_id
      AND e.filename IS NOT NULL AND e.kind = 'order'
    ORDER BY e.created_at, e.id
""")


def awaits(connection_id: str) -> str:
    """Return SQL for: an export of this connection is unanswered, or in doubt, so that an answer may decide it."""
    doubt = f"e.held_at IS NOT NULL OR (e.staged_at IS NOT NULL OR e.begun_at IS NOT NULL) AND {unleased('e')}"
    return " OR ".join(
        f"EXISTS (SELECT FROM erp_export e WHERE e.connection_id = {connection_id} AND {which})"
        for which in (may(ExportStep.CONFIRM, "e.status"), f"{may(ExportStep.WORK, 'e.status')} AND ({doubt})")
    )


_BEGINNING: dict[str, Any] = {"after": "-infinity", "after_id": UUID(int=0)}


class SqlWaiting(Waiting):
    """The exports of one connection."""

    def __init__(self, database: Database, org_id: UUID, connection_id: UUID, destination: str) -> None:
        super().__init__(destination=destination)
        self._database = database
        self._org_id = org_id
        self._connection_id = connection_id

    def _unanswered(self) -> Iterator[WaitingExport]:
        position = _BEGINNING | {"destination": self._destination}
        while rows := self._page(_UNANSWERED, position):
            yield from map(_waiting, rows)
            position |= {"after": rows[-1]["sent_at"], "after_id": rows[-1]["id"]}

    def _called(self, names: Collection[Reference]) -> Iterator[WaitingExport]:
        yield from self._named(_BY_NAME, [name for name in names if isinstance(name, str)])
        yield from self._named(_BY_ID, [name for name in names if isinstance(name, UUID)])
        yield from self._named(_BY_CONTROL_NUMBER, [name.number for name in names if isinstance(name, ControlNumber)])
        # At last, since an order's number means the last of its exports, and these are read in their order.
        yield from self._named(_BY_NUMBER, [name.number for name in names if isinstance(name, OrderNumber)])

    def _named(self, query: Any, names: Iterable[Any]) -> Iterator[WaitingExport]:
        left = iter(names)
        while chunk := list(islice(left, PAGE)):
            yield from map(_waiting, self._page(query, {"names": chunk, "org_id": self._org_id}))

    def _page(self, query: Any, parameters: Mapping[str, Any]) -> list[Any]:
        with self._database.transaction(self._org_id) as connection:
            return list(connection.execute(query, {"connection_id": self._connection_id, **parameters}).mappings())


def _waiting(row: Mapping[Any, Any]) -> WaitingExport:
    return WaitingExport(
        row["id"],
        row["draft_order_id"],
        row["filename"],
        row["sent_at"],
        row["erp_order_id"],
        row["order_number"],
        row["control_number"],
        row["receipt_check"],
        row["refusals"],
        Kind(row["kind"]),
        row.get("led_to"),
        bool(row["sent_again"]),
    )
