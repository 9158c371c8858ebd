"""How often one may try, and how little is remembered of it."""

from __future__ import annotations

import pytest

from orderflow.entrypoints.api.rate_limit import RateLimit
from orderflow.flow.people.sign_in import RateLimitedError


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_attempt_too_many_is_told_how_long_to_wait():
    clock = Clock()
    limit = RateLimit(2, 60, clock=clock)
    limit.check("a")
    clock.now += 20.5
    limit.check("a")
    with pytest.raises(RateLimitedError) as told:
        limit.check("a")
    assert told.value.retry_after == 40
    limit.check("b")


def test_a_window_that_has_passed_is_forgotten():
    clock = Clock()
    limit = RateLimit(1, 60, clock=clock)
    limit.check("a")
    clock.now += 60
    limit.check("a")
    with pytest.raises(RateLimitedError):
        limit.check("a")


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first():
    limit = RateLimit(1, 60, keys=2)
    for key in ("a", "b", "c"):
        limit.check(key)
    limit.check("a")
    with pytest.raises(RateLimitedError):
        limit.check("c")
