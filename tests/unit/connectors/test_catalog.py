"""Customers, products, units and currencies are found by their numbers or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.catalog import Catalog, by, numbers_in
from orderflow.connectors.unit_codes import common_unit
from orderflow.domain.errors import RejectedError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine

CATALOG = Catalog("ERP", "code", {"4711": [1]}, {"INT-999": [2]}, {"u": [3], "kg": [4]}, {"EUR": [5]}, {"piece": "u"})


def an_order(**line: Any) -> DraftOrder:
    values: dict[str, Any] = {
        "internal_sku": "INT-999",
        "qty": Decimal(1),
        "uom": "PCE",
        "unit_price": Decimal(1),
    } | line
    return DraftOrder(currency="EUR", customer=Customer("4711"), lines=[DraftOrderLine(1, **(values | line))])


def test_what_is_there_is_named_by_its_ids() -> None:
    named = CATALOG.named_in(an_order())
    assert (named.customer, named.currency, named.lines) == (1, 5, [(2, 3)])
    assert CATALOG.named_in(an_order(uom="KGM")).lines == [(2, 4)]


def test_all_that_is_missing_is_named_at_once() -> None:
    order = an_order(internal_sku="X-1", uom="CTN")
    order.customer, order.currency = Customer("nobody"), "CHF"
    with pytest.raises(RejectedError) as raised:
        CATALOG.named_in(order)
    for name in ("nobody", "CHF", "X-1", "CTN"):
        assert name in raised.value.message


def test_two_customers_with_one_number_are_an_ambiguity_and_no_choice() -> None:
    with pytest.raises(RejectedError, match=r"more than one customer with the code '4711' \(2\)"):
        replace(CATALOG, customers={"4711": [1, 8]}).named_in(an_order())


def test_a_line_without_a_price_is_refused() -> None:
    with pytest.raises(RejectedError, match="no unit price in line 1"):
        CATALOG.named_in(an_order(unit_price=None))


def test_the_connections_own_unit_names_go_before() -> None:
    own = replace(CATALOG, unit_names={"piece": "u", "PCE": "kg"})
    assert own.named_in(an_order()).lines == [(2, 4)]


def test_codes_of_recommendation_20_and_of_trade_mean_the_same() -> None:
    assert {common_unit(code) for code in ("C62", "h87", "PCE", "EA", "Stk")} == {"piece"}
    assert common_unit("CTN") == "CTN"


def test_numbers_are_asked_for_once_and_rows_are_grouped_by_name() -> None:
    assert numbers_in([an_order(), an_order()]) == (["4711"], ["INT-999"], ["EUR"])
    assert by([{"code": "a", "id": 1}, {"code": "a", "id": 2}, {"code": "a", "id": 2}], "code") == {"a": [1, 2]}
