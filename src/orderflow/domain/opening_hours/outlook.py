"""What opening hours mean for the next days: for people, who see a mistake there sooner than in the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from orderflow.domain.opening_hours.hours import OpeningHours

DAYS = 14
"""That are looked ahead, today among them."""


@dataclass(frozen=True, slots=True)
class OpenTime:
    """From one moment to another on one day, in the time zone of the hours."""

    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A day there.

    Attributes:
        closed_because: What closes it as a whole, a holiday by its name.
    """

    date: date
    closed_because: str | None
    open: list[OpenTime]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the hours mean from now on.

    Attributes:
        open_now: Whether it is open.
        changes_at: When that is no longer so; None: not within `HORIZON`.
    """

    open_now: bool
    changes_at: datetime | None
    days: list[Day]


def outlook(hours: OpeningHours, at: datetime) -> Outlook:
    """Return what the hours mean at a moment, and for the days from it on."""
    changes_at, today = next(hours.changes(at), None), at.astimezone(hours.zone).date()
    days = [_day(hours, today + timedelta(days=number)) for number in range(DAYS)]
    return Outlook(hours.is_open(at), changes_at and changes_at.astimezone(hours.zone), days)


def _day(hours: OpeningHours, day: date) -> Day:
    begins, ends = (_midnight(hours, one) for one in (day, day + timedelta(days=1)))
    moments = [begins, *hours.changes(begins, until=ends), ends]
    spans = [_there(hours, start, end) for start, end in pairwise(moments) if hours.is_open(start)]
    return Day(day, hours.closed_because(day), spans)


def _midnight(hours: OpeningHours, day: date) -> datetime:
    return datetime.combine(day, time(), hours.zone).astimezone(UTC)  # the same zone would be compared by its clocks


def _there(hours: OpeningHours, start: datetime, end: datetime) -> OpenTime:
    return OpenTime(start.astimezone(hours.zone), end.astimezone(hours.zone))
