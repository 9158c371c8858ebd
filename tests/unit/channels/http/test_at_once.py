"""Requests under way at the same time: each outcome comes, no more at once than there is room, and an end ends them."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from uuid import UUID

import pytest

from orderflow.channels.http.at_once import AtOnce, each_at_once
from orderflow.domain.errors import RejectedError, UnavailableError

ITEMS = [(UUID(int=number), number) for number in range(40)]
WHOSE: ContextVar[str] = ContextVar("whose", default="nobody's")


def test_each_outcome_comes_once_and_there_is_room_for_so_many() -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    first = threading.Barrier(4)

    def act(number: int) -> str:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        if number < 4:
            first.wait(30)  # so many are at it at once
        with lock:
            under_way -= 1
        if number % 7 == 0:
            raise RejectedError(f"no {number}")
        return f"{WHOSE.get()} {number}"

    token = WHOSE.set("ours")
    outcomes = dict(each_at_once(ITEMS, act, AtOnce(4)))
    WHOSE.reset(token)
    assert most == 4
    for order_id, number in ITEMS:
        outcome = outcomes[order_id]
        assert outcome.message == f"no {number}" if isinstance(outcome, RejectedError) else outcome == f"ours {number}"
    assert len(outcomes) == len(ITEMS)


def test_once_the_target_is_down_the_rest_are_not_tried() -> None:
    tried: list[int] = []

    def act(number: int) -> str:
        tried.append(number)
        raise UnavailableError("down")

    outcomes = dict(each_at_once(ITEMS, act, AtOnce(2)))
    assert {type(outcome) for outcome in outcomes.values()} == {UnavailableError}
    assert len(outcomes) == len(ITEMS)
    assert len(tried) <= 2


def test_what_must_not_be_raised_is_raised_where_the_outcomes_are_wanted() -> None:
    def act(number: int) -> str:
        if number == 3:
            raise ZeroDivisionError("a fault of ours")
        return "done"

    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        list(each_at_once(ITEMS, act, AtOnce(3)))


def test_who_wants_no_more_outcomes_waits_for_those_under_way_alone() -> None:
    begun: list[int] = []
    going = threading.Event()

    def act(number: int) -> str:
        begun.append(number)
        if number:
            going.wait(30)
        return "done"

    outcomes = each_at_once(ITEMS, act, AtOnce(2))
    assert next(outcomes) == (ITEMS[0][0], "done")
    threading.Timer(0.1, going.set).start()
    outcomes.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(begun) <= 3
    assert list(each_at_once([], act, AtOnce(2))) == []
