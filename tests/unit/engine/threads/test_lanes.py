"""Lanes: turns between connections, a bounded share for each, and nothing forgotten."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from orderflow.engine.jobs import More
from orderflow.engine.threads.lanes import LanePool


class ByHand(ThreadPoolExecutor):
    """Runs what was submitted when told to, in order."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self.queue: list[tuple[Any, Any]] = []

    def submit(self, work: Any, /, *arguments: Any, **_named: Any) -> Future[Any]:
        self.queue.append((work, arguments))
        return Future()

    def run(self, most: int = 1000) -> int:
        done = 0
        while self.queue and done < most:
            work, arguments = self.queue.pop(0)
            work(*arguments)
            done += 1
        return done


def test_connections_take_turns() -> None:
    left = {"busy": 5, "idle": 1}
    order: list[str] = []

    def work(key: str, _more: More) -> bool:
        order.append(key)
        left[key] -= 1
        return left[key] > 0

    executor = ByHand()
    pool = LanePool(executor, work, 1)
    pool.look_at("busy")
    pool.look_at("idle")
    executor.run()
    assert order[:3] == ["busy", "idle", "busy"]
    assert Counter(order) == {"busy": 5, "idle": 1}


def test_a_lane_opens_the_next_while_it_is_at_work_and_never_more_than_allowed() -> None:
    running: Counter[str] = Counter()
    most: dict[str, int] = defaultdict(int)
    lock, left = threading.Lock(), [60]

    def work(key: str, open_next: More) -> bool:
        with lock:
            running[key] += 1
            most[key] = max(most[key], running[key])
            left[0] -= 1
            more = left[0] > 0
        if more:
            open_next()
        threading.Event().wait(0.002)
        with lock:
            running[key] -= 1
        return more

    with ThreadPoolExecutor(8) as executor:
        pool = LanePool(executor, work, 3)
        pool.look_at("a")
        for _ in range(500):
            if left[0] <= 0:
                break
            threading.Event().wait(0.01)
    assert 1 < most["a"] <= 3


def test_a_wake_up_during_work_is_looked_at_afterwards() -> None:
    calls: list[str] = []

    def work(key: str, _more: More) -> bool:
        if not calls:
            pool.look_at(key)
            pool.look_at(key)
        calls.append(key)
        return False

    executor = ByHand()
    pool = LanePool(executor, work, 2)
    pool.look_at("a")
    executor.run()
    assert calls == ["a", "a"]


def test_work_that_fails_frees_its_lane() -> None:
    outcomes = [RuntimeError("x"), None]

    def work(_key: str, _more: More) -> bool:
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome
        return False

    with ThreadPoolExecutor(1) as executor:
        pool = LanePool(executor, work, 1)
        for _ in range(2):
            pool.look_at("a")
            for _ in range(200):
                if not pool._lanes:  # nothing else tells when a lane has ended
                    break
                threading.Event().wait(0.01)
    assert outcomes == []


def test_after_stop_nothing_begins() -> None:
    executor = ByHand()
    pool = LanePool(executor, lambda _key, _more: True, 2)
    pool.stop()
    pool.look_at("a")
    assert executor.run() == 0
