"""Whose computing goes first: one interpreter computes for all organizations, and one of them must not have it all.

What a request computes is charged to its organization, dearer the more organizations ask at that time: together they
get equal parts, and one alone gets all. Whoever has had their part waits before their next request begins.

Only what takes a thread is charged, and large bodies: short steps that share transactions cost too little to count.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Hashable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

from anyio import from_thread

from orderflow.entrypoints.api.work import RETRY_AFTER, TooManyAtOnceError

P = ParamSpec("P")
T = TypeVar("T")

AROUND = 2.0
"""Seconds since their last request for which somebody counts as one of those who share."""

MOST_OTHERS = 3
"""Others who count: a second of computing costs a second of waiting, and one more for each of them. So a quarter of a
core is left to everybody."""

SAVED = 2.0
"""Seconds of waiting that somebody has saved up who asked for nothing: a page, and a few larger things, come at once.
"""

OWED = 10.0
"""Seconds of waiting at most, however much was computed."""

WORTH_IT = 0.02
"""Seconds of computing after which a long step lets others go first."""

MOST_WAITING = 500
"""Requests of one organization."""


class _Meter:
    """What one request has computed so far.

    Attributes:
        seconds: Of the processor.
        turn: Charges for it, and waits until more may be computed.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.turn: Callable[[], Coroutine[Any, Any, None]] | None = None
        self._since = 0.0

    def begin(self) -> None:
        self._since = time.thread_time()

    def lap(self) -> None:
        now = time.thread_time()
        self.seconds, self._since = self.seconds + now - self._since, now


_meter: ContextVar[_Meter | None] = ContextVar("computed", default=None)


def metering(step: Callable[P, T]) -> Callable[P, T]:
    """Return a step for whose computing, in the thread that takes it, the request's organization is charged."""

    @functools.wraps(step)
    def taken(*given: P.args, **named: P.kwargs) -> T:
        meter = _meter.get() or _Meter()
        meter.begin()
        try:
            return step(*given, **named)
        finally:
            meter.lap()

    return taken


def take_turns() -> None:
    """Let others compute; for a step that takes long, in a thread of the server's pool."""
    meter = _meter.get()
    if meter is not None and meter.turn is not None:
        meter.lap()
        from_thread.run(meter.turn)


class _Turn:
    """One request's computing: a class, since a generator costs every request several times as much."""

    __slots__ = ("_charged", "_computing", "_meter", "_party", "_token")

    def __init__(self, computing: Computing, party: Hashable) -> None:
        self._computing, self._party = computing, party

    async def __aenter__(self) -> None:
        self._charged = await self._computing.begin(self._party)
        self._meter = _Meter()
        self._meter.turn = self._again
        self._token = _meter.set(self._meter)

    async def __aexit__(self, *_: object) -> None:
        _meter.reset(self._token)
        self._settle()
        self._computing.end(self._party, self._meter.seconds)

    def _settle(self) -> None:
        self._computing.charge(self._party, self._meter.seconds - self._charged)
        self._charged = self._meter.seconds

    async def _again(self) -> None:
        if self._meter.seconds - self._charged > WORTH_IT:
            self._settle()
            await self._computing.wait_if_owing(self._party)


class Computing:
    """Who has computed how much in this process; used within one event loop.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: dict[Hashable, float] = {}
        self._paid: dict[Hashable, float] = {}  # when what they computed is paid for
        self._usual: dict[Hashable, float] = {}
        self._waiting: dict[Hashable, int] = defaultdict(int)
        self._turns: dict[Hashable, asyncio.Lock] = {}

    def turn(self, party: Hashable) -> _Turn:
        """Wait until one more request of `party` may compute, and charge for what is metered in the `async with` block.

        The block raises TooManyAtOnceError at its begin: too many of theirs wait already.
        """
        return _Turn(self, party)

    async def begin(self, party: Hashable) -> float:
        """Wait for a turn; returns the seconds that are charged for it: what their requests usually compute."""
        self._note(party)
        await self.wait_if_owing(party)
        usual = self._usual.get(party, 0.0)  # those that come at once cannot all be the first
        self.charge(party, usual)
        return usual

    def end(self, party: Hashable, seconds: float) -> None:
        """Note what a request has computed."""
        if seconds or self._usual.get(party):
            self._usual[party] = 0.8 * self._usual.get(party, 0.0) + 0.2 * seconds

    async def wait_if_owing(self, party: Hashable) -> None:
        """Wait until `party` may compute."""
        if self._owes(party) or party in self._waiting:
            await self._wait(party)

    def charge(self, party: Hashable, seconds: float) -> None:
        """Charge for seconds of computing, or give back what was charged too much."""
        if not seconds:
            return
        now = self._clock()
        paid = max(self._paid.get(party, 0.0), now - SAVED) + seconds * (1 + self._others(party))
        self._paid[party] = min(paid, now + OWED)

    async def _wait(self, party: Hashable) -> None:
        if self._waiting[party] >= MOST_WAITING:
            raise TooManyAtOnceError("Too many requests are under way at once.", RETRY_AFTER)
        self._waiting[party] += 1
        try:
            async with self._turns.setdefault(party, asyncio.Lock()):
                while (seconds := self._owes(party)) > 0:  # noqa: ASYNC110  # it is time that passes, no event
                    await asyncio.sleep(min(seconds, 0.25))
        finally:
            self._waiting[party] -= 1
            if not self._waiting[party]:
                del self._waiting[party], self._turns[party]

    def _owes(self, party: Hashable) -> float:
        """Return the seconds for which `party` has to wait now; none if nobody else is there."""
        seconds = self._paid.get(party, 0.0) - self._clock()
        return seconds if seconds > 0 and self._others(party) else 0.0

    def _others(self, party: Hashable) -> int:
        """Return how many others have asked just now, up to as many as count."""
        since, others = self._clock() - AROUND, 0
        for other, asked in reversed(self._asked.items()):
            if asked <= since or others == MOST_OTHERS:
                break
            others += other != party
        return others

    def _note(self, party: Hashable) -> None:
        """Put `party` behind those who asked before, and forget who has nothing saved up or owed any more."""
        now = self._clock()
        self._asked.pop(party, None)
        self._asked[party] = now
        while self._asked[oldest := next(iter(self._asked))] < now - OWED - SAVED and oldest not in self._waiting:
            for known in (self._asked, self._paid, self._usual):
                known.pop(oldest, None)
