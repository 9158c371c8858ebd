"""Many orders at once: stored some at a time, each answered for by the number of its line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.domain.ids import new_id
from orderflow.domain.order_keys import OnDuplicate
from orderflow.domain.orders import DraftOrder, Missing
from orderflow.domain.states import OrderStatus
from orderflow.flow.order.accept import Arrival, accept_orders, revise_order
from orderflow.flow.ports import Actor, Store

AT_ONCE = 200
"""Orders in one transaction."""

LINES_AT_ONCE = 10_000
BYTES_AT_ONCE = 4 * 1024 * 1024
"""The same, of all orders of one transaction together, which are in memory at once; beyond these it has no more."""

MOST_REFUSED = 1_000
"""Lines."""

Numbered = tuple[int, DraftOrder | InputError]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one line: an order, or the reason why not; see `accept.Arrival`."""

    line: int
    id: UUID | None = None
    status: OrderStatus | None = None
    missing: list[Missing] = field(default_factory=list)
    error: OrderFlowError | None = None
    duplicate: bool = False
    revised: bool = False


def import_orders(
    store: Store,
    org_id: UUID,
    orders: Iterable[Numbered],
    actor: Actor,
    on_duplicate: OnDuplicate = OnDuplicate.REFUSE,
    most_refused: float = math.inf,
    import_id: UUID | None = None,
    taken: Callable[[], int] = lambda: 0,
) -> Iterator[Imported]:
    """Store orders as they come, `AT_ONCE` in a transaction; yields each line's result once that is committed.

    Once `most_refused` lines were refused, it ends with a line that says so: this is another kind of file.

    If the database goes away, the lines of that transaction are answered with the reason and were not stored.

    Args:
        on_duplicate: What to do with an order that is here already. One that is to be revised is, after the rest of
            its batch, in a transaction of its own.
        import_id: By which the orders that it brought in are found again; one is made if none is given.
        taken: Returns how many bytes the orders had that came up to now: fewer large ones are in a transaction.
    """
    import_id = import_id or new_id()
    waiting, refused = iter(orders), 0
    while batch := list(_batch(waiting, taken)):
        for _, order in batch:
            if isinstance(order, DraftOrder):
                order.import_id = import_id
        for result in _store(store, org_id, batch, actor, on_duplicate):
            yield result
            refused += result.error is not None
        if refused >= most_refused:
            yield Imported(result.line + 1, error=_too_many_refused(refused))
            return


def _batch(orders: Iterator[Numbered], taken: Callable[[], int]) -> Iterator[Numbered]:
    lines, begun = 0, taken()
    for number, order in islice(orders, AT_ONCE):
        yield number, order
        lines += len(order.lines) if isinstance(order, DraftOrder) else 0
        if lines >= LINES_AT_ONCE or taken() - begun >= BYTES_AT_ONCE:
            return


def _store(
    store: Store, org_id: UUID, batch: list[Numbered], actor: Actor, on_duplicate: OnDuplicate
) -> list[Imported]:
    good = [order for _, order in batch if isinstance(order, DraftOrder)]
    try:
        with store.work(org_id) as work:
            arrivals: list[Arrival | OrderFlowError] = [*accept_orders(work, good, actor, on_duplicate)]
    except OrderFlowError as failure:
        return [Imported(line, error=order if isinstance(order, InputError) else failure) for line, order in batch]
    if on_duplicate is OnDuplicate.REVISE:
        arrivals = [_revised(store, org_id, *one, actor) for one in zip(good, arrivals, strict=True)]
    arrived = iter(arrivals)
    return [
        Imported(line, error=order) if isinstance(order, InputError) else _result(line, next(arrived))
        for line, order in batch
    ]


def _revised(
    store: Store, org_id: UUID, order: DraftOrder, arrival: Arrival | OrderFlowError, actor: Actor
) -> Arrival | OrderFlowError:
    """Take an order that is here already once more, after all that the lines before it changed."""
    if isinstance(arrival, Arrival) and arrival.order is order:
        return arrival
    try:
        with store.work(org_id) as work:
            return revise_order(work, order, actor)
    except OrderFlowError as error:
        return error


def _too_many_refused(refused: int) -> InputError:
    return InputError(
        f"{refused} lines were refused, so the import ended here; what was accepted before is stored.",
        code="TOO_MANY_BAD_LINES",
        hint="Correct what is wrong with them, then bring in those and the rest of the file.",
    )


def _result(line: int, arrival: Arrival | OrderFlowError) -> Imported:
    if isinstance(arrival, OrderFlowError):
        return Imported(line, error=arrival)
    if arrival.error:
        return Imported(line, error=arrival.error)
    order = arrival.order
    return Imported(line, order.id, order.status, arrival.missing, duplicate=arrival.duplicate, revised=arrival.revised)
