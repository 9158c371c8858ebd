"""Opening hours as people write them, right and wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from orderflow.domain.errors import InputError
from orderflow.domain.opening_hours import hours
from orderflow.domain.opening_hours.written import MOST_CLOSED_DAYS, as_written, read_hours

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
USUAL: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "weekly": {"mon": ["08:00-12:00", "13:00-17:00"], "fri": ["22:00-06:00+1"], "sun": ["00:00-24:00"]},
    "holidays": {"country": "DE", "subdivision": "BY"},
    "closed_days": ["2026-12-24", "2026-12-31"],
}


def faults(given: Any) -> list[str]:
    with pytest.raises(InputError) as refused:
        read_hours(given, AT)
    assert refused.value.code == "HOURS_UNUSABLE"
    return [f"{one['field']}: {one['message']}" for one in refused.value.details["fields"]]


def week(*spans: str, **days: list[str]) -> dict[str, Any]:
    return USUAL | {"weekly": days or {"mon": list(spans)}}


def test_what_was_read_is_written_down_as_it_was() -> None:
    assert as_written(read_hours(USUAL, AT)) == USUAL


def test_what_says_nothing_is_left_out() -> None:
    written = as_written(read_hours({"time_zone": "UTC", "weekly": {"mon": ["08:00-09:00"], "tue": []}}, AT))
    assert written == {"time_zone": "UTC", "weekly": {"mon": ["08:00-09:00"]}}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("always", "opening_hours: must be an object"),
        (USUAL | {"time_zone": "Europe/Berln"}, "opening_hours.time_zone: is no time zone, as Europe/Berlin is one"),
        (USUAL | {"time_zone": "../../etc/passwd"}, "opening_hours.time_zone: is no time zone"),
        (USUAL | {"time_zone": None}, "opening_hours.time_zone: is no time zone"),
        (USUAL | {"timezone": "UTC"}, "opening_hours.timezone: is not known here"),
        (week(monday=["08:00-09:00"]), "opening_hours.weekly.monday: is not known here"),
        (week("8-17"), "opening_hours.weekly.mon[0]: must be a time of day to another"),
        (week("08:00-12:00", "13:00-25:00"), "opening_hours.weekly.mon[1]: is no time of day"),
        (week("08:60-12:00"), "opening_hours.weekly.mon[0]: is no time of day"),
        (week("17:00-08:00"), "opening_hours.weekly.mon[0]: ends before it begins: 17:00-08:00; hours that pass"),
        (week("08:00-08:00"), "opening_hours.weekly.mon[0]: ends before it begins"),
        (week("08:00-12:00", "11:00-13:00"), "opening_hours.weekly.mon: mon 08:00-12:00 overlaps what begins at 11:00"),
        (week(sun=["22:00-06:00+1"], mon=["05:00-09:00"]), "opening_hours.weekly.mon: sun 22:00-06:00+1 overlaps"),
        (week(mon=[]), "opening_hours.weekly: has no hours"),
        (USUAL | {"weekly": ["mon"]}, "opening_hours.weekly: must be an object"),
        (week(mon="08:00-12:00"), "opening_hours.weekly.mon: must be a list"),  # type: ignore[arg-type]  # on purpose
        (USUAL | {"holidays": {"country": "QQ"}}, "opening_hours.holidays.country: must be two letters of a country"),
        (USUAL | {"holidays": {"country": "DE", "subdivision": "QQ"}}, "opening_hours.holidays.subdivision: must be"),
        (USUAL | {"holidays": "DE"}, "opening_hours.holidays: must be an object"),
        (USUAL | {"closed_days": ["24.12.2026"]}, "opening_hours.closed_days[0]: must be a date"),
        (USUAL | {"closed_days": ["2026-02-30"]}, "opening_hours.closed_days[0]: must be a date"),
        (USUAL | {"closed_days": ["2026-12-24"] * (MOST_CLOSED_DAYS + 1)}, "opening_hours.closed_days: must be a list"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(given, told) -> None:
    assert any(one.startswith(told) for one in faults(given)), faults(given)


def test_all_faults_are_told_at_once() -> None:
    assert len(faults({"time_zone": "no", "weekly": {"mon": ["no"], "tue": ["no"]}, "closed_days": ["no"]})) == 4


def test_hours_that_never_open_are_refused() -> None:
    closed = [(date(2026, 11, 1) + timedelta(days=day)).isoformat() for day in range(500)]
    (told,) = faults(USUAL | {"closed_days": closed})
    assert told.startswith("opening_hours.closed_days: nothing is ever open")


def test_holidays_that_close_every_open_day_are_refused(monkeypatch) -> None:
    sundays = {"time_zone": "UTC", "weekly": {"sun": ["08:00-12:00"]}, "holidays": {"country": "SE"}}
    read_hours(sundays, AT)
    days = (date(2026, 1, 4) + timedelta(weeks=number) for number in range(150))
    every_sunday = dict.fromkeys(days, "Söndag")
    monkeypatch.setattr(hours, "holidays_of", lambda *_: every_sunday)
    (told,) = faults(sundays)
    assert told.startswith("opening_hours.holidays: nothing is ever open")


def test_what_was_saved_is_read_although_it_opens_no_more() -> None:
    closed = [(date(2026, 11, 1) + timedelta(days=day)).isoformat() for day in range(500)]
    assert not read_hours(USUAL | {"closed_days": closed}).is_open(AT)
