"""Many orders at once: stored some at a time, each answered for by the number of its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.domain.orders import DraftOrder, missing_for_ready
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.ports import Actor, Store

AT_ONCE = 200
"""Orders in one transaction."""

Numbered = tuple[int, DraftOrder | InputError]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one line: an order, or the reason why not."""

    line: int
    id: UUID | None = None
    status: str | None = None
    missing: list[str] = field(default_factory=list)
    error: OrderFlowError | None = None


def import_orders(store: Store, org_id: UUID, orders: Iterable[Numbered], actor: Actor) -> Iterator[Imported]:
    """Store orders as they come, `AT_ONCE` in a transaction; yields each line's result once that is committed.

    If the database goes away, the lines of that transaction are answered with the reason and were not stored.
    """
    waiting = iter(orders)
    while batch := list(islice(waiting, AT_ONCE)):
        yield from _store(store, org_id, batch, actor)


def _store(store: Store, org_id: UUID, batch: list[Numbered], actor: Actor) -> list[Imported]:
    good = [order for _, order in batch if isinstance(order, DraftOrder)]
    failure: OrderFlowError | None = None
    try:
        with store.work(org_id) as work:
            accept_orders(work, good, actor)
    except OrderFlowError as error:
        failure = error
    return [_result(line, order, failure) for line, order in batch]


def _result(line: int, order: DraftOrder | InputError, failure: OrderFlowError | None) -> Imported:
    if isinstance(order, InputError):
        return Imported(line, error=order)
    if failure is not None:
        return Imported(line, error=failure)
    return Imported(line, order.id, order.status, missing_for_ready(order))
