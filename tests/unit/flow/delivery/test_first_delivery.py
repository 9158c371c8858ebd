"""The first delivery with a connection's present configuration proves it, in the transaction that settles it."""

from __future__ import annotations

import pytest

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import RejectedError
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.settle import settle


def test_a_delivery_is_noted_and_ends_what_a_test_said(house):
    house.change_connection(house.to_api, test_error={"code": "REFUSED"})
    house.pushed()
    batch = claim(house.wiring, house.open(), 1)
    batch.attempts[0].outcome = ExportResult(success=True)
    settle(house.wiring, batch)
    assert (house.connection().delivered_at, house.connection().test_error) == (house.clock.now(), None)
    assert house.open().target.proven


@pytest.mark.parametrize("doubt", ["refused", "lease lost", "edited since"])
def test_nothing_else_is_a_proof(house, doubt):
    order = house.pushed()
    batch = claim(house.wiring, house.open(), 1)
    batch.attempts[0].outcome = RejectedError("no") if doubt == "refused" else ExportResult(success=True)
    if doubt == "lease lost":
        house.change_export(order, lease_token=None)
    if doubt == "edited since":
        house.change_connection(house.to_api, version=house.connection().version + 1)
    settle(house.wiring, batch)
    assert house.connection().delivered_at is None
