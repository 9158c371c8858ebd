"""A target that is busy rests: for how long, by what it said."""

from __future__ import annotations

from orderflow.domain.errors import BusyError, UnavailableError
from orderflow.domain.retry import LONGEST_WAIT

SHORTEST_REST, USUAL_REST, LONGEST_REST = 1.0, 30.0, 3600.0
"""Seconds."""


def rest_of(outcome: object) -> float | None:
    """Return the seconds for which a connection rests after `outcome`, from 1 to 3600; None: it does not.

    It rests where the error says so, where the target is busy, where it is away and said until when, and where it asked
    for a longer wait than a single order has.
    """
    said = getattr(outcome, "rests_for", None)
    asked = getattr(outcome, "retry_after", None)
    if said is None and isinstance(outcome, UnavailableError):
        said = asked or (USUAL_REST if isinstance(outcome, BusyError) else None)
    if said is None and asked is not None and asked > LONGEST_WAIT:
        said = asked
    if said is None:
        return None
    return min(said, LONGEST_REST) if said > SHORTEST_REST else SHORTEST_REST
