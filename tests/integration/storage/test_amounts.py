"""What an order is worth follows from its lines as they are kept."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orderflow.domain.orders import DraftOrderLine
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import edit_order
from orderflow.flow.ports import Actor
from orderflow.storage.tables.models.orders import PRICE_DECIMALS, QTY_DECIMALS
from tests.integration.conftest import an_order

ACTOR = Actor("test")


def kept(installation: Any, order_id: Any) -> tuple[Decimal | None, Decimal]:
    """Return the amount that was kept, and that of the lines as they are kept."""
    row = installation.rows(
        "SELECT o.amount, sum(l.qty * l.unit_price) AS counted FROM draft_order o"
        " JOIN draft_order_line l ON l.draft_order_id = o.id WHERE o.id = :id GROUP BY o.id, o.amount",
        id=order_id,
    )[0]
    return row["amount"], row["counted"]


@pytest.mark.parametrize(("qty", "price"), [("0.0005", "3.00"), ("2", "0.00005"), ("1E-7", "1")])
def test_no_amount_is_kept_where_a_line_is_rounded_as_it_is_kept(installation: Any, qty: str, price: str) -> None:
    order = an_order()
    exact = order.lines[0]
    rounded = DraftOrderLine(2, "INT-1", Decimal(qty), "M", Decimal(price))
    order.lines = [exact, rounded]
    with installation.wiring.store.work(installation.org_id) as work:
        accept_orders(work, [order], ACTOR)
    amount, counted = kept(installation, order.id)
    assert amount is None
    order.lines = [exact]
    with installation.wiring.store.work(installation.org_id) as work:
        edit_order(work, order, ACTOR)
    amount, counted = kept(installation, order.id)
    assert amount == counted == Decimal("12.30")
    order.lines = [exact, rounded]
    with installation.wiring.store.work(installation.org_id) as work:
        edit_order(work, order, ACTOR)
    assert kept(installation, order.id)[0] is None


def test_what_the_columns_keep_whole_is_kept(installation: Any) -> None:
    order = an_order()
    qty, price = Decimal(1).scaleb(-QTY_DECIMALS), Decimal(1).scaleb(-PRICE_DECIMALS)
    order.lines = [DraftOrderLine(1, "INT-1", qty, "M", price), DraftOrderLine(2, "INT-1", Decimal("1E+3"), "M", price)]
    with installation.wiring.store.work(installation.org_id) as work:
        accept_orders(work, [order], ACTOR)
    amount, counted = kept(installation, order.id)
    assert amount == counted == Decimal("0.1000001")
