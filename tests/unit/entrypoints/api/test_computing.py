"""Whose computing goes first, on a clock that only the tests move."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from starlette.concurrency import run_in_threadpool

from orderflow.entrypoints.api import computing
from orderflow.entrypoints.api.computing import Computing, metering, take_turns
from orderflow.entrypoints.api.work import TooManyAtOnceError


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.computed, self._sleep = 1_000.0, 0.0, asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", self.sleep)
        monkeypatch.setattr(time, "thread_time", lambda: self.computed)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await self._sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def costs(clock: Clock, seconds: float) -> Callable[[], None]:
    """Return a step that takes so many seconds of the processor."""

    @metering
    def step() -> None:
        clock.computed += seconds

    return step


async def asks(shares: Computing, party: str, step: Callable[[], None] = lambda: None) -> None:
    async with shares.turn(party):
        step()


def waited(clock: Clock, story: Callable[[], Awaitable[None]]) -> float:
    begun = clock.now
    asyncio.run(story())  # type: ignore[arg-type]  # a coroutine
    return clock.now - begun


def test_one_alone_waits_for_nobody(clock: Clock) -> None:
    shares = Computing(clock)

    async def story() -> None:
        for _ in range(20):
            await asks(shares, "alone", costs(clock, 3))

    assert waited(clock, story) == 0


@pytest.mark.parametrize(("others", "price"), [(1, 2), (2, 3), (3, 4), (30, 4)])
def test_who_computes_beside_others_waits_the_more_the_more_they_are(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, others: int, price: int
) -> None:
    monkeypatch.setattr(computing, "AROUND", 100.0)
    shares = Computing(clock)

    async def story() -> None:
        for _ in range(40):
            for other in range(others):
                await asks(shares, f"other {other}")
            await asks(shares, "busy", costs(clock, 0.5))

    assert waited(clock, story) == pytest.approx(40 * 0.5 * price, abs=6)


def test_what_is_asked_for_now_and_then_comes_at_once(clock: Clock) -> None:
    shares = Computing(clock)

    async def story() -> None:
        for _ in range(50):
            await asks(shares, "other")
            await asks(shares, "usual", costs(clock, 0.05))
            clock.now += 1

    assert waited(clock, story) == 50


def test_requests_that_come_at_once_are_not_all_the_first(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "AROUND", 100.0)
    shares = Computing(clock)
    begun: list[float] = []

    async def busy() -> None:
        async with shares.turn("busy"):
            begun.append(clock.now)
            costs(clock, 1)()

    async def story() -> None:
        await asks(shares, "other")
        await busy()
        await asyncio.gather(*(busy() for _ in range(10)))

    waited(clock, story)
    assert len(set(begun[2:])) > 4


def test_others_that_have_gone_hold_nobody_up(clock: Clock) -> None:
    shares = Computing(clock)

    async def story() -> None:
        await asks(shares, "other")
        await asks(shares, "busy", costs(clock, 100))
        await asks(shares, "busy")

    assert waited(clock, story) <= computing.AROUND + 0.5


def test_nobody_owes_more_than_some_seconds(clock: Clock) -> None:
    shares = Computing(clock)

    async def story() -> None:
        await asks(shares, "other")
        await asks(shares, "busy", costs(clock, 10_000))
        for _ in range(100):
            await asks(shares, "other")
            clock.now += 0.2
        await asks(shares, "busy")

    assert waited(clock, story) == pytest.approx(100 * 0.2)


def test_too_many_that_wait_are_refused(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(computing, "MOST_WAITING", 3)
    shares = Computing(clock)

    async def story() -> None:
        await asks(shares, "other")
        await asks(shares, "busy", costs(clock, 100))
        outcomes = await asyncio.gather(*(asks(shares, "busy") for _ in range(5)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes].count(TooManyAtOnceError) == 2

    waited(clock, story)


def test_a_long_step_takes_turns_while_it_goes_on(clock: Clock) -> None:
    shares, laps = Computing(clock), []

    @metering
    def long() -> None:
        for _ in range(4):
            clock.computed += 0.6
            take_turns()
            laps.append(clock.now)

    async def story() -> None:
        await asks(shares, "other")
        async with shares.turn("busy"):
            await run_in_threadpool(long)

    asyncio.run(story())
    assert laps[0] == 1_000.0, "that much is saved up"
    assert laps[0] < laps[1] < laps[2]


def test_who_asked_long_ago_is_forgotten(clock: Clock) -> None:
    shares = Computing(clock)

    async def story() -> None:
        for number in range(1_000):
            await asks(shares, f"{number}", costs(clock, 0.1))
            clock.now += 1

    waited(clock, story)
    assert len(shares._paid) < 50
