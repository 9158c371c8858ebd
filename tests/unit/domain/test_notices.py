"""When somebody is told: by the clock where they are, also when it is put forward or back."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from orderflow.domain.notices import QuietHours, Wanted

NIGHT = QuietHours(time(20), time(7))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "clock", "quiet"),
    [
        (NIGHT, time(19, 59, 59), False),
        (NIGHT, time(20), True),
        (NIGHT, time(0), True),
        (NIGHT, time(6, 59, 59), True),
        (NIGHT, time(7), False),
        (QuietHours(time(12), time(13)), time(12), True),
        (QuietHours(time(12), time(13)), time(13), False),
        (QuietHours(time(12), time(13)), time(0), False),
    ],
)
def test_quiet_hours_end_where_they_say_also_after_midnight(hours, clock, quiet):
    assert hours.hold(clock) is quiet


def test_quiet_is_by_the_clock_of_the_user():
    wanted = Wanted(quiet=NIGHT, time_zone="Asia/Tokyo")
    assert wanted.is_quiet(at("2026-06-01 11:00"))  # 20:00 there
    assert not wanted.is_quiet(at("2026-06-01 22:00"))  # 07:00 there
    assert not Wanted(time_zone="Asia/Tokyo").is_quiet(at("2026-06-01 11:00"))


@pytest.mark.parametrize(
    ("zone", "digest_at", "now", "due"),
    [
        ("Europe/Berlin", time(7), "2026-01-15 06:00", "2026-01-15 06:00"),
        ("Europe/Berlin", time(7), "2026-01-15 05:59:59", "2026-01-14 06:00"),
        ("Europe/Berlin", time(7), "2026-07-15 05:30", "2026-07-15 05:00"),
        ("America/Los_Angeles", time(23, 30), "2026-01-15 08:00", "2026-01-15 07:30"),
        ("Pacific/Kiritimati", time(0), "2026-01-14 10:00", "2026-01-14 10:00"),  # the 15th there
        # 02:30 is left out on the 29th: the clock shows 03:30 then.
        ("Europe/Berlin", time(2, 30), "2026-03-29 01:29", "2026-03-28 01:30"),
        ("Europe/Berlin", time(2, 30), "2026-03-29 01:30", "2026-03-29 01:30"),
        # 02:30 comes twice on the 25th, at 00:30 and at 01:30 UTC: the first counts.
        ("Europe/Berlin", time(2, 30), "2026-10-25 00:30", "2026-10-25 00:30"),
        ("Europe/Berlin", time(2, 30), "2026-10-25 01:45", "2026-10-25 00:30"),
    ],
)
def test_a_digest_is_due_at_its_time_of_day_there(zone, digest_at, now, due):
    assert Wanted(digest_at=digest_at, time_zone=zone).digest_was_due(at(now)) == at(due)


def test_there_is_one_digest_for_every_day_of_a_year():
    wanted = Wanted(digest_at=time(2, 30), time_zone="Europe/Berlin")
    start = at("2026-01-01 01:30")
    dues = {wanted.digest_was_due(start + timedelta(minutes=30 * step)) for step in range(365 * 48)}
    assert len(dues) == 365
    assert date(2026, 3, 29) in {due.date() for due in dues if due}


def test_a_zone_that_this_machine_does_not_know_keeps_nobody_else_from_being_told():
    wanted = Wanted(digest_at=time(7), time_zone="Mars/Olympus")
    assert wanted.digest_was_due(at("2026-01-15 07:00")) == at("2026-01-15 07:00")


def test_who_wants_no_digest_is_due_none():
    assert Wanted().digest_was_due(at("2026-01-01 12:00")) is None
    assert not Wanted().anything
    assert Wanted(digest_at=time(0)).anything
