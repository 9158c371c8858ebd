"""When it is open: against somebody who looks at the clock on the wall every minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orderflow.domain.opening_hours.hours import DAY, OpeningHours, Span
from orderflow.domain.opening_hours.public_holidays import Region, holidays_of

MINUTE = timedelta(minutes=1)
WATCHED = timedelta(days=3)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # half an hour beside the others
    "Australia/Lord_Howe",  # its summer is half an hour
    "Pacific/Chatham",
    "Africa/Casablanca",  # turns its clocks for Ramadan
    "Asia/Kathmandu",
    "UTC",
)
# Days before the clocks are turned there, in spring and in autumn, and some on which nothing happens.
TURNS = (date(2026, 3, 28), date(2026, 10, 24), date(2026, 3, 7), date(2026, 10, 31), date(2026, 4, 4))
QUIET = (date(2026, 2, 13), date(2026, 12, 23), date(2026, 9, 26))


def spans() -> st.SearchStrategy[tuple[Span, ...]]:
    """Some spans of one day, the last of which may pass midnight."""
    moments = st.lists(st.integers(0, DAY + 300), min_size=2, max_size=6, unique=True).map(sorted)
    pairs = moments.map(lambda found: [Span(*pair) for pair in zip(found[::2], found[1::2], strict=False)])
    return pairs.map(lambda found: tuple(span for span in found if span.start < DAY))


calendars = st.builds(
    OpeningHours,
    st.sampled_from(ZONES).map(ZoneInfo),
    st.tuples(*[st.one_of(st.just(()), spans())] * 7),
    st.sampled_from((None, Region("DE", "BY"), Region("US", "NY"))),
    st.frozensets(st.sampled_from(TURNS + QUIET).map(lambda day: day + timedelta(days=1)), max_size=2),
)


def open_minutes(hours: OpeningHours, day: date) -> Iterator[tuple[date, int]]:
    """Yield the minutes that clocks on the wall show while it is open because of one day."""
    for span in hours.weekly[day.weekday()] if hours.closed_because(day) is None else ():
        for minute in range(span.start, span.end):
            shown = day + timedelta(days=minute // DAY)
            if hours.closed_because(shown) is None:
                yield shown, minute % DAY


def watched(hours: OpeningHours, start: datetime) -> list[tuple[datetime, bool]]:
    """Look at the clock every minute, and tell when it is open."""
    first = start.date() - timedelta(days=2)
    shown = {one for days in range(8) for one in open_minutes(hours, first + timedelta(days=days))}
    moments = [start + MINUTE * number for number in range(WATCHED // MINUTE)]
    walls = [(moment, moment.astimezone(hours.zone)) for moment in moments]
    return [(moment, (wall.date(), wall.hour * 60 + wall.minute) in shown) for moment, wall in walls]


@settings(max_examples=80)
@given(calendars, st.sampled_from(TURNS + QUIET), st.integers(0, DAY - 1))
@example(OpeningHours(ZoneInfo("Europe/Berlin"), ((Span(90, 150),),) * 7), TURNS[0], 0)  # 02:00 to 02:30 is left out
@example(OpeningHours(ZoneInfo("Europe/Berlin"), ((Span(90, 150),),) * 7), TURNS[1], 0)  # and comes twice
@example(OpeningHours(ZoneInfo("America/New_York"), ((Span(1320, DAY + 135),),) * 7), TURNS[3], 0)
def test_it_opens_and_closes_when_the_clock_on_the_wall_says_so(hours, day, minute) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + MINUTE * minute
    seen = watched(hours, start)
    assert [hours.is_open(moment) for moment, _ in seen[::7]] == [is_open for _, is_open in seen[::7]]
    turns = [after for before, after in pairwise(seen) if before[1] != after[1]]
    found = list(islice(hours.changes(start), len(turns) + 1))
    assert found[: len(turns)] == [moment for moment, _ in turns]
    assert all(moment > seen[-1][0] for moment in found[len(turns) :])


@settings(max_examples=80)
@given(calendars, st.sampled_from(TURNS + QUIET), st.integers(0, DAY * 60 - 1))
def test_the_open_time_is_the_present_one_or_the_next(hours, day, second) -> None:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    period, changes = hours.period(at), list(islice(hours.changes(at), 2))
    if hours.is_open(at):
        assert (period.opens_at, period.closes_at) == (None, changes[0] if changes else None)
    elif changes:
        assert [period.opens_at, period.closes_at] == changes[:2]
    else:
        assert period.opens_at == period.closes_at > at + timedelta(days=366)


@pytest.mark.parametrize(
    ("zone", "span", "at", "opens", "closes"),
    [
        # Clocks go from 02:00 to 03:00: half past two is left out.
        ("Europe/Berlin", Span(150, 240), "2026-03-28T23:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z"),
        # Clocks go from 03:00 back to 02:00: the hour comes twice, and is open twice.
        ("Europe/Berlin", Span(120, 180), "2026-10-24T23:00Z", "2026-10-25T00:00Z", "2026-10-25T02:00Z"),
        ("Europe/Berlin", Span(90, 150), "2026-10-24T23:00Z", "2026-10-24T23:30Z", "2026-10-25T00:30Z"),
        ("Europe/Berlin", Span(90, 150), "2026-10-25T00:40Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z"),
        ("America/New_York", Span(480, 1020), "2026-03-08T02:00Z", "2026-03-08T12:00Z", "2026-03-08T21:00Z"),
        ("Asia/Kathmandu", Span(0, 60), "2026-06-01T00:00Z", "2026-06-01T18:15Z", "2026-06-01T19:15Z"),
    ],
)
def test_where_clocks_are_turned(zone, span, at, opens, closes) -> None:
    hours = OpeningHours(ZoneInfo(zone), ((span,),) * 7)
    at, opens, closes = (datetime.fromisoformat(moment) for moment in (at, opens, closes))
    assert list(islice(hours.changes(at), 2)) == [opens, closes]


def test_a_change_exactly_a_day_later_is_seen() -> None:
    hours = OpeningHours(ZoneInfo("UTC"), ((Span(480, 1020),),) * 7)
    changes = list(islice(hours.changes(datetime(2026, 1, 5, 8, tzinfo=UTC)), 3))
    assert [f"{moment:%d %H:%M}" for moment in changes] == ["05 17:00", "06 08:00", "06 17:00"]


def test_a_night_ends_where_a_closed_day_begins_and_does_not_begin_on_one() -> None:
    christmas = OpeningHours(ZoneInfo("UTC"), ((Span(22 * 60, DAY + 360),),) * 7, Region("DE"))
    changes = list(islice(christmas.changes(datetime(2026, 12, 24, 12, tzinfo=UTC)), 4))
    assert [f"{moment:%d %H:%M}" for moment in changes] == ["24 22:00", "25 00:00", "27 22:00", "28 06:00"]


def test_a_day_says_why_it_is_closed() -> None:
    hours = OpeningHours(ZoneInfo("UTC"), ((Span(0, DAY),),) * 7, Region("US"), frozenset({date(2026, 12, 24)}))
    days = [date(2026, 12, 24), date(2026, 12, 25), date(2026, 12, 26)]
    assert [hours.closed_because(day) for day in days] == ["closed day", "Christmas Day", None]


def test_a_part_of_a_country_has_holidays_of_its_own() -> None:
    assert date(2026, 6, 4) in holidays_of(Region("DE", "BY"), 2026)
    assert date(2026, 6, 4) not in holidays_of(Region("DE"), 2026)


@settings(max_examples=40)
@given(calendars, st.sampled_from(TURNS + QUIET), st.integers(0, DAY - 1))
def test_its_open_times_are_the_minutes_in_which_it_is_open(hours, day, minute) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + MINUTE * minute
    times = hours.open_times(start, start + WATCHED)
    for moment, is_open in watched(hours, start):
        assert is_open == any(begins <= moment < ends for begins, ends in times), moment


ROUND_THE_CLOCK = ((Span(0, 700), Span(650, DAY)),) * 5 + ((Span(0, 3 * DAY - DAY),), (Span(1, DAY),))


def test_what_never_closes_is_not_looked_for() -> None:
    at, in_500_years = datetime(2026, 3, 28, tzinfo=UTC), datetime(2526, 1, 1, tzinfo=UTC)
    hours = OpeningHours(ZoneInfo("Europe/Berlin"), ROUND_THE_CLOCK, closed_days=frozenset({date(2026, 3, 20)}))
    assert list(hours.changes(at, until=in_500_years)) == []
    assert hours.period(at).closes_at is None
    assert hours.open_times(at, None) == [(at, None)]


@pytest.mark.parametrize(
    ("hours", "closes"),
    [
        (
            OpeningHours(ZoneInfo("UTC"), ((Span(0, DAY),),) * 6 + ((Span(0, DAY - 1),),)),
            datetime(2026, 4, 5, 23, 59, tzinfo=UTC),
        ),
        (OpeningHours(ZoneInfo("UTC"), ((Span(1, DAY),),) + ((Span(0, DAY),),) * 6), datetime(2026, 4, 6, tzinfo=UTC)),
        (
            OpeningHours(ZoneInfo("UTC"), ROUND_THE_CLOCK, closed_days=frozenset({date(2026, 4, 1)})),
            datetime(2026, 4, 1, tzinfo=UTC),
        ),
        (OpeningHours(ZoneInfo("UTC"), ROUND_THE_CLOCK, Region("DE", "BY")), datetime(2026, 4, 3, tzinfo=UTC)),
    ],
)
def test_a_minute_that_is_left_out_or_a_day_closes_it(hours, closes) -> None:
    assert hours.period(datetime(2026, 3, 31, 12, tzinfo=UTC)).closes_at == closes
