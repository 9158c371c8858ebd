"""kill -9 at every named fault point while orders go into a bucket: each arrives once, and is taken at once."""

from __future__ import annotations

import json
import tempfile
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.test_crashes import WORKER_POINTS, Shop, killed
from tests.integration.channels.bucket_store import Bucket, running_store

FIRST, MORE = 20, 4
ORDERS = FIRST + MORE * len(WORKER_POINTS)


class BucketERP(threading.Thread):
    """Takes each object as soon as anybody can see it, and answers."""

    def __init__(self, bucket: Bucket) -> None:
        super().__init__(daemon=True)
        self.bucket, self.takes = bucket, list[str]()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.02):
            for name, content in self.bucket.objects().items():
                self.takes.append(json.loads(content)["draft_order_id"])
                self.bucket.s3.delete_object(Bucket=self.bucket.name, Key=f"out/orders/{name}")
                answer = {"status": "ACKED", "erp_order_id": f"SO-{len(self.takes)}"}
                self.bucket.put(f"in/answers/ack_{name}", json.dumps(answer).encode())

    def stop(self) -> None:
        self._over.set()
        self.join()


@pytest.mark.large
@pytest.mark.timeout(900)  # a dozen processes one after the other, which a busy machine starts slowly
def test_killed_at_every_fault_point_nothing_is_lost_and_nothing_comes_twice() -> None:
    with running_store() as store, tempfile.TemporaryDirectory(prefix="of-crash-", ignore_cleanup_errors=True) as home:
        bucket = Bucket(*store.get_host_and_port())
        erp, shop = BucketERP(bucket), Shop(Path(home), bucket.config)
        erp.start()
        shop.approve(FIRST)
        assert shop.run("push", "--all-approved").wait(timeout=120) == 0
        for point in WORKER_POINTS:
            assert killed(shop.run("worker", fault=point)), point
            shop.approve(MORE)
            assert shop.run("push", "--all-approved").wait(timeout=120) == 0
        worker = shop.run("worker")
        shop.wait_until_confirmed(ORDERS)
        worker.terminate()
        assert worker.wait(timeout=60) == 0
        erp.stop()
        assert [order for order, count in Counter(erp.takes).items() if count > 1] == []
        assert len(erp.takes) == ORDERS
        shop.close()
