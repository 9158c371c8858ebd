"""A bulk job on PostgreSQL with several workers at once: each order is done once, and none waits for a locked job."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from orderflow.domain.bulk import BulkAction
from orderflow.domain.ids import new_id
from orderflow.flow.order.bulk import AT_ONCE, begin, go_on, work_on
from orderflow.flow.ports import BulkJob
from orderflow.testing.memory import MemoryApi
from tests.integration.conftest import ACTOR, Installation


def begun(installation: Installation, ids: list[UUID]) -> BulkJob:
    job = BulkJob(new_id(), BulkAction.PUSH, ACTOR)
    with installation.wiring.store.work(installation.org_id) as work:
        begin(work, job, lambda: work.bulk_jobs.choose(job.id, ids))
    return job


def test_two_workers_never_do_one_order_twice(installation: Installation) -> None:
    installation.connect(MemoryApi())
    job = begun(installation, installation.approved(3 * AT_ONCE))
    place = (installation.wiring.store, installation.org_id, job.id, 60)
    with ThreadPoolExecutor(2) as workers:
        for task in [workers.submit(work_on, *place) for _ in range(2)]:
            task.result()
    exported = Counter(row["draft_order_id"] for row in installation.rows("SELECT draft_order_id FROM erp_export"))
    assert (len(exported), set(exported.values())) == (3 * AT_ONCE, {1})
    counts = installation.rows("SELECT status, total, done, refused FROM bulk_job")
    assert [tuple(row.values()) for row in counts] == [("ENDED", 3 * AT_ONCE, 3 * AT_ONCE, 0)]
    assert installation.rows("SELECT DISTINCT outcome FROM bulk_job_order") == [{"outcome": "DONE"}]


def test_a_job_that_another_worker_has_is_passed_by(installation: Installation) -> None:
    installation.connect(MemoryApi())
    job = begun(installation, installation.approved(1))
    store, org_id = installation.wiring.store, installation.org_id
    with store.work(org_id) as work:
        assert work.bulk_jobs.take(job.id, 1)
        assert not go_on(store, org_id, job.id)
    assert installation.rows("SELECT done FROM bulk_job") == [{"done": 0}]


def test_two_people_who_push_the_same_orders_at_once_push_each_once(installation: Installation) -> None:
    installation.connect(MemoryApi())
    ids = installation.approved(2 * AT_ONCE)
    jobs = [begun(installation, ids), begun(installation, ids[::-1])]
    store, org_id = installation.wiring.store, installation.org_id
    with ThreadPoolExecutor(2) as workers:
        for task in [workers.submit(work_on, store, org_id, job.id, 60) for job in jobs]:
            task.result()
    assert installation.rows("SELECT count(*) AS exports FROM erp_export") == [{"exports": len(ids)}]
    counted = installation.rows("SELECT sum(done) AS done, sum(refused) AS refused FROM bulk_job")
    assert counted == [{"done": len(ids), "refused": len(ids)}]
