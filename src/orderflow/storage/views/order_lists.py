"""Lists of orders in another order than by age, what they sum up to, and which orders stand beside one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.storage.records import columns
from orderflow.storage.tables.models import DraftOrderRow
from orderflow.storage.views.conditions import like
from orderflow.storage.views.confirmations import Number
from orderflow.storage.views.orders import NAMES, OrderFilter, OrderPage, OrderSummary, find_orders, found_orders
from orderflow.storage.views.view import Ask, Table, View, no_cursor, select_list

MOST_SORTED = 100_000
"""Orders that a list sorts: the newest of those that its filters find."""

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


_TOTALS = """
    SELECT o.currency, count(*) AS orders, COALESCE(sum(w.amount), 0) AS amount
    FROM (SELECT id FROM ({found}) all_found ORDER BY place DESC, id DESC LIMIT {most}) f
    JOIN draft_order o ON o.id = f.id
    CROSS JOIN LATERAL (
        SELECT sum(l.qty * l.unit_price) AS amount FROM draft_order_line l WHERE l.draft_order_id = o.id) w
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
    newest = f"SELECT {columns(DraftOrderRow, 'o')} FROM draft_order o {where} ORDER BY o.created_at DESC, o.id DESC"  # noqa: S608  # from constants
    inner = f"({newest} LIMIT {MOST_SORTED}) o"
    conditions = ["true"]
    if wanted.search:
        conditions.append(f"concat_ws(' ', {NAMES}) ILIKE :like")
        values |= {"like": like(wanted.search)}
    if place := ask.place(1):
        before = f"SELECT {key}, o.id FROM draft_order o WHERE o.id = :after"  # noqa: S608  # from constants
        conditions.append(f"({key}, o.id) {'<' if back else '>'} ({before})")
        values |= {"after": _order_id(*place)}
    query = f"""
        SELECT {select_list(OrderSummary, "o")} FROM {inner} WHERE {" AND ".join(conditions)}
        ORDER BY {key} {way}, o.id {way} LIMIT :limit
    """  # noqa: S608  # from constants
    rows = view.rows(OrderSummary, query, values | {"limit": ask.limit + 1})
    shown = rows[: ask.limit]
    return OrderPage(shown, ask.next_cursor(shown[-1].id) if len(rows) > ask.limit else None)


def totals(view: View, wanted: OrderFilter) -> Totals:
    """Return how many orders a list finds, and what they are worth."""
    found = found_orders(view, wanted)
    limited = f"SELECT id, place FROM ({found.query}) narrowed ORDER BY place DESC, id DESC LIMIT {MOST_SUMMED + 1}"  # noqa: S608  # from constants
    count = f"SELECT count(*) FROM ({limited}) counted"  # noqa: S608  # likewise
    orders = int(view.connection.execute(text(count), found.values).scalar_one())
    sums = view.rows(CurrencySum, _TOTALS.format(found=limited, most=MOST_SUMMED), found.values)
    return Totals(orders=min(orders, MOST_SUMMED), more=orders > MOST_SUMMED, sums=sums)


def _order_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise no_cursor() from None
