"""Everything that happened to one order, from arrival to confirmation, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.errors import NotFoundError
from orderflow.storage.views.search import AttemptFilter, ExportFilter, SqlSearch

MOST = 1_000
"""Exports, attempts and audit rows each; no order in its right mind has more."""

_ARRIVAL = text("""
    SELECT created_at, created_by, source_file_name, source_sha256 FROM draft_order
    WHERE id = :order_id AND org_id = :org_id
""")
_CHANGES = text("""
    SELECT id, created_at, action, actor, before, after, request_id FROM audit_log
    WHERE org_id = :org_id AND entity_id = ANY(:ids) ORDER BY created_at, id LIMIT :limit
""")
_RANK = {"arrival": 0, "change": 1, "request": 2, "attempt": 3, "delivered": 4, "answer": 5}
Event = dict[str, Any]


def timeline(connection: Connection, org_id: UUID, order_id: UUID) -> list[Event]:
    """Return the events of one order, each with `at` and `kind`. Raises NotFoundError."""
    arrival = connection.execute(_ARRIVAL, {"order_id": order_id, "org_id": org_id}).mappings().first()
    if arrival is None:
        raise NotFoundError(f"There is no order {order_id} in this organization.")
    search = SqlSearch(connection, org_id)
    exports = search.exports(ExportFilter(order_id=order_id), (None, None), MOST)
    attempts = search.attempts(AttemptFilter(order_id=order_id), (None, None), MOST, whole=True)
    ids = [order_id, *(export["id"] for export in exports)]
    changes = connection.execute(_CHANGES, {"org_id": org_id, "ids": ids, "limit": MOST}).mappings()
    events = [_event("arrival", arrival["created_at"], arrival)]
    events += [_event("change", row["created_at"], row) for row in changes]
    events += [_event("attempt", row["created_at"], {"attempt": row}) for row in attempts]
    events += [event for export in exports for event in _of_export(export)]
    return sorted(events, key=lambda event: (event["at"], _RANK[event["kind"]]))


def _of_export(export: Any) -> Iterator[Event]:
    facts = {"export_id": export["id"], **export}
    yield _event("request", export["created_at"], facts)
    if export["sent_at"]:
        yield _event("delivered", export["sent_at"], facts)
    if export["answered_at"]:
        yield _event("answer", export["answered_at"], facts)


def _event(kind: str, at: Any, facts: Any) -> Event:
    return {**facts, "kind": kind, "at": at}
