"""Lists of orders in another order than by age, what they sum up to, and which orders stand beside one."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from orderflow.storage.views.conditions import like
from orderflow.storage.views.confirmations import Number
from orderflow.storage.views.orders import (
    LIKE,
    NAMED,
    OrderFilter,
    OrderPage,
    OrderSummary,
    find_orders,
    found_orders,
    only,
)
from orderflow.storage.views.view import Ask, Table, View, moment_of, no_cursor

MOST_SORTED = 100_000
"""Orders that a list sorts: the newest of those that its filters find; by their age all are sorted."""

MOST_SUMMED = 10_000
LONGEST_KEY = 100
"""Letters of a number or a name that a list is sorted by: a cursor holds them."""


class OrderSort(StrEnum):
    """By what a list is sorted; `-` turns it round."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    NUMBER = "number"
    NUMBER_BACK = "-number"
    CUSTOMER = "customer"
    CUSTOMER_BACK = "-customer"
    WANTED = "wanted"
    WANTED_BACK = "-wanted"
    CHANGED = "changed"
    CHANGED_BACK = "-changed"


def _packed(key: str | None) -> str:
    return base64.urlsafe_b64encode((key or "")[:LONGEST_KEY].encode()).decode()


def _unpacked(written: str) -> str:
    key = base64.urlsafe_b64decode(written).decode()
    if "\0" in key:
        raise ValueError("PostgreSQL keeps no such text")
    return key


def _day(written: str) -> date | str:
    return written if written == _NO_DAY else date.fromisoformat(written)


_NO_DAY = "infinity"


@dataclass(frozen=True, slots=True)
class _Key:
    """What a list is sorted by.

    Attributes:
        sql: Its value, of this `type`.
        written: The same of an order that was read, as a cursor holds it: it may be another one by the next page.
        read: Makes a value of that again; ValueError for what is none.
    """

    sql: str
    type: str
    written: Callable[[OrderSummary], str]
    read: Callable[[str], Any]


def _text(sql: str, of: Callable[[OrderSummary], str | None]) -> _Key:
    return _Key(f"left({sql}, {LONGEST_KEY})", "text", lambda order: _packed(of(order)), _unpacked)


_KEYS = {
    "created_at": _Key("o.created_at", "timestamptz", lambda order: order.created_at.isoformat(), moment_of),
    "number": _text("COALESCE(o.external_order_number, '')", lambda order: order.external_order_number),
    "customer": _text(
        "COALESCE(o.customer_name, o.erp_customer_number, '')",
        lambda order: order.customer.erp_customer_number if order.customer.name is None else order.customer.name,
    ),
    "wanted": _Key(
        f"COALESCE(o.requested_delivery_date, '{_NO_DAY}')",
        "date",
        lambda order: str(order.requested_delivery_date or _NO_DAY),
        _day,
    ),
    "changed": _Key("o.updated_at", "timestamptz", lambda order: order.updated_at.isoformat(), moment_of),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencySum:
    """What the orders of one currency are worth."""

    currency: str | None
    orders: int
    amount: Annotated[Number, Field(description="Quantity times price of their lines, without allowances and charges")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many orders a list finds, and what they are worth."""

    orders: Annotated[int, Field(description=f"At most {MOST_SUMMED:,}")]
    more: Annotated[bool, Field(description="There are more, which are not counted")]
    sums: Annotated[list[CurrencySum], Field(description="By currency, the one of most orders first")]


# All that is needed of an order is read with it: to look it up once more takes as long.
_TOTALS = """
    WITH found AS MATERIALIZED (
        SELECT id, place, currency, amount FROM ({found}) narrowed ORDER BY place DESC, id DESC LIMIT {most} + 1)
    SELECT f.currency, count(*) AS orders, COALESCE(sum(COALESCE(f.amount, w.amount)), 0) AS amount,
           (SELECT count(*) FROM found) > {most} AS more
    FROM (SELECT id, currency, amount FROM found ORDER BY place DESC, id DESC LIMIT {most}) f
    CROSS JOIN LATERAL (
        SELECT sum(l.qty * l.unit_price) AS amount FROM draft_order_line l
        WHERE f.amount IS NULL AND l.draft_order_id = f.id) w
    GROUP BY 1 ORDER BY 2 DESC, 1
"""


def sorted_orders(view: View, wanted: OrderFilter, sort: OrderSort, ask: Ask) -> OrderPage:
    """Return a page of orders, sorted. Raises InputError for a cursor that is not of this list."""
    if sort is OrderSort.NEWEST:
        return find_orders(view, wanted, ask)
    ask = ask.of(view, "by a key that the cursor holds", wanted, sort)
    back = sort.startswith("-")
    key, way = _KEYS[sort.lstrip("-")], "DESC" if back else "ASC"
    where, values = Table("o", "FROM draft_order o").where(wanted.conditions())
    chosen = f"SELECT o.id, {key.sql} AS key, {NAMED} AS named FROM draft_order o {where}"  # noqa: S608  # from constants
    conditions = ["true"]
    if sort is not OrderSort.OLDEST or wanted.search:  # what is sorted by age an index has sorted
        chosen += f" ORDER BY o.created_at DESC LIMIT {MOST_SORTED}"
    if wanted.search:
        conditions.append(LIKE)
        values |= {"like": like(wanted.search)}
    if place := ask.place(2):
        conditions.append(f"(o.key, o.id) {'<' if back else '>'} (CAST(:after AS {key.type}), CAST(:after_id AS uuid))")
        values |= _place(key, *place)
    page = f"""
        SELECT o.id, o.key FROM ({chosen}) o WHERE {" AND ".join(conditions)}
        ORDER BY o.key {way}, o.id {way} LIMIT :limit
    """  # noqa: S608  # from constants
    query = f"{only(page).select(OrderSummary)} ORDER BY page.key {way}, o.id {way}"
    rows = view.rows(OrderSummary, query, values | {"limit": ask.limit + 1})
    shown = rows[: ask.limit]
    if len(rows) == len(shown):
        return OrderPage(shown)
    return OrderPage(shown, ask.next_cursor(key.written(shown[-1]), shown[-1].id))


def totals(view: View, wanted: OrderFilter) -> Totals:
    """Return how many orders a list finds, and what they are worth."""
    found = found_orders(view, wanted, ["currency", "amount"], MOST_SUMMED + 1)
    rows = view.mappings(_TOTALS.format(found=found.query, most=MOST_SUMMED), found.values)
    sums = [CurrencySum(currency=row["currency"], orders=row["orders"], amount=row["amount"]) for row in rows]
    return Totals(orders=sum(one.orders for one in sums), more=any(row["more"] for row in rows), sums=sums)


def _place(key: _Key, written: str, order_id: str) -> dict[str, Any]:
    try:
        return {"after": key.read(written), "after_id": UUID(order_id)}
    except ValueError:
        raise no_cursor() from None
