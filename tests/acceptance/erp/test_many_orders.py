"""Many orders in a real ERP: equal on both sides, and as many also after a kill -9 and with two workers."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import pytest

from orderflow.domain.orders import DraftOrder, DraftOrderLine
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400, func_only=True),
    pytest.mark.parametrize("orders", [25, pytest.param(100, marks=pytest.mark.large)], indirect=True),
]


def assert_equal_on_both_sides(erp, shop, orders: list[DraftOrder]) -> None:
    references = shop.references()
    sold = erp.sold(references)
    assert len(references) == len(sold) == len(orders)
    assert {len(entries) for entries in sold.values()} == {1}, "an order came twice"
    by_order = {str(order.id): order for order in orders}
    for reference, (entry,) in sold.items():
        order = by_order[reference.split("_")[2]]
        assert order.customer
        assert entry.customer == order.customer.erp_customer_number
        assert entry.order_number == order.external_order_number
        assert entry.currency == order.currency
        assert entry.lines == [(line.internal_sku, line.qty, line.unit_price) for line in order.lines]
    ordered = sum((amount(line) for order in orders for line in order.lines), Decimal(0))
    assert erp.untaxed(references) == ordered.quantize(Decimal("0.01"))


def amount(line: DraftOrderLine) -> Decimal:
    assert line.qty is not None
    assert line.unit_price is not None
    return line.qty * line.unit_price


def test_they_are_equal_on_both_sides_and_confirmed_when_the_erp_confirms(erp, shop, orders) -> None:
    shop.work()
    shop.push(orders)
    shop.wait_for("PUSHED", len(orders))
    assert_equal_on_both_sides(erp, shop, orders)
    first, second = shop.references()[:2]
    erp.decide(first, "confirm")
    erp.decide(second, "cancel")
    shop.wait_for("CONFIRMED", 1)
    shop.wait_for("ERROR", 1)
    ((number, error),) = shop.rows(
        "SELECT a.erp_order_id, f.error_json->>'message' FROM erp_export a, erp_export f "
        "WHERE a.status = 'ACKED' AND f.status = 'FAILED'"
    )
    assert number
    assert "cancelled" in error


def test_they_are_as_many_after_a_kill_of_the_worker(erp, shop, orders) -> None:
    shop.work()
    shop.push(orders)
    wait_until(lambda: len(erp.sold(shop.references())) > len(orders) // 5)
    shop.kill_workers()
    in_the_middle = len(erp.sold(shop.references()))
    assert in_the_middle < len(orders), "killed too late to show anything"
    shop.work()
    shop.wait_for("PUSHED", len(orders))
    assert_equal_on_both_sides(erp, shop, orders)


def test_they_are_as_many_with_two_workers(erp, shop, orders) -> None:
    shop.work(2)
    shop.push(orders)
    shop.wait_for("PUSHED", len(orders))
    assert_equal_on_both_sides(erp, shop, orders)


@pytest.mark.large
def test_they_all_arrive_though_the_erp_is_killed_and_started_again(erp, shop, orders) -> None:
    shop.work()
    shop.push(orders)
    wait_until(lambda: len(erp.sold(shop.references())) > 5)
    erp.server.process.kill()
    time.sleep(1)
    erp.server.process.start()
    shop.wait_for("PUSHED", len(orders))
    assert_equal_on_both_sides(erp, shop, orders)


@pytest.mark.large
def test_changes_and_recalls_are_made_once_each_though_workers_are_killed(erp, shop, orders) -> None:
    shop.work()
    shop.push(orders)
    shop.wait_for("PUSHED", len(orders))
    for order in orders:
        first, *others = order.lines
        order.lines = [replace(first, qty=first.qty + 1), *others] if first.qty else order.lines
        shop.change(order)
    changes = lambda: [name for name in shop.references() if name.startswith("change_")]  # noqa: E731  # asked again and again
    wait_until(lambda: len(erp.sold(changes())) > len(orders) // 5)
    shop.kill_workers()
    shop.work(2)
    shop.wait_for("PUSHED", len(orders))
    sold = erp.sold(shop.references())
    assert set(sold) == set(changes()), "what was changed goes by its change's name, and nothing was made anew"
    by_order = {str(order.id): order for order in orders}
    for name, (entry,) in sold.items():
        lines = by_order[name.split("_")[1]].lines
        assert sorted(entry.lines) == sorted((line.internal_sku, line.qty, line.unit_price) for line in lines)
    ordered = sum((amount(line) for order in orders for line in order.lines), Decimal(0))
    assert erp.untaxed(list(sold)) == ordered.quantize(Decimal("0.01"))
    shop.recall(orders)
    wait_until(lambda: shop.states()["RECALLED"] > len(orders) // 5)
    shop.kill_workers()
    shop.work(2)
    shop.wait_for("RECALLED", len(orders))
    assert erp.states(list(sold)) == {"cancel"}
