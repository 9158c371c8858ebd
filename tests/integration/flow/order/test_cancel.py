"""Cancellations while others change what is here, on a real database."""

from __future__ import annotations

from typing import Any

import pytest

from orderflow.domain.order_keys import OnDuplicate
from orderflow.domain.orders import Customer, DraftOrder
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import reject_order
from orderflow.flow.order.cancel import cancel_before
from orderflow.storage.fast.statements import run as usual
from orderflow.storage.work import order_keys
from tests.integration.conftest import ACTOR, Installation, an_order

KNOWN_BY: dict[str, Any] = {"external_order_number": "PO-1", "source": "shop", "customer": Customer("4711")}


def comes(installation: Installation) -> DraftOrder:
    order = an_order()
    for name, value in KNOWN_BY.items():
        setattr(order, name, value)
    with installation.wiring.store.work(installation.org_id) as work:
        return accept_orders(work, [order], ACTOR, OnDuplicate.REFUSE)[0].order


def test_a_cancellation_is_kept_where_the_order_that_was_here_goes_at_that_moment(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = comes(installation)

    def run(connection: Any, query: str, values: Any = None) -> Any:
        result = usual(connection, query, values)
        if query is order_keys._CANCEL:
            monkeypatch.undo()
            with installation.wiring.store.work(installation.org_id) as work:
                reject_order(work, here.id, ACTOR)
        return result

    monkeypatch.setattr(order_keys, "run", run)
    with installation.wiring.store.work(installation.org_id) as work:
        cancel_before(work, DraftOrder(**KNOWN_BY), "by telephone", ACTOR)
    order = comes(installation)
    with installation.wiring.store.work(installation.org_id) as work:
        assert [hold.reason for hold in work.holds.of(order.id)] == ["Cancelled before it came: by telephone"]
