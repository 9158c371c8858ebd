"""Temporary files of dead attempts: known by their names, and as old as the server says, whatever our clock says."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest


@pytest.mark.parametrize("apart", [-3_600, 0, 3_600])
def test_age_is_by_the_servers_clock(connector, store, config, apart):
    store.clock = time.time() + apart
    for name in (f"sales_order_1.json.{uuid4()}.tmp", "sales_order_2.json", "report.tmp"):
        store.put(f"/out/{name}", b"x")
    store.clock += 120
    (leftover,) = connector.leftovers(config)
    assert (leftover.reference, round(leftover.age)) == ("sales_order_1.json", 120)


def test_a_look_at_the_clock_that_was_killed_leaves_nothing_for_long(connector, store, config):
    old, new = (f"orderflow_clock_{uuid4().hex}.tmp" for _ in range(2))
    store.put(f"/out/{old}", b"")
    store.clock += 3_700
    store.put(f"/out/{new}", b"")
    assert list(connector.leftovers(config)) == []
    assert store.names("/out") == [new]
