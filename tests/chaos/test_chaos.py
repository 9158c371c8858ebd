"""The short form of `make chaos`: every order arrives once while processes die and lines break."""

from __future__ import annotations

import pytest

from tests.processes import told_by

ORDERS, SECONDS = 300, 25


@pytest.mark.slow
def test_no_order_is_lost_or_doubled_whatever_breaks() -> None:
    wanted = ["--orders", str(ORDERS), "--faults", "12", "--seconds", str(SECONDS)]
    books = told_by("tests.chaos", *wanted, seconds=110)
    assert books["orders"] >= ORDERS
    assert books["faults"] >= 1
    assert (books["lost"], books["doubled"], books["unaccounted"]) == (0, 0, 0)
