"""The short form of `make soak`, and what it takes for growth."""

from __future__ import annotations

import random

import pytest

from tests.processes import told_by
from tests.soak.verdict import judge

MINUTES = [float(minute * 60) for minute in range(1, 61)]
chance = random.Random(22)


def noisy(level: float, rise: float, noise: float = 1.0) -> list[float]:
    return [level + rise * at / MINUTES[-1] + chance.gauss(0, noise) for at in MINUTES]


def test_what_only_wavers_is_flat():
    assert not judge(MINUTES, noisy(150, 0), 0.05, 2).grows


def test_what_fills_in_its_warm_up_is_flat():
    filled = [min(150.0, 20 + at / 8) for at in MINUTES]
    assert not judge(MINUTES, filled, 0.05, 2).grows


def test_a_single_leap_is_no_growth():
    leaps = noisy(150, 0)
    leaps[40] = 4_000
    assert not judge(MINUTES, leaps, 0.05, 2).grows


@pytest.mark.parametrize("rise", [30, 300])
def test_what_rises_beyond_its_noise_grows(rise):
    verdict = judge(MINUTES, noisy(150, rise), 0.05, 2)
    assert verdict.grows
    assert verdict.rise == pytest.approx(rise * 2 / 3, rel=0.3)


def test_what_rises_less_than_is_allowed_is_flat():
    assert not judge(MINUTES, noisy(150, 5, 0.1), 0.05, 2).grows
    assert not judge(MINUTES, noisy(1, 1, 0.1), 0.05, 10).grows


def test_few_samples_tell_nothing():
    assert not judge([1, 2, 3], [1, 20, 300], 0.05, 2).grows


@pytest.mark.large
def test_nothing_grows_in_a_minute_and_all_orders_are_through():
    """So short a run is mostly warm-up: what may double in it would show in an hour."""
    told = told_by("tests.soak", "--minutes", "1", "--allowed", "1", seconds=540)
    assert told["orders"] > 50
    assert told["faults"] >= 5
    assert (told["growing"], told["left"]) == ([], 0)
