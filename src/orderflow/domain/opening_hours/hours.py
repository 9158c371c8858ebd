"""When it is open, when it opens next, and when it closes.

It is open while the clock on the wall there shows a time within a span of the day, or of the day before that passes
midnight. So a span in the hour that spring leaves out opens as late as the clock allows, and one in the hour that comes
twice in autumn is open twice. Nothing is open on a closed day: a span that passes midnight ends where a closed day
begins, and one that began on a closed day does not take place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orderflow.domain.opening_hours.public_holidays import Region, holidays_of

DAY = 24 * 60
"""Minutes."""

HORIZON = timedelta(days=400)
"""How far ahead is looked for an opening, and for a closing: a year and what may surround its last days."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A part of a day, in minutes since its midnight by the clock on the wall.

    Attributes:
        start: From 0 to 1439.
        end: From `start` + 1 to 2880, the end of the next day; not in it any more.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which it is open.

    Attributes:
        opens_at: When it is open next; None: it is open now.
        closes_at: When that ends; None: not within `HORIZON`.
    """

    opens_at: datetime | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A calendar: weekly hours in a time zone, less holidays and closed days.

    Attributes:
        weekly: Seven days, Monday first.
        region: Whose public holidays close it; None: nobody's.
        closed_days: What closes it besides.
    """

    zone: ZoneInfo
    weekly: tuple[tuple[Span, ...], ...]
    region: Region | None = None
    closed_days: frozenset[date] = frozenset()

    def is_open(self, at: datetime) -> bool:
        """Return whether it is open at a moment."""
        there = at.astimezone(self.zone)
        day, minute = there.date(), there.hour * 60 + there.minute
        if self.closed_because(day) is not None:
            return False
        if _within(self.weekly[day.weekday()], minute):
            return True
        before = day - _DAY
        return _within(self.weekly[before.weekday()], minute + DAY) and self.closed_because(before) is None

    def closed_because(self, day: date) -> str | None:
        """Return what closes a whole day, a holiday by its name; None: nothing does."""
        if day in self.closed_days:
            return "closed day"
        return holidays_of(self.region, day.year).get(day) if self.region is not None else None

    def period(self, at: datetime) -> Period:
        """Return the time in which it is open now, or next; `at + HORIZON`, and no time, if that is not before then."""
        if self.is_open(at):
            return Period(None, next(self.changes(at), None))
        opens_at = next(self.changes(at), at + HORIZON)
        return Period(opens_at, next(self.changes(opens_at), None) if self.is_open(opens_at) else opens_at)

    def open_times(self, since: datetime, until: datetime | None) -> list[tuple[datetime, datetime | None]]:
        """Return from when to when it is open between two moments; None: no end within `HORIZON`."""
        moments = [since, *self.changes(since, until)]
        ends = [*moments[1:], until]
        return [(begins, end) for begins, end in zip(moments, ends, strict=True) if self.is_open(begins)]

    def changes(self, after: datetime, until: datetime | None = None) -> Iterator[datetime]:
        """Yield the moments, UTC, after which it is open if it was closed before, or the reverse.

        Args:
            until: Up to when, that moment not included; by default `HORIZON` later.
        """
        if self._never_closes(after):
            return
        state, until = self.is_open(after), until or after + HORIZON
        for moment in self._moments(after, until):
            if moment < until and self.is_open(moment) is not state:
                state = not state
                yield moment

    def _never_closes(self, after: datetime) -> bool:
        """Return whether no day is closed from then on, and the weekly hours leave no minute out."""
        before = after.astimezone(self.zone).date() - _DAY  # its hours may pass midnight
        return self.region is None and all(day < before for day in self.closed_days) and self._fill_the_week()

    def _fill_the_week(self) -> bool:
        filled = 0
        for day in range(-1, 7):
            for span in sorted(self.weekly[day % 7]):
                if day * DAY + span.start > filled:
                    return False
                filled = max(filled, day * DAY + span.end)
        return filled >= 7 * DAY

    def _moments(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield all moments at which it may open or close, in their order, a day at a time."""
        start = after.astimezone(UTC)
        while start < until:
            end = start + _DAY
            yield from sorted(moment for moment in self._moments_around(start, end) if start < moment <= end)
            start = end

    def _moments_around(self, start: datetime, end: datetime) -> set[datetime]:
        found = {self._turn_of_the_clock(start, end)} if self._offset(start) != self._offset(end) else set()
        day = start.astimezone(self.zone).date() - _DAY
        while day <= end.astimezone(self.zone).date() + _DAY:
            spans = self.weekly[day.weekday()] if self.closed_because(day) is None else ()
            for minute in (0, *(moment for span in spans for moment in (span.start, span.end))):
                found |= self._when(day, minute)
            day += _DAY
        return found

    def _when(self, day: date, minute: int) -> set[datetime]:
        """Return when the clock on the wall shows this; twice in autumn."""
        shown = datetime.combine(day, time()) + timedelta(minutes=minute)
        return {shown.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1)}

    def _turn_of_the_clock(self, start: datetime, end: datetime) -> datetime:
        """Return when the clock was put forward or back: the first second of the new time."""
        low, high = int(start.timestamp()), int(end.timestamp())
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(datetime.fromtimestamp(middle, UTC)) == self._offset(start):
                low = middle
            else:
                high = middle
        return datetime.fromtimestamp(high, UTC)

    def _offset(self, at: datetime) -> timedelta | None:
        return at.astimezone(self.zone).utcoffset()


def _within(spans: tuple[Span, ...], minute: int) -> bool:
    return any(span.start <= minute < span.end for span in spans)
