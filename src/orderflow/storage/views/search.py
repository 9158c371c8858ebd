"""Orders, exports and attempts by filter, newest first, a page at a time. Changes nothing, locks nothing.

Only the conditions asked for are in a statement, so that each can be answered from the index that fits it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.states import DOUBT_MATTERS, OPEN
from orderflow.storage.tables.states import among, in_doubt
from orderflow.storage.views.reading import like
from orderflow.storage.work.clock import unleased

Place = tuple[datetime | None, UUID | None]
"""`created_at` and id of the last row of the page before; nothing for the first page."""

Condition = tuple[str, dict[str, Any]]
FARTHEST = 100_000
"""Orders that a search for part of a name looks through, of those that the other filters leave."""

RESTS_UNTIL = "CASE WHEN c.rests_until > now() THEN c.rests_until END"
PAUSED = """(g.deliveries_paused_at IS NOT NULL
            AND (g.deliveries_paused_until IS NULL OR g.deliveries_paused_until > now()))"""
WAITS_FOR = f"""CASE
    WHEN e.status <> 'PENDING' THEN NULL
    WHEN e.held_at IS NOT NULL THEN 'DECISION'
    WHEN e.lease_until > now() THEN 'ATTEMPT'
    WHEN c.status <> 'ACTIVE' THEN 'CONNECTOR_DISABLED'
    WHEN {PAUSED} THEN 'DELIVERIES_PAUSED'
    WHEN c.breaker_state = 'PAUSED' THEN 'ATTENTION'
    WHEN c.breaker_state = 'OPEN' THEN 'TARGET'
    WHEN c.rests_until > now() THEN 'TARGET_RESTS'
    WHEN e.next_attempt_at > now() THEN 'RETRY_TIME'
    ELSE 'WORKER' END"""
OVERDUE = "(e.status = 'SENT' AND e.sent_at < now() - make_interval(secs => c.answer_within))"
_UNREAD = f"({among(OPEN, 'e.status')} AND e.unreadable_answer IS NOT NULL)"
_DELIVERY_IS = f"WHEN NOT {unleased('e')} THEN 'UNDER_WAY' WHEN {in_doubt('e')} THEN 'IN_DOUBT' END"
# What may be done depends on the delivery in a few states only, and lists are long.
_NEWEST_IS = f"""
    CASE WHEN {among(DOUBT_MATTERS, "o.status")} THEN (
        SELECT CASE {_DELIVERY_IS} FROM erp_export e WHERE e.draft_order_id = o.id ORDER BY e.created_at DESC LIMIT 1)
    END
"""  # noqa: S608  # built from constants
_NEWER = "SELECT FROM erp_export n WHERE n.draft_order_id = e.draft_order_id AND n.created_at > e.created_at"
_FAILED = "l.error_message IS NOT NULL"  # every attempt that did not succeed says why, and only those are indexed
_ORDERS = f"""
    SELECT o.id, o.status, o.external_order_number, o.order_date, o.currency, o.requested_delivery_date,
           o.customer_id, o.erp_customer_number, o.customer_name, o.erp_order_id, o.erp_order_id_source, o.attempts,
           o.error_json, o.created_by, o.created_at, o.updated_at, o.approved_by, o.approved_at, o.version,
           (SELECT e.unreadable_answer - 'digest' FROM erp_export e WHERE e.draft_order_id = o.id AND {_UNREAD} LIMIT 1)
               AS unreadable_answer,
           {_NEWEST_IS} AS delivery_is
    FROM draft_order o
"""  # noqa: S608  # built from constants
_EXPORTS = f"""
    SELECT e.id, e.draft_order_id, o.external_order_number, o.status AS order_status, e.connection_id, c.connector_type,
           c.name AS connection_name, e.status, e.filename, e.export_format_version, e.document_sha256,
           e.document_size, e.export_storage_key, e.dropzone_path, e.erp_order_id, e.error_json, e.attempts_spent,
           e.next_attempt_at, e.inferred, e.held_at, e.staged_at, e.sent_at, e.answered_at,
           e.last_begun_at, CASE WHEN e.status = 'PENDING' THEN {RESTS_UNTIL} END AS rests_until,
           e.confirmed_by, e.created_at, e.requested_by, e.request_id, {WAITS_FOR} AS waits_for,
           CASE WHEN {_UNREAD} THEN e.unreadable_answer - 'digest' END AS unreadable_answer,
           COALESCE({OVERDUE}, false) AS overdue, c.breaker_error AS connector_error,
           CASE WHEN EXISTS ({_NEWER}) THEN 'SUPERSEDED' {_DELIVERY_IS} AS delivery_is
    FROM erp_export e JOIN draft_order o ON o.id = e.draft_order_id JOIN erp_connection c ON c.id = e.connection_id
    JOIN organization g ON g.id = e.org_id
"""  # noqa: S608  # built from constants
_ATTEMPTS = """
    SELECT l.id, l.draft_order_id, o.external_order_number, l.erp_export_id, e.connection_id, l.attempt_no,
           l.connector_type, l.status, l.error_message, l.response_json ->> 'code' AS error_code, l.idempotency_key,
           l.retry_count, l.latency_ms, l.request_id, l.created_at{more}
    FROM erp_push_log l JOIN draft_order o ON o.id = l.draft_order_id JOIN erp_export e ON e.id = l.erp_export_id
"""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; what is not given does not matter.

    Attributes:
        search: Part of the order number, the customer's number or name, or the ERP's number, of the next `FARTHEST`
            orders; of older ones the whole order number.
        error_code: Code of the reason why the order is in ERROR.
        unreadable: Those whose answer from the ERP could not be read, or all others.
    """

    statuses: Sequence[str] = ()
    search: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    connection_id: UUID | None = None
    error_code: str | None = None
    unreadable: bool | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield what the filter asks for."""
        yield from _common("o", self.statuses, self.created_from, self.created_to)
        if self.connection_id:
            exported = "e.org_id = o.org_id AND e.draft_order_id = o.id AND e.connection_id = :connection_id"
            yield f"EXISTS (SELECT FROM erp_export e WHERE {exported})", {"connection_id": self.connection_id}
        if self.error_code:
            yield "o.error_json ->> 'code' = :error_code", {"error_code": self.error_code}
        unread = f"EXISTS (SELECT FROM erp_export e WHERE e.draft_order_id = o.id AND {_UNREAD})"
        yield from _either(unread, self.unreadable)


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """Which exports; what is not given does not matter.

    Attributes:
        waiting: Those that are still to be delivered, or those that are not.
        held: Those in doubt that wait for a person's decision, or all others.
        overdue: Those that the ERP should have answered by now, or all others.
    """

    statuses: Sequence[str] = ()
    connection_id: UUID | None = None
    order_id: UUID | None = None
    waiting: bool | None = None
    held: bool | None = None
    overdue: bool | None = None
    error_code: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield what the filter asks for."""
        yield from _common("e", self.statuses, self.created_from, self.created_to)
        yield from _equal("e.connection_id", self.connection_id)
        yield from _equal("e.draft_order_id", self.order_id)
        yield from _equal("e.error_json ->> 'code'", self.error_code)
        yield from _either("e.status = 'PENDING'", self.waiting)
        yield from _either("(e.status = 'PENDING' AND e.held_at IS NOT NULL)", self.held)
        if self.overdue is not None:  # written so that the index on what is SENT can be used
            yield OVERDUE if self.overdue else f"NOT COALESCE({OVERDUE}, false)", {}


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which rows of the push log; what is not given does not matter."""

    statuses: Sequence[str] = ()
    connection_id: UUID | None = None
    order_id: UUID | None = None
    export_id: UUID | None = None
    error_code: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield what the filter asks for."""
        yield from _common("l", self.statuses, self.created_from, self.created_to)
        yield from _equal("e.connection_id", self.connection_id)
        yield from _equal("l.draft_order_id", self.order_id)
        yield from _equal("l.erp_export_id", self.export_id)
        yield from _equal("l.response_json ->> 'code'", self.error_code)
        if self.error_code or (self.statuses and {*self.statuses} <= {"RETRYING", "FAILED"}):
            yield _FAILED, {}
        if [*self.statuses] == ["PENDING"]:
            yield "e.status = 'PENDING'", {}  # few wait, and each of them knows its attempts


class SqlSearch:
    """The lists of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def orders(self, wanted: OrderFilter, place: Place, limit: int) -> list[Any]:
        """Return up to `limit` orders after `place`."""
        found = self._page("o", _ORDERS, wanted.conditions(), place, limit, search=wanted.search)
        if not found and wanted.search:
            numbered = ("o.external_order_number = :number", {"number": wanted.search})
            return self._page("o", _ORDERS, iter([*wanted.conditions(), numbered]), place, limit)
        return found

    def order(self, order_id: UUID) -> Any | None:
        """Return one order without its lines, or None."""
        return self._one("o", _ORDERS, order_id)

    def order_ids(self, wanted: OrderFilter, limit: int) -> list[UUID]:
        """Return the ids of the `limit` oldest orders."""
        where, parameters = self._where("o", wanted.conditions())
        query = _ordered(f"{_ORDERS} {where}", "o.created_at, o.id", wanted.search)
        found = self._connection.execute(text(query), parameters | _searched(wanted.search) | {"limit": limit})
        return list(found.scalars())

    def exports(self, wanted: ExportFilter, place: Place, limit: int) -> list[Any]:
        """Return up to `limit` exports after `place`; `waits_for` says what keeps a PENDING one."""
        return self._page("e", _EXPORTS, wanted.conditions(), place, limit)

    def export(self, export_id: UUID) -> Any | None:
        """Return one export, or None."""
        return self._one("e", _EXPORTS, export_id)

    def attempts(self, wanted: AttemptFilter, place: Place, limit: int, *, whole: bool = False) -> list[Any]:
        """Return up to `limit` attempts after `place`; `whole` ones with request and response."""
        return self._page("l", _attempts(whole=whole), wanted.conditions(), place, limit)

    def attempt(self, attempt_id: UUID) -> Any | None:
        """Return one attempt with request and response, or None."""
        return self._one("l", _attempts(whole=True), attempt_id)

    def _one(self, table: str, select: str, row_id: UUID) -> Any | None:
        query = text(f"{select} WHERE {table}.id = :id AND {table}.org_id = :org_id")
        return self._connection.execute(query, {"id": row_id, "org_id": self._org_id}).mappings().first()

    def _page(
        self,
        table: str,
        select: str,
        wanted: Iterator[Condition],
        place: Place,
        limit: int,
        search: str | None = None,
    ) -> list[Any]:
        where, parameters = self._where(table, wanted)
        if place[0] is not None:
            where += f" AND ({table}.created_at, {table}.id) < (:after, :after_id)"
            parameters |= {"after": place[0], "after_id": place[1]}
        query = _ordered(f"{select} {where}", f"{table}.created_at DESC, {table}.id DESC", search)
        return list(self._connection.execute(text(query), parameters | _searched(search) | {"limit": limit}).mappings())

    def _where(self, table: str, wanted: Iterator[Condition]) -> tuple[str, dict[str, Any]]:
        where, parameters = f"WHERE {table}.org_id = :org_id", {"org_id": self._org_id}
        for condition, values in wanted:
            where += f" AND {condition}"
            parameters |= values
        return where, parameters


def _ordered(query: str, order: str, search: str | None) -> str:
    query = f"{query} ORDER BY {order}"
    if search:
        names = "o.external_order_number, o.erp_customer_number, o.customer_name, o.erp_order_id"
        query = f"""
            SELECT o.* FROM ({query} LIMIT {FARTHEST}) o WHERE concat_ws(' ', {names}) ILIKE :like ORDER BY {order}
        """  # noqa: S608  # texts of this module
    return f"{query} LIMIT :limit"


def _searched(search: str | None) -> dict[str, Any]:
    return {"like": like(search)} if search else {}


def _attempts(*, whole: bool) -> str:
    return _ATTEMPTS.format(more=", l.request_json, l.response_json" if whole else "")


def _common(
    table: str, statuses: Sequence[str], created_from: datetime | None, created_to: datetime | None
) -> Iterator[Condition]:
    if len(statuses) == 1:  # as one value: the index on it has them by age, which for several it has not
        yield f"{table}.status = :status", {"status": statuses[0]}
    elif statuses:
        yield f"{table}.status = ANY(:statuses)", {"statuses": list(statuses)}
    if created_from:
        yield f"{table}.created_at >= :created_from", {"created_from": created_from}
    if created_to:
        yield f"{table}.created_at < :created_to", {"created_to": created_to}


def _equal(expression: str, value: Any) -> Iterator[Condition]:
    if value is not None:
        name = "".join(character for character in expression if character.isalpha())
        yield f"{expression} = :{name}", {name: value}


def _either(condition: str, wanted: bool | None) -> Iterator[Condition]:
    if wanted is not None:
        yield condition if wanted else f"NOT {condition}", {}
