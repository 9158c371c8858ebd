"""Conversations with a partner that speaks EDIFACT and X12, through the engine's steps and a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from orderflow.flow.order.approve import approve_order, edit_order
from tests.integration.conftest import ACTOR

PARTNERS = {
    "EDIFACT_ORDERS": {"sender": "EURODIS", "receiver": "MOCKEDI", "test": True},
    "X12_850": {"sender": "ACME", "receiver": "MOCKEDI", "test": True},
}
HOUR = 3_600_000
PRICES = {"GEAR-100": "8.9", "BRKT-050": "4.15", "PANEL-A3": "124.5"}
"""The partner's own, where they are not those of the widget."""


def line(number: int, sku: str, qty: int = 5) -> DraftOrderLine:
    return DraftOrderLine(number, sku, Decimal(qty), "PCE", Decimal(PRICES.get(sku, "12.5")), currency="EUR")


def naming(answer: bytes, number: str) -> bytes:
    """Return an ORDRSP that names what it answers, as an 865 does by itself."""
    if b"ORDRSP" not in answer:
        return answer
    segments = int(answer.split(b"UNT+")[1].split(b"+")[0])
    counted = answer.replace(b"UNT+%d+" % segments, b"UNT+%d+" % (segments + 1))
    return counted.replace(b"RFF+ON:PO-1'", b"RFF+ON:PO-1'\nRFF+PP:%s'" % number.encode())


def refusing(answer: bytes) -> bytes:
    """Return the partner's answer to a change as a no to all of it."""
    if b"ORDRSP" not in answer:
        begin, rest = answer.split(b"POC*", 1)
        refused = re.sub(rb"BCA\*00\*..", b"BCA*00*RJ", begin) + b"CTT*0~" + rest.split(b"CTT*", 1)[1].split(b"~", 1)[1]
        segments = refused.split(b"ST*", 1)[1].split(b"\nSE*")[0].count(b"~") + 1
        return re.sub(rb"SE\*\d+\*", b"SE*%d*" % segments, refused)
    begin, rest = answer.split(b"LIN+", 1)
    refused = re.sub(rb"\+9\+..'", b"+27'", begin) + b"UNS+S'\nCNT+2:0'\nUNT+" + rest.split(b"UNT+", 1)[1]
    segments = refused.split(b"UNH", 1)[1].split(b"UNT+")[0].count(b"'\n") + 1
    return re.sub(rb"UNT\+\d+\+", b"UNT+%d+" % segments, refused)


@dataclass
class Conversation:
    installation: Any
    partner: Mock
    folder: Path
    connection_id: UUID

    def send(self, *skus: str) -> UUID:
        """Deliver an order of these articles, and hand the partner the file that lies in the folder."""
        lines = [line(n, sku) for n, sku in enumerate(skus, 1)]
        customer = Customer("4711", "Müller & Söhne")
        order = DraftOrder(external_order_number="PO-1", currency="EUR", customer=customer, lines=lines)
        with self.installation.wiring.store.work(self.installation.org_id) as work:
            accept_orders(work, [order], ACTOR)
            approve_order(work, order.id, ACTOR)
        request_push(self.installation.wiring.store, self.installation.org_id, order.id, ACTOR)
        self.deliver()
        return order.id

    def change(self, order_id: UUID, *lines: DraftOrderLine) -> list[bytes]:
        """Ask the partner to make of an order one of these lines; returns what it answers."""
        self.answers()  # what was said before
        with self.installation.wiring.store.work(self.installation.org_id) as work:
            edit_order(work, replace(work.orders.get(order_id), lines=list(lines)), ACTOR)
            approve_order(work, order_id, ACTOR)
        request_push(self.installation.wiring.store, self.installation.org_id, order_id, ACTOR)
        self.deliver()
        return self.answers()

    def stands(self, order_id: UUID) -> tuple[str, str | None]:
        """Return the order's state, and what its confirmation came to."""
        order = self.installation.order(order_id)
        return order["status"], order["confirmation"]

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
    config |= {"ack_path": str(tmp_path / "in"), "reads_recalls": True, "reads_changes": True}
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


def test_a_change_that_the_partner_takes_confirms_the_order_as_it_says_now(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001", "GEAR-100", "BRKT-050")
    talk.receive(*talk.answers())
    receipt, answer = talk.change(order_id, line(1, "WIDGET-001"), line(2, "GEAR-100", 9), line(4, "BRKT-050"))
    talk.receive(receipt)
    assert talk.stands(order_id)[0] == "PUSHED", "what was read is not yet done"
    assert talk.receive(answer)["acknowledge"] == 1, "what is told of the line that went is what was asked for"
    assert talk.stands(order_id) == ("CONFIRMED", "AS_ORDERED")


def test_a_change_of_which_the_partner_has_less_is_confirmed_in_part(talk: Conversation) -> None:
    order_id = talk.send("PANEL-A3")
    talk.receive(*talk.answers())
    talk.receive(*talk.change(order_id, line(1, "PANEL-A3", 100)))
    assert talk.stands(order_id) == ("CONFIRMED", "PARTIAL")
    (told,) = talk.installation.rows("SELECT differences FROM draft_order_confirmation")
    assert {"line_no": 1, "field": "qty", "ordered": "100", "confirmed": "35"} in told["differences"]


def test_a_change_that_the_partner_refuses_leaves_the_order_there_as_it_was(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    talk.receive(*talk.answers())
    _, answer = talk.change(order_id, line(1, "WIDGET-001", 9))
    assert talk.receive(refusing(naming(answer, "C2")))["refuse"] == 1
    assert talk.stands(order_id)[0] == "ERROR"
    assert talk.installation.work_off(talk.connection_id) == 0, "nothing is sent that nobody asked for"
    kinds = talk.installation.rows("SELECT kind, status FROM erp_export ORDER BY created_at")
    assert [(row["kind"], row["status"]) for row in kinds] == [("order", "ACKED"), ("change", "FAILED")]


def test_an_answer_by_the_orders_number_counts_for_what_alone_it_can_mean(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    _, first = talk.answers()
    _, answer = talk.change(order_id, line(1, "WIDGET-001", 3))
    assert talk.receive(first)["acknowledge"] == 1, "five cannot be said of three"
    assert talk.stands(order_id) == ("PUSHED", None)
    if b"ORDRSP" in answer:
        assert talk.receive(answer)["alert"] == 1, "three may be all of three, or some of five"
        assert talk.stands(order_id) == ("PUSHED", None)
    assert talk.receive(naming(answer, "C2"))["acknowledge"] == 1
    assert talk.stands(order_id) == ("CONFIRMED", "AS_ORDERED")


def test_after_an_accepted_change_what_may_mean_the_order_as_it_was_is_told_and_changes_nothing(
    talk: Conversation,
) -> None:
    order_id = talk.send("WIDGET-001")
    talk.receive(first := talk.answers()[1])
    talk.receive(*talk.change(order_id, line(1, "WIDGET-001", 9)))
    assert talk.stands(order_id) == ("CONFIRMED", "AS_ORDERED")
    assert talk.receive(first)["alert"] == 1
    assert talk.stands(order_id) == ("CONFIRMED", "AS_ORDERED")
    later = (
        first.replace(b"QTY+21:5", b"QTY+21:9").replace(b"QTY+113:5", b"QTY+113:8").replace(b"ACK*IA*5", b"ACK*IA*8")
    )
    assert talk.receive(later)["update"] == 1, "eight cannot be said of five"
    assert talk.stands(order_id) == ("CONFIRMED", "PARTIAL")


def test_an_answer_to_a_former_change_does_not_confirm_the_last(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    _, former = talk.change(order_id, line(1, "WIDGET-001", 9))
    _, last = talk.change(order_id, line(1, "WIDGET-001", 12))
    assert talk.receive(naming(former, "C2"))["acknowledge"] == 1
    assert talk.stands(order_id) == ("PUSHED", None)
    assert talk.receive(naming(last, "C3"))["acknowledge"] == 1
    assert talk.stands(order_id) == ("CONFIRMED", "AS_ORDERED")


@pytest.mark.parametrize("talk", ["EDIFACT_ORDERS"], indirect=True)
def test_an_ordrsp_that_names_the_recall_and_accepts_it_ends_it(talk: Conversation) -> None:
    order_id = talk.send("WIDGET-001")
    _, answer = talk.answers()
    talk.receive(answer)
    talk.recall(order_id)
    unsure = refusing(naming(answer, "R2"))
    assert talk.receive(unsure)["unreadable"] == 1, "it may refuse the order as well as its recall"
    assert talk.stands(order_id)[0] == "RECALLING"
    assert talk.receive(unsure.replace(b"+27'", b"+29'"))["acknowledge"] == 1
    assert talk.stands(order_id)[0] == "RECALLED"
