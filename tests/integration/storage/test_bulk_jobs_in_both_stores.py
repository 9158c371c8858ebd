"""Bulk jobs on the store on PostgreSQL and on the store in memory."""

from __future__ import annotations

from uuid import UUID

import pytest

from orderflow.domain.bulk import BulkAction, BulkOutcome, BulkStatus
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.order.bulk import begin, cancel, carry_out, go_on
from orderflow.flow.ports import BulkJob, BulkResult
from tests.integration.storage.benches import ACTOR, Bench, connection, export, order

REFUSED = StateError("Not this one.", code="X", hint="Do.", details={"a": 1})


def job(action: BulkAction = BulkAction.APPROVE) -> BulkJob:
    return BulkJob(new_id(), action, ACTOR, role="OPS", reason="why", chosen={"ids": 3}, numbers={new_id(): "SO-1"})


def begun(bench: Bench, job: BulkJob, ids: list[UUID]) -> BulkJob:
    with bench.store.work(bench.org_id) as work:
        begin(work, job, lambda: work.bulk_jobs.choose(job.id, ids))
    return job


def test_a_job_is_taken_in_parts_in_the_order_in_which_its_orders_were_named(bench: Bench) -> None:
    ids = [new_id() for _ in range(3)][::-1]
    one = begun(bench, job(), [*ids, ids[0]])
    with bench.store.work(bench.org_id) as work:
        assert work.bulk_jobs.running() == 1
        turn = work.bulk_jobs.take(one.id, 2)
        assert turn is not None
        assert (turn.job, turn.order_ids, turn.progress.left) == (one, ids[:2], 3)
        results = [BulkResult(ids[0], BulkOutcome.WAITING), BulkResult(ids[1], BulkOutcome.REFUSED, REFUSED)]
        assert work.bulk_jobs.note(turn, results)
    with bench.store.work(bench.org_id) as work:
        turn = work.bulk_jobs.take(one.id, 2)
        assert turn is not None
        assert turn.order_ids == ids[2:]
        assert not work.bulk_jobs.note(turn, [BulkResult(ids[2])])
    with bench.store.work(bench.org_id) as work:
        ended = work.bulk_jobs.progress(one.id)
        assert (ended.status, ended.total, ended.left, work.bulk_jobs.running()) == (BulkStatus.ENDED, 3, 0, 0)
        assert ended.counts == dict.fromkeys(BulkOutcome, 1)
        assert ended.reasons == {"X": {"orders": 1, "message": "Not this one.", "hint": "Do."}}
        assert work.bulk_jobs.take(one.id, 2) is None
        assert not work.bulk_jobs.cancel(one.id, "ops")
    assert ("BULK_JOB_STARTED", one.id) in bench.audit()


def test_one_that_is_cancelled_is_taken_no_more(bench: Bench) -> None:
    one, none = begun(bench, job(), [new_id()]), begun(bench, job(), [])
    with bench.store.work(bench.org_id) as work:
        assert work.bulk_jobs.progress(none.id).status is BulkStatus.ENDED
        cancel(work, one.id, ACTOR)
    with bench.store.work(bench.org_id) as work:
        assert work.bulk_jobs.take(one.id, 1) is None
        assert work.bulk_jobs.progress(one.id).status is BulkStatus.CANCELLED
        with pytest.raises(NotFoundError):
            work.bulk_jobs.progress(new_id())


def test_a_transaction_that_fails_does_nothing_of_its_batch(bench: Bench) -> None:
    order_id = order(bench, "READY")
    one = begun(bench, job(), [order_id])

    def fail() -> None:
        with bench.store.work(bench.org_id) as work:
            turn = work.bulk_jobs.take(one.id, 1)
            assert turn is not None
            work.bulk_jobs.note(turn, [BulkResult(order_id)])
            raise StateError("No.")

    with pytest.raises(StateError):
        fail()
    with bench.store.work(bench.org_id) as work:
        assert work.bulk_jobs.progress(one.id).left == 1
    assert not go_on(bench.store, bench.org_id, one.id)
    row = bench.columns("draft_order", order_id)
    assert row is not None
    assert row["status"] == "APPROVED"


def test_what_was_not_sent_is_movable_and_what_a_worker_has_is_not(bench: Bench) -> None:
    old, new = connection(bench), connection(bench, "OTHER")
    free, begun_export = export(bench, old), export(bench, old, begun_at=bench.now())
    ids = []
    with bench.store.work(bench.org_id) as work:
        for export_id in (free, begun_export):
            found = work.exports.find(export_id)
            assert found is not None
            ids.append(found.draft_order_id)
        movable = [work.routes.movable(one) for one in ids]
    assert [one and one.id for one in movable] == [free, None]
    moved = carry_out(bench.store, bench.org_id, BulkJob(new_id(), BulkAction.MOVE, ACTOR, connection_id=new), ids)
    assert (moved.counts[BulkOutcome.DONE], list(moved.reasons)) == (1, ["POSSIBLY_DELIVERED"])
