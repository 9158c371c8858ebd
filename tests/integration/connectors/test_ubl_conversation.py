"""Orders as UBL through the engine's steps and a folder: a broken rule keeps one from going out, answers decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.channels.zone import answers
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.documents.object_store import ObjectStore
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.request import request_push
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.formats.ubl import rules
from orderflow.schematron.rule_sets import RuleSets
from tests.integration.conftest import ACTOR
from tests.unit.formats.ubl.responses import line, price, qty, response
from tests.unit.schematron.schema import rule

SETTINGS = {
    "seller_endpoint": "0088:4000001000005",
    "seller_name": "Acme",
    "seller_country": "DE",
    "endpoints": {"4711": "9930:DE123456789"},
}


@dataclass
class Conversation:
    installation: Any
    folder: Path
    connection_id: UUID

    def send(self) -> UUID:
        """Deliver an order of two lines, if it can be; return its id."""
        lines = [
            DraftOrderLine(n, f"A-{n}", Decimal(5), "PCE", Decimal("12.5"), product_description="Kabel") for n in (1, 2)
        ]
        order = DraftOrder(
            external_order_number="PO-1", currency="EUR", customer=Customer("4711", "Müller & Söhne"), lines=lines
        )
        wiring, org_id = self.installation.wiring, self.installation.org_id
        with wiring.store.work(org_id) as work:
            accept_orders(work, [order], ACTOR)
            approve_order(work, order.id, ACTOR)
        request_push(wiring.store, org_id, order.id, ACTOR)
        self.installation.work_off(self.connection_id)
        return order.id

    def sent(self) -> list[str]:
        return [path.read_text() for path in (self.folder / "out").iterdir()]

    def receive(self, content: bytes) -> Any:
        (self.folder / "in" / f"{len(list((self.folder / 'in').rglob('*')))}.xml").write_bytes(content)
        return poll_acks(self.installation.wiring, self.installation.org_id, self.connection_id)


@pytest.fixture
def talk(installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Conversation:
    monkeypatch.setattr(answers, "SECOND_LOOK", 0.01)
    for name in ("out", "in"):
        (tmp_path / name).mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "out"), "ack_path": str(tmp_path / "in")}
    return Conversation(
        installation, tmp_path, installation.connect(ConnectorRegistry.get("UBL_ORDER"), config | SETTINGS)
    )


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[RuleSets]:
    sets = RuleSets(ObjectStore(tmp_path / "objects"))
    rules.use(sets)
    yield sets
    rules.use(None)
    sets.close()


def test_a_receipt_does_not_confirm_and_the_answer_does_line_by_line(talk: Conversation) -> None:
    order_id = talk.send()
    assert "<cbc:ID>PO-1</cbc:ID>" in talk.sent()[0]
    assert talk.receive(response("AB"))["note"] == 1
    assert talk.installation.order(order_id)["status"] == "PUSHED"
    lines = line(1, 5, qty(5), price("12.50")), line(2, 3, qty(3), price("12.50"))
    assert talk.receive(response("CA", *lines))["acknowledge"] == 1
    order = talk.installation.order(order_id)
    assert (order["status"], order["confirmation"]) == ("CONFIRMED", "PARTIAL")


@pytest.mark.parametrize(
    "content",
    [
        response("AP", currency="USD"),
        response("CA", line(1, 5, qty(6))),
        response("CA", line(3, 5)),
        response("CA", line(1, 5, qty(5, "KGM"))),
        response("ZZ"),
    ],
    ids=["currency", "too much", "no such line", "unit", "code"],
)
def test_an_answer_that_cannot_be_meant_for_the_order_is_told_and_changes_nothing(
    talk: Conversation, content: bytes
) -> None:
    order_id = talk.send()
    talk.receive(content)
    assert talk.installation.order(order_id)["status"] == "PUSHED"
    assert talk.installation.export(order_id)["unreadable_answer"]


def test_a_refusal_is_an_error_in_the_sellers_words(talk: Conversation) -> None:
    order_id = talk.send()
    assert talk.receive(response("RE", "<cbc:Note>No stock</cbc:Note>"))["refuse"] == 1
    order = talk.installation.order(order_id)
    assert (order["status"], order["error_json"]["message"]) == ("ERROR", "No stock")


def test_what_breaks_a_rule_is_not_sent(talk: Conversation, kept: RuleSets) -> None:
    kept.add("peppol", {"T01": rule("false()")})
    order = talk.installation.order(talk.send())
    assert (order["status"], order["error_json"]["code"]) == ("ERROR", "RULE_BROKEN")
    assert talk.sent() == []
