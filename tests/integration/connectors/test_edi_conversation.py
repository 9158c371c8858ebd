"""Conversations with a partner that speaks EDIFACT and X12, through the engine's steps and a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from mockedi.testing import Mock

from orderflow.channels.zone import answers
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.recall import recall_in
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from tests.integration.conftest import ACTOR

PARTNERS = {
    "EDIFACT_ORDERS": {"sender": "EURODIS", "receiver": "MOCKEDI", "test": True},
    "X12_850": {"sender": "ACME", "receiver": "MOCKEDI", "test": True},
}
HOUR = 3_600_000


@dataclass
class Conversation:
    installation: Any
    partner: Mock
    folder: Path
    connection_id: UUID

    def send(self, *skus: str) -> UUID:
        """Deliver an order of these articles, and hand the partner the file that lies in the folder."""
        lines = [
            DraftOrderLine(n, sku, Decimal(5), "PCE", Decimal("12.5"), currency="EUR") for n, sku in enumerate(skus, 1)
        ]
        customer = Customer("4711", "Müller & Söhne")
        order = DraftOrder(external_order_number="PO-1", currency="EUR", customer=customer, lines=lines)
        with self.installation.wiring.store.work(self.installation.org_id) as work:
            accept_orders(work, [order], ACTOR)
            approve_order(work, order.id, ACTOR)
        request_push(self.installation.wiring.store, self.installation.org_id, order.id, ACTOR)
        self.deliver()
        return order.id

    def recall(self, order_id: UUID) -> None:
        """Ask the partner to give an order back."""
        with self.installation.wiring.store.work(self.installation.org_id) as work:
            recall_in(work, order_id, "ordered twice", ACTOR)
        self.deliver()

    def deliver(self) -> None:
        """Deliver what is due, and hand the partner the file that lies in the folder then."""
        before = set((self.folder / "out").iterdir())
        assert self.installation.work_off(self.connection_id) == 1
        (sent,) = set((self.folder / "out").iterdir()) - before
        summary = self.partner.send(sent.read_bytes())
        assert summary["accepted"], summary

    def answers(self) -> list[bytes]:
        """Return what the partner has for us, file by file."""
        raw: bytes = self.partner.request("GET", "/_mock/mailbox?raw", raw=True).body
        return [document for document in raw.split(b"\n\n") if document.strip()]

    def receive(self, *documents: bytes) -> Any:
        for document in documents:
            (self.folder / "in" / f"{len(list((self.folder / 'in').rglob('*')))}.edi").write_bytes(document)
        return poll_acks(self.installation.wiring, self.installation.org_id, self.connection_id)


@pytest.fixture(params=PARTNERS)
def talk(
    request: pytest.FixtureRequest, installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Conversation]:
    monkeypatch.setattr(answers, "SECOND_LOOK", 0.01)
    for name in ("out", "in"):
        (tmp_path / name).mkdir()
    config: dict[str, Any] = {"mode": "filesystem", "export_path": str(tmp_path / "out")}
    config |= {"ack_path": str(tmp_path / "in"), "reads_recalls": True}
    connector = ConnectorRegistry.get(request.param)
    connection_id = installation.connect(connector, config | PARTNERS[request.param])
    with Mock.start(despatch_delay_ms=HOUR, invoice_delay_ms=HOUR) as partner:
        yield Conversation(installation, partner, tmp_path, connection_id)


def test_a_receipt_does_not_confirm_and_the_answer_does(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    receipt, answer = talk.answers()
    assert talk.receive(receipt)["note"] == 1
    assert talk.installation.order(order_id)["status"] == "PUSHED"
    assert talk.receive(answer)["acknowledge"] == 1
    order = talk.installation.order(order_id)
    assert (order["status"], order["confirmation"]) == ("CONFIRMED", "AS_ORDERED")


def test_the_answer_may_come_before_the_receipt_and_twice(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    receipt, answer = talk.answers()
    talk.receive(answer)
    talk.receive(answer, receipt)
    order = talk.installation.order(order_id)
    assert (order["status"], order["confirmation"]) == ("CONFIRMED", "AS_ORDERED")


def test_a_line_that_the_partner_does_not_know_is_told(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001", "NOPE")
    talk.receive(*talk.answers())
    order = talk.installation.order(order_id)
    assert (order["status"], order["confirmation"]) == ("CONFIRMED", "PARTIAL")


def test_an_order_that_the_partner_refuses_is_an_error(talk: Conversation) -> None:
    order_id = talk.send("NOPE")
    talk.receive(*talk.answers())
    assert talk.installation.order(order_id)["status"] == "ERROR"


@pytest.mark.parametrize("talk", ["X12_850"], indirect=True)
def test_a_ta1_comes_first_and_a_997_that_rejects_is_a_refusal(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    accepted, _ = talk.answers()
    head, group = accepted.split(b"GS*", 1)
    ta1 = head + b"TA1*000000001*261129*1015*A*000~\nIEA*0*000000001~\n"
    assert talk.receive(ta1)["note"] == 1
    rejected = b"GS*" + group.replace(b"AK5*A", b"AK5*R*5").replace(b"AK9*A*1*1*1", b"AK9*R*1*1*0")
    assert talk.receive(head + rejected)["refuse"] == 1
    order = talk.installation.order(order_id)
    assert order["status"] == "ERROR"
    assert "segments in error" in order["error_json"]["message"]


def test_an_answer_of_another_order_in_the_same_folder_changes_nothing(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    _, answer = talk.answers()
    assert talk.receive(answer.replace(b"PO-1", b"PO-2"))["unmatched"] == 1
    assert talk.installation.order(order_id)["status"] == "PUSHED"


def test_an_answer_that_contradicts_itself_is_told_at_its_order(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    _, answer = talk.answers()
    damaged = answer.replace(b"CNT+2:1", b"CNT+2:9").replace(b"CTT*1", b"CTT*9")
    assert talk.receive(damaged)["unreadable"] == 1
    assert talk.installation.order(order_id)["status"] == "PUSHED"
    assert "says '9'" in talk.installation.export(order_id)["unreadable_answer"]["reason"]


def test_a_recall_reaches_the_partner_and_what_it_says_of_the_order_is_no_answer_to_it(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    talk.receive(*talk.answers())
    talk.recall(order_id)
    assert talk.partner.order("PO-1")["status"] == "cancelled"
    before = len(talk.answers())
    talk.receive(*talk.answers())
    assert before
    assert talk.installation.order(order_id)["status"] == "RECALLING"


def test_an_answer_that_may_be_one_to_the_recall_is_told_and_leaves_the_order_as_it_is(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    _, answer = talk.answers()
    talk.recall(order_id)
    assert talk.receive(answer)["misfit"] == 1
    rows = talk.installation.rows("SELECT status, unreadable_answer FROM erp_export WHERE kind = 'order'")
    assert (talk.installation.order(order_id)["status"], rows[0]["status"]) == ("RECALLING", "SENT")
    assert "about its recall" in rows[0]["unreadable_answer"]["reason"]


@pytest.mark.parametrize("talk", ["X12_850"], indirect=True)
def test_an_865_that_accepts_the_recall_ends_it(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    talk.receive(*talk.answers())
    talk.recall(order_id)
    *_, unsure = talk.answers()
    talk.receive(unsure)
    told = talk.installation.rows("SELECT unreadable_answer FROM erp_export WHERE kind = 'recall'")
    assert "whether the order is cancelled" in told[0]["unreadable_answer"]["reason"]
    assert talk.receive(unsure.replace(b"BCA*00*RD*", b"BCA*00*AT*"))["acknowledge"] == 1
    assert talk.installation.order(order_id)["status"] == "RECALLED"
