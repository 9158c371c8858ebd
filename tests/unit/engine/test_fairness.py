"""No organization holds all of what is shared, and alone it may hold most."""

from __future__ import annotations

import threading
from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from orderflow.engine.fairness import fairly
from orderflow.engine.threads.fair_threads import FairThreads

BAD, GOOD = UUID(int=1), UUID(int=2)


class Hanging:
    """Work that hangs until it is let go."""

    def __init__(self) -> None:
        self.held = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, _key: object) -> None:
        self.held.release()
        self.go.wait(20)


def test_an_organization_whose_connections_all_hang_leaves_threads_to_others() -> None:
    threads, hanging, done = FairThreads(16, "test"), Hanging(), threading.Event()
    for number in range(20):
        threads.submit(hanging, (BAD, number))
    for _ in range(8):
        assert hanging.held.acquire(timeout=10)
    threads.submit(lambda _key: done.set(), (GOOD, 1))
    assert done.wait(10)
    assert not hanging.held.acquire(blocking=False), "half, and no more"
    hanging.go.set()
    assert threads.shutdown(10)


def test_where_there_is_only_one_it_gets_them_all() -> None:
    threads, hanging = FairThreads(4, "test"), Hanging()
    threads.shared = False
    for number in range(9):
        threads.submit(hanging, (BAD, number))
    for _ in range(4):
        assert hanging.held.acquire(timeout=10)
    hanging.go.set()
    assert threads.shutdown(10)


def test_what_hangs_for_good_is_left_behind_when_it_is_stopped() -> None:
    threads, hanging = FairThreads(1, "test"), Hanging()
    threads.submit(hanging, (BAD, 1))
    assert hanging.held.acquire(timeout=10)
    assert not threads.shutdown(0.05)
    hanging.go.set()


def test_all_that_was_submitted_runs_in_turn() -> None:
    threads, go = FairThreads(1, "test"), threading.Event()
    order: list[object] = []

    def wait(_key: object) -> None:
        go.wait(10)

    threads.submit(wait, ("first", 0))
    for key in [("a", 1), ("a", 2), ("a", 3), ("b", 1), "upkeep"]:
        threads.submit(order.append, key)
    threads.submit(lambda _key: done.set(), ("z", 1))
    done = threading.Event()
    go.set()
    assert done.wait(10)
    assert threads.shutdown(10)
    assert order[:4] == [("a", 1), ("b", 1), "upkeep", ("a", 2)]


places = st.lists(st.tuples(st.sampled_from([UUID(int=n) for n in range(5)]), st.uuids()), unique=True)


@given(places, st.integers(1, 40))
def test_of_what_is_due_each_gets_something_and_nobody_gets_all(due: list[tuple[UUID, UUID]], slots: int) -> None:
    chosen = fairly(due, {}, slots)
    assert len(chosen) == len(set(chosen))
    assert set(chosen) <= set(due)
    counts = Counter(org_id for org_id, _ in chosen)
    assert counts.keys() == {org_id for org_id, _ in due}
    assert max(counts.values(), default=0) <= max(1, (slots + 1) // 2)


def test_who_holds_a_share_already_gets_nothing_further() -> None:
    due = [(BAD, UUID(int=n)) for n in range(20)] + [(GOOD, UUID(int=99))]
    assert fairly(due, {BAD: 8}, 16) == [(GOOD, UUID(int=99))]
