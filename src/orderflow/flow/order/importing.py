"""Many orders at once: stored some at a time, each answered for by the number of its line."""

from __future__ import annotations

import math
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

MOST_REFUSED = 1_000
"""Lines."""

Numbered = tuple[int, DraftOrder | InputError]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one line: an order, or the reason why not."""

    line: int
    id: UUID | None = None
    status: str | None = None
    missing: list[str] = field(default_factory=list)
    error: OrderFlowError | None = None


def import_orders(
    store: Store, org_id: UUID, orders: Iterable[Numbered], actor: Actor, most_refused: float = math.inf
) -> Iterator[Imported]:
    """Store orders as they come, `AT_ONCE` in a transaction; yields each line's result once that is committed.

    Once `most_refused` lines were refused, it ends with a line that says so: this is another kind of file.

    If the database goes away, the lines of that transaction are answered with the reason and were not stored.
    """
    waiting, refused = iter(orders), 0
    while batch := list(islice(waiting, AT_ONCE)):
        for result in _store(store, org_id, batch, actor):
            yield result
            refused += result.error is not None
        if refused >= most_refused:
            yield Imported(result.line + 1, error=_too_many_refused(refused))
            return


def _store(store: Store, org_id: UUID, batch: list[Numbered], actor: Actor) -> list[Imported]:
    good = [order for _, order in batch if isinstance(order, DraftOrder)]
    failure: OrderFlowError | None = None
    try:
        with store.work(org_id) as work:
            accept_orders(work, good, actor)
    except OrderFlowError as error:
        failure = error
    return [_result(line, order, failure) for line, order in batch]


def _too_many_refused(refused: int) -> InputError:
    return InputError(
        f"{refused} lines were refused, so the import ended here; what was accepted before is stored.",
        code="TOO_MANY_BAD_LINES",
        hint="Correct what is wrong with them, then bring in those and the rest of the file.",
    )


def _result(line: int, order: DraftOrder | InputError, failure: OrderFlowError | None) -> Imported:
    if isinstance(order, InputError):
        return Imported(line, error=order)
    if failure is not None:
        return Imported(line, error=failure)
    return Imported(line, order.id, order.status, missing_for_ready(order))
