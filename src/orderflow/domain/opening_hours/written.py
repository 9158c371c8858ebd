"""Opening hours as people write them: read, with every fault's place, and written down again in one way.

    {"time_zone": "Europe/Berlin",
     "weekly": {"mon": ["08:00-12:00", "13:00-17:00"], "fri": ["22:00-06:00+1"]},
     "holidays": {"country": "DE", "subdivision": "BY"},
     "closed_days": ["2026-12-24"]}

Hours that pass midnight say so by `+1`, so that an end that was mistyped does not become a night.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from orderflow.domain.faults import Faults, quoted
from orderflow.domain.opening_hours.hours import DAY, HORIZON, OpeningHours, Span
from orderflow.domain.opening_hours.public_holidays import Region, regions

PLACE = "opening_hours"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_SPANS = 12
"""Of one day."""

MOST_CLOSED_DAYS = 1_000

_SPAN = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})(\+1)?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WEEK = 7 * DAY


def read_hours(given: Any, at: datetime | None = None) -> OpeningHours:
    """Return the opening hours that a JSON object means.

    Args:
        at: Now: hours that never open from here on are refused; None: whether they do is not looked at.

    Raises:
        InputError: Something is wrong with them; `details.fields` names each place and what is wrong there.
    """
    faults = Faults()
    hours = _read(given, faults)
    if at is not None and not faults.found and not _ever_opens(hours, at):
        closing = "closed_days" if hours.closed_days else "holidays" if hours.region else "weekly"
        faults.add(f"{PLACE}.{closing}", f"nothing is ever open: no hour within {HORIZON.days} days is left")
    faults.refuse("opening hours", "HOURS_UNUSABLE")
    return hours


def _ever_opens(hours: OpeningHours, at: datetime) -> bool:
    return hours.is_open(at) or next(hours.changes(at), None) is not None


def as_written(hours: OpeningHours) -> dict[str, Any]:
    """Return hours as they are stored and shown, without what says nothing."""
    week = zip(WEEKDAYS, hours.weekly, strict=True)
    written: dict[str, Any] = {
        "time_zone": hours.zone.key,
        "weekly": {name: [_as_text(span) for span in spans] for name, spans in week if spans},
    }
    if hours.region is not None:
        parts = {"country": hours.region.country, "subdivision": hours.region.subdivision}
        written["holidays"] = {name: value for name, value in parts.items() if value is not None}
    if hours.closed_days:
        written["closed_days"] = [day.isoformat() for day in sorted(hours.closed_days)]
    return written


@cache
def time_zones() -> frozenset[str]:
    """Return the names of the time zones that are known (IANA)."""
    return frozenset(available_timezones())


def _read(given: Any, faults: Faults) -> OpeningHours:
    faults.has_only(given, PLACE, ("time_zone", "weekly", "holidays", "closed_days"))
    parts = given if isinstance(given, Mapping) else {}
    return OpeningHours(
        _zone(parts.get("time_zone"), faults),
        _week(parts.get("weekly"), faults),
        _region(parts.get("holidays"), faults),
        frozenset(_closed_days(parts.get("closed_days"), faults)),
    )


def _zone(given: Any, faults: Faults) -> ZoneInfo:
    if isinstance(given, str) and given in time_zones():
        return ZoneInfo(given)
    faults.add(f"{PLACE}.time_zone", f"is no time zone, as Europe/Berlin is one: {quoted(given)}")
    return ZoneInfo("UTC")


def _week(given: Any, faults: Faults) -> tuple[tuple[Span, ...], ...]:
    place = f"{PLACE}.weekly"
    faults.has_only(given, place, WEEKDAYS)
    days = given if isinstance(given, Mapping) else {}
    week = tuple(tuple(_spans(days.get(name), f"{place}.{name}", faults)) for name in WEEKDAYS)
    if not faults.found and not any(week):
        faults.add(place, "has no hours, so that nothing would ever be sent; without a calendar all hours are open")
    _refuse_overlaps(week, place, faults)
    return week


def _spans(given: Any, place: str, faults: Faults) -> Iterator[Span]:
    if given is None:
        return
    if not isinstance(given, list) or len(given) > MOST_SPANS:
        faults.add(place, f"must be a list of at most {MOST_SPANS} times, as 08:00-12:00")
        return
    for number, one in enumerate(given):
        if span := _span(one, f"{place}[{number}]", faults):
            yield span


def _span(given: Any, place: str, faults: Faults) -> Span | None:
    found = _SPAN.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        faults.add(place, f"must be a time of day to another, as 08:00-12:00: {quoted(given)}")
        return None
    start, end = (int(found[hour]) * 60 + int(found[hour + 1]) for hour in (1, 3))
    if max(found[2], found[4]) > "59" or start >= DAY or end > DAY:
        faults.add(place, f"is no time of day: {given}")
    elif found[5]:
        return Span(start, end + DAY)
    elif start >= end:
        night = f"{found[1]}:{found[2]}-{found[3]}:{found[4]}+1"
        faults.add(place, f"ends before it begins: {given}; hours that pass midnight are written {night}")
    else:
        return Span(start, end)
    return None


def _refuse_overlaps(week: Iterable[Iterable[Span]], place: str, faults: Faults) -> None:
    """Note each span that begins before another one of the week has ended; after Sunday comes Monday."""
    begun = sorted((day * DAY + one.start, day * DAY + one.end, day) for day, spans in enumerate(week) for one in spans)
    following = [*begun[1:], *((start + _WEEK, end, day) for start, end, day in begun[:1])]
    for (start, end, day), (later, _, later_day) in zip(begun, following, strict=True):
        if later < end:
            ending, beginning = _as_text(Span(start - day * DAY, end - day * DAY)), _clock(later % DAY)
            words = f"{WEEKDAYS[day]} {ending} overlaps what begins at {beginning}"
            faults.add(f"{place}.{WEEKDAYS[later_day]}", words)


def _region(given: Any, faults: Faults) -> Region | None:
    place = f"{PLACE}.holidays"
    if given is None or not faults.has_only(given, place, ("country", "subdivision")):
        return None
    country, subdivision = given.get("country"), given.get("subdivision")
    known = regions()
    if not isinstance(country, str) or country not in known:
        faults.add(f"{place}.country", f"must be two letters of a country, as DE: {quoted(country)}")
    elif subdivision is not None and subdivision not in known[country]:
        parts = ", ".join(known[country]) or "none"
        faults.add(f"{place}.subdivision", f"must be one of {country}: {parts}; not {quoted(subdivision)}")
    else:
        return Region(country, subdivision)
    return None


def _closed_days(given: Any, faults: Faults) -> Iterator[date]:
    place = f"{PLACE}.closed_days"
    if given is None:
        return
    if not isinstance(given, list) or len(given) > MOST_CLOSED_DAYS:
        faults.add(place, f"must be a list of at most {MOST_CLOSED_DAYS} dates")
        return
    for number, one in enumerate(given):
        try:
            yield date.fromisoformat(one if isinstance(one, str) and _DATE.fullmatch(one) else "")
        except ValueError:
            faults.add(f"{place}[{number}]", f"must be a date, as 2026-12-24: {quoted(one)}")


def _as_text(span: Span) -> str:
    start, end = _clock(span.start), _clock(span.end - DAY if span.end > DAY else span.end)
    return f"{start}-{end}{'+1' if span.end > DAY else ''}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
