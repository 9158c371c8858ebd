"""A simulated day drains after each wave, and leaves as much in the evening as in the morning."""

from __future__ import annotations

import random

import pytest

from orderflow.testing.simulation.choices import Choices
from orderflow.testing.simulation.day import LEAST, Day

chance = random.SystemRandom()
"""Another day in each run; one that goes wrong says its seed."""


def lived(hours: float) -> Day:
    seed = chance.randrange(10**9)
    day = Day(Choices(seed))
    assert day.live(hours * 3_600) == [], f"--hours {hours} --seed {seed}"
    return day


def test_orders_of_an_hour_come_to_their_end_and_nothing_of_them_remains():
    day = lived(1)
    assert day.waves >= LEAST
    assert day.left[-1]["orders"] == day.left[-1]["exports"] == 0


@pytest.mark.large
def test_orders_of_a_day_come_to_their_end_and_nothing_grows():
    assert lived(24).brought_in > 500


def test_what_a_step_keeps_of_each_order_is_told(monkeypatch):
    kept: list[list[int]] = []
    monkeypatch.setattr(Day, "_bring_in", lambda self, orders: kept.extend([number] for number in range(2_000)))
    assert any("objects grew" in wrong for wrong in Day(Choices(1)).live(3_600))
