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
from orderflow.storage.work.tallies import FIRST_COUNTED, Period, counts_of, seconds_of

FRESH = timedelta(minutes=15)
"""What was counted longer ago is no answer: then nobody counts, and the deliveries are counted when it is asked."""

SHARES = "ARRAY[0.5, 0.95]::float8[]"
"""SQL for which percentiles are told, as `Percentiles` has them."""

_SEEN = text("SELECT seen_at FROM delivery_tally_state WHERE org_id = :org_id AND seen_at > now() - :fresh")
# A former release counts without them.
_FIRST = text("""
    SELECT first_customers -> :period FROM delivery_tally_state WHERE org_id = :org_id AND ranked_at = seen_at
""")
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


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted of one period.

    Attributes:
        hours: Of each count.
        since: When the first of them begins.
    """

    view: View
    period: Period
    hours: int
    since: datetime

    @classmethod
    def of(cls, view: View, period: Period, now: datetime) -> Counts:
        """Return those of the period that ends now."""
        return cls(view, period, *counts_of(period, now))

    def rows(self, query: str, by: str, **more: Any) -> list[Mapping[Any, Any]]:
        """Return the rows of a query about counts of one kind, as `COUNTED` has them."""
        return self.view.mappings(query, {"by": by, "hours": self.hours, "since": self.since, **more})

    def first(self, by: str) -> list[str]:
        """Return the keys of which there are most, most first; kept ones may be of the hour or day before."""
        kept: list[str] | None = None
        if by == "customer":
            asked = {"org_id": self.view.org_id, "period": self.period}
            kept = self.view.connection.execute(_FIRST, asked).scalar()
        return [row["key"] for row in self.rows(FIRST_COUNTED, by)] if kept is None else kept
