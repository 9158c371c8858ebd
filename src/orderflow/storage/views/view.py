"""What people look at: lists and single things, newest first, as plain rows. Changes nothing, locks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.storage.records import columns
from orderflow.storage.tables.models import DraftOrderLineRow, DraftOrderRow

Row = dict[str, Any]

_ORDER = f"SELECT {columns(DraftOrderRow, 'o')} FROM draft_order o WHERE o.id = :id"  # noqa: S608  # from constants
_LINES = f"""
    SELECT {columns(DraftOrderLineRow, "l")} FROM draft_order_line l WHERE l.draft_order_id = :id ORDER BY l.line_no
"""  # noqa: S608  # from constants
_ORDERS = """
    SELECT o.id, o.external_order_number, o.status, o.erp_customer_number, o.customer_name, o.currency, o.order_date,
           o.requested_delivery_date, o.erp_order_id, o.error_json, o.source_file_name, o.created_by, o.approved_by,
           o.approved_at, o.attempts, o.created_at, o.updated_at
    FROM draft_order o
"""
_EXPORTS = """
    SELECT e.id, e.draft_order_id, o.external_order_number, e.connection_id, c.connector_type, e.status, e.filename,
           e.document_sha256, e.document_size, e.export_storage_key, e.dropzone_path, e.erp_order_id, e.error_json,
           e.attempts_spent, e.next_attempt_at, e.inferred, e.held_at, e.staged_at, e.sent_at, e.answered_at,
           e.created_at, e.requested_by,
           c.breaker_state, COALESCE(e.error_json, c.breaker_error) AS waits_for
    FROM erp_export e JOIN draft_order o ON o.id = e.draft_order_id JOIN erp_connection c ON c.id = e.connection_id
"""
_ATTEMPTS = """
    SELECT l.id, l.draft_order_id, o.external_order_number, l.erp_export_id, l.attempt_no, l.connector_type, l.status,
           l.request_json, l.response_json, l.error_message, l.retry_count, l.latency_ms, l.request_id, l.created_at
    FROM erp_push_log l JOIN draft_order o ON o.id = l.draft_order_id
"""
_CONNECTIONS = """
    SELECT c.id, c.name, c.connector_type, c.status, c.is_default, c.in_doubt, c.commit_within, c.key_id,
           c.breaker_state,
           c.breaker_since, c.breaker_error, c.poll_error, c.last_test_at, c.test_error, c.delivered_at, c.next_poll_at,
           c.created_at, c.updated_at,
           c.version, CASE WHEN c.rests_until > now() THEN c.rests_until END AS rests_until,
           c.give_up_after, c.answer_within, c.orders_per_minute, w.waiting, w.oldest_waiting_at,
           u.unanswered, (SELECT min(e.sent_at) FROM erp_export e WHERE e.connection_id = c.id AND e.status = 'SENT')
               AS oldest_unanswered_at
    FROM erp_connection c
    CROSS JOIN LATERAL (
        SELECT count(*) AS waiting, min(e.created_at) AS oldest_waiting_at FROM erp_export e
        WHERE e.connection_id = c.id AND e.status = 'PENDING') w
    CROSS JOIN LATERAL (
        SELECT count(*) AS unanswered FROM (
            SELECT FROM erp_export e WHERE e.connection_id = c.id AND e.status = 'SENT' LIMIT 10000) capped) u
"""


class SqlReading:
    """The view of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def orders(
        self, *, statuses: Iterable[str] = (), search: str | None = None, limit: int = 50, before: UUID | None = None
    ) -> list[Row]:
        """Return orders.

        Args:
            statuses: Only these states; all if empty.
            search: Part of the order number, the customer's number or name, or the ERP's number.
            before: Id of the last order of the page before.
        """
        where = """
            WHERE o.org_id = :org_id AND (CAST(:any_status AS boolean) OR o.status = ANY(:statuses))
              AND (CAST(:like AS text) IS NULL OR concat_ws(' ', o.external_order_number, o.erp_customer_number,
                                                            o.customer_name, o.erp_order_id) ILIKE :like)
              AND (CAST(:before AS uuid) IS NULL OR (o.created_at, o.id) < (
                       SELECT b.created_at, b.id FROM draft_order b WHERE b.id = :before))
            ORDER BY o.created_at DESC, o.id DESC LIMIT :limit
        """
        wanted = list(statuses)
        parameters = {"any_status": not wanted, "statuses": wanted, "like": like(search), "before": before}
        return self._rows(_ORDERS + where, parameters | {"limit": limit})

    def order(self, order_id: UUID) -> Row:
        """Return one order with its lines, exports, attempts and history. Raises NotFoundError."""
        found = self._rows(_ORDER, {"id": order_id})
        if not found:
            raise NotFoundError(f"There is no order {order_id} in this organization.")
        history = """
            SELECT action, actor, before, after, created_at FROM audit_log
            WHERE org_id = :org_id AND entity_id = :id AND entity_type = 'draft_order' ORDER BY created_at, id
        """
        return found[0] | {
            "lines": self._rows(_LINES, {"id": order_id}),
            "exports": self.exports(order_id=order_id),
            "attempts": self.attempts(order_id=order_id),
            "history": self._rows(history, {"id": order_id}),
        }

    def order_ids(self, references: Iterable[str]) -> list[UUID]:
        """Return the id of each order named by its id or by its own number.

        Raises:
            NotFoundError: No order has this id or number.
            StateError: Several orders have this number; their ids are listed.
        """
        return [self._order_id(reference) for reference in references]

    def ids_with_status(self, *statuses: str) -> list[UUID]:
        """Return the ids of all orders in these states, oldest first."""
        where = "WHERE org_id = :org_id AND status = ANY(:statuses)"
        query = f"SELECT id FROM draft_order {where} ORDER BY created_at, id"  # noqa: S608  # a constant
        return [row["id"] for row in self._rows(query, {"statuses": list(statuses)})]

    def status_counts(self, order_ids: Iterable[UUID] | None = None) -> dict[str, int]:
        """Return how many orders are in each state; of those named, or of all."""
        query = """
            SELECT status, count(*) AS orders FROM draft_order
            WHERE org_id = :org_id AND (CAST(:all AS boolean) OR id = ANY(:ids)) GROUP BY status
        """
        rows = self._rows(query, {"all": order_ids is None, "ids": list(order_ids or ())})
        return {row["status"]: row["orders"] for row in rows}

    def exports(
        self,
        *,
        statuses: Iterable[str] = (),
        order_id: UUID | None = None,
        limit: int = 50,
        before: UUID | None = None,
    ) -> list[Row]:
        """Return exports; `waits_for` says why one does not go on, where that is known."""
        where = """
            WHERE e.org_id = :org_id AND (CAST(:any_status AS boolean) OR e.status = ANY(:statuses))
              AND (CAST(:order_id AS uuid) IS NULL OR e.draft_order_id = :order_id)
              AND (CAST(:before AS uuid) IS NULL OR (e.created_at, e.id) < (
                       SELECT b.created_at, b.id FROM erp_export b WHERE b.id = :before))
            ORDER BY e.created_at DESC, e.id DESC LIMIT :limit
        """
        wanted = list(statuses)
        parameters = {"any_status": not wanted, "statuses": wanted, "order_id": order_id, "before": before}
        return self._rows(_EXPORTS + where, parameters | {"limit": limit})

    def attempts(
        self, *, order_id: UUID | None = None, statuses: Iterable[str] = (), limit: int = 50, before: UUID | None = None
    ) -> list[Row]:
        """Return rows of the push log, one per attempt."""
        where = """
            WHERE l.org_id = :org_id AND (CAST(:any_status AS boolean) OR l.status = ANY(:statuses))
              AND (CAST(:order_id AS uuid) IS NULL OR l.draft_order_id = :order_id)
              AND (CAST(:before AS uuid) IS NULL OR (l.created_at, l.id) < (
                       SELECT b.created_at, b.id FROM erp_push_log b WHERE b.id = :before))
            ORDER BY l.created_at DESC, l.id DESC LIMIT :limit
        """
        wanted = list(statuses)
        parameters = {"any_status": not wanted, "statuses": wanted, "order_id": order_id, "before": before}
        return self._rows(_ATTEMPTS + where, parameters | {"limit": limit})

    def connections(self) -> list[Row]:
        """Return every connection with its health, without its configuration."""
        return self._rows(f"{_CONNECTIONS} WHERE c.deleted_at IS NULL ORDER BY c.created_at, c.id", {})

    def connection(self, connection_id: UUID) -> Row:
        """Return one connection as `connections` does. Raises NotFoundError."""
        found = self._rows(f"{_CONNECTIONS} WHERE c.deleted_at IS NULL AND c.id = :id", {"id": connection_id})
        if not found:
            raise NotFoundError(f"There is no connection {connection_id} in this organization.")
        return found[0]

    def connection_id(self, reference: str) -> UUID:
        """Return the id of the connection named by its id, its name, or its type if that is the only one.

        Raises:
            NotFoundError: There is none.
            StateError: Several fit; their ids are listed.
        """
        rows = self.connections()
        fits = [row["id"] for row in rows if reference in (str(row["id"]), row["name"], row["connector_type"])]
        return _the_one(fits, "connection", reference)

    def orders_numbered(self, numbers: Sequence[str]) -> dict[tuple[str | None, str], UUID]:
        """Return the orders that have one of these numbers and are not REJECTED: customer's and own number → id."""
        query = """SELECT id, erp_customer_number AS customer, external_order_number AS number FROM draft_order
                   WHERE org_id = :org_id AND external_order_number = ANY(:numbers) AND status <> 'REJECTED'"""
        rows = self._rows(query, {"numbers": list(numbers)})
        return {(row["customer"], row["number"]): row["id"] for row in rows}

    def _order_id(self, reference: str) -> UUID:
        where = "WHERE org_id = :org_id AND (external_order_number = :reference OR id = CAST(:id AS uuid))"
        query = f"SELECT id FROM draft_order {where} LIMIT 10"  # noqa: S608  # a constant
        rows = self._rows(query, {"reference": reference, "id": _uuid(reference)})
        return _the_one([row["id"] for row in rows], "order", reference)

    def _rows(self, query: str, parameters: Mapping[str, Any]) -> list[Row]:
        found = self._connection.execute(text(query), {"org_id": self._org_id, **parameters})
        return [dict(row) for row in found.mappings()]


def _the_one(ids: list[UUID], what: str, reference: str) -> UUID:
    if not ids:
        raise NotFoundError(f"There is no {what} {reference!r} in this organization.")
    if len(ids) > 1:
        listed = ", ".join(str(found) for found in ids)
        raise StateError(
            f"{len(ids)} {what}s are called {reference!r}: {listed}.",
            code="AMBIGUOUS",
            hint="Name the one you mean by its id.",
        )
    return ids[0]


def _uuid(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None


def like(search: str | None) -> str | None:
    """Return the pattern for ILIKE that finds `search` anywhere, taken literally."""
    if not search:
        return None
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
