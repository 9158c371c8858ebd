"""Orders as people see them: in lists, and whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, WithJsonSchema

from orderflow.domain import orders as domain
from orderflow.domain.answer_details import Confirmation
from orderflow.domain.codes import clean_code
from orderflow.domain.errors import InputError
from orderflow.domain.orders import DraftOrder, DraftOrderLine, Missing, missing_in
from orderflow.domain.states import CONTENT_KINDS, EDITED, ENDED, ERPExportStatus, Kind, OrderAction, OrderStatus
from orderflow.flow.refusals import no_order
from orderflow.storage.tables.states import among, differs
from orderflow.storage.views.actions import OF_ORDER
from orderflow.storage.views.conditions import changed, common, either, like
from orderflow.storage.views.confirmations import ConfirmedOrder, Number, confirmed_of
from orderflow.storage.views.deliveries import (
    UNREAD,
    UNREADABLE,
    WAITS_FOR,
    WAITS_UNTIL,
    Export,
    ExportFilter,
    WaitsFor,
    WaitsForRoute,
    by_rule,
    find_exports,
)
from orderflow.storage.views.holds import OF_ORDER as HOLDS
from orderflow.storage.views.holds import Hold
from orderflow.storage.views.problem import Problem, UnreadableAnswer
from orderflow.storage.views.revisions import RevisionSummary, revisions_of
from orderflow.storage.views.view import COUNTS_CHANGES, Ask, Condition, Found, NextCursor, Sql, Table, View, after, cut

FARTHEST = 100_000
"""Orders that a search for part of a name looks through, of those that the other filters leave."""

MOST_DELIVERIES = 20
"""Of one order that are looked at for what its ERP has."""

_NAMES = ("external_order_number", "erp_customer_number", "customer_name", "erp_order_id")
_PUT_TOGETHER = " || ' ' || ".join(f"COALESCE(o.{name}, '')" for name in _NAMES)
NAMED = f"COALESCE(o.named, lower({_PUT_TOGETHER}))"
"""What a search looks through, in small letters: kept by a trigger, but for orders from before that did."""
# Of several the oldest, since what came later waits for it.
_UNREADABLE = f"""
    (SELECT {UNREADABLE} FROM erp_export e WHERE e.draft_order_id = o.id AND {UNREAD} ORDER BY e.created_at LIMIT 1)
"""  # noqa: S608  # from constants
_CUSTOMER = (
    "jsonb_build_object('id', o.customer_id, 'erp_customer_number', o.erp_customer_number, 'name', o.customer_name)"
)
_SOURCE = (
    "jsonb_build_object('document_id', o.source_document_id, 'file_name', o.source_file_name,"
    " 'sha256', o.source_sha256)"
)
Waits = Annotated[str, WithJsonSchema({"type": "string", "enum": [*WaitsForRoute, *WaitsFor]})]
LIKE = "o.named LIKE lower(:like)"
"""Of those whose `NAMED` is read under that name."""
_NEWEST = "ORDER BY o.created_at DESC, o.id DESC"
_DIFFERS = differs("o")
_AMOUNT = """
    COALESCE(o.amount, (
        SELECT CASE WHEN count(*) = count(l.qty * l.unit_price) THEN sum(l.qty * l.unit_price) END
        FROM draft_order_line l WHERE l.draft_order_id = o.id))
"""
_DELIVERY = """
    FROM erp_export e JOIN erp_connection c ON c.id = e.connection_id JOIN organization g ON g.id = e.org_id
    WHERE e.draft_order_id = o.id AND e.status = 'PENDING'
"""
_WAITS_FOR = f"""
    CASE WHEN o.status <> 'PUSHING' THEN o.waits_for ELSE (
        SELECT w.reason FROM (SELECT {WAITS_FOR} AS reason {_DELIVERY}) w
        WHERE w.reason IN ('HOLD', 'NOT_BEFORE', 'OPENING_HOURS', 'ORDERS_PER_MINUTE') LIMIT 1) END
"""  # noqa: S608  # from constants
_WAITS_UNTIL = f"""
    CASE WHEN o.status = 'PUSHING' THEN (
        SELECT w.until FROM (SELECT {WAITS_FOR} AS reason, {WAITS_UNTIL} AS until {_DELIVERY}) w
        WHERE w.reason IN ('NOT_BEFORE', 'OPENING_HOURS', 'ORDERS_PER_MINUTE') LIMIT 1) END
"""  # noqa: S608  # from constants
_THESE = "SELECT id FROM unnest(CAST(:ids AS uuid[])) id"
_ORDERS = Table("o", "FROM draft_order o")
_LINES = Table("l", "FROM draft_order_line l")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceCharge:
    """What comes off a price (an allowance), or on top of it (a charge, a tax)."""

    code: str | None = None
    reason: str | None = None
    amount: Number | None = None
    percent: Number | None = None
    base_amount: Number | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line."""

    line_no: int
    internal_sku: str | None
    qty: Number | None
    uom: str | None
    unit_price: Number | None
    currency: str | None
    customer_sku_raw: str | None
    description: Annotated[str | None, Sql("l.product_description")]
    requested_delivery_date: date | None
    earliest_delivery_date: date | None
    latest_delivery_date: date | None
    promised_delivery_date: date | None
    line_notes: str | None
    gtin: str | None
    buyer_article_number: str | None
    seller_article_number: str | None
    allowances: Annotated[list[AllowanceCharge], Sql("COALESCE(l.allowances, '[]')")]
    charges: Annotated[list[AllowanceCharge], Sql("COALESCE(l.charges, '[]')")]
    taxes: Annotated[list[AllowanceCharge], Sql("COALESCE(l.taxes, '[]')")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who ordered."""

    id: UUID | None
    erp_customer_number: str | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """The document that the order was read from."""

    document_id: UUID | None
    file_name: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSummary:
    """An order in a list."""

    id: UUID
    status: OrderStatus
    source: Annotated[
        str | None, Field(description="Where it comes from, as a shop's name; with it numbers are told apart")
    ]
    external_order_number: str | None
    order_date: date | None
    requested_delivery_date: date | None
    currency: str | None
    amount: Annotated[
        Number | None,
        Sql(_AMOUNT),
        Field(description="Quantity times price of its lines, without allowances and charges; null: one lacks either"),
    ]
    customer: Annotated[Customer, Sql(_CUSTOMER)]
    erp_order_id: str | None
    erp_order_id_source: Annotated[
        Literal["filename", "file", "erp", "hand"] | None,
        Field(
            description="file: from an answer file; erp: from the ERP's API; filename: the file's name stands in for "
            "the number until the ERP gives it; hand: a person entered it; null: there is none, or it is from before "
            "`hand`"
        ),
    ]
    attempts: Annotated[int, Field(description="Delivery attempts, ever")]
    error: Annotated[Problem | None, Sql("o.error_json"), Field(description="Why it is in ERROR")]
    unreadable_answer: Annotated[
        UnreadableAnswer | None,
        Sql(_UNREADABLE),
        Field(description="The ERP's answer, if it could not be read"),
    ]
    confirmation: Annotated[
        Confirmation | None,
        Field(description="How what the ERP confirmed stands to what was ordered; null: it said nothing about lines"),
    ]
    differs: Annotated[
        bool,
        Sql(f"COALESCE({_DIFFERS}, false)"),
        Field(description="The ERP confirmed it otherwise than it was ordered, and nobody accepted that"),
    ]
    source_document: Annotated[SourceDocument, Sql(_SOURCE)]
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    holds: Annotated[list[Hold], HOLDS, Field(description="It is not delivered before all of them are released")]
    push_requested_at: Annotated[datetime | None, Field(description="Of an order whose push waits for a route")]
    waits_for: Annotated[
        Waits | None,
        Sql(_WAITS_FOR),
        Field(
            description="Why an APPROVED one waits: NO_ROUTE, no rule is for it and no connector is the default; "
            "ROUTED_TO_NOBODY, the rule's connector is DISABLED. It goes out by itself once rules or connectors send "
            "it somewhere. Why a PUSHING one does: HOLD, it is on hold (see `holds`); OPENING_HOURS, its connector is "
            "closed; NOT_BEFORE, its push asked for a later time; ORDERS_PER_MINUTE, its connector takes no more now"
        ),
    ]
    waits_until: Annotated[
        datetime | None,
        Sql(_WAITS_UNTIL),
        Field(description="When OPENING_HOURS, NOT_BEFORE or ORDERS_PER_MINUTE ends"),
    ]
    version: Annotated[int, Field(description=COUNTS_CHANGES)]
    actions: Annotated[
        list[OrderAction],
        OF_ORDER,
        Field(
            description="What the caller may do with it as it stands, by its state, by whether it may have arrived, "
            "and by the caller's role; empty while a worker is at its delivery"
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(OrderSummary):
    """An order, whole."""

    erasable: Annotated[
        bool,
        Sql(among(ENDED, "o.status")),
        Field(description="It has ended, so that its personal data may be erased (`POST …/forget`)"),
    ]
    import_id: Annotated[UUID | None, Field(description="Of the file of orders that it came in with")]
    priority: Annotated[int | None, Field(description="Head start in the queue of deliveries, in minutes; null: 0")]
    earliest_delivery_date: date | None
    latest_delivery_date: date | None
    promised_delivery_date: date | None
    delivery_terms: Annotated[str | None, Field(description="As the customer puts them: DAP Köln, Incoterms 2020")]
    payment_terms: Annotated[str | None, Field(description="As the customer puts them: 30 days net")]
    notes: str | None
    ship_to: dict[str, Any] | None
    bill_to: dict[str, Any] | None
    buyer: dict[str, Any] | None
    seller: dict[str, Any] | None
    allowances: Annotated[list[AllowanceCharge], Sql("COALESCE(o.allowances, '[]')")]
    charges: Annotated[list[AllowanceCharge], Sql("COALESCE(o.charges, '[]')")]
    taxes: Annotated[list[AllowanceCharge], Sql("COALESCE(o.taxes, '[]')")]
    contact: Annotated[dict[str, Any] | None, Field(description="Whom to ask about the order: texts by name")]
    shipping: Annotated[
        dict[str, Any] | None, Field(description="How it is sent: texts by name, as `method`, `carrier`")
    ]
    metadata: Annotated[
        dict[str, Any] | None,
        Field(description="What the shop wishes to find again: texts by name, looked at by nobody"),
    ]
    lines: Annotated[list[Line], Sql(None)]
    revisions: Annotated[
        list[RevisionSummary], Sql(None), Field(description="What was approved of it, the first first")
    ]
    missing: Annotated[list[str], Sql(None), Field(description="What it still needs to be READY, for a person")]
    missing_fields: Annotated[list[Missing], Sql(None), Field(description="The same for a program")]
    confirmed: Annotated[
        ConfirmedOrder | None,
        Sql(None),
        Field(description="What the ERP confirmed line by line; null: it said nothing about lines"),
    ]
    latest_export: Annotated[Export | None, Sql(None)]
    earlier_export: Annotated[
        Export | None,
        Sql(None),
        Field(
            description="Of an order that was changed since it was sent: the delivery of what the ERP has of it, or "
            "may have. It is itself in doubt or on its way as long as the change waits for it"
        ),
    ]
    recall: Annotated[Export | None, Sql(None), Field(description="Its newest recall, and what the ERP said to it")]
    confirmed_by: Annotated[
        str | None, Sql(None), Field(description="Who confirmed it by hand; null: the ERP did, or nobody has yet")
    ]


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders, newest first."""

    items: list[OrderSummary]
    next_cursor: NextCursor = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """The holds on one order, the oldest first."""

    items: Annotated[list[Hold], HOLDS]


@dataclass(frozen=True, slots=True)
class OrderNumber:
    """A whole number, and what tells orders of one number apart; None does not matter. As they are kept."""

    number: str
    customer: str | None = None
    source: str | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield what orders of this number have."""
        yield "o.external_order_number = :order_number", {"order_number": self.number}
        if self.customer is not None:
            yield "o.erp_customer_number = :order_customer", {"order_customer": self.customer}
        if self.source is not None:
            yield "o.source = :order_source", {"order_source": self.source}


def number_of(number: str | None, customer: str | None, source: str | None) -> OrderNumber | None:
    """Return the number that is looked for, written as codes are kept; None if there is none.

    Raises:
        InputError: It is empty, or only what narrows it is given.
    """
    if number is None and customer is None and source is None:
        return None
    if cleaned := clean_code(number):
        return OrderNumber(cleaned, clean_code(customer), clean_code(source))
    faults = [
        {"field": "external_order_number", "message": "is needed: the others only tell orders of one number apart"}
    ]
    raise InputError("Some fields cannot be used: external_order_number.", details={"fields": faults})


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; what is not given does not matter.

    Attributes:
        search: Part of the order number, the customer's number or name, or the ERP's number, of the next `FARTHEST`
            orders; of older ones the whole order number.
        error_code: Code of the reason why the order is in ERROR.
        waits: Those that wait for a route, or all others.
        waits_for: Those whose push waits for any of these: a route, or what its delivery waits for.
        route: Those of which the rule of this name sent a delivery.
        asked_for: Those whose push was asked for and has not ended, on their way or waiting for a route; or all others.
        on_its_way_or_sent: Those whose push was asked for, whether it has ended or not.
        differs: Those with differences that nobody accepted, or all others.
        on_hold: Those that somebody has a hold on, or all others.
        number: Those of exactly this number.
        import_id: Those that came in with this file.
        updated_from: Those that changed since then; what commits late may be a little older than it was seen.
        unreadable: Those whose answer from the ERP could not be read, or all others.
    """

    statuses: Sequence[str] = ()
    search: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    connection_id: UUID | None = None
    error_code: str | None = None
    unreadable: bool | None = None
    waits: bool | None = None
    differs: bool | None = None
    asked_for: bool | None = None
    on_its_way_or_sent: bool = False
    waits_for: Sequence[WaitsFor | WaitsForRoute] = ()
    route: str | None = None
    on_hold: bool | None = None
    number: OrderNumber | None = None
    updated_from: datetime | None = None
    import_id: UUID | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield what the filter asks for, all but `search`."""
        yield from common("o", self.statuses, self.created_from, self.created_to)
        yield from changed("o", self.updated_from)
        yield from self.number.conditions() if self.number else ()
        if self.import_id:
            yield "o.import_id = :import_id", {"import_id": self.import_id}
        if self.connection_id:
            exported = "e.org_id = o.org_id AND e.draft_order_id = o.id AND e.connection_id = :connection_id"
            yield f"EXISTS (SELECT FROM erp_export e WHERE {exported})", {"connection_id": self.connection_id}
        for condition, values in by_rule(self.route):
            exported = f"e.org_id = o.org_id AND e.draft_order_id = o.id AND {condition}"
            yield f"EXISTS (SELECT FROM erp_export e WHERE {exported})", values
        if self.waits_for:
            yield self._waiting(), {"waits_for": list(self.waits_for)}
        if self.error_code:
            yield "o.error_code = :error_code", {"error_code": self.error_code}
        unread = f"EXISTS (SELECT FROM erp_export e WHERE e.draft_order_id = o.id AND {UNREAD})"
        yield from either(unread, self.unreadable)
        yield from either("o.waits_for IS NOT NULL", self.waits)
        yield from either("(o.status = 'PUSHING' OR o.waits_for IS NOT NULL)", self.asked_for)
        if self.on_its_way_or_sent:
            yield "(o.status <> 'APPROVED' OR o.waits_for IS NOT NULL)", {}
        if self.differs is not None:  # written so that the index on what differs can be used
            yield _DIFFERS if self.differs else f"NOT COALESCE({_DIFFERS}, false)", {}
        yield from either("o.id IN (SELECT h.draft_order_id FROM order_hold h WHERE h.org_id = :org_id)", self.on_hold)

    def _waiting(self) -> str:
        """Return only what can be: each of the two has an index of its own."""
        routed = [one for one in self.waits_for if isinstance(one, WaitsForRoute)]
        either_of = ["o.waits_for IS NOT NULL AND o.waits_for = ANY(:waits_for)"] if routed else []
        if len(routed) < len(self.waits_for):
            waits = f"EXISTS (SELECT {_DELIVERY} AND {WAITS_FOR} = ANY(:waits_for))"
            either_of.append(f"o.status = 'PUSHING' AND {waits}")
        return f"({' OR '.join(either_of)})"


def find_orders(view: View, wanted: OrderFilter, ask: Ask) -> OrderPage:
    """Return a page of orders. Raises InputError for a cursor that is not of this list."""
    ask = ask.of(view, wanted)
    where, values = _ORDERS.where(after("o", wanted.conditions(), ask))
    # Ids first: where rows are sorted, as those of several states are, whole ones take five times as long.
    page = f"SELECT o.id FROM draft_order o {where} {_ORDERS.newest()}"  # noqa: S608  # from constants
    values |= {"limit": ask.limit + 1}
    if wanted.search:
        page, values = _THESE, {"ids": _searched(view, wanted.search, where, values)}
    query = f"{only(page).select(OrderSummary)} {_NEWEST}"
    return OrderPage(*cut(view.rows(OrderSummary, query, values), ask))


def _searched(view: View, search: str, where: str, values: Mapping[str, Any]) -> list[UUID]:
    """Return the orders of a page that fit, among those that the other filters leave."""
    near = f"SELECT o.id {_near(where, 'o.id, o.created_at')} {_ORDERS.newest()}"
    numbered = f"SELECT o.id FROM draft_order o {where} AND o.external_order_number = :number {_ORDERS.newest()}"  # noqa: S608  # from constants
    found = view.mappings(near, {**values, "like": like(search)}) or view.mappings(
        numbered, {**values, "number": search}
    )
    return [row["id"] for row in found]


def only(page: str) -> Table:
    """Return the orders of a page, whose query finds their `id`: of those that it does not find little is read."""
    return Table("o", f"FROM ({page}) page JOIN draft_order o ON o.id = page.id")


def _near(where: str, read: str) -> str:
    """Return FROM and WHERE of those that fit `like`, among the next `FARTHEST` that the other filters leave."""
    # By age alone: those of one moment are sorted where they are found, and few are.
    newest = f"{where} ORDER BY o.created_at DESC LIMIT {FARTHEST}"
    return f"FROM (SELECT {read}, {NAMED} AS named FROM draft_order o {newest}) o WHERE {LIKE}"  # noqa: S608  # from constants


def found_orders(view: View, wanted: OrderFilter, beside: Sequence[str] = (), most: int | None = None) -> Found:
    """Return all that the list finds, the oldest first.

    Args:
        beside: Columns that the query has, too.
        most: So many of those that a search finds are enough, the newest; by default all are found.
    """
    where, parameters = _ORDERS.where(wanted.conditions())
    read = "".join(f", o.{column}" for column in beside)
    query = f"SELECT o.id, o.created_at AS place{read} FROM draft_order o {where}"  # noqa: S608  # from constants
    if wanted.search:
        numbered = f"{query} AND o.external_order_number = :number"
        near = f"SELECT o.id, o.created_at AS place{read} {_near(where, f'o.id, o.created_at{read}')}"
        enough = f"ORDER BY o.created_at DESC LIMIT {most}" if most else ""
        query = f"({near} {enough}) UNION {numbered}"
        parameters |= {"like": like(wanted.search), "number": wanted.search}
    return Found(query, parameters | {"org_id": view.org_id})


def holds_of(view: View, order_id: UUID) -> Holds:
    """Return the holds on one order. Raises NotFoundError."""
    found = view.one(Holds, f"{_ORDERS.select(Holds)} WHERE o.id = :id AND o.org_id = :org_id", {"id": order_id})
    if found is None:
        raise no_order(order_id)
    return found


def one_order(view: View, order_id: UUID) -> Order:
    """Return one order, whole. Raises NotFoundError."""
    lines = view.rows(Line, f"{_LINES.select(Line)} WHERE l.draft_order_id = :id ORDER BY l.line_no", {"id": order_id})
    deliveries = find_exports(view, ExportFilter(order_id=order_id, kinds=CONTENT_KINDS), Ask(MOST_DELIVERIES)).items
    latest = deliveries[0] if deliveries else None
    recall = next(iter(find_exports(view, ExportFilter(order_id=order_id, kinds=[Kind.RECALL]), Ask(1)).items), None)
    query = f"{_ORDERS.select(Order)} WHERE o.id = :id AND o.org_id = :org_id"
    beside: dict[str, Any] = {
        "lines": lines,
        "missing": [],
        "missing_fields": [],
        "revisions": revisions_of(view, order_id),
    }
    beside |= {"confirmed": confirmed_of(view, order_id)}
    beside |= {
        "earlier_export": None,
        "recall": recall,
        "latest_export": latest,
        "confirmed_by": latest and latest.confirmed_by,
    }
    found = view.one(Order, query, {"id": order_id}, **beside)
    if found is None:
        raise no_order(order_id)
    missing, earlier = missing_in(_as_far_as_needed(found)), _earlier(found.status, deliveries)
    messages = [one.message for one in missing]
    return replace(found, missing=messages, missing_fields=missing, earlier_export=earlier)


def _earlier(status: OrderStatus, deliveries: Sequence[Export]) -> Export | None:
    """Return the delivery of what the ERP has, where the order says something else."""
    changed = status in EDITED or any(_may_be_a_change(one) for one in deliveries[:1])
    before = deliveries if status in EDITED else deliveries[1:]
    return next(filter(_may_be_there, before), None) if changed else None


def _may_be_a_change(delivery: Export) -> bool:
    return delivery.kind is Kind.CHANGE or delivery.status is ERPExportStatus.FAILED


def _may_be_there(delivery: Export) -> bool:
    return delivery.status is not ERPExportStatus.FAILED or OrderAction.RESOLVE_DELIVERED in delivery.actions


def _as_far_as_needed(order: Order) -> DraftOrder:
    """Return what of an order decides whether it is READY."""
    lines = [
        DraftOrderLine(line.line_no, internal_sku=line.internal_sku, qty=line.qty, uom=line.uom) for line in order.lines
    ]
    customer = domain.Customer(order.customer.erp_customer_number)
    return DraftOrder(customer=customer, currency=order.currency, lines=lines)
