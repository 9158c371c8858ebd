"""Orders go out over AS2 through the engine's steps: once each, whatever becomes of the receipt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from orderflow.channels.as2 import mime, receipt
from orderflow.channels.as2.arriving import RECEIPT, StrangerError
from orderflow.channels.as2.certificates import certificates, identities
from orderflow.channels.as2.faults import Fault, unsupported
from orderflow.channels.as2.new_keys import NewKeys, new_keys
from orderflow.channels.as2.session import As2Session
from orderflow.connectors.registry import ConnectorRegistry
from orderflow.domain.delivery import Arrived
from orderflow.domain.ids import new_id
from orderflow.domain.orders import Customer, DraftOrder, DraftOrderLine
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.answers.receive import receive
from orderflow.flow.delivery import push_batch
from orderflow.flow.delivery.request import request_push
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import approve_order
from orderflow.orchestrator import PushOrchestrator
from orderflow.storage.views.proofs import proof_content, proofs_of
from orderflow.storage.views.view import View
from tests.integration.channels.as2_partner import OURS, THEIRS, keys_of
from tests.integration.conftest import ACTOR
from tests.integration.connectors.as2_receiver import Partner, identity, lost, refused, running_partner, signed, taken


@pytest.fixture
def partner() -> Iterator[Partner]:
    with running_partner() as running:
        yield running


@dataclass
class Talk:
    installation: Any
    connection_id: UUID

    def send(self) -> UUID:
        order = self._approved()
        request_push(self.installation.wiring.store, self.installation.org_id, order.id, ACTOR)
        self.go_on()
        return order.id

    def push(self) -> Any:
        """Push an order synchronously; returns the row of its last attempt."""
        with self.installation.session() as session:
            order = self._approved()
            return PushOrchestrator(session).push_order(self.installation.org_id, order, retry_delay_base=0.01)

    def _approved(self) -> DraftOrder:
        lines = [DraftOrderLine(1, "WIDGET-001", Decimal(5), "PCE", Decimal("12.5"), currency="EUR")]
        customer = Customer("4711", "Müller & Söhne")
        order = DraftOrder(external_order_number="PO-1", currency="EUR", customer=customer, lines=lines)
        with self.installation.wiring.store.work(self.installation.org_id) as work:
            accept_orders(work, [order], ACTOR)
            approve_order(work, order.id, ACTOR)
        return order

    def go_on(self) -> None:
        self.installation.do("UPDATE erp_export SET next_attempt_at = now() WHERE status = 'PENDING'")
        self.installation.work_off(self.connection_id)

    def receive(self, statement: receipt.Statement, signer: str = THEIRS, keys: NewKeys | None = None) -> None:
        """Take a receipt that the partner sends later, perhaps signed by `keys`, and have the engine read it."""
        signs = identities(keys.key, certificates(keys.certificate))[0] if keys else identity(signer)
        headers, body = receipt.write(statement, (signs, "sha-256"))
        envelope = [("AS2-From", THEIRS), ("AS2-To", OURS), ("Message-ID", f"<{new_id()}@them>")]
        wiring, org_id = self.installation.wiring, self.installation.org_id
        with wiring.store.work(org_id) as work:
            target = work.connections.open(self.connection_id)
        with ConnectorRegistry.get("EDIFACT_ORDERS").session(target.config) as opened:  # type: ignore[attr-defined]  # of every dropzone
            arrival = opened.session.open_arrival([*headers, *envelope], body)
        receive(wiring.store, org_id, self.connection_id, arrival.item)
        read_arrived(wiring, org_id, self.connection_id)

    def proofs(self, order_id: UUID) -> list[Any]:
        with self.installation.database.transaction(self.installation.org_id) as connection:
            view = View(connection, self.installation.org_id)
            export_id = self.installation.export(order_id)["id"]
            found = proofs_of(view, export_id)
            assert all(b"disposition-notification" in proof_content(view, export_id, one.id) for one in found)
        return found


@pytest.fixture
def connect(installation: Any, partner: Partner) -> Callable[..., Talk]:
    def connect(**more: Any) -> Talk:
        ours, theirs = keys_of(OURS), keys_of(THEIRS)
        config = {"mode": "as2", "url": partner.url, "plain_http": True, "as2_from": OURS, "as2_to": THEIRS}
        config |= {"own_certificates": ours.certificate, "own_keys": ours.key, "timeout": 10}
        config |= {"partner_certificates": theirs.certificate, "sender": "ACME", "receiver": "PARTNER"}
        return Talk(installation, installation.connect(ConnectorRegistry.get("EDIFACT_ORDERS"), config | more))

    return connect


def test_a_receipt_proves_that_the_order_arrived_and_confirms_nothing(connect, partner):
    talk = connect()
    order_id = talk.send()
    export = talk.installation.export(order_id)
    assert (talk.installation.order(order_id)["status"], export["status"]) == ("PUSHED", "SENT")
    assert export["received_at"] is not None
    assert [(one.says, one.refused) for one in talk.proofs(order_id)] == [("processed", False)]
    assert next(iter(partner.taken.values())).startswith(b"UN")


def test_a_lost_receipt_holds_the_order_where_the_partner_does_not_look(connect, partner):
    partner.replies = [lost]
    talk = connect()
    order_id = talk.send()
    talk.go_on()
    assert talk.installation.export(order_id)["held_at"] is not None
    assert len(partner.came) == 1  # nothing is sent a second time

    resolve_held(
        talk.installation.wiring.store,
        talk.installation.org_id,
        talk.installation.export(order_id)["id"],
        "delivered",
        ACTOR,
    )
    assert talk.installation.order(order_id)["status"] == "PUSHED"


def test_a_lost_receipt_is_asked_for_by_the_same_message(connect, partner):
    partner.replies = [lost, lost]
    talk = connect(same_id_once=True)
    order_id = talk.send()
    talk.go_on()
    talk.go_on()
    export = talk.installation.export(order_id)
    assert (export["status"], export["inferred"]) == ("SENT", True)
    assert len(set(partner.came)) == len(partner.taken) == 1
    assert len(partner.came) == 3
    assert ["duplicate" in one.says for one in talk.proofs(order_id)] == [True]


def test_after_a_refusal_the_next_attempt_is_another_message(connect, partner):
    partner.replies = [refused("unexpected-processing-error")]
    talk = connect()
    order_id = talk.send()
    talk.go_on()
    export = talk.installation.export(order_id)
    assert (export["status"], export["refusals"]) == ("SENT", 1)
    assert len(set(partner.came)) == 2
    assert [one.refused for one in talk.proofs(order_id)] == [True, False]


def test_a_refusal_because_of_the_keys_pauses_the_connection(connect, partner):
    partner.replies = [refused("decryption-failed")]
    talk = connect()
    order_id = talk.send()
    export = talk.installation.export(order_id)
    assert (export["status"], export["held_at"], export["refusals"]) == ("PENDING", None, 1)
    assert export["error_json"]["code"] == "PARTNER_REFUSES"
    rows = talk.installation.rows("SELECT breaker_state FROM erp_connection WHERE id = :id", id=talk.connection_id)
    assert rows[0]["breaker_state"] == "PAUSED"


def test_a_refusal_of_the_order_is_an_error_in_the_partners_words(connect, partner):
    partner.replies = [refused("unknown-customer")]
    talk = connect()
    order_id = talk.send()
    order = talk.installation.order(order_id)
    assert order["status"] == "ERROR"
    assert "unknown-customer" in order["error_json"]["message"]


def test_that_it_was_there_before_is_no_yes_after_a_refusal(connect, partner):
    partner.replies = [refused("unexpected-processing-error"), lost]
    talk = connect(same_id_once=True)
    order_id = talk.send()
    talk.go_on()
    talk.go_on()
    assert talk.installation.export(order_id)["status"] == "PENDING"
    assert talk.installation.export(order_id)["error_json"]["code"] == "RECEIPT_UNCLEAR"


def test_within_one_call_too_the_next_attempt_after_a_refusal_is_another_message(connect, partner):
    partner.replies = [refused("unexpected-processing-error"), lost]
    talk = connect(same_id_once=True)
    row = talk.push()
    assert (row.status, len(set(partner.came))) == ("RETRYING", 2)
    talk.go_on()  # the engine asks by the message whose answer was lost, not by another
    assert len(partner.came) > 2
    assert ({*partner.came[1:]}, len(partner.taken)) == ({partner.came[1]}, 1)


def test_within_one_call_too_that_it_was_there_before_is_no_yes_after_a_refusal(connect, partner):
    def there_before(partner: Partner, statement: receipt.Statement) -> tuple[int, Any, bytes]:
        return signed(partner, replace(statement, duplicate=True))

    partner.replies = [refused("unexpected-processing-error"), there_before]
    row = connect().push()
    assert (row.status, row.response_json["code"], partner.taken) == ("RETRYING", "RECEIPT_UNCLEAR", {})


@pytest.mark.parametrize("modifier", ["unexpected-processing-error", "decryption-failed", "unknown-customer"])
@pytest.mark.parametrize("in_doubt", ["hold", "resend"])
def test_a_refusal_says_nothing_about_an_earlier_attempt_whose_receipt_was_lost(connect, partner, in_doubt, modifier):
    partner.replies = [lost, refused(modifier)]
    talk = connect(same_id_once=in_doubt == "hold")
    talk.installation.do(f"UPDATE erp_connection SET in_doubt = '{in_doubt}'")
    order_id = talk.send()
    for _ in range(3):
        talk.go_on()
    export = talk.installation.export(order_id)
    assert (export["status"], export["refusals"], len(partner.taken)) == ("PENDING", 1, 1)
    assert export["held_at"] is not None
    assert len(partner.came) == 2


def test_nothing_is_sent_with_a_certificate_that_has_ended(connect, partner):
    ended = new_keys(OURS, dt.datetime.now(dt.UTC) - dt.timedelta(days=10), days=5, bits=2048)
    talk = connect(own_certificates=ended.certificate, own_keys=ended.key)
    order_id = talk.send()
    assert partner.came == []
    assert talk.installation.export(order_id)["error_json"]["code"] == "CERTIFICATE_ENDED"


LATE = {"receipts": "async", "receipt_url": "http://orders.example/as2/1"}


def awaiting(connect: Callable[..., Talk], partner: Partner, **more: Any) -> tuple[Talk, UUID]:
    partner.replies = [taken]
    talk = connect(**LATE | more)
    order_id = talk.send()
    export = talk.installation.export(order_id)
    assert (export["status"], export["error_json"]["code"], export["held_at"]) == ("PENDING", "RECEIPT_AWAITED", None)
    assert export["next_attempt_at"] > dt.datetime.now(dt.UTC) + dt.timedelta(minutes=50)
    return talk, order_id


def test_a_receipt_that_comes_later_proves_that_the_order_arrived(connect, partner):
    talk, order_id = awaiting(connect, partner)
    talk.receive(partner.statements[0])
    export = talk.installation.export(order_id)
    assert (talk.installation.order(order_id)["status"], export["status"]) == ("PUSHED", "SENT")
    assert [one.says for one in talk.proofs(order_id)] == ["processed"]
    talk.go_on()
    assert len(partner.came) == 1


def test_a_receipt_counts_although_the_answer_to_its_message_was_lost(connect, partner):
    partner.replies = [lost]
    talk = connect(**LATE)
    order_id = talk.send()
    assert talk.installation.export(order_id)["error_json"]["code"] == "ANSWER_LOST"
    talk.receive(replace(partner.statements[0], check=(b"another", "sha-256")))
    assert talk.installation.export(order_id)["status"] == "PENDING"
    talk.receive(partner.statements[0])
    talk.go_on()
    assert (talk.installation.export(order_id)["status"], len(partner.came)) == ("SENT", 1)


class DiedError(BaseException):
    """The process ends where this is raised."""


def died(*_: object) -> None:
    raise DiedError


def dead_after_sending(
    connect: Callable[..., Talk], partner: Partner, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> tuple[Talk, UUID]:
    """Return an order that was sent by a process that ended before it could say so; its lease has ended since."""
    partner.replies = [taken]
    talk = connect(**LATE | more)
    with monkeypatch.context() as dying:
        dying.setattr(push_batch, "settle", died)
        with pytest.raises(DiedError):
            talk.send()
    talk.installation.do("UPDATE erp_export SET lease_until = now() - interval '1 second'")
    (order,) = talk.installation.rows("SELECT id FROM draft_order")
    return talk, order["id"]


@pytest.mark.parametrize("more", [{}, {"compress": True}, {"sign": "none"}, {"sign": "none", "encrypt": "none"}])
def test_a_receipt_proves_what_a_process_sent_and_died_of(connect, partner, monkeypatch, more):
    talk, order_id = dead_after_sending(connect, partner, monkeypatch, **more)
    talk.receive(replace(partner.statements[0], check=(b"another", "sha-256")))
    assert "MIC" in talk.installation.export(order_id)["unreadable_answer"]["reason"]
    talk.receive(partner.statements[0])
    export = talk.installation.export(order_id)
    assert (talk.installation.order(order_id)["status"], export["status"]) == ("PUSHED", "SENT")
    talk.go_on()
    assert len(partner.came) == 1


def test_what_is_only_asked_about_since_does_not_change_what_its_receipt_has_to_name(connect, partner, monkeypatch):
    talk, order_id = dead_after_sending(connect, partner, monkeypatch)
    noted = talk.installation.export(order_id)["receipt_check"]
    with monkeypatch.context() as changed:
        changed.setattr(As2Session, "checks", lambda _, parcels: {one.order_id: "another" for one in parcels})
        talk.go_on()
    assert (talk.installation.export(order_id)["receipt_check"], len(partner.came)) == (noted, 1)
    talk.receive(partner.statements[0])
    assert talk.installation.export(order_id)["status"] == "SENT"


def test_a_receipt_for_what_a_process_of_a_former_release_died_of_decides_nothing(connect, partner):
    talk, order_id = awaiting(connect, partner)
    talk.installation.do("UPDATE erp_export SET receipt_check = NULL")
    talk.receive(partner.statements[0])
    export = talk.installation.export(order_id)
    assert export["status"] == "PENDING"
    assert "cannot be compared" in export["unreadable_answer"]["reason"]


def test_a_later_refusal_is_one_and_a_retry_is_another_message(connect, partner):
    talk, order_id = awaiting(connect, partner)
    talk.receive(replace(partner.statements[0], fault=Fault("unknown-customer", "No.")))
    assert talk.installation.order(order_id)["status"] == "ERROR"
    assert talk.installation.export(order_id)["refusals"] == 1


def test_a_later_receipt_with_another_check_decides_nothing(connect, partner):
    talk, order_id = awaiting(connect, partner)
    talk.receive(replace(partner.statements[0], check=(b"another", "sha-256")))
    export = talk.installation.export(order_id)
    assert export["status"] == "PENDING"
    assert "MIC" in export["unreadable_answer"]["reason"]


def test_a_receipt_about_the_message_before_decides_nothing(connect, partner):
    partner.replies = [refused("unexpected-processing-error"), taken]
    talk = connect(**LATE)
    order_id = talk.send()
    talk.go_on()
    before = replace(partner.statements[0], message_id=partner.came[0])
    for late in (replace(before, fault=Fault("unexpected-processing-error", "No.")), before):
        talk.receive(late)
        export = talk.installation.export(order_id)
        assert (talk.installation.order(order_id)["status"], export["status"]) == ("PUSHING", "PENDING")
        assert "another message" in export["unreadable_answer"]["reason"]
    talk.receive(partner.statements[0])
    assert talk.installation.export(order_id)["status"] == "SENT"


def test_a_later_receipt_of_a_stranger_is_not_taken(connect, partner):
    talk, _ = awaiting(connect, partner)
    with pytest.raises(StrangerError):
        talk.receive(partner.statements[0], "stranger")


def test_a_later_receipt_by_a_certificate_that_has_ended_is_not_taken(connect, partner):
    ended = new_keys(THEIRS, dt.datetime.now(dt.UTC) - dt.timedelta(days=10), days=5, bits=2048)
    both = keys_of(THEIRS).certificate + ended.certificate
    talk, order_id = awaiting(connect, partner, partner_certificates=both)
    with pytest.raises(StrangerError):
        talk.receive(partner.statements[0], keys=ended)
    assert talk.installation.export(order_id)["status"] == "PENDING"
    talk.receive(partner.statements[0])
    assert talk.installation.export(order_id)["status"] == "SENT"


@pytest.mark.parametrize("fault", [unsupported("No."), Fault("unexpected-processing-error", "No.")])
def test_a_later_failure_of_any_kind_is_a_refusal_in_the_partners_words(connect, partner, fault):
    talk, order_id = awaiting(connect, partner)
    talk.receive(replace(partner.statements[0], fault=fault))
    order = talk.installation.order(order_id)
    assert (order["status"], order["error_json"]["code"]) == ("ERROR", "PARTNER_REFUSED")
    assert fault.modifier in order["error_json"]["message"]
    assert [one.refused for one in talk.proofs(order_id)] == [True]


def test_a_later_receipt_that_says_duplicate_alone_is_a_yes(connect, partner):
    talk, order_id = awaiting(connect, partner)
    talk.receive(replace(partner.statements[0], duplicate=True))
    assert talk.installation.export(order_id)["status"] == "SENT"
    assert ["duplicate" in one.says for one in talk.proofs(order_id)] == [True]


def test_an_unsigned_receipt_in_an_answers_clothes_decides_nothing(connect, partner):
    talk, order_id = awaiting(connect, partner, require_signed=False)
    headers, body = receipt.write(replace(partner.statements[0], fault=Fault("unknown-customer", "No.")), None)
    forged = Arrived(new_id(), "", mime.written(headers, body), RECEIPT, "1@nobody")
    receive(talk.installation.wiring.store, talk.installation.org_id, talk.connection_id, forged)
    read_arrived(talk.installation.wiring, talk.installation.org_id, talk.connection_id)
    assert talk.installation.order(order_id)["status"] == "PUSHING"


def test_a_receipt_that_never_comes_is_asked_for_by_the_same_message(connect, partner):
    talk, order_id = awaiting(connect, partner, same_id_once=True)
    talk.go_on()
    assert talk.installation.export(order_id)["inferred"]  # answered at once: it was there before
    assert len(set(partner.came)) == len(partner.taken) == 1


def test_a_receipt_that_never_comes_holds_the_order_where_the_partner_does_not_look(connect, partner):
    talk, order_id = awaiting(connect, partner)
    talk.go_on()
    assert talk.installation.export(order_id)["held_at"] is not None
    assert len(partner.came) == 1
    talk.receive(partner.statements[0])  # a day late
    assert talk.installation.export(order_id)["status"] == "SENT"


def test_a_receipt_that_comes_again_changes_nothing_more(connect, partner):
    talk, order_id = awaiting(connect, partner)
    for _ in range(2):
        talk.receive(partner.statements[0])
    talk.receive(replace(partner.statements[0], duplicate=True))
    export = talk.installation.export(order_id)
    assert (talk.installation.order(order_id)["status"], export["status"], export["refusals"]) == ("PUSHED", "SENT", 0)
    talk.go_on()
    assert len(partner.came) == 1


def test_a_refusal_that_comes_after_a_person_decided_sends_nothing_by_itself(connect, partner):
    talk, order_id = awaiting(connect, partner)
    talk.go_on()
    export_id = talk.installation.export(order_id)["id"]
    resolve_held(talk.installation.wiring.store, talk.installation.org_id, export_id, "delivered", ACTOR)
    talk.receive(replace(partner.statements[0], fault=Fault("unknown-customer", "No.")))
    order = talk.installation.order(order_id)
    assert (order["status"], order["error_json"]["code"]) == ("ERROR", "PARTNER_REFUSED")
    talk.go_on()
    assert len(partner.came) == 1
