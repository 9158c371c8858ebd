"""The database's time, told by a process whose own clock says whatever it likes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from orderflow.postgres.errors import DatabaseError
from orderflow.storage.system import database_clock
from orderflow.storage.system.database_clock import ASKED_EVERY, DatabaseClock


class Times:
    """The database's clock, and the seconds that went by."""

    def __init__(self) -> None:
        self.database, self.passed, self.asked, self.away = 1_000_000.0, 0.0, 0, False

    def ask(self) -> float:
        self.asked += 1
        if self.away:
            raise DatabaseError
        return self.database

    def wait(self, seconds: float) -> None:
        self.database += seconds
        self.passed += seconds


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    made = Times()
    monkeypatch.setattr(database_clock, "time", SimpleNamespace(monotonic=lambda: made.passed))
    return made


def test_it_is_asked_once_a_minute_and_told_to_the_second(times: Times) -> None:
    clock = DatabaseClock(times.ask)
    for _ in range(3):
        assert clock.now() == times.database
        times.wait(ASKED_EVERY / 4)
    assert times.asked == 1
    times.wait(ASKED_EVERY)
    times.database -= 3_600  # somebody put it back
    assert clock.now() == times.database
    assert times.asked == 2


def test_nothing_is_told_while_it_is_away(times: Times) -> None:
    clock = DatabaseClock(times.ask)
    times.away = True
    assert clock.now() is None
    times.away = False
    assert clock.now() == times.database
