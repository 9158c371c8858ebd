"""What needs a person now, in groups: what failed by its reason, what nobody understands or decides, what is late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.domain.answer_details import Level
from orderflow.domain.connector_port import CERTIFICATE_WARNED
from orderflow.domain.states import OrderStatus
from orderflow.storage.tables.states import WITHIN, differs, quoted
from orderflow.storage.views.deliveries import OVERDUE, UNREAD
from orderflow.storage.views.problem import Problem
from orderflow.storage.views.view import View

MOST_COUNTED = 10_000
"""Orders that are looked at for a group; of deliveries, for each connector."""

MOST_GROUPS = 100
MOST_TEXTS = 3


class NeedKind(StrEnum):
    """Why a person is needed, the most urgent first."""

    IN_DOUBT = "IN_DOUBT"
    CONNECTOR = "CONNECTOR"
    FAILED = "FAILED"
    UNREADABLE = "UNREADABLE"
    OVERDUE = "OVERDUE"
    DIFFERS = "DIFFERS"
    RECALLING = "RECALLING"
    NO_ROUTE = "NO_ROUTE"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    READY = "READY"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedText:
    """One cause within a group."""

    message: str | None
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedMark:
    """What people noted about a group; it goes with the orders that it was made for."""

    assigned_to: Annotated[str | None, Field(description="Address of who takes care of it")]
    note: str | None
    snoozed_until: Annotated[datetime | None, Field(description="Until then it counts for nobody")]
    marked_by: str
    marked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A group of things that need a person for one reason."""

    key: Annotated[str, Field(description="Names the group, also tomorrow", examples=["FAILED UNKNOWN_SKU"])]
    kind: Annotated[
        NeedKind,
        Field(
            description="IN_DOUBT: nobody knows whether the ERP has them; CONNECTOR: it does not do what it should; "
            "FAILED: in ERROR for one reason; UNREADABLE: the ERP's answer could not be read; OVERDUE: the ERP owes an "
            "answer; DIFFERS: confirmed otherwise than ordered; RECALLING: the ERP is asked to give them back; "
            "NO_ROUTE: no rule sends them anywhere; NEEDS_REVIEW: something is missing; READY: to be approved"
        ),
    ]
    code: Annotated[str | None, Field(description="Of FAILED ones: the reason's")]
    connection_id: UUID | None
    connection_name: str | None
    orders: Annotated[int, Field(description=f"Of more than {MOST_COUNTED:,} (of each connector) so many")]
    customers: Annotated[int, Field(description="How many customers they are of")]
    causes: Annotated[int, Field(description="How many different texts there are")]
    texts: Annotated[list[NeedText], Field(description=f"The most frequent {MOST_TEXTS}")]
    hint: Annotated[str | None, Field(description="What to do")]
    since: Annotated[datetime | None, Field(description="When the oldest of the orders came in")]
    latest_at: Annotated[datetime | None, Field(description="When the latest came to be so, as far as is known")]
    mark: NeedMark | None
    snoozed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """All that needs a person, the most urgent first."""

    items: list[Need]
    open: Annotated[int, Field(description="How many of them nobody put off")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    kind: NeedKind
    code: str | None
    connection_id: UUID | None
    connection_name: str | None
    message: str | None
    hint: str | None
    whole: bool
    orders: int
    customers: int
    causes: int
    since: datetime | None
    latest_at: datetime | None


_CUSTOMER = "COALESCE(o.erp_customer_number, o.customer_name, o.customer_id::text)"
_WHICH = "code, connection_id, connection_name"
# Whole groups, and within each the causes that most orders have. Customers and causes are put together before they are
# counted: to sort all orders by them (DISTINCT) takes half as long as to read these.
_GROUPED = f"""
    WITH found AS ({{source}}),
    counted AS (
        SELECT {_WHICH}, customer, message, GROUPING(customer) = 0 AS of_customer, max(hint) AS hint,
               count(*) AS orders, min(created_at) AS since, max(latest_at) AS latest_at
        FROM found GROUP BY GROUPING SETS (({_WHICH}, customer), ({_WHICH}, message))),
    causes AS (
        SELECT *, row_number() OVER (PARTITION BY {_WHICH} ORDER BY orders DESC, message) AS place
        FROM counted WHERE NOT of_customer AND message IS NOT NULL)
    SELECT {{kind}} AS kind, * FROM (
        SELECT {_WHICH}, NULL AS message, max(hint) AS hint, true AS whole,
               (sum(orders) FILTER (WHERE of_customer))::int AS orders,
               count(customer) FILTER (WHERE of_customer) AS customers,
               count(message) FILTER (WHERE NOT of_customer) AS causes,
               min(since) AS since, max(latest_at) AS latest_at
        FROM counted GROUP BY {_WHICH}
        UNION ALL
        SELECT {_WHICH}, message, hint, false, orders, 0, 0, since, latest_at FROM causes WHERE place <= {MOST_TEXTS}
    ) told ORDER BY whole DESC, orders DESC, code, message LIMIT {MOST_GROUPS * (MOST_TEXTS + 1)}
"""  # noqa: S608  # from constants


def _orders(
    kind: NeedKind, condition: str, code: str = "NULL::text", message: str = "NULL::text", hint: str = "NULL::text"
) -> str:
    """Return a query for the orders for which something holds that an index has, by a code."""
    source = f"""
        SELECT {code} AS code, NULL::uuid AS connection_id, NULL::text AS connection_name, {message} AS message,
               {hint} AS hint, {_CUSTOMER} AS customer, o.created_at, o.updated_at AS latest_at
        FROM draft_order o WHERE o.org_id = :org_id AND {condition}
        ORDER BY o.created_at DESC LIMIT {MOST_COUNTED}
    """  # noqa: S608  # from constants
    return _GROUPED.format(kind=quoted(kind), source=source)


def _exports(kind: NeedKind, latest: str, message: str, condition: str) -> str:
    """Return a query for the deliveries of each connector for which something holds that an index has."""
    source = f"""
        SELECT NULL::text AS code, c.id AS connection_id, COALESCE(c.name, c.connector_type) AS connection_name,
               e.message, NULL::text AS hint, {_CUSTOMER} AS customer, o.created_at, e.latest_at
        FROM erp_connection c CROSS JOIN LATERAL (
            SELECT e.draft_order_id, {latest} AS latest_at, {message} AS message FROM erp_export e
            WHERE e.connection_id = c.id AND {condition} LIMIT {MOST_COUNTED}) e
        JOIN draft_order o ON o.id = e.draft_order_id
        WHERE c.org_id = :org_id
    """  # noqa: S608  # from constants
    return _GROUPED.format(kind=quoted(kind), source=source)


_SOONEST = f"LEAST({', '.join(f'c.{WITHIN[level]}' for level in Level)})"
_GROUPS = (
    _exports(
        NeedKind.IN_DOUBT,
        "e.held_at",
        "e.error_json ->> 'message'",
        # IS TRUE, so that all that are PENDING are not read from their index as well.
        "e.held_at IS NOT NULL AND (e.status = 'PENDING') IS TRUE",
    ),
    _orders(
        NeedKind.FAILED,
        f"o.status = {quoted(OrderStatus.ERROR)}",
        code="o.error_code",
        message="o.error_json ->> 'message'",
        hint="o.error_json ->> 'hint'",
    ),
    _exports(
        NeedKind.UNREADABLE,
        "(e.unreadable_answer ->> 'read_at')::timestamptz",
        "e.unreadable_answer ->> 'reason'",
        f"e.unreadable_answer IS NOT NULL AND {UNREAD}",
    ),
    _exports(
        NeedKind.OVERDUE,
        "e.sent_at",
        "NULL::text",
        f"e.status = 'SENT' AND e.sent_at < now() - make_interval(secs => {_SOONEST}) AND {OVERDUE}",
    ),
    _orders(NeedKind.DIFFERS, differs("o")),
    _orders(NeedKind.RECALLING, "o.status = 'RECALLING'"),
    _orders(NeedKind.NO_ROUTE, "o.waits_for IS NOT NULL"),
    _orders(NeedKind.NEEDS_REVIEW, "o.status = 'NEEDS_REVIEW'"),
    _orders(NeedKind.READY, "o.status = 'READY'"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Connector:
    id: UUID
    name: str
    breaker_state: str
    breaker_since: datetime | None
    breaker_error: Problem | None
    test_error: Problem | None
    tested_at: datetime | None
    poll_error: Problem | None
    certificate_ends_at: datetime | None


_CONNECTORS = """
    SELECT id, COALESCE(name, connector_type) AS name, breaker_state, breaker_since, breaker_error, test_error,
           (test_error ->> 'at')::timestamptz AS tested_at, poll_error, certificate_ends_at
    FROM erp_connection WHERE org_id = :org_id AND deleted_at IS NULL AND status = 'ACTIVE' ORDER BY name, id
"""
_MARKS = "SELECT key, assigned_to, note, snoozed_until, marked_by, marked_at FROM need_mark WHERE org_id = :org_id"


def needs(view: View) -> Needs:
    """Return what needs a person in one organization, with what people noted about it."""
    found = [*_of_connectors(view), *(need for query in _GROUPS for need in _of_orders(view, query))]
    order = list(NeedKind)
    items = sorted(found, key=lambda need: order.index(need.kind))[:MOST_GROUPS]
    items = list(_marked(view, items))
    return Needs(items=items, open=sum(not need.snoozed for need in items))


def _of_orders(view: View, query: str) -> Iterator[Need]:
    rows = view.rows(_Row, query, {})
    for row in rows:
        if row.whole:
            among = [one for one in rows if not one.whole and _named(one) == _named(row)]
            yield _need(row, [NeedText(message=one.message, orders=one.orders) for one in among])


def _named(row: _Row) -> tuple[str | None, UUID | None]:
    return row.code, row.connection_id


def _need(row: _Row, texts: Sequence[NeedText]) -> Need:
    named = row.code or row.connection_id
    return Need(
        key=f"{row.kind} {named}" if named else str(row.kind),
        kind=row.kind,
        code=row.code,
        connection_id=row.connection_id,
        connection_name=row.connection_name,
        orders=row.orders,
        customers=row.customers,
        causes=row.causes,
        texts=list(texts),
        hint=row.hint,
        since=row.since,
        latest_at=row.latest_at,
        mark=None,
        snoozed=False,
    )


def _of_connectors(view: View) -> Iterator[Need]:
    for connector in view.rows(_Connector, _CONNECTORS, {}):
        problems = list(_problems(connector))
        if problems:
            since = min((at for at, _ in problems if at), default=None)
            yield Need(
                key=f"{NeedKind.CONNECTOR} {connector.id}",
                kind=NeedKind.CONNECTOR,
                code=None,
                connection_id=connector.id,
                connection_name=connector.name,
                orders=0,
                customers=0,
                causes=len(problems),
                texts=[NeedText(message=problem.message, orders=0) for _, problem in problems],
                hint=next((problem.hint for _, problem in problems if problem.hint), None),
                since=since,
                latest_at=max((at for at, _ in problems if at), default=None),
                mark=None,
                snoozed=False,
            )


def _problems(connector: _Connector) -> Iterator[tuple[datetime | None, Problem]]:
    """Yield what is wrong with a connector, and since when."""
    if connector.breaker_state != "CLOSED" and connector.breaker_error is not None:
        yield connector.breaker_since, connector.breaker_error
    elif connector.test_error is not None:
        yield connector.tested_at, connector.test_error
    if connector.poll_error is not None and connector.poll_error.code != "ACKS_UNREADABLE":  # those are a group
        yield None, connector.poll_error
    ends = connector.certificate_ends_at
    if ends is not None and ends < datetime.now(UTC) + CERTIFICATE_WARNED:
        yield ends - CERTIFICATE_WARNED, Problem(message=f"Its certificate ends on {ends:%Y-%m-%d}.")


def _marked(view: View, found: Sequence[Need]) -> Iterator[Need]:
    rows = view.connection.execute(text(_MARKS), {"org_id": view.org_id}).mappings()
    marks: dict[str, Any] = {row["key"]: NeedMark(**{name: row[name] for name in _NOTED}) for row in rows}
    now = datetime.now(UTC)
    for need in found:
        mark = marks.get(need.key)
        if mark is None or not holds_for(mark.marked_at, need):
            yield need
        else:
            yield replace(need, mark=mark, snoozed=mark.snoozed_until is not None and mark.snoozed_until > now)


_NOTED = tuple(NeedMark.__dataclass_fields__)


def holds_for(marked_at: datetime, need: Need) -> bool:
    """Return whether something of the group was there when it was marked, so that the mark is about it."""
    return need.since is None or need.since <= marked_at
