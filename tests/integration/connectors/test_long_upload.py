"""A document of 100 MB whose upload takes far longer than the lease under which it began."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orderflow.channels.sftp.store import close_all
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.delivery import Document
from orderflow.domain.orders import DraftOrder
from orderflow.storage.lease_keeper import LeaseKeeper
from orderflow.testing.sftp_server import SFTPServer

LEASE = 0.6
"""Seconds."""

CONTENT = os.urandom(1024 * 1024) * 100


class LargeDocuments(DropzoneJsonV1Connector):
    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        return replace(super().render(draft_order, config), content=CONTENT)


def test_a_hundred_megabytes_outlive_their_first_lease_and_arrive_once(installation: Any, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    store = installation.wiring.store
    keeper = LeaseKeeper(store.extend_leases, LEASE, lambda error: pytest.fail(str(error)))
    with SFTPServer(tmp_path, delay=0.005) as erp:
        account = {"host": erp.host, "port": erp.port, "username": erp.username, "password": erp.password}
        config = account | {"host_key": erp.host_key, "export_path": "/out", "timeout": 30}
        connection_id = installation.connect(LargeDocuments(), config)
        installation.wiring = replace(installation.wiring, lease_seconds=LEASE, keeper=keeper)
        (order_id,) = installation.pushed()
        began = time.monotonic()
        assert installation.work_off(connection_id) == 1
        took = time.monotonic() - began
        close_all()
    keeper.stop()
    assert took > 2 * LEASE
    export = installation.export(order_id)
    assert (export["status"], export["attempts_spent"], export["inferred"]) == ("SENT", 0, False)
    (arrived,) = (tmp_path / "out").iterdir()
    assert (arrived.name, arrived.read_bytes() == CONTENT) == (export["filename"], True)
