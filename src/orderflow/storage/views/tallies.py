"""What was counted of an organization's deliveries beforehand (`work.tallies`), where it has very many of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from pydantic import Field
from sqlalchemy import text

from orderflow.storage.views.view import View
from orderflow.storage.work.tallies import DAY, HOUR, seconds_of

FRESH = timedelta(minutes=15)
"""What was counted longer ago is no answer: then nobody counts, and the deliveries are counted when it is asked."""

COUNTED = "FROM delivery_tally WHERE org_id = :org_id AND counted_by = :by AND hours = :hours AND at >= :since"
"""SQL for the counts of one kind: what `tallies` asks for."""

SHARES = "ARRAY[0.5, 0.95]::float8[]"
"""SQL for which percentiles are told, as `Percentiles` has them."""

_SEEN = text("SELECT seen_at FROM delivery_tally_state WHERE org_id = :org_id AND seen_at > now() - :fresh")
CountedAt = Annotated[
    datetime | None,
    Field(
        description="Of an organization with very many deliveries: when they were counted. Times are then within 5 %, "
        "and the period begins with its first hour, or day. null: they were counted now, one by one"
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Half and nineteen in twenty were at most this; null: there was none."""

    p50: float | None
    p95: float | None

    @classmethod
    def of(cls, found: Sequence[float] | None) -> Percentiles:
        """Return what was found for `SHARES`; None: nothing."""
        p50, p95 = found or (None, None)
        return cls(p50=p50, p95=p95)


Steps = dict[int, int]
"""How many deliveries took how long, in the steps of `work.tallies`."""

TIMES = "sent_in::text AS sent_in, answered_in::text AS answered_in"
"""SQL for what `times_of` reads of a count."""

_steps = msgspec.json.Decoder(Steps)
_NONE = Percentiles.of(None)


def success_rate(went: Mapping[Any, Any]) -> float | None:
    """Return what was delivered of what has ended, from 0 to 1; None: nothing has."""
    ended = went["delivered"] + went["failed"]
    return went["delivered"] / ended if ended else None


def counted_at(view: View) -> datetime | None:
    """Return when the deliveries of the organization were last counted beforehand; None: they are not."""
    found: datetime | None = view.connection.execute(_SEEN, {"org_id": view.org_id, "fresh": FRESH}).scalar()
    return found


def hours_of(span: timedelta) -> int:
    """Return the hours of each count that a period is put together from."""
    return DAY if span > timedelta(days=8) else HOUR


def begun(moment: datetime, hours: int) -> datetime:
    """Return when the hour or day began in which a moment is."""
    start = moment.replace(minute=0, second=0, microsecond=0)
    return start if hours == HOUR else start.replace(hour=0)


def times_of(row: Mapping[Any, Any]) -> tuple[Steps, Steps]:
    """Return until the delivery, and until the confirmation, how many deliveries took how long; of one count."""
    return _steps.decode(row["sent_in"]), _steps.decode(row["answered_in"])


def add(steps: Steps, more: Mapping[int, int]) -> None:
    """Add what was counted to what was counted before."""
    for step, times in more.items():
        steps[step] = steps.get(step, 0) + times


def percentiles(steps: Mapping[int, int]) -> Percentiles:
    """Return the percentiles of times that were counted in steps."""
    if not steps:
        return _NONE
    if len(steps) == 1:  # as most have: a customer's of one day
        return _of_one(*steps)
    ranked, total = sorted(steps.items()), sum(steps.values())
    return Percentiles(p50=_at(ranked, total * 0.5), p95=_at(ranked, total * 0.95))


@lru_cache(maxsize=1_000)
def _of_one(step: int) -> Percentiles:
    return Percentiles(p50=seconds_of(step), p95=seconds_of(step))


def _at(ranked: Iterable[tuple[int, int]], left: float) -> float | None:
    for step, times in ranked:
        left -= times
        if left <= 0:
            return seconds_of(step)
    return None


def tallies(view: View, query: str, by: str, since: datetime, hours: int, **more: Any) -> list[Mapping[Any, Any]]:
    """Return the rows of a query about counts of one kind, which names `:by`, `:hours` and `:since`."""
    return view.mappings(query, {"by": by, "hours": hours, "since": since, **more})
