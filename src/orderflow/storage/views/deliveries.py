"""Deliveries as people see them: exports, and the attempts of the push log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.domain.answer_details import Level
from orderflow.domain.errors import NotFoundError
from orderflow.domain.states import OPEN, AttemptStatus, BreakerState, ERPExportStatus, Kind, OrderAction, OrderStatus
from orderflow.flow.refusals import no_export
from orderflow.storage.tables.models.exports import REQUEST_OF_LOG, RESPONSE_OF_LOG
from orderflow.storage.tables.states import among, in_doubt, overdue, perhaps_sent_at
from orderflow.storage.views.actions import OF_EXPORT
from orderflow.storage.views.conditions import changed, common, either, equal
from orderflow.storage.views.holds import OF_ORDER as HOLDS
from orderflow.storage.views.holds import WAITS_FOR_RELEASE, Hold
from orderflow.storage.views.problem import Problem, UnreadableAnswer
from orderflow.storage.views.view import Ask, Condition, Found, NextCursor, Sql, Stored, Table, View, after, cut
from orderflow.storage.work.clock import CLOSED, LONGEST_LEASE
from orderflow.storage.work.rates import LAST_MINUTE

PAUSED = """(g.deliveries_paused_at IS NOT NULL
            AND (g.deliveries_paused_until IS NULL OR g.deliveries_paused_until > now()))"""
OPENS_AT = "CASE WHEN c.closed_until > now() THEN c.closed_until END"
RESTS_UNTIL = "CASE WHEN c.rests_until > now() THEN c.rests_until END"
UNREAD = f"({among(OPEN, 'e.status')} AND e.unreadable_answer IS NOT NULL)"
PERHAPS_SENT_AT = f"CASE WHEN {in_doubt('e')} THEN {perhaps_sent_at('e')} END"
UNREADABLE = "e.unreadable_answer || jsonb_build_object('export_id', e.id)"
OVERDUE = f"({' OR '.join(map(overdue, Level))})"
_FAILED = "l.error_message IS NOT NULL"  # every attempt that did not succeed says why, and only those are indexed
_TAKEN = f"FROM orders_taken t WHERE t.connection_id = c.id AND {LAST_MINUTE}"  # from constants
_FULL = f"COALESCE(c.orders_per_minute <= (SELECT sum(t.orders) {_TAKEN}), false)"
_MORE_AT = f"(SELECT min(t.taken_at) + interval '1 minute' {_TAKEN})"
WAITS_FOR = f"""CASE
    WHEN e.status <> 'PENDING' THEN NULL
    WHEN e.held_at IS NOT NULL THEN 'DECISION'
    WHEN e.lease_until > now() THEN 'ATTEMPT'
    WHEN {WAITS_FOR_RELEASE} THEN 'HOLD'
    WHEN c.status <> 'ACTIVE' THEN 'CONNECTOR_DISABLED'
    WHEN {PAUSED} THEN 'DELIVERIES_PAUSED'
    WHEN c.breaker_state = 'PAUSED' THEN 'ATTENTION'
    WHEN c.breaker_state = 'OPEN' THEN 'TARGET'
    WHEN e.not_before > GREATEST(now(), c.closed_until) THEN 'NOT_BEFORE'
    WHEN {CLOSED} THEN 'OPENING_HOURS'
    WHEN c.rests_until > now() THEN 'TARGET_RESTS'
    WHEN e.next_attempt_at > now() THEN 'RETRY_TIME'
    WHEN {_FULL} THEN 'ORDERS_PER_MINUTE'
    ELSE 'WORKER' END"""
WAITS_UNTIL = f"""CASE {WAITS_FOR}
    WHEN 'NOT_BEFORE' THEN e.not_before
    WHEN 'OPENING_HOURS' THEN {OPENS_AT}
    WHEN 'TARGET_RESTS' THEN c.rests_until
    WHEN 'ORDERS_PER_MINUTE' THEN {_MORE_AT}
    WHEN 'RETRY_TIME' THEN e.next_attempt_at END"""
_WITH_CONNECTION = "JOIN erp_connection c ON c.id = e.connection_id JOIN organization g ON g.id = e.org_id"
_EXPORTS = Table("e", f"FROM erp_export e JOIN draft_order o ON o.id = e.draft_order_id {_WITH_CONNECTION}")
_ATTEMPTS = Table(
    "l",
    "FROM erp_push_log l JOIN draft_order o ON o.id = l.draft_order_id JOIN erp_export e ON e.id = l.erp_export_id",
)


class WaitsFor(StrEnum):
    """What keeps a PENDING export from going on."""

    ATTEMPT = "ATTEMPT"
    WORKER = "WORKER"
    HOLD = "HOLD"
    RETRY_TIME = "RETRY_TIME"
    ORDERS_PER_MINUTE = "ORDERS_PER_MINUTE"
    NOT_BEFORE = "NOT_BEFORE"
    OPENING_HOURS = "OPENING_HOURS"
    TARGET = "TARGET"
    TARGET_RESTS = "TARGET_RESTS"
    ATTENTION = "ATTENTION"
    CONNECTOR_DISABLED = "CONNECTOR_DISABLED"
    DELIVERIES_PAUSED = "DELIVERIES_PAUSED"
    DECISION = "DECISION"


FOR_LONG = (
    WaitsFor.HOLD,
    WaitsFor.NOT_BEFORE,
    WaitsFor.OPENING_HOURS,
    WaitsFor.ATTENTION,
    WaitsFor.CONNECTOR_DISABLED,
    WaitsFor.DELIVERIES_PAUSED,
    WaitsFor.DECISION,
)
"""What nothing but a person or the clock on the wall ends."""


class WaitsForRoute(StrEnum):
    """What keeps the push of an order from becoming an export."""

    NO_ROUTE = "NO_ROUTE"
    ROUTED_TO_NOBODY = "ROUTED_TO_NOBODY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One delivery of one order over one connector."""

    id: UUID
    draft_order_id: UUID
    external_order_number: Annotated[str | None, Sql("o.external_order_number")]
    order_status: Annotated[
        OrderStatus,
        Sql("o.status"),
        Field(description="Of the order now; a FAILED delivery may have been retried since"),
    ]
    connection_id: UUID
    connector_type: Annotated[str, Sql("c.connector_type")]
    connection_name: Annotated[str | None, Sql("c.name")]
    status: ERPExportStatus
    waits_for: Annotated[
        WaitsFor | None,
        Sql(WAITS_FOR),
        Field(
            description="What a PENDING one waits for: ATTEMPT (under way), WORKER (due now), HOLD (its order is on "
            "hold: see holds), ORDERS_PER_MINUTE (the connector takes no more for now), RETRY_TIME (see "
            "next_attempt_at), NOT_BEFORE (its push asked for a later time), OPENING_HOURS (the connector is closed), "
            "TARGET (the ERP is away), TARGET_RESTS (it is busy: see "
            "rests_until), ATTENTION (a person must mend the connector), "
            "CONNECTOR_DISABLED, DELIVERIES_PAUSED, DECISION (held in doubt: resolve it)"
        ),
    ]
    waits_until: Annotated[
        datetime | None,
        Sql(WAITS_UNTIL),
        Field(
            description="When RETRY_TIME, NOT_BEFORE, OPENING_HOURS, ORDERS_PER_MINUTE or TARGET_RESTS ends; "
            "null: when nobody knows, "
            "or before long"
        ),
    ]
    holds: Annotated[list[Hold], HOLDS, Field(description="On its order, which waits until all are released")]
    overdue: Annotated[
        bool,
        Sql(f"COALESCE({OVERDUE}, false)"),
        Field(description="The ERP should have answered by now, or said that it has received or read it"),
    ]
    unreadable_answer: Annotated[
        UnreadableAnswer | None,
        Sql(f"CASE WHEN {UNREAD} THEN {UNREADABLE} END"),
        Field(description="The ERP's answer, if it could not be read"),
    ]
    revision: Annotated[
        int | None,
        Field(description="Of the order, that it is made from; null: requested or made by an older release"),
    ]
    filename: str | None
    export_format_version: str | None
    document_sha256: str | None
    kind: Annotated[
        Kind, Field(description="What it asks of the ERP: to take the order, to change it, to give it back")
    ]
    reason: Annotated[str | None, Field(description="Why the order is recalled")]
    document_size: Annotated[int | None, Field(description="Bytes")]
    control_number: Annotated[
        int | None, Field(description="That its document carries, by which answers name it; null: its format has none")
    ]
    export_storage_key: str | None
    dropzone_path: str | None
    erp_order_id: Annotated[str | None, Field(description="Only ever from the ERP itself")]
    error: Annotated[Problem | None, Sql("e.error_json")]
    connector_error: Annotated[
        Problem | None,
        Sql("c.breaker_error"),
        Field(description="What is wrong with the connector that it waits for"),
    ]
    breaker_state: Annotated[
        BreakerState,
        Sql("c.breaker_state"),
        Field(description="Of the connector: CLOSED delivers; OPEN: the ERP is away; PAUSED: a person must act"),
    ]
    route: Annotated[
        dict[str, Any] | None,
        Field(description="What the routing rules decided: rule, number (from 0), facts; null: they were not asked"),
    ]
    route_version: Annotated[int | None, Field(description="Of the rules that decided it")]
    attempts_spent: Annotated[int, Field(description="Attempts that count against the limit of retries")]
    not_before: Annotated[datetime | None, Field(description="Its push asked that it should not go out before")]
    next_attempt_at: datetime
    priority: Annotated[int, Field(description="Head start in the queue, in minutes")]
    rests_until: Annotated[
        datetime | None,
        Sql(f"CASE WHEN e.status = 'PENDING' THEN {RESTS_UNTIL} END"),
        Field(description="Until then the connector sends nothing: the ERP is busy"),
    ]
    last_begun_at: Annotated[datetime | None, Field(description="When it was last sent, as far as that can have begun")]
    perhaps_sent_at: Annotated[
        datetime | None,
        Sql(PERHAPS_SENT_AT),
        Field(
            description="When it was last sent, if nobody knows whether it arrived: another time is another doubt. "
            "Send it along with what you resolve it as; null: there is no doubt"
        ),
    ]
    inferred: Annotated[bool, Field(description="The delivery was concluded, not seen")]
    held_at: datetime | None
    staged_at: datetime | None
    sent_at: datetime | None
    received_at: Annotated[
        datetime | None, Field(description="When its receipt came back, if the ERP's side gives one")
    ]
    understood_at: Annotated[
        datetime | None, Field(description="When the ERP's side said that it could read it, if it says so")
    ]
    answered_at: datetime | None
    confirmed_by: Annotated[
        str | None, Field(description="Who confirmed it by hand; null: the ERP did, or nobody has yet")
    ]
    created_at: datetime
    updated_at: Annotated[datetime, Field(description="When what is shown here changed last")]
    requested_by: str | None
    request_id: str | None
    actions: Annotated[
        list[OrderAction],
        OF_EXPORT,
        Field(
            description="What the caller may do with its order as it stands; none once the order has a newer delivery"
        ),
    ]


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Exports, newest first."""

    items: list[Export]
    next_cursor: NextCursor = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at a delivery."""

    id: UUID
    draft_order_id: UUID
    external_order_number: Annotated[str | None, Sql("o.external_order_number")]
    erp_export_id: UUID
    connection_id: Annotated[UUID, Sql("e.connection_id")]
    attempt_no: Annotated[int, Field(description="Counts up per order and never restarts")]
    connector_type: str
    status: Annotated[
        AttemptStatus, Field(description="PENDING: under way; RETRYING: failed, another follows; FAILED: the last")
    ]
    error_message: str | None
    error_code: Annotated[str | None, Sql("l.response_json ->> 'code'")]
    idempotency_key: str
    retry_count: int
    latency_ms: int | None
    request_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptDetail(Attempt):
    """One attempt with what was asked and what was answered, secrets redacted, answers cut to 16 KiB."""

    request_json: Annotated[Stored | None, Sql(REQUEST_OF_LOG)]
    response_json: Annotated[Stored | None, Sql(RESPONSE_OF_LOG)]


@dataclass(frozen=True, slots=True)
class AttemptPage:
    """Attempts, newest first."""

    items: list[Attempt]
    next_cursor: NextCursor = None


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """Which exports; what is not given does not matter.

    Attributes:
        kinds: Those that ask the ERP for any of these.
        waiting: Those that are still to be delivered, or those that are not.
        held: Those in doubt that wait for a person's decision, or all others.
        overdue: Those that the ERP should have answered by now, or all others.
        waits_for: Those that wait for any of these.
        route: Those that the rule of this name sent.
        updated_from: Those of which something that people see changed since then.
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
    waits_for: Sequence[WaitsFor] = ()
    route: str | None = None
    kinds: Sequence[Kind] = ()
    updated_from: datetime | None = None

    @property
    def about_connections(self) -> bool:
        """Whether it asks for something that the connection decides, too."""
        return bool(self.waits_for) or self.overdue is not None

    def conditions(self) -> Iterator[Condition]:
        """Yield what the filter asks for."""
        yield from common("e", self.statuses, self.created_from, self.created_to)
        yield from changed("e", self.updated_from)
        yield from equal("e.connection_id", self.connection_id)
        yield from equal("e.draft_order_id", self.order_id)
        yield from equal("e.error_code", self.error_code)
        yield from either("e.status = 'PENDING'", self.waiting)
        yield from either("(e.status = 'PENDING' AND e.held_at IS NOT NULL)", self.held)
        if self.overdue is not None:  # written so that the index on what is SENT can be used
            yield OVERDUE if self.overdue else f"NOT COALESCE({OVERDUE}, false)", {}
        if self.waits_for:
            yield f"e.status = 'PENDING' AND {WAITS_FOR} = ANY(:waits_for)", {"waits_for": list(self.waits_for)}
        yield from by_rule(self.route)
        if self.kinds:
            yield among(self.kinds, "e.kind"), {}


def by_rule(name: str | None) -> Iterator[Condition]:
    """Yield that an export was sent by the rule of this name, if one is asked for."""
    if name is not None:
        yield "e.route IS NOT NULL AND e.route ->> 'rule' = :rule", {"rule": name}


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
    updated_from: datetime | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield what the filter asks for. No attempt is at work for longer than a lease lasts."""
        yield from common("l", self.statuses, self.created_from, self.created_to)
        if self.updated_from:
            yield "l.created_at >= :begun_from", {"begun_from": self.updated_from - timedelta(seconds=LONGEST_LEASE)}
        yield from equal("e.connection_id", self.connection_id)
        yield from equal("l.draft_order_id", self.order_id)
        yield from equal("l.erp_export_id", self.export_id)
        yield from equal("l.error_code", self.error_code)
        if self.statuses and {*self.statuses} <= {"RETRYING", "FAILED"}:
            yield _FAILED, {}
        if [*self.statuses] == ["PENDING"]:
            yield "e.status = 'PENDING'", {}  # few wait, and each of them knows its attempts


def find_exports(view: View, wanted: ExportFilter, ask: Ask) -> ExportPage:
    """Return a page of exports. Raises InputError for a cursor that is not of this list."""
    ask = ask.of(view, wanted)
    chosen = f"FROM erp_export e {_WITH_CONNECTION if wanted.about_connections else ''}"
    where, values = Table("e", chosen).where(after("e", wanted.conditions(), ask))
    query = f"{_page_of(f'{chosen} {where}').select(Export)} ORDER BY e.created_at DESC, e.id DESC"
    return ExportPage(*cut(view.rows(Export, query, values | {"limit": ask.limit + 1}), ask))


def _page_of(chosen: str) -> Table:
    """Return the exports of a page alone, for others to be joined with.

    Joined before, they seem to be so few to the planner, since each table's policy makes them fewer, that it reads all.
    """
    page = f"(SELECT e.id {chosen} {_EXPORTS.newest()}) page"  # from constants
    return Table("e", _EXPORTS.source.replace("erp_export e", f"{page} JOIN erp_export e ON e.id = page.id", 1))


def found_orders_of(view: View, wanted: ExportFilter) -> Found:
    """Return the orders of all exports that the list finds, the one that was asked for first first."""
    where, parameters = _EXPORTS.where(wanted.conditions())
    query = f"SELECT e.draft_order_id AS id, min(e.created_at) AS place {_EXPORTS.source} {where} GROUP BY 1"
    return Found(query, parameters | {"org_id": view.org_id})


def under_way(view: View, order_ids: Sequence[UUID]) -> int:
    """Return how many of the orders have a delivery that goes on by itself before long."""
    query = f"""
        SELECT count(*) {_EXPORTS.source}
        WHERE e.draft_order_id = ANY(:orders) AND e.org_id = :org_id AND e.status = 'PENDING'
          AND ({WAITS_FOR}) <> ALL(:for_long)
    """  # built from constants
    values = {"orders": list(order_ids), "for_long": list(FOR_LONG), "org_id": view.org_id}
    return int(view.connection.execute(text(query), values).scalar_one())


def one_export(view: View, export_id: UUID) -> Export:
    """Return one export. Raises NotFoundError."""
    found = view.one(Export, f"{_EXPORTS.select(Export)} WHERE e.id = :id AND e.org_id = :org_id", {"id": export_id})
    if found is None:
        raise no_export(export_id)
    return found


def find_attempts(view: View, wanted: AttemptFilter, ask: Ask) -> AttemptPage:
    """Return a page of attempts. Raises InputError for a cursor that is not of this list."""
    return AttemptPage(*_ATTEMPTS.page(view, Attempt, wanted.conditions(), ask.of(view, wanted)))


def find_whole_attempts(view: View, wanted: AttemptFilter, limit: int) -> list[AttemptDetail]:
    """Return the newest attempts with request and response."""
    return _ATTEMPTS.page(view, AttemptDetail, wanted.conditions(), Ask(limit))[0]


def one_attempt(view: View, attempt_id: UUID) -> AttemptDetail:
    """Return one attempt with request and response. Raises NotFoundError."""
    query = f"{_ATTEMPTS.select(AttemptDetail)} WHERE l.id = :id AND l.org_id = :org_id"
    found = view.one(AttemptDetail, query, {"id": attempt_id})
    if found is None:
        raise NotFoundError(f"There is no attempt {attempt_id} in this organization.")
    return found
