"""The dropzone against an SFTP server that misbehaves: no order is lost, none comes twice, no login is wasted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.channels.sftp.store import close_all
from orderflow.connectors.dropzone import DropzoneJsonV1Connector
from orderflow.domain.delivery import Delivery, Document, ExportResult
from orderflow.domain.errors import ConnectorError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.testing.sftp_server import SFTPServer


class DropzoneServer(SFTPServer):
    """A server with the two folders of a dropzone, that remembers what was renamed to its final name."""

    def __init__(self, root: Path, **faults: Any) -> None:
        super().__init__(root, on_rename=self._note, **faults)
        self.published: list[str] = []
        for folder in ("out", "acks"):
            (root / folder).mkdir(parents=True)

    def _note(self, path: Path) -> None:
        if path.suffix == ".json":
            self.published.append(path.name)

    def config(self, **more: Any) -> dict[str, Any]:
        return {
            "mode": "sftp",
            "host": self.host,
            "port": self.port,
            "username": self.username,
            "password": self.password,
            "host_key": self.host_key,
            "export_path": "/out",
            "ack_path": "/acks",
            "timeout": 5,
        } | more

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.root / "out").iterdir()}


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., DropzoneServer]]:
    started: list[DropzoneServer] = []

    def start(**faults: Any) -> DropzoneServer:
        server = DropzoneServer(tmp_path / str(len(started)), **faults)
        started.append(server)
        server.start()
        return server

    yield start
    close_all()
    for server in started:
        server.stop()


@pytest.fixture
def connector() -> DropzoneJsonV1Connector:
    return DropzoneJsonV1Connector()


def orders(count: int) -> list[DraftOrder]:
    return [_order() for _ in range(count)]


def _order() -> DraftOrder:
    order = DraftOrder()
    document = Document(f"sales_order_{order.id}.json", os.urandom(700), "application/json", "1")
    order.delivery = Delivery(new_id(), datetime.now(UTC), document=document)
    return order


def told(outcome: ExportResult | ConnectorError) -> str:
    if isinstance(outcome, ConnectorError):
        return outcome.code
    return "inferred" if outcome.inferred else "seen"


def summary(outcomes: dict[UUID, Any]) -> Counter[str]:
    return Counter(map(told, outcomes.values()))


def test_a_wrong_password_is_tried_once_by_a_test_and_once_by_a_batch(serve, connector):
    server = serve()
    assert connector.test_connection(server.config(password="wrong")).details["code"] == "AUTH_FAILED"
    assert len(server.logins) == 1
    outcomes = dict(connector.export_many(orders(50), server.config(password="wrong")))
    assert summary(outcomes) == {"AUTH_FAILED": 50}
    assert len(server.logins) == 2


@pytest.mark.parametrize(("host_key", "code"), [(None, "HOST_KEY_UNKNOWN"), ("SHA256:" + "A" * 43, "HOST_KEY_CHANGED")])
def test_a_server_that_is_not_confirmed_learns_nothing_of_us(serve, connector, host_key, code):
    server = serve()
    config = server.config(host_key=host_key)
    result = connector.test_connection(config)
    assert result.details["code"] == code
    assert (result.details["fingerprint"], result.details["host_key"]) == (server.fingerprint, server.host_key)
    assert summary(dict(connector.export_many(orders(3), config))) == {code: 3}
    assert server.logins == []


def test_a_batch_takes_one_connection_and_the_next_takes_it_again(serve, connector):
    server = serve()
    for _ in range(3):
        assert summary(dict(connector.export_many(orders(40), server.config()))) == {"seen": 40}
    assert server.connections == 1
    assert len(server.files()) == 120


@pytest.mark.parametrize("operation", ["open", "write", "rename", "after_rename"])
def test_a_connection_that_breaks_loses_and_doubles_nothing(serve, connector, operation):
    server = serve(drop_connection_on=operation, drop_after=20)
    batch = orders(60)
    outcomes = dict(connector.export_many(batch, server.config()))
    assert set(outcomes) == {order.id for order in batch}
    assert set(summary(outcomes)) <= {"seen", "inferred"}
    sent = [document for order in batch if (document := order.delivery.document)]
    assert len(sent) == 60
    assert server.files() == {document.filename: document.content for document in sent}
    assert max(Counter(server.published).values()) == 1
    assert server.connections == 2


@pytest.mark.parametrize("fault", ["deny_stat", "no_posix_rename"])
def test_an_account_that_may_do_less_still_delivers(serve, connector, fault):
    server = serve(**{fault: True})
    assert summary(dict(connector.export_many(orders(20), server.config()))) == {"seen": 20}
    assert all(name.endswith(".json") for name in server.files())


def test_a_full_disk_is_told_from_any_other_failure_and_leaves_nothing(serve, connector):
    server = serve(disk_full=True)
    assert summary(dict(connector.export_many(orders(20), server.config()))) == {"DISK_FULL": 20}
    assert server.files() == {}


def test_publishing_again_finds_it_published(serve, connector):
    server = serve()
    ((_, staged),) = connector.stage_many(orders(1), server.config())
    assert [told(outcome) for _, outcome in connector.publish_many([staged], server.config())] == ["seen"]
    assert [told(outcome) for _, outcome in connector.publish_many([staged], server.config())] == ["inferred"]
    moved = server.config(export_path="/elsewhere")
    assert [told(outcome) for _, outcome in connector.publish_many([staged], moved)] == ["TARGET_CHANGED"]


def test_a_folder_that_is_gone_proves_nothing(serve, connector):
    server = serve()
    ((_, staged),) = connector.stage_many(orders(1), server.config())
    (server.root / "out").rename(server.root / "away")
    assert [told(outcome) for _, outcome in connector.publish_many([staged], server.config())] == ["FOLDER_MISSING"]
