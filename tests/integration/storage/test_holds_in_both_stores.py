"""Holds and head starts in both stores: what is on hold is never claimed, and nobody waits for ever."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderflow.domain.errors import StateError
from orderflow.domain.orders import MOST_PRIORITY
from orderflow.flow.order.hold import hold_order, release_order
from orderflow.flow.order.prioritize import prioritize
from orderflow.flow.ports import Actor, Hold
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from orderflow.storage.system.due import SqlSystem
from orderflow.storage.system.processes import SqlProcesses
from tests.integration.storage.benches import (
    Bench,
    MemoryBench,
    SqlBench,
    begun,
    claimed,
    connection,
    doubt,
    export,
    leased,
    order,
)

ANNA, BEN = Actor("anna"), Actor("ben")


def hold(bench: Bench, order_id: UUID, reason: str = "checked", actor: Actor = ANNA) -> Hold:
    with bench.store.work(bench.org_id) as work:
        return hold_order(work, order_id, reason, actor)


def release(bench: Bench, order_id: UUID, actor: Actor = ANNA, **options: Any) -> bool:
    with bench.store.work(bench.org_id) as work:
        return release_order(work, order_id, actor, **options) is not None


def order_of(bench: Bench, export_id: UUID) -> UUID:
    with bench.store.work(bench.org_id) as work:
        found = work.exports.find(export_id)
    assert found is not None
    return found.draft_order_id


def ids(bench: Bench, way: UUID, limit: int = 10) -> list[UUID]:
    return [attempt.export_id for attempt in claimed(bench, way, limit).attempts]


def test_an_order_on_hold_is_passed_by_until_the_last_hold_is_released(bench: Bench) -> None:
    way = connection(bench)
    waits, goes = export(bench, way), export(bench, way)
    order_id = order_of(bench, waits)
    hold(bench, order_id)
    hold(bench, order_id, "price", BEN)
    assert ids(bench, way) == [goes]
    assert not release(bench, order_id)
    assert ids(bench, way) == []
    assert release(bench, order_id, BEN)
    assert ids(bench, way) == [waits]


def test_it_may_be_put_on_hold_before_it_is_pushed(bench: Bench) -> None:
    way, order_id = connection(bench), order(bench)
    hold(bench, order_id)
    made = export(bench, way, of=order_id)
    assert ids(bench, way) == []
    assert release(bench, order_id)
    assert ids(bench, way) == [made]


def test_it_goes_out_in_the_place_that_it_had(bench: Bench) -> None:
    way = connection(bench)
    first = export(bench, way)
    hold(bench, order_of(bench, first))
    bench.passes(5)
    export(bench, way)
    release(bench, order_of(bench, first))
    assert ids(bench, way, 1) == [first]


def test_what_was_begun_is_finished_and_what_is_left_undone_waits(bench: Bench) -> None:
    way = connection(bench)
    staged = export(bench, way, staged_at=bench.now(), staged_path="a.tmp")
    doubtful = export(bench, way, **(doubt(bench) | {"held_at": None}))
    under_way = export(bench, way, **leased(bench)[1])
    for one in (staged, doubtful, under_way):
        hold(bench, order_of(bench, one))
    assert sorted(ids(bench, way)) == sorted([staged, doubtful])
    bench.set("erp_export", under_way, lease_token=None, lease_until=None)  # its attempt ended, and nothing was sent
    assert ids(bench, way) == []
    release(bench, order_of(bench, under_way))
    assert ids(bench, way) == [under_way]


def test_a_worker_that_is_late_does_not_begin_what_was_put_on_hold_since(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    late = claimed(bench, way, seconds=5)
    bench.passes(6)
    hold(bench, order_of(bench, made))
    with bench.store.work(bench.org_id) as work:
        work.exports.begin(late)
    assert late.attempts == []


def test_what_is_put_on_hold_after_its_claim_is_not_begun(bench: Bench) -> None:
    way = connection(bench)
    held, goes = export(bench, way), export(bench, way)
    batch = claimed(bench, way)
    hold(bench, order_of(bench, held))
    with bench.store.work(bench.org_id) as work:
        work.exports.begin(batch)
    assert [attempt.export_id for attempt in batch.attempts] == [goes]
    assert bench.attempts(held) == []


def test_who_waits_for_a_target_that_is_away_is_given_up_and_who_is_on_hold_is_not(bench: Bench) -> None:
    way = connection(bench)
    late, kept = export(bench, way), export(bench, way)
    hold(bench, order_of(bench, kept))
    bench.passes(100)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.waiting_for_longer(way, 60, 10) == [late]
        assert work.exports.give_up([late, kept], {"code": "X", "message": "x"}) == [order_of(bench, late)]


def left_undone(bench: Bench, way: UUID) -> UUID:
    """Return an export whose order was put on hold while a worker was at it, and of which nothing was sent."""
    made = export(bench, way, **leased(bench)[1])
    hold(bench, order_of(bench, made))
    bench.set("erp_export", made, lease_token=None, lease_until=None)
    return made


def sent_again_on_hold(bench: Bench, way: UUID) -> UUID:
    """Return an export whose order was put on hold in doubt, and that a person sends again."""
    made = export(bench, way, **doubt(bench))
    hold(bench, order_of(bench, made))
    with bench.store.work(bench.org_id) as work:
        assert work.exports.send_again(made)
    return made


@pytest.mark.parametrize("on_hold", [left_undone, sent_again_on_hold])
def test_what_is_on_hold_is_neither_taken_nor_given_up_however_it_came_to_be(bench: Bench, on_hold: Any) -> None:
    way = connection(bench)
    made = on_hold(bench, way)
    bench.passes(100)
    assert ids(bench, way) == []
    with bench.store.work(bench.org_id) as work:
        assert work.exports.waiting_for_longer(way, 60, 10) == []
        assert work.exports.give_up([made], {"code": "X", "message": "x"}) == []
    assert release(bench, order_of(bench, made))
    assert ids(bench, way) == [made]


@pytest.mark.parametrize("on_hold", [left_undone, sent_again_on_hold])
def test_no_worker_is_called_for_what_is_on_hold(database: Database, org: UUID, on_hold: Any) -> None:
    bench = SqlBench(database, org, SqlStore(database, EncryptionService("ab" * 32)))
    way = connection(bench, give_up_after=60)
    made = on_hold(bench, way)
    bench.passes(100)
    system, processes = SqlSystem(database), SqlProcesses(database)
    assert (system.due_deliveries(), processes.waiting_for(60)) == ([], 0)
    bench.set("erp_connection", way, breaker_state="OPEN")
    assert system.outages() == []
    assert release(bench, order_of(bench, made))
    assert system.outages() == [(org, way)]
    bench.set("erp_connection", way, breaker_state="CLOSED")
    assert (system.due_deliveries(), processes.waiting_for(60)) == ([(org, way)], 1)


def test_what_a_person_sends_again_on_hold_leaves_the_queue_of_the_others(database: Database, org: UUID) -> None:
    bench = SqlBench(database, org, SqlStore(database, EncryptionService("ab" * 32)))
    row = bench.columns("erp_export", sent_again_on_hold(bench, connection(bench)))
    other = bench.columns("erp_export", _sent_again(bench))
    assert row is not None
    assert other is not None
    assert (row["on_hold"], other["on_hold"]) == (True, False)


def _sent_again(bench: Bench) -> UUID:
    made = export(bench, connection(bench, "MOCK_2"), **doubt(bench))
    with bench.store.work(bench.org_id) as work:
        assert work.exports.send_again(made)
    return made


def test_what_is_in_doubt_is_not_begun_again_while_it_is_on_hold(bench: Bench) -> None:
    way = connection(bench)
    stays, goes = (export(bench, way, **(doubt(bench) | {"held_at": None})) for _ in range(2))
    batch = begun(bench, way)
    hold(bench, order_of(bench, stays))
    with bench.store.work(bench.org_id) as work:
        assert work.exports.mark_begun(batch.lease, [stays, goes]) == {goes}
    assert release(bench, order_of(bench, stays))
    with bench.store.work(bench.org_id) as work:
        assert work.exports.mark_begun(batch.lease, [stays, goes]) == {stays, goes}


def test_the_same_person_and_reason_are_one_hold(bench: Bench) -> None:
    order_id = order(bench)
    first = hold(bench, order_id)
    again = hold(bench, order_id, " checked ")
    assert again.id == first.id
    hold(bench, order_id, "price")
    hold(bench, order_id, actor=BEN)
    with bench.store.work(bench.org_id) as work:
        placed = [(one.reason, one.placed_by) for one in work.holds.of(order_id)]
    assert placed == [("checked", "anna"), ("price", "anna"), ("checked", "ben")]


def test_a_transaction_that_fails_holds_and_releases_nothing(bench: Bench) -> None:
    way = connection(bench)
    order_id = order_of(bench, export(bench, way))
    with suppress(ZeroDivisionError), bench.store.work(bench.org_id) as work:
        hold_order(work, order_id, "checked", ANNA)
        _ = 1 / 0
    with bench.store.work(bench.org_id) as work:
        assert work.holds.of(order_id) == []
    hold(bench, order_id)
    with suppress(ZeroDivisionError), bench.store.work(bench.org_id) as work:
        release_order(work, order_id, ANNA)
        _ = 1 / 0
    assert ids(bench, way) == []


def test_what_is_not_on_hold_cannot_be_released(bench: Bench) -> None:
    with pytest.raises(StateError) as refused:
        release(bench, order(bench))
    assert refused.value.code == "NOT_ON_HOLD"


# Head starts


def test_a_head_start_brings_an_order_forward_and_makes_none_due(bench: Bench) -> None:
    way = connection(bench)
    usual = export(bench, way)
    bench.passes(60)
    urgent, later = export(bench, way), export(bench, way, next_attempt_at=bench.now() + timedelta(seconds=90))
    with bench.store.work(bench.org_id) as work:
        prioritize(work, order_of(bench, urgent), 2, ANNA)
        prioritize(work, order_of(bench, later), MOST_PRIORITY, ANNA)
    assert ids(bench, way, 1) == [urgent]
    assert ids(bench, way) == [usual]
    bench.passes(91)
    assert ids(bench, way, 1) == [later]


def test_an_order_brings_its_head_start_to_its_export(bench: Bench) -> None:
    way, urgent = connection(bench), order(bench)
    usual = export(bench, way)
    bench.passes(30)
    with bench.store.work(bench.org_id) as work:
        assert work.orders.prioritize(urgent, 1) == 0
        assert work.orders.prioritize(urgent, 1) == 1
        assert work.orders.get(urgent).priority == 1
    made = export(bench, way, of=urgent)
    assert [ids(bench, way, 1), ids(bench, way, 1)] == [[made], [usual]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, MOST_PRIORITY)), min_size=1, max_size=12), st.randoms())
def test_nobody_starves(arrivals: list[tuple[int, int]], chance: Any) -> None:
    """However many urgent ones keep coming: who has waited for the longest head start longer goes first."""
    bench = MemoryBench()
    way, waiting = connection(bench), {}
    for minutes, priority in arrivals:
        bench.passes(60 * minutes)
        order_id = order(bench)
        with bench.store.work(bench.org_id) as work:
            work.orders.prioritize(order_id, priority)
        waiting[export(bench, way, of=order_id)] = bench.now()
        if chance.random() < 0.4:
            (taken,) = ids(bench, way, 1)
            bench.set("erp_export", taken, status="SENT")
            since = waiting.pop(taken)
            assert all(since - waited <= timedelta(minutes=MOST_PRIORITY) for waited in waiting.values())
    assert set(ids(bench, way, 100)) == set(waiting)


def test_begun_ones_keep_their_attempts(bench: Bench) -> None:
    """A hold spends nothing: neither an attempt nor a place in the log."""
    way = connection(bench)
    made = export(bench, way)
    hold(bench, order_of(bench, made))
    assert ids(bench, way) == []
    release(bench, order_of(bench, made))
    batch = begun(bench, way)
    assert [attempt.order.delivery.attempt_no for attempt in batch.attempts] == [1]
