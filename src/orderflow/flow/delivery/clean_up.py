"""Temporary files of attempts that died are removed. What was noted as staged never is: renaming it may deliver it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from orderflow.domain.delivery import Leftover
from orderflow.domain.reach import within
from orderflow.domain.states import BreakerState
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.ports import Wiring

SAFE_AGE = 3600.0
"""Seconds by the target's own clock; far longer than any attempt takes."""

Abandoned = Callable[[UUID, UUID, Sequence[Leftover]], list[Leftover]]
"""Given organization, connection and leftovers: those of its exports that no lease holds and that are not staged."""


def clean_up(wiring: Wiring, abandoned: Abandoned, org_id: UUID, connection_id: UUID) -> int:
    """Remove what attempts over this connection left behind; returns how many files that were.

    Raises:
        ConnectorError: The target cannot be looked at.
    """
    to = open_target(wiring, org_id, connection_id)
    if to is None or not to.stages or to.target.breaker_state is not BreakerState.CLOSED:
        return 0
    with within(to.target.reach):
        old = [leftover for leftover in to.connector.leftovers(to.target.config) if leftover.age > SAFE_AGE]
        ours = abandoned(org_id, connection_id, old) if old else []
        if ours:
            to.connector.remove_leftovers(ours, to.target.config)
    return len(ours)
