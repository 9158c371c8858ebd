"""How much of what is slow goes on at a time: a share for each organization, so that none takes the server from others.

A route says by `slow` what kind of work it is. Whoever has used up their share is told so at once, or waits in turn
where the work is short; organizations take turns, however many requests each of them has sent.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from orderflow.flow.people.sign_in import RateLimitedError

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class Work(StrEnum):
    """Kinds of work; the value names it to a person."""

    REQUEST = "requests"
    ORDER = "orders that are brought in, approved or pushed one by one"
    IMPORT = "imports"
    TEST = "tests and previews of connectors"
    PASSWORD = "password checks"  # noqa: S105  # no password
    LARGE_BODY = "large bodies"
    ANSWER = "answers of ERPs"


class TooManyAtOnceError(RateLimitedError):
    """Somebody has more of one kind of work under way than their share."""

    code = "TOO_MANY_AT_ONCE"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of one kind of work is done at a time.

    Attributes:
        total: By this process.
        each: For one organization; for one address where nobody is signed in.
        waiting: How many more requests of one organization may wait for their turn.
        patience: Seconds that they wait.
    """

    total: int
    each: int
    waiting: int = 0
    patience: float = 0.0


LIMITS: dict[Work, Limit] = {
    Work.REQUEST: Limit(total=40, each=12, waiting=500, patience=30),
    Work.ORDER: Limit(total=1_024, each=256, waiting=500, patience=30),
    Work.IMPORT: Limit(total=24, each=4),
    Work.TEST: Limit(total=24, each=4),
    Work.PASSWORD: Limit(total=max(1, (os.cpu_count() or 1) // 2), each=1, waiting=20, patience=10),
    Work.LARGE_BODY: Limit(total=3, each=1, waiting=20, patience=30),
    Work.ANSWER: Limit(total=16, each=4, waiting=50, patience=30),
}

THREADS = sum(limit.total for work, limit in LIMITS.items() if work is not Work.ORDER) + 16
"""Of the server's pool: one for everything that may go on at a time, and some for what has no limit. Those of
`Work.ORDER` share transactions, and with them a few threads of their own."""

RETRY_AFTER = 2
"""Seconds after which somebody who was refused may try again."""


def slow(work: Work) -> Callable[[Endpoint], Endpoint]:
    """Mark an endpoint as this kind of work; stands below the decorator of its route."""

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.work = work  # type: ignore[attr-defined]  # functions take attributes
        return endpoint

    return mark


def work_of(endpoint: Callable[..., Any]) -> Work | None:
    """Return the kind of work that an endpoint was marked as."""
    return getattr(endpoint, "work", None)


class Shares:
    """Gives out the shares of one kind of work, in one event loop."""

    def __init__(self, work: Work, limit: Limit) -> None:
        self._work, self._limit = work, limit
        self._busy: Counter[Hashable] = Counter()
        self._waiting: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def each(self) -> int:
        """How much one party may have under way at once."""
        return self._limit.each

    def left(self, party: Hashable) -> int:
        """Return how much more of it `party` could have under way now."""
        return max(0, min(self._limit.each - self._busy[party], self._limit.total - self._busy.total()))

    def taken(self, party: Hashable) -> _Taken:
        """Hold one share of `party`'s while an `async with` block lasts, which raises as `take` does."""
        return _Taken(self, party)

    async def take(self, party: Hashable) -> None:
        """Take one share of `party`'s, to be given back.

        Raises:
            TooManyAtOnceError: They have used it up, and as many as may wait do so already, or did so for too long.
        """
        if not self._free(party) or party in self._waiting:
            await self._turn(party)
        else:
            self._busy[party] += 1

    def give_back(self, party: Hashable) -> None:
        """Give back one share."""
        self._busy[party] -= 1
        if not self._busy[party]:
            del self._busy[party]
        if self._waiting:
            self._pass_on()

    def _free(self, party: Hashable) -> bool:
        return self._busy[party] < self._limit.each and self._busy.total() < self._limit.total

    async def _turn(self, party: Hashable) -> None:
        """Wait until one of the shares is given to this request."""
        queue = self._waiting.setdefault(party, deque())
        if len(queue) >= self._limit.waiting:
            self._tidy(party)
            raise self._too_many()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(self._limit.patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give_back(party)  # it came at the very moment in which nobody waited any more
            else:
                with suppress(ValueError):  # it was passed over, since it had been given up
                    queue.remove(turn)
                self._tidy(party)
            if isinstance(error, TimeoutError):
                raise self._too_many() from None
            raise

    def _pass_on(self) -> None:
        """Give what is free to those who wait: to one of each party before the next of the same."""
        for party in list(self._waiting):
            while party in self._waiting and self._free(party):
                turn = self._waiting[party].popleft()
                self._waiting.move_to_end(party)
                self._tidy(party)
                if not turn.done():  # else it has been given up, and the next of the same party comes
                    self._busy[party] += 1
                    turn.set_result(None)
                    break

    def _tidy(self, party: Hashable) -> None:
        if not self._waiting.get(party):
            self._waiting.pop(party, None)

    def _too_many(self) -> TooManyAtOnceError:
        error = TooManyAtOnceError(f"Too many {self._work} are under way at once.", RETRY_AFTER)
        error.details["work"] = self._work.name
        error.details["at_once"] = self._limit.each
        return error


class _Taken:
    """One share while a block lasts: a class, since a generator costs every request several times as much."""

    __slots__ = ("_party", "_shares")

    def __init__(self, shares: Shares, party: Hashable) -> None:
        self._shares, self._party = shares, party

    async def __aenter__(self) -> None:
        await self._shares.take(self._party)

    async def __aexit__(self, *_: object) -> None:
        self._shares.give_back(self._party)


class Workload:
    """The shares of every kind of work in one process."""

    def __init__(self, limits: dict[Work, Limit] | None = None) -> None:
        self.shares = {work: Shares(work, limit) for work, limit in (limits or LIMITS).items()}
