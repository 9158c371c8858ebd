"""One step for many orders, some at a time in one transaction; an order that cannot take it stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from uuid import UUID

from orderflow.domain.errors import OrderFlowError
from orderflow.flow.ports import Store, Work

AT_ONCE = 200
"""Orders in one transaction."""

Outcome = tuple[UUID, OrderFlowError | None]


def each_in_bulk(
    store: Store,
    org_id: UUID,
    order_ids: Sequence[UUID],
    step: Callable[[Work, UUID], object],
    committed: Callable[[], None] = lambda: None,
) -> Iterator[Outcome]:
    """Yield each order and what kept it from the step, after its transaction was committed.

    Args:
        step: Must find out that it cannot be taken before it changes anything.
        committed: Called after each transaction.
    """
    waiting = iter(order_ids)
    while chunk := list(islice(waiting, AT_ONCE)):
        chunk.sort()  # everybody locks orders in the same order, so that nobody waits in a circle
        with store.work(org_id) as work:
            outcomes = [(order_id, _refusal(step, work, order_id)) for order_id in chunk]
        committed()
        yield from outcomes


def _refusal(step: Callable[[Work, UUID], object], work: Work, order_id: UUID) -> OrderFlowError | None:
    try:
        step(work, order_id)
    except OrderFlowError as error:
        return error
    return None
