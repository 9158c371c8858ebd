"""Lists of orders in another order than by age, what they sum up to, and which orders stand beside one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from orderflow.storage.views.conditions import like
from orderflow.storage.views.confirmations import Number
from orderflow.storage.views.orders import NAMED, OrderFilter, OrderPage, OrderSummary, find_orders, found_orders, only
from orderflow.storage.views.view import Ask, Table, View, no_cursor

MOST_SORTED = 100_000
"""Orders that a list sorts: the newest of those that its filters find; by their age all are sorted."""

MOST_SUMMED = 10_000


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


_KEYS = {
    "created_at": "o.created_at",
    "number": "COALESCE(o.external_order_number, '')",
    "customer": "COALESCE(o.customer_name, o.erp_customer_number, '')",
    "wanted": "COALESCE(o.requested_delivery_date, 'infinity')",
    "changed": "o.updated_at",
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
        SELECT id, place, currency FROM ({found}) narrowed ORDER BY place DESC, id DESC LIMIT {most} + 1)
    SELECT f.currency, count(*) AS orders, COALESCE(sum(w.amount), 0) AS amount,
           (SELECT count(*) FROM found) > {most} AS more
    FROM (SELECT id, currency FROM found ORDER BY place DESC, id DESC LIMIT {most}) f
    CROSS JOIN LATERAL (
        SELECT sum(l.qty * l.unit_price) AS amount FROM draft_order_line l WHERE l.draft_order_id = f.id) w
    GROUP BY 1 ORDER BY 2 DESC, 1
"""


def sorted_orders(view: View, wanted: OrderFilter, sort: OrderSort, ask: Ask) -> OrderPage:
    """Return a page of orders, sorted. Raises InputError for a cursor that is not of this list."""
    if sort is OrderSort.NEWEST:
        return find_orders(view, wanted, ask)
    ask = ask.of(view, wanted, sort)
    back = sort.startswith("-")
    key, way = _KEYS[sort.lstrip("-")], "DESC" if back else "ASC"
    where, values = Table("o", "FROM draft_order o").where(wanted.conditions())
    chosen = f"SELECT o.id, {key} AS key, {NAMED} AS named FROM draft_order o {where}"  # noqa: S608  # from constants
    conditions = ["true"]
    if sort is not OrderSort.OLDEST or wanted.search:  # what is sorted by age an index has sorted
        chosen += f" ORDER BY o.created_at DESC, o.id DESC LIMIT {MOST_SORTED}"
    if wanted.search:
        conditions.append("o.named ILIKE :like")
        values |= {"like": like(wanted.search)}
    if place := ask.place(1):
        before = f"SELECT {key}, o.id FROM draft_order o WHERE o.id = :after"  # noqa: S608  # from constants
        conditions.append(f"(o.key, o.id) {'<' if back else '>'} ({before})")
        values |= {"after": _order_id(*place)}
    page = f"""
        SELECT o.id, o.key FROM ({chosen}) o WHERE {" AND ".join(conditions)}
        ORDER BY o.key {way}, o.id {way} LIMIT :limit
    """  # noqa: S608  # from constants
    query = f"{only(page).select(OrderSummary)} ORDER BY page.key {way}, o.id {way}"
    rows = view.rows(OrderSummary, query, values | {"limit": ask.limit + 1})
    shown = rows[: ask.limit]
    return OrderPage(shown, ask.next_cursor(shown[-1].id) if len(rows) > ask.limit else None)


def totals(view: View, wanted: OrderFilter) -> Totals:
    """Return how many orders a list finds, and what they are worth."""
    found = found_orders(view, wanted, ["currency"])
    rows = view.mappings(_TOTALS.format(found=found.query, most=MOST_SUMMED), found.values)
    sums = [CurrencySum(currency=row["currency"], orders=row["orders"], amount=row["amount"]) for row in rows]
    return Totals(orders=sum(one.orders for one in sums), more=any(row["more"] for row in rows), sums=sums)


def _order_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise no_cursor() from None
