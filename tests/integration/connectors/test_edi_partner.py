"""A partner that speaks EDIFACT and X12, at the other end of a folder, of SFTP and of a URL, while the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from mockedi.testing import Mock
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.channels.sftp.store import close_all
from orderflow.channels.zone import answers
from orderflow.documents.object_store import ObjectStore
from orderflow.domain.delivery import Arrived
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.engine.threads import Engine
from orderflow.flow.answers.receive import receive
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order, edit_order
from orderflow.secrets.encryption import EncryptionService
from orderflow.settings import Settings
from orderflow.storage.database import Database
from orderflow.storage.tables.models import ERPConnection
from orderflow.testing.sftp_server import SFTPServer
from tests.integration.conftest import ACTOR
from tests.waiting import wait_until

SENDERS = {"EDIFACT_ORDERS": "EURODIS", "X12_850": "ACME"}
HOUR = 3_600_000


@dataclass
class Desk:
    """An order desk, and its partner."""

    app: App
    org_id: UUID
    partner: Mock
    sender: str
    connection_id: UUID
    folder: Path
    calls: bool
    """Whether the partner sends its answers by itself."""

    sent: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def push(self, *lines: DraftOrderLine, behaviour: str = "accept", **fields: Any) -> UUID:
        """Have an order approved and delivered to a partner that behaves like that."""
        self.partner.behaviour(self.sender, behaviour)
        number = f"PO-{next(self.numbers)}"
        customer = Customer("4711", "Müller & Söhne")
        order = DraftOrder(external_order_number=number, currency="EUR", customer=customer, lines=list(lines), **fields)
        with self.app.store.work(self.org_id) as work:
            accept_orders(work, [order], ACTOR)
            approve_order(work, order.id, ACTOR)
        request_push(self.app.store, self.org_id, order.id, ACTOR)
        return order.id

    def change(self, order_id: UUID, *lines: DraftOrderLine, behaviour: str = "accept") -> None:
        """Have an order changed at a partner that behaves like that."""
        self.partner.behaviour(self.sender, behaviour)
        with self.app.store.work(self.org_id) as work:
            edit_order(work, replace(work.orders.get(order_id), lines=list(lines)), ACTOR)
            approve_order(work, order_id, ACTOR)
        request_push(self.app.store, self.org_id, order_id, ACTOR)

    def ask(self, query: str, order_id: UUID) -> Any:
        with self.app.database.transaction(self.org_id) as connection:
            return connection.execute(text(query), {"id": order_id}).one_or_none()

    def until(self, query: str, order_id: UUID, wanted: Callable[[Any], bool]) -> Any:
        """Wait until a query about an order finds what is wanted; returns it."""

        def found() -> Any:
            seen = self.ask(query, order_id)
            if seen and wanted(seen):
                return seen
            if self.calls:
                self.collect()
            return None

        return wait_until(found, lambda: f"{query}: {self.ask(query, order_id)}")

    def said(self) -> list[str]:
        """Return all that the partner has for us, or sent."""
        return self.sent + [one["payload"] for one in self.partner.mailbox(self.sender)]

    def collect(self) -> None:
        """Have the partner send what it has for us, as one that calls does."""
        for one in self.partner.mailbox(self.sender, leave=False):
            self.sent.append(one["payload"])
            self.receive(one["payload"])

    def receive(self, document: str) -> None:
        """Take an answer as it comes: in the folder, or by itself."""
        if self.calls:
            arrived = Arrived(new_id(), "", document.encode("iso-8859-1"))
            receive(self.app.store, self.org_id, self.connection_id, arrived)
        else:
            (self.folder / f"{new_id()}.edi").write_text(document, "iso-8859-1")

    def is_settled(self, order_id: UUID) -> tuple[str, str | None]:
        """Wait until the partner's answer is known; returns what it came to."""
        found = self.until(
            "SELECT status, confirmation FROM draft_order WHERE id = :id",
            order_id,
            lambda found: found.status in ("CONFIRMED", "ERROR"),
        )
        return found.status, found.confirmation

    def differences(self, order_id: UUID) -> set[tuple[int, str, str | None]]:
        found = self.ask("SELECT differences FROM draft_order_confirmation WHERE draft_order_id = :id", order_id)
        return {(one["line_no"], one["field"], one["confirmed"]) for one in found.differences}


def line(number: int = 1, sku: str = "WIDGET-001", qty: int = 5, price: str = "12.5") -> DraftOrderLine:
    return DraftOrderLine(number, sku, Decimal(qty), "PCE", Decimal(price), currency="EUR")


@contextmanager
def over_folder(root: Path, partner: Mock) -> Iterator[dict[str, Any]]:
    yield {"mode": "filesystem", "export_path": str(root / "out"), "ack_path": str(root / "in")}


@contextmanager
def over_sftp(root: Path, partner: Mock) -> Iterator[dict[str, Any]]:
    with SFTPServer(root) as server:
        place = {"host": server.host, "port": server.port, "export_path": "/out", "ack_path": "/in"}
        login = {"username": server.username, "password": server.password, "host_key": server.host_key}
        yield {"mode": "sftp"} | place | login
        close_all()


@contextmanager
def over_http(root: Path, partner: Mock) -> Iterator[dict[str, Any]]:
    yield {"mode": "http", "url": f"{partner.base}/edi", "plain_http": True}


@pytest.fixture
def partner(tmp_path: Path) -> Iterator[Mock]:
    folders = {"drop_dir": str(tmp_path / "partner" / "out"), "pickup_dir": str(tmp_path / "partner" / "in")}
    pace = {"drop_interval_ms": 50, "drop_settle_ms": 0, "despatch_delay_ms": HOUR, "invoice_delay_ms": HOUR}
    with Mock.start(**folders, **pace) as started:
        yield started


@pytest.fixture(params=[over_folder, over_sftp, over_http])
def way(request: pytest.FixtureRequest, tmp_path: Path, partner: Mock) -> Iterator[dict[str, Any]]:
    with request.param(tmp_path / "partner", partner) as config:
        yield config


@pytest.fixture(params=SENDERS)
def desk(
    request: pytest.FixtureRequest,
    partner: Mock,
    way: dict[str, Any],
    database: Database,
    make_org: Callable[..., UUID],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    monkeypatch.setattr(answers, "SECOND_LOOK", 0.01)
    settings = Settings(orderflow_home=tmp_path, sweep_seconds=0.2, ack_poll_seconds=0.1)
    app = App(settings, database, EncryptionService("cd" * 32), ObjectStore(tmp_path / "objects"))
    org_id, sender = make_org(), SENDERS[request.param]
    addresses = {"sender": sender, "receiver": "MOCKEDI", "test": True, "reads_changes": True}
    config = app.encryption.encrypt_config(way | addresses)
    with app.session(org_id) as session:
        row = ERPConnection(org_id=org_id, connector_type=request.param, config_encrypted=config, answer_within=1)
        session.add(row)
        session.commit()
        desk = Desk(app, org_id, partner, sender, row.id, tmp_path / "partner" / "in", way["mode"] == "http")
    engine = Engine(app)
    engine.start()
    yield desk
    engine.stop()
    app.waker.close()
    app.keeper.stop()


def test_a_partner_says_of_each_order_what_becomes_of_it(desk: Desk) -> None:
    as_ordered = desk.push(line())
    assert desk.is_settled(as_ordered) == ("CONFIRMED", "AS_ORDERED")

    short = desk.push(line(), line(2, "PANEL-A3", 100, "124.5"))
    assert desk.is_settled(short) == ("CONFIRMED", "PARTIAL")
    assert (2, "qty", "35") in desk.differences(short)

    day = datetime.now(UTC).date() + timedelta(days=30)
    dearer = desk.push(line(price="11"), requested_delivery_date=day)
    assert desk.is_settled(dearer) == ("CONFIRMED", "CHANGED")
    assert (1, "unit_price", "12.5") in desk.differences(dearer)
    assert {field for _, field, _ in desk.differences(dearer)} == {"unit_price", "delivery_date"}

    unknown = desk.push(line(), line(2, "NOPE"))
    assert desk.is_settled(unknown) == ("CONFIRMED", "PARTIAL")
    assert {number for number, *_ in desk.differences(unknown)} == {2}

    refused = desk.push(line(), behaviour="reject-all")
    assert desk.is_settled(refused) == ("ERROR", None)

    not_understood = desk.push(line(), behaviour="reject-ack")
    assert desk.is_settled(not_understood) == ("ERROR", None)


def test_a_partner_that_is_silent_or_says_nonsense_is_told_and_its_late_answer_counts(desk: Desk) -> None:
    silent = desk.push(line(), behaviour="no-ack")
    desk.until("SELECT alerted_at FROM erp_export WHERE draft_order_id = :id", silent, lambda one: one.alerted_at)

    damaged = desk.push(line(), behaviour="corrupt")
    of_connection = "SELECT c.poll_error FROM erp_export e JOIN erp_connection c ON c.id = e.connection_id"
    told = desk.until(f"{of_connection} WHERE draft_order_id = :id", damaged, lambda one: one.poll_error)
    assert told.poll_error["code"] == "ACKS_UNMATCHED", "a file that cannot be trusted is nobody's"
    for order_id in (silent, damaged):
        assert desk.ask("SELECT status FROM draft_order WHERE id = :id", order_id).status == "PUSHED"

    assert desk.is_settled(desk.push(line())) == ("CONFIRMED", "AS_ORDERED")
    answer = next(one for one in reversed(desk.said()) if "ST*855" in one or "+ORDRSP" in one)
    desk.receive(answer.replace("PO-3", "PO-1"))  # after that of a later order
    assert desk.is_settled(silent) == ("CONFIRMED", "AS_ORDERED")


@pytest.mark.parametrize("desk", ["X12_850"], indirect=True)
def test_a_ta1_comes_first_and_confirms_nothing(desk: Desk) -> None:
    assert desk.is_settled(desk.push(line())) == ("CONFIRMED", "AS_ORDERED")
    answer = next(one for one in reversed(desk.said()) if "ST*855" in one)
    head = answer.split("GS*")[0]
    order_id = desk.push(line(), behaviour="no-ack")
    export = "SELECT control_number, sent_at, received_at FROM erp_export WHERE draft_order_id = :id"
    number = desk.until(export, order_id, lambda one: one.sent_at).control_number
    desk.receive(f"{head}TA1*{number:09}*261129*1015*A*000~\nIEA*0*{head.split('*')[13]}~\n")
    desk.until(export, order_id, lambda one: one.received_at)
    assert desk.ask("SELECT status FROM draft_order WHERE id = :id", order_id).status == "PUSHED"
    desk.receive(answer.replace("PO-1", "PO-2"))
    assert desk.is_settled(order_id) == ("CONFIRMED", "AS_ORDERED")


def test_an_answer_that_comes_twice_changes_nothing(desk: Desk) -> None:
    order_id = desk.push(line(), line(2, "NOPE"))
    assert desk.is_settled(order_id) == ("CONFIRMED", "PARTIAL")
    said = desk.differences(order_id)
    desk.receive(next(one for one in desk.said() if "ST*855" in one or "+ORDRSP" in one))
    desk.push(line(), behaviour="no-ack")  # answers are looked for as long as one is awaited
    desk.until("SELECT 1", order_id, lambda _: desk.calls or not list(desk.folder.glob("*.edi")))
    assert desk.is_settled(order_id) == ("CONFIRMED", "PARTIAL")
    assert desk.differences(order_id) == said


@pytest.mark.parametrize("way", [over_folder], indirect=True)
def test_a_partner_says_of_each_change_what_becomes_of_it(desk: Desk) -> None:
    taken, short, partly = desk.push(line()), desk.push(line(1, "PANEL-A3", 5, "124.5")), desk.push(line())
    assert {desk.is_settled(one) for one in (taken, short, partly)} == {("CONFIRMED", "AS_ORDERED")}

    desk.change(taken, line(qty=9), line(2, "GEAR-100", 3, "8.9"))
    assert desk.is_settled(taken) == ("CONFIRMED", "AS_ORDERED")

    desk.change(short, line(1, "PANEL-A3", 100, "124.5"))
    assert desk.is_settled(short) == ("CONFIRMED", "PARTIAL")
    assert (1, "qty", "35") in desk.differences(short)

    desk.change(partly, line(), line(2, "GEAR-100", 3, "8.9"), behaviour="reject-all")
    assert desk.is_settled(partly) == ("CONFIRMED", "PARTIAL")
    assert {number for number, *_ in desk.differences(partly)} == {2}, "the line that was added is refused"

    not_read = desk.push(line())
    assert desk.is_settled(not_read) == ("CONFIRMED", "AS_ORDERED")
    desk.change(not_read, line(qty=9), behaviour="reject-ack")
    assert desk.is_settled(not_read)[0] == "ERROR"
    kinds = (
        "SELECT array_agg(kind || ' ' || status ORDER BY created_at) AS sent FROM erp_export WHERE draft_order_id = :id"
    )
    assert desk.ask(kinds, not_read).sent == ["order ACKED", "change FAILED"], "the order stays as it was there"
