"""Orders of many kinds, for tests that read documents back by programs of others.

`ORDERFLOW_TEST_ORDERS=FILE` names orders of one's own (JSON Lines). Otherwise they are Northwind's if those lie beside
this project, and the demo's if not.
"""

from __future__ import annotations

import os
from importlib import resources
from itertools import islice
from pathlib import Path

from orderflow.domain.orders import DraftOrder
from orderflow.flow.order.reading_files import read_orders

_OWN = os.environ.get("ORDERFLOW_TEST_ORDERS")  # read before the tests clean the environment
NORTHWIND = Path(__file__).parents[2] / "shared" / "data" / "northwind_orders.jsonl"
DEMO = resources.files("orderflow.entrypoints.demo").joinpath("sample_orders.jsonl")


def many_orders(most: int | None = None) -> list[DraftOrder]:
    """Return the first of them, or all."""
    file = Path(_OWN) if _OWN else NORTHWIND if NORTHWIND.exists() else DEMO
    with file.open("rb") as source:
        found = [order for _, order in islice(read_orders(source), most)]
    for order in found:
        assert isinstance(order, DraftOrder)
        order.org_slug = "acme"
    return found  # type: ignore[return-value]  # none of them is an error
