"""What came by itself, on the store on PostgreSQL and on the store in memory."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from orderflow.domain.delivery import LIGHTEST, Arrived
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.readings import MOST_BEGUN
from orderflow.flow.ports import Read, Reading
from tests.integration.storage.benches import Bench, connection


def add(bench: Bench, way: UUID, content: bytes = b"yes", message_id: str | None = None) -> tuple[Arrived, bool]:
    item = Arrived(new_id(), "ack_1", content, "text/plain", message_id)
    with bench.store.work(bench.org_id) as work:
        return item, work.inbound.add(way, item, message_id or f"hash of {content!r}")


def take(bench: Bench, way: UUID, limit: int = 10, *, begun: bool = False) -> list[Arrived]:
    with bench.store.work(bench.org_id) as work:
        return [replace(item, age=0.0) for item in work.inbound.take(way, limit, 60.0, begun=begun)]


def set_aside(bench: Bench, way: UUID) -> tuple[int, int]:
    """Set aside what is due to be; returns how many these are, and all that are by now."""
    with bench.store.work(bench.org_id) as work:
        return work.inbound.set_aside(way, "why"), work.inbound.count_set_aside(way)


def deadly(bench: Bench, way: UUID) -> None:
    """Have what is due end its readers as often as it may."""
    take(bench, way)
    for _ in range(MOST_BEGUN - 1):
        bench.passes(61)
        assert take(bench, way, begun=True)
    bench.passes(61)
    assert set_aside(bench, way)[0] == 1


def note(bench: Bench, item: Arrived, verdict: Reading, again_in: float | None = None) -> None:
    with bench.store.work(bench.org_id) as work:
        work.inbound.note([Read(item.id, verdict, "why", again_in)])


def counts(bench: Bench, way: UUID) -> tuple[int, int]:
    with bench.store.work(bench.org_id) as work:
        return work.inbound.count_unmatched(way), work.inbound.kept_bytes()


def test_it_is_taken_once_the_oldest_first_with_what_was_said_of_it(bench: Bench) -> None:
    way, other = connection(bench), connection(bench, "MEMORY_API")
    first, _ = add(bench, way)
    bench.passes(5)
    second, _ = add(bench, way, b"no", "m1")
    add(bench, other)
    assert [one.id for one in take(bench, way, 1)] == [first.id]
    (taken,) = take(bench, way)
    assert (taken.id, taken.name, taken.content, taken.media_type, taken.message_id) == (
        *(second.id, "ack_1", b"no", "text/plain", "m1"),
    )
    assert take(bench, way) == []
    bench.passes(61)
    with bench.store.work(bench.org_id) as work:
        again = work.inbound.take(way, 10, 60.0, begun=True)
    assert [one.id for one in again] == [first.id, second.id], "whoever took them has died"
    assert again[0].age >= 66


def test_the_same_one_is_there_once_and_is_read_again_unless_its_sender_numbers_its_messages(bench: Bench) -> None:
    way = connection(bench)
    add(bench, way)
    add(bench, way, b"no", "m1")
    for item in take(bench, way):
        note(bench, item, "acknowledge")
    assert counts(bench, way) == (0, 0), "what was understood is not kept"
    assert [add(bench, way)[1], add(bench, way, b"no", "m1")[1]] == [False, False]
    assert [one.content for one in take(bench, way)] == [b"yes"]
    with pytest.raises(StateError):
        add(bench, way, b"other", "m1")


def test_one_that_comes_again_while_it_is_read_is_read_once_more(bench: Bench) -> None:
    way = connection(bench)
    add(bench, way)
    (item,) = take(bench, way)
    add(bench, way)
    note(bench, item, "acknowledge")
    assert [one.content for one in take(bench, way)] == [b"yes"]


def test_what_belongs_to_nobody_is_counted_and_read_again_until_it_is_put_aside(bench: Bench) -> None:
    way = connection(bench)
    item, _ = add(bench, way)
    take(bench, way)
    note(bench, item, "unmatched", 30.0)
    assert counts(bench, way) == (1, LIGHTEST)
    assert take(bench, way) == []
    bench.passes(31)
    assert [one.id for one in take(bench, way)] == [item.id]
    note(bench, item, "unmatched")
    with bench.store.work(bench.org_id) as work:
        assert work.inbound.read_again(way, item.id)
    assert [one.id for one in take(bench, way)] == [item.id]
    note(bench, item, "unmatched")
    with bench.store.work(bench.org_id) as work:
        work.inbound.put_aside(way, item.id)
        assert not work.inbound.read_again(way, item.id)
        with pytest.raises(NotFoundError):
            work.inbound.put_aside(way, item.id)
    assert counts(bench, way) == (0, 0)


def test_what_ends_its_readers_is_set_aside_and_never_keeps_another_waiting(bench: Bench) -> None:
    way = connection(bench)
    poison, _ = add(bench, way, b"poison")
    beside, _ = add(bench, way, b"beside")
    assert [one.id for one in take(bench, way)] == [poison.id, beside.id], "read together, and the reader dies"
    add(bench, way, b"later")
    (later,) = take(bench, way)
    assert later.content == b"later"
    note(bench, later, "acknowledge")
    bench.passes(61)
    assert (take(bench, way, 1, begun=True), set_aside(bench, way)) == ([poison], (0, 0)), "by itself from then on"
    assert take(bench, way, begun=True) == [beside]
    note(bench, beside, "acknowledge")
    bench.passes(61)
    assert take(bench, way, begun=True) == [poison]
    assert set_aside(bench, way) == (0, 0), "its third reading is under way"
    bench.passes(61)
    assert set_aside(bench, way) == (1, 1)
    assert set_aside(bench, way) == (0, 1)
    bench.passes(3_600)
    assert [take(bench, way, begun=begun) for begun in (False, True)] == [[], []]


def test_what_was_set_aside_is_begun_once_more_when_a_person_asks_and_told_until_it_is_put_aside(bench: Bench) -> None:
    way = connection(bench)
    poison, _ = add(bench, way, b"poison")
    deadly(bench, way)
    for _ in range(2):
        with bench.store.work(bench.org_id) as work:
            assert work.inbound.read_again(way, poison.id)
        assert take(bench, way, begun=True) == [poison]
        bench.passes(61)
        assert set_aside(bench, way) == (1, 1)
    with bench.store.work(bench.org_id) as work:
        work.inbound.put_aside(way, poison.id)
    assert (set_aside(bench, way), counts(bench, way)) == ((0, 0), (0, 0))


def test_one_whose_reading_ends_after_all_is_an_answer_like_any_other(bench: Bench) -> None:
    way = connection(bench)
    item, _ = add(bench, way)
    deadly(bench, way)
    with bench.store.work(bench.org_id) as work:
        work.inbound.read_again(way, item.id)
    take(bench, way, begun=True)
    note(bench, item, "unmatched", 30.0)
    assert set_aside(bench, way) == (0, 0)
    for _ in range(4):
        bench.passes(31)
        assert take(bench, way) == [item], "each of these readings came to its end"
        note(bench, item, "unmatched", 30.0)


def test_one_that_comes_again_while_it_is_read_is_not_counted_as_deadly(bench: Bench) -> None:
    way = connection(bench)
    item, _ = add(bench, way)
    for _ in range(5):
        assert take(bench, way) == [item]
        add(bench, way)
        note(bench, item, "acknowledge")


def test_there_has_to_be_such_a_connection(bench: Bench) -> None:
    with pytest.raises(NotFoundError):
        add(bench, new_id())
