"""What a person wants to be told, and when: the time of day and the quiet hours by the clock where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of each day in which nothing is told; they may pass midnight. `end` is not in them any more."""

    start: time
    end: time

    def hold(self, clock: time) -> bool:
        """Return whether they hold while the clock on the wall shows this."""
        if self.start <= self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user wants to be told.

    Attributes:
        first: The first of a new group of what needs somebody.
        mine: What somebody else gives them to take care of.
        digest_at: When they are told once a day of all that needs somebody; None: never.
        quiet: When nothing is told; it is gathered until they are over.
        time_zone: Whose clock counts, by its IANA name.
        language: Of the texts, as `de`.
    """

    first: bool = False
    mine: bool = False
    digest_at: time | None = None
    quiet: QuietHours | None = None
    time_zone: str = "UTC"
    language: str = "en"

    @property
    def anything(self) -> bool:
        """Whether there is anything to tell them of."""
        return self.first or self.mine or self.digest_at is not None

    def is_quiet(self, at: datetime) -> bool:
        """Return whether nothing is to be told at a moment."""
        return self.quiet is not None and self.quiet.hold(at.astimezone(self._zone).time())

    def digest_was_due(self, at: datetime) -> datetime | None:
        """Return the last moment, UTC, up to `at`, at which the digest was due; None: there is none.

        A time of day that spring leaves out comes as much later as the clock was put forward; one that autumn has twice
        counts when it comes first.
        """
        if self.digest_at is None:
            return None
        zone = self._zone
        today = at.astimezone(zone).date()
        days = (today - timedelta(days=ago) for ago in range(3))  # a zone may skip a day, as Samoa's did in 2011
        moments = (datetime.combine(day, self.digest_at, zone).astimezone(UTC) for day in days)
        return next((moment for moment in moments if moment <= at), None)

    @property
    def _zone(self) -> ZoneInfo:
        """The time zone; UTC where this machine does not know it, as one that is newer than its tables."""
        try:
            return ZoneInfo(self.time_zone)
        except ZoneInfoNotFoundError:
            return ZoneInfo("UTC")
