"""Orders as values for Tryton."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderflow.connectors.catalog import Named
from orderflow.connectors.tryton.sales import sale_values
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import DraftOrder, DraftOrderLine

NAMED = Named(customer=1, currency=2, lines=[(3, 4)])


def quantity_in_tryton(quantity: str) -> float:
    order = DraftOrder(lines=[DraftOrderLine(1, "SKU", Decimal(quantity), "KGM", Decimal(1))])
    ((_, (line,)),) = sale_values(order, NAMED, "ours")["lines"]
    return float(line["quantity"])


@pytest.mark.parametrize("quantity", ["1", "0.001", "36.375", "2.500", "1000000", "123456789012.345"])
def test_a_quantity_arrives_exactly(quantity: str) -> None:
    assert Decimal(repr(quantity_in_tryton(quantity))) == Decimal(quantity)


def test_a_quantity_with_more_digits_than_tryton_keeps_is_refused_and_not_rounded() -> None:
    with pytest.raises(RejectedError, match=r"123456789012345\.67 for the quantity 123456789012345\.678 of line 1"):
        quantity_in_tryton("123456789012345.678")
