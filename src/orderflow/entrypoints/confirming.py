"""Many orders that a person confirms by hand: each by its own number, and the one that it has in the ERP."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.flow.order.confirm import confirm_order
from orderflow.flow.ports import Actor
from orderflow.storage.store import SqlStore
from orderflow.storage.views.problem import Problem
from orderflow.storage.views.references import order_ids


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What became of one of them.

    Attributes:
        order: As it was named, by its id or its own number.
        error: Why it was not confirmed; None: it was.
    """

    order: str
    erp_order_id: str
    order_id: UUID | None
    error: Problem | None


def read_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the first two columns of CSV that comma, semicolon or tab separates.

    Raises:
        InputError: A line has one column alone.
    """
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(";\t,", key=first.count)
    for number, row in enumerate(csv.reader(text.splitlines(), delimiter=delimiter), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) < 2:
            raise InputError(f"Line {number} has no second column.", hint="Give the order, and its number there.")
        yield cells[0], cells[1]


def confirm_each(store: SqlStore, org_id: UUID, named: Iterable[tuple[str, str]], actor: Actor) -> Iterator[Confirmed]:
    """Confirm orders one by one, each in a transaction of its own; one that is refused keeps no other from it.

    Args:
        named: Each order, and its number in the ERP.
    """
    for order, erp_order_id in named:
        order_id = None
        try:
            if not erp_order_id:
                raise InputError("It has no number of the ERP.", hint="Give the number that it has there.")
            with store.work(org_id) as work:
                (order_id,) = order_ids(work.view, [order])
                confirm_order(work, order_id, erp_order_id, actor)
        except OrderFlowError as error:
            told = Problem(code=error.code, message=error.message, hint=error.hint)
            yield Confirmed(order, erp_order_id, order_id, told)
        else:
            yield Confirmed(order, erp_order_id, order_id, None)
