"""One turn of a worker for one connection: claim, deliver, settle."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from orderflow.domain.reach import within
from orderflow.domain.states import BreakerState, ConnectionStatus
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.settle import settle
from orderflow.flow.ports import Batch, Target, Wiring


def push_batch(wiring: Wiring, org_id: UUID, connection_id: UUID, more: Callable[[], object] = lambda: None) -> int:
    """Deliver one batch of what is due; returns how many exports it took, 0 when nothing is left.

    Args:
        more: Called as soon as a full batch is taken, so that another worker takes the next meanwhile.

    Raises:
        ObjectStoreError: The document store is away; what is due waits for it.
    """
    to = open_target(wiring, org_id, connection_id)
    if to is None or not _delivers(to.target):
        return 0
    batch = claim(wiring, to, wiring.batch_size)
    if len(batch.attempts) == wiring.batch_size:
        more()
    run(wiring, batch)
    return len(batch.attempts)


def run(wiring: Wiring, batch: Batch) -> None:
    """Deliver and settle a claimed batch while its lease is kept alive."""
    if not batch.attempts:
        return
    with wiring.keeper.keep(batch.to.target.org_id, batch.lease), within(batch.to.target.reach):
        deliver(wiring, batch)
        settle(wiring, batch)


def _delivers(target: Target) -> bool:
    held_up = target.paused or target.rests_for is not None or target.closed
    return target.status is ConnectionStatus.ACTIVE and target.breaker_state is BreakerState.CLOSED and not held_up
