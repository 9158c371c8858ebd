"""A backup is restored, a key is lost: what docs/operations.md tells to do, done."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.bootstrap import App, open_app
from orderflow.domain.errors import KeyMismatchError
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.open_target import open_target
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.doctor import after_restore, examine
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.flow.ports import Actor
from orderflow.flow.setup import connections as steps
from orderflow.settings import Settings
from orderflow.storage.system.doctor import SqlBookKeeping
from orderflow.storage.system.rotation import disable_sealed_with

ACTOR = Actor("test")


class Shop:
    """An installation with one connection, that can be stopped, copied and opened again."""

    def __init__(self, home: Path) -> None:
        self.data, self.inbox, self.answers = home / "data", home / "inbox", home / "answers"
        for folder in (self.inbox, self.answers):
            folder.mkdir()
        self.config = {"mode": "filesystem", "export_path": str(self.inbox), "ack_path": str(self.answers)}
        self.app: App = open_app(Settings(orderflow_home=self.data))
        self.org_id = self.app.create_organization("acme")
        wiring = self.app.wiring
        self.connection_id = steps.add_connection(wiring, self.org_id, "DROPZONE_JSON_V1", self.config, ACTOR)
        steps.enable_connection(wiring, self.org_id, self.connection_id, ACTOR)

    def reopen(self, **settings: Any) -> None:
        self.app = open_app(Settings(orderflow_home=self.data, **settings))

    def pushed(self, count: int) -> list[UUID]:
        orders = [_order() for _ in range(count)]
        with self.app.store.work(self.org_id) as work:
            accept_orders(work, orders, ACTOR)
            for order in orders:
                approve_order(work, order.id, ACTOR)
        for order in orders:
            request_push(self.app.store, self.org_id, order.id, ACTOR)
        return [order.id for order in orders]

    def deliver(self) -> int:
        return push_batch(self.app.wiring, self.org_id, self.connection_id)

    def taken(self) -> dict[UUID, str]:
        """Let the ERP take what lies in the inbox; returns file names by order."""
        files = list(self.inbox.glob("*.json"))
        found = {UUID(json.loads(path.read_bytes())["draft_order_id"]): path.name for path in files}
        for path in files:
            path.unlink()
        return found

    def states(self, ids: list[UUID]) -> list[str]:
        with self.app.database.transaction(self.org_id) as connection:
            rows = connection.execute(text("SELECT id, status FROM draft_order")).all()
        states = {row.id: row.status for row in rows}
        return [states[one] for one in ids]

    def export_id(self, order_id: UUID) -> UUID:
        with self.app.database.transaction(self.org_id) as connection:
            query = text("SELECT id FROM erp_export WHERE draft_order_id = :id")
            found: UUID = connection.execute(query, {"id": order_id}).scalar_one()
            return found


def _order() -> DraftOrder:
    lines = [DraftOrderLine(1, "INT-999", Decimal(10), "M", Decimal("1.23"))]
    return DraftOrder(external_order_number="PO-1", currency="EUR", customer=Customer("4711", "Muster"), lines=lines)


@pytest.fixture
def shop() -> Iterator[Shop]:
    # Not pytest's tmp_path: as root, PostgreSQL's own user must be able to pass through to its data.
    with tempfile.TemporaryDirectory(prefix="of-recover-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o711)
        opened = Shop(Path(home))
        yield opened
        opened.app.close()


@pytest.mark.slow
def test_after_a_restore_nothing_is_sent_twice_and_an_answer_or_a_person_settles_it(shop: Shop) -> None:
    ids = shop.pushed(3)
    to = open_target(shop.app.wiring, shop.org_id, shop.connection_id)
    assert to is not None
    claim(shop.app.wiring, to, 1)  # a worker was at it when the backup was made
    shop.app.close()
    backup = shop.data.with_name("backup")
    _copy(shop.data, backup)
    shop.reopen()
    with shop.app.database.transaction(shop.org_id) as connection:
        connection.execute(text("UPDATE erp_export SET lease_until = now() - interval '1 s'"))
    while shop.deliver():
        pass
    sent = shop.taken()
    assert set(sent) == set(ids)

    shop.app.close()
    shutil.rmtree(shop.data)
    _copy(backup, shop.data)
    shop.reopen()
    keeping = SqlBookKeeping(shop.app.database)
    assert {finding.order_id for finding in after_restore(keeping)} == set(ids)
    assert shop.deliver() == 0
    assert {finding.code for finding in examine(keeping, shop.app.documents)} == {"DELIVERY_HELD"}

    # The ERP answered the one whose name the backup knows.
    known = ids[0]
    (shop.answers / f"ack_{sent[known]}").write_text('{"status": "ACKED", "erp_order_id": "SO-1"}')
    assert [place[1] for place in shop.app.system.due_polls()] == [shop.connection_id]
    assert poll_acks(shop.app.wiring, shop.org_id, shop.connection_id)["acknowledge"] == 1
    resolve_held(shop.app.store, shop.org_id, shop.export_id(ids[1]), "delivered", ACTOR)
    resolve_held(shop.app.store, shop.org_id, shop.export_id(ids[2]), "send_again", ACTOR)
    assert shop.deliver() == 1
    assert shop.taken() == {ids[2]: sent[ids[2]]}, "under the same name"
    assert shop.states(ids) == ["CONFIRMED", "PUSHED", "PUSHED"]


@pytest.mark.slow
def test_without_the_key_orders_wait_until_the_configuration_is_entered_again(shop: Shop) -> None:
    ids, lost = shop.pushed(2), shop.app.encryption.key_id
    shop.app.close()
    shop.reopen(encryption_master_key="cd" * 32)
    with pytest.raises(KeyMismatchError, match=lost):
        shop.app.require_key()
    assert shop.deliver() == 0
    assert disable_sealed_with(shop.app.database, lost, ACTOR) == 1
    shop.app.require_key()
    shop.app.upkeep()
    wiring, org_id, connection_id = shop.app.wiring, shop.org_id, shop.connection_id
    with shop.app.database.transaction(org_id) as connection:
        told = connection.execute(text("SELECT event FROM notification")).scalars().all()
        state = connection.execute(text("SELECT status FROM erp_connection")).scalar_one()
    assert (told, state) == (["connection.disabled"], "DISABLED")
    assert shop.states(ids) == ["PUSHING", "PUSHING"]

    steps.edit_connection(wiring, org_id, connection_id, shop.config, ACTOR)
    steps.enable_connection(wiring, org_id, connection_id, ACTOR)
    assert shop.deliver() == 2
    assert set(shop.taken()) == set(ids)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)  # with owners and rights, as any backup keeps them
