"""Many orders by many rules: each goes exactly where an independent calculation says, and its decision is kept.

`make test-large` routes 10,000.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from orderflow.domain.bulk import BulkAction
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.domain.states import OrderStatus
from orderflow.flow.order.bulk import carry_out
from orderflow.flow.ports import BulkJob
from orderflow.flow.setup.routes import save_rules
from tests.integration.conftest import ACTOR, Installation

COUNTRIES = ["DE", "TR", "FR", "IT", "PL"]
RULES = 100


def ways(installation: Installation) -> list[UUID]:
    """Store twenty ACTIVE connections, ten of them of one type."""
    ids = [new_id() for _ in range(20)]
    for number, connection_id in enumerate(ids):
        kind = "MOCK" if number < 10 else f"TYPE_{number}"
        with installation.wiring.store.work(installation.org_id) as work:
            work.connections.add(connection_id, kind, {}, f"Way {number}")
            work.connections.enable(connection_id)
    return ids


def rule(number: int, way: UUID) -> dict[str, Any]:
    """Return a rule for one country, customers in a range, and every third one for large orders only."""
    parts: list[dict[str, Any]] = [
        {"field": "ship_to.country", "operator": "=", "value": COUNTRIES[number % 5].lower()},
        {"field": "customer.erp_customer_number", "operator": "between", "value": [_from(number), _from(number) + 99]},
    ]
    if number % 3 == 0:
        parts.append({"field": "totals.amount", "operator": ">=", "value": 500})
    return {"name": f"Rule {number}", "when": {"all": parts}, "connection_id": str(way)}


def _from(number: int) -> int:
    return 1000 + number * 10


def an_order(chance: random.Random, number: int) -> DraftOrder:
    return DraftOrder(
        status=OrderStatus.APPROVED,
        external_order_number=str(number),
        currency="EUR",
        customer=Customer(str(chance.randrange(900, 2200))),
        ship_to={"country": chance.choice(COUNTRIES)},
        lines=[DraftOrderLine(1, "A", Decimal(chance.randrange(1, 100)), "PCE", Decimal(10))],
    )


def expected(order: DraftOrder) -> int | None:
    """Return the number of the rule that takes the order, calculated without any of what routes it."""
    assert order.customer is not None
    assert order.ship_to is not None
    (line,), customer = order.lines, int(order.customer.erp_customer_number or 0)
    amount = (line.qty or 0) * 10
    for number in range(RULES):
        country = order.ship_to["country"] == ["DE", "TR", "FR", "IT", "PL"][number % 5]
        in_range = 1000 + number * 10 <= customer <= 1099 + number * 10
        if country and in_range and (number % 3 != 0 or amount >= 500):
            return number
    return None


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=[pytest.mark.large, pytest.mark.timeout(600)])])
def test_every_order_goes_exactly_where_the_rules_say(installation: Installation, count: int) -> None:
    store, org_id, chance = installation.wiring.store, installation.org_id, random.Random(7)
    connections = ways(installation)
    installation.do("UPDATE erp_connection SET is_default = false")
    rules = [rule(number, connections[number % 20]) for number in range(RULES)]
    version = save_rules(store, org_id, rules, ACTOR).version
    orders = [an_order(chance, number) for number in range(count)]
    with store.work(org_id) as work:
        work.orders.add_many(orders)
    job = BulkJob(new_id(), BulkAction.PUSH, ACTOR)
    assert carry_out(store, org_id, job, [one.id for one in orders]).reasons == {}
    rows = installation.rows("SELECT draft_order_id, connection_id, route, route_version FROM erp_export")
    routed = {row["draft_order_id"]: row for row in rows}
    waiting = {row["id"] for row in installation.rows("SELECT id FROM draft_order WHERE waits_for = 'NO_ROUTE'")}
    assert len(rows) == len(routed)
    assert routed.keys() | waiting == {one.id for one in orders}
    for one in orders:
        number = expected(one)
        if number is None:
            assert one.id in waiting
            continue
        row = routed[one.id]
        assert (row["connection_id"], row["route_version"]) == (connections[number % 20], version)
        assert row["route"]["number"] == number
        assert one.customer is not None
        assert row["route"]["facts"]["customer.erp_customer_number"] == one.customer.erp_customer_number
    used = Counter(row["connection_id"] for row in rows)
    assert len(used) == 20, "every connection gets some"
    assert waiting
