"""What came by itself, on the store on PostgreSQL and on the store in memory."""

from __future__ import annotations

from uuid import UUID

import pytest

from orderflow.domain.delivery import LIGHTEST, Arrived
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.ports import Read, Reading
from tests.integration.storage.benches import Bench, connection


def add(bench: Bench, way: UUID, content: bytes = b"yes", message_id: str | None = None) -> tuple[Arrived, bool]:
    item = Arrived(new_id(), "ack_1", content, "text/plain", message_id)
    with bench.store.work(bench.org_id) as work:
        return item, work.inbound.add(way, item, message_id or f"hash of {content!r}")


def take(bench: Bench, way: UUID, limit: int = 10) -> list[Arrived]:
    with bench.store.work(bench.org_id) as work:
        return work.inbound.take(way, limit, 60.0)


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
    again = take(bench, way)
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


def test_there_has_to_be_such_a_connection(bench: Bench) -> None:
    with pytest.raises(NotFoundError):
        add(bench, new_id())
