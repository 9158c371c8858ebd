"""A list of orders as CSV, for spreadsheets: numbers in the reader's way, and nothing that is taken for a formula."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from orderflow.bootstrap import App
from orderflow.entrypoints.api.deps import Caller, app_of
from orderflow.entrypoints.api.languages import told_here
from orderflow.entrypoints.api.looking import seen_by
from orderflow.entrypoints.api.orders import Reader, Wanted
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.work import Shares, Work
from orderflow.entrypoints.csv_lines import csv_line
from orderflow.storage.views.order_lists import MOST_SORTED, OrderSort, sorted_orders
from orderflow.storage.views.orders import OrderFilter, OrderSummary
from orderflow.storage.views.view import Ask

COLUMNS = (
    "external_order_number",
    "status",
    "erp_customer_number",
    "customer_name",
    "amount",
    "currency",
    "order_date",
    "requested_delivery_date",
    "erp_order_id",
    "confirmation",
    "error_code",
    "error_message",
    "source",
    "attempts",
    "created_at",
    "updated_at",
    "id",
)
_CSV = {
    "content": {"text/csv": {"schema": {"type": "string"}}},
    "description": f"One order a line, in UTF-8 with a byte order mark: {', '.join(COLUMNS)}",
}
Comma = Annotated[
    Literal[".", ","],
    Query(
        description="The decimal sign; with a comma the columns are separated by semicolons, as spreadsheets do there"
    ),
]
SEPARATORS = {".": ",", ",": ";"}
"""Of columns, by the decimal sign."""

_AT_A_TIME = 2_000  # each time all that is found is sorted
MARK = "\ufeff"  # without it Excel takes UTF-8 for the code page of the machine
router = ApiRouter("/draft-orders", "Orders")


@router.get("/csv", response_class=StreamingResponse, responses={200: _CSV})
def download_orders(
    request: Request, caller: Reader, wanted: Wanted, decimal: Comma = ".", sort: OrderSort = OrderSort.NEWEST
) -> StreamingResponse:
    """Download what a list finds, at most its first 100,000 orders, as CSV."""
    lines = _lines(request, caller, wanted, sort, decimal)
    disposition = {"Content-Disposition": 'attachment; filename="orders.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=disposition)


async def _lines(
    request: Request, caller: Caller, wanted: OrderFilter, sort: OrderSort, decimal: str
) -> AsyncIterator[str]:
    """Yield the lines, some at a time; each time counts as a request of the organization's, however long it takes."""
    shares: Shares = request.app.state.workload.shares[Work.REQUEST]
    yield MARK + csv_line(COLUMNS, SEPARATORS[decimal])
    cursor: str | None = None
    left = MOST_SORTED
    while left > 0:
        async with shares.taken(caller.org_id):
            ask = Ask(_AT_A_TIME, cursor)
            lines, cursor = await run_in_threadpool(_page, app_of(request), caller, wanted, sort, ask, decimal)
        yield lines
        if cursor is None:
            return
        left -= _AT_A_TIME


def _page(
    app: App, caller: Caller, wanted: OrderFilter, sort: OrderSort, ask: Ask, decimal: str
) -> tuple[str, str | None]:
    """Return the next lines, and where those after them begin."""
    with app.store.work(caller.org_id) as work:
        page = sorted_orders(seen_by(caller, work), wanted, sort, ask)
    separator = SEPARATORS[decimal]
    return "".join(csv_line(_cells(order, decimal), separator) for order in page.items), page.next_cursor


def _cells(order: OrderSummary, decimal: str) -> tuple[object, ...]:
    error = order.error
    return (
        order.external_order_number,
        order.status,
        order.customer.erp_customer_number,
        order.customer.name,
        _number(order.amount, decimal),
        order.currency,
        order.order_date,
        order.requested_delivery_date,
        order.erp_order_id,
        order.confirmation,
        error and error.code,
        error and error.message and told_here(error.message),
        order.source,
        order.attempts,
        order.created_at.isoformat(timespec="seconds"),
        order.updated_at.isoformat(timespec="seconds"),
        order.id,
    )


def _number(value: Decimal | None, decimal: str) -> Decimal | str | None:
    """Return a number as the reader writes it, without zeros that say nothing."""
    if value is None:
        return None
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(2, "0")
    return f"{whole}{decimal}{fraction}"
