"""kill -9 in the middle of what is done to many orders: it goes on, and each order is done once."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orderflow.domain.bulk import BulkAction
from orderflow.domain.ids import new_id
from orderflow.flow.delivery.route import one_to_push_to
from orderflow.flow.order.bulk import AT_ONCE, begin, go_on
from orderflow.flow.ports import Actor, BulkJob
from orderflow.storage.views.bulk_jobs import one_job
from orderflow.storage.views.chosen import Chosen
from orderflow.storage.views.orders import OrderFilter
from tests.acceptance.test_crashes import Shop, killed
from tests.waiting import wait_until

ORDERS = 2 * AT_ONCE + 50


@pytest.fixture
def shop() -> Iterator[Shop]:
    with tempfile.TemporaryDirectory(prefix="of-bulk-", ignore_cleanup_errors=True) as home:
        opened = Shop(Path(home))
        yield opened
        opened.close()


def order(number: int) -> str:
    lines = [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M"}]
    customer = {"erp_customer_number": "4711"}
    return json.dumps(
        {"external_order_number": f"PO-{number}", "currency": "EUR", "customer": customer, "lines": lines}
    )


@pytest.mark.timeout(300)  # eight processes one after the other, which a busy machine starts slowly
def test_what_was_begun_with_many_is_finished_and_nothing_of_it_is_done_twice(shop: Shop) -> None:
    file = shop.home / "orders.jsonl"
    file.write_text("\n".join(map(order, range(ORDERS))))
    importing = ("orders", "import", str(file), "--push")

    assert killed(shop.run(*importing, fault="bulk batch:2"))  # while it approves
    assert shop.states() == {"APPROVED": AT_ONCE, "READY": ORDERS - AT_ONCE}
    assert killed(shop.run(*importing, fault="requested:2"))  # it approves what is left, and is killed while it pushes
    assert shop.states() == {"PUSHING": 2 * AT_ONCE, "APPROVED": 50}
    assert shop.run(*importing).wait(timeout=120) == 0
    assert shop.states() == {"PUSHING": ORDERS}

    for place in shop.app.system.bulk_jobs():  # those of the runs that were killed
        while go_on(shop.app.store, *place):
            pass
    assert shop.states() == {"PUSHING": ORDERS}

    job = BulkJob(new_id(), BulkAction.WITHDRAW, Actor("test"))
    everything = Chosen(orders=OrderFilter(asked_for=True))
    with shop.app.store.work(shop.org_id) as work:
        work.connections.disable(one_to_push_to(work))
        begin(work, job, lambda: work.bulk_jobs.choose_found(job.id, everything.found(work.view)))
    assert killed(shop.run("worker", fault="bulk batch:2"))
    assert shop.states() == {"APPROVED": AT_ONCE, "PUSHING": ORDERS - AT_ONCE}
    worker = shop.run("worker")
    wait_until(lambda: not shop.app.system.bulk_jobs(), shop.states)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    with shop.app.store.work(shop.org_id) as work:
        ended = one_job(work.view, job.id)
    assert (ended.total, ended.done, ended.left) == (ORDERS, ORDERS, 0)
    assert shop.states() == {"APPROVED": ORDERS}
    noted = shop.rows("SELECT action, count(*), count(DISTINCT entity_id) FROM audit_log GROUP BY 1")
    for action in ("DRAFT_APPROVED", "DRAFT_PUSHED", "DRAFT_PUSH_WITHDRAWN"):
        assert (action, ORDERS, ORDERS) in noted
