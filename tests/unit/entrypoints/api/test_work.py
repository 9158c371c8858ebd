"""Shares of slow work: nobody takes more than theirs, and parties take turns."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from orderflow.entrypoints.api.work import Limit, Shares, TooManyAtOnceError, Work


class Race:
    """Holds shares for as long as a test wants, and notes who had how many."""

    def __init__(self, **limit: float) -> None:
        self.shares = Shares(Work.TEST, Limit(**limit))  # type: ignore[arg-type]  # numbers
        self.busy: Counter[str] = Counter()
        self.order: list[str] = []
        self.most: Counter[str] = Counter()
        self.over = asyncio.Event()

    async def take(self, party: str) -> None:
        async with self.shares.taken(party):
            self.busy[party] += 1
            self.order.append(party)
            self.most[party] = max(self.most[party], self.busy[party])
            self.most["all"] = max(self.most["all"], self.busy.total())
            await self.over.wait()
            self.busy[party] -= 1


def test_who_takes_more_than_a_share_is_refused_and_others_are_not() -> None:
    async def check() -> None:
        race = Race(total=4, each=2)
        tasks = [asyncio.create_task(race.take("evil")) for _ in range(45)]
        await asyncio.sleep(0)
        other = asyncio.create_task(race.take("good"))
        race.over.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        await other
        refused = [answer for answer in answers if isinstance(answer, TooManyAtOnceError)]
        assert len(refused) == 43
        assert (refused[0].code, refused[0].details["work"], refused[0].retry_after) == ("TOO_MANY_AT_ONCE", "TEST", 2)
        assert not race.busy.total()

    asyncio.run(check())


def test_those_who_wait_take_turns_whoever_sent_most() -> None:
    async def check() -> None:
        race = Race(total=1, each=1, waiting=100, patience=30)
        tasks = [asyncio.create_task(race.take("evil")) for _ in range(50)]
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(race.take(party)) for party in ("a", "b", "a")]
        race.over.set()
        await asyncio.gather(*tasks)
        assert race.order.index("a") < 4
        assert race.order.index("b") < 4
        assert race.most["all"] == 1
        assert race.order.count("evil") == 50

    asyncio.run(check())


def test_patience_has_an_end_and_leaves_no_place_taken() -> None:
    async def check() -> None:
        race = Race(total=1, each=1, waiting=2, patience=0.01)
        first = asyncio.create_task(race.take("evil"))
        await asyncio.sleep(0)
        for _ in range(3):
            with pytest.raises(TooManyAtOnceError):
                await race.take("good")
        race.over.set()
        await first
        await race.take("good")

    asyncio.run(check())


def test_a_request_that_is_given_up_gives_its_turn_to_the_next() -> None:
    async def check() -> None:
        race = Race(total=1, each=1, waiting=9, patience=30)
        first = asyncio.create_task(race.take("a"))
        await asyncio.sleep(0)
        given_up, patient = asyncio.create_task(race.take("a")), asyncio.create_task(race.take("b"))
        await asyncio.sleep(0)
        race.over.set()
        given_up.cancel()
        await asyncio.gather(first, patient)
        await race.take("a")
        assert race.order == ["a", "b", "a"]

    asyncio.run(check())


def test_a_share_that_comes_free_as_a_request_gives_up_goes_to_the_next_of_the_same_party() -> None:
    async def check() -> None:
        shares = Shares(Work.TEST, Limit(total=2, each=1, waiting=9, patience=30))
        await shares.take("a")
        given_up, patient = asyncio.create_task(shares.take("a")), asyncio.create_task(shares.take("a"))
        await asyncio.sleep(0)
        given_up.cancel()  # its turn is over at once, and stands in the queue until it runs again
        shares.give_back("a")
        assert shares.left("a") == 0
        await patient
        shares.give_back("a")
        assert shares.left("a") == 1

    asyncio.run(check())


@pytest.mark.parametrize("cancelled_late", [False, True])
def test_no_share_is_ever_lost(cancelled_late: bool) -> None:
    async def check() -> None:
        race = Race(total=2, each=2, waiting=50, patience=30)
        tasks = [asyncio.create_task(race.take("a")) for _ in range(20)]
        await asyncio.sleep(0)
        race.over.set()
        if cancelled_late:
            await asyncio.sleep(0)
        for task in tasks[::3]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with race.shares.taken("a"), race.shares.taken("a"):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(race.take("a"), 0.01)

    asyncio.run(check())
