"""A partner sends its answers over AS2, and receipts that come late: what is kept, what is refused, what we sign."""

from __future__ import annotations

import datetime as dt
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from queue import Queue
from typing import Any
from uuid import UUID

import pytest
from httpx import Client
from sqlalchemy import text

from orderflow.channels.as2 import incoming, mime, outgoing, receipt
from orderflow.channels.as2.certificates import certificates, identities
from orderflow.channels.as2.compressed import compress
from orderflow.channels.as2.new_keys import new_keys
from orderflow.channels.as2.session import As2Session
from orderflow.domain.delivery import Document
from orderflow.domain.reach import OPERATOR, Reach, current
from orderflow.domain.retry import LONGEST_WAIT
from orderflow.entrypoints.api import create_app, ingress
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.storage.system.doctor import SqlBookKeeping
from orderflow.storage.system.notifications import SqlOutbox
from orderflow.storage.system.queues import queues
from tests.integration.channels.as2_partner import OURS, THEIRS, As2Partner, keys_of
from tests.integration.entrypoints.api.test_deliveries import pushed, work_off
from tests.waiting import wait_until

YES = b'{"status": "ACKED", "external_order_number": "PO-0", "erp_order_id": "SO-7"}'


def identity(name: str) -> Any:
    return identities(keys_of(name).key, certificates(keys_of(name).certificate))[0]


def connect(acme: Any, **more: Any) -> str:
    ours, theirs = keys_of(OURS), keys_of(THEIRS)
    config = {"mode": "as2", "url": "http://127.0.0.1:9/as2", "plain_http": True, "as2_from": OURS, "as2_to": THEIRS}
    config |= {"own_certificates": ours.certificate, "own_keys": ours.key, "partner_certificates": theirs.certificate}
    answer = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config | more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def way(acme: Any) -> str:
    return connect(acme)


def envelope(message_id: str = "1@them", **more: str) -> dict[str, str]:
    asked = "signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=required, sha-512, sha-256"
    named = {"AS2-From": THEIRS, "AS2-To": f'"{OURS}"', "Message-ID": f"<{message_id}>"}
    return named | {"Disposition-Notification-To": "us", "Disposition-Notification-Options": asked} | more


def packed(content: bytes = YES, signer: str | None = THEIRS, compress_it: bool = True) -> outgoing.Packed:
    terms = outgoing.Terms(
        (identity(signer), "sha-256") if signer else None, (identity(OURS).certificate, "aes256-cbc"), compress_it
    )
    return outgoing.pack(Document("answer.json", content, "application/json", "x"), terms)


def send(acme: Any, way: str, message: outgoing.Packed, **headers: str) -> Any:
    given = dict(message.headers) | envelope() | headers
    return acme.client.post(f"/as2/{way}", content=message.body, headers=given)


def signed(answer: Any) -> receipt.Receipt:
    keys = incoming.Keys([identity(THEIRS)], [identity(OURS).certificate], 10**6, dt.datetime.now(dt.UTC))
    return receipt.read(mime.whole(answer.headers.multi_items(), answer.content), keys)


def rows(app: Any, acme: Any) -> Any:
    with app.store.work(acme.org_id) as work:
        return work.connection.execute(text("SELECT * FROM inbound ORDER BY created_at")).mappings().all()


def test_an_answer_is_kept_signed_for_and_confirms_its_order(acme, app, way):
    (order_id,) = pushed(acme)
    with app.store.work(acme.org_id) as work:
        work.connection.execute(
            text("UPDATE erp_export SET status = 'SENT', sent_at = now(), filename = 'x', connection_id = :id"),
            {"id": way},
        )
        work.connection.execute(text("UPDATE draft_order SET status = 'PUSHED'"))
    message = packed()
    first = signed(send(acme, way, message))
    assert (first.verdict, first.message_id) == ("processed", "1@them")
    assert first.signature is not None
    assert first.signature.digest == "sha-512"
    assert first.matches(message.checked)
    assert signed(send(acme, way, packed())).verdict == "duplicate"
    assert [bytes(row["content"]) for row in rows(app, acme)] == [YES]
    read_arrived(app.wiring, acme.org_id, app.system.due_inbound()[0][1])
    order = acme.call("GET", f"/draft-orders/{order_id}").json()
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-7")


def test_another_content_under_the_same_id_is_refused(acme, app, way):
    send(acme, way, packed())
    assert signed(send(acme, way, packed(b'{"status": "FAILED"}'))).verdict == "refused"
    assert len(rows(app, acme)) == 1


@pytest.mark.parametrize(
    "message",
    [
        packed(signer=None),
        packed(signer="stranger"),
        outgoing.Packed(packed().headers, packed().body[:-40], b""),
        outgoing.Packed((("Content-Type", "application/pkcs7-mime"),), b"garbage", b""),
        outgoing.Packed((("Content-Type", "application/pkcs7-mime"),), compress(b"\r\n" + b"0" * 20_000_000), b""),
        outgoing.Packed((("Content-Type", "application/edifact"),), b"UNA", b""),
    ],
    ids=["unsigned", "stranger", "half", "garbage", "bomb", "plain"],
)
def test_what_cannot_be_taken_is_refused_by_a_signed_receipt_and_not_kept(acme, app, way, message):
    found = signed(send(acme, way, message))
    assert found.verdict == "refused"
    assert rows(app, acme) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"AS2-From": "SOMEBODY"},
        {"AS2-To": "SOMEBODY"},
        {"Message-ID": ""},
        {"Receipt-Delivery-Option": "http://elsewhere.example/as2"},
    ],
)
def test_a_stranger_is_told_nothing(acme, app, way, headers):
    answer = send(acme, way, packed(), **headers)
    assert (answer.status_code, answer.json()["error"]["details"]["reason"]) == (403, "MESSAGE_REFUSED")
    assert rows(app, acme) == []


def test_a_message_that_is_too_large_is_not_read(acme, app, way):
    answer = acme.client.post(f"/as2/{way}", content=b"x" * (5 * 1024 * 1024), headers=envelope())
    assert answer.status_code == 413


def test_a_hundred_megabytes_that_announce_nothing_are_refused_and_never_kept_in_memory(acme, app, way):
    tracemalloc.start()
    answer = acme.client.post(f"/as2/{way}", content=(b"x" * 65_536 for _ in range(1_600)), headers=envelope())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status_code, rows(app, acme)) == (413, [])
    assert most < 20_000_000


def test_so_many_messages_are_opened_a_minute(app, serving, acme, way, monkeypatch):
    monkeypatch.setattr(ingress, "MOST_A_MINUTE", 2)
    with serving(create_app(app, engine=False)) as url, Client(base_url=url) as client:
        here = replace(acme, client=client)
        answers = [send(here, way, packed(signer=None)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


def test_a_connector_of_another_kind_takes_none(acme, tmp_path: Path):
    (tmp_path / "in").mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "in")}
    other = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config}).json()["id"]
    assert send(acme, other, packed()).status_code == 403
    assert send(acme, "00000000-0000-0000-0000-000000000000", packed()).status_code == 401


@pytest.fixture(scope="module")
def partner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[As2Partner]:
    with As2Partner(tmp_path_factory.mktemp("as2")) as running:
        yield running


def address(acme: Any, way: str) -> str:
    return f"{acme.client.base_url}/as2/{way}".replace("//as2", "/as2")


def agreed(acme: Any, way: str) -> dict[str, Any]:
    packing = {"encryption": "aes_256_cbc", "signature": "sha256", "compress": True}
    return packing | {"mdn": True, "mdn_sign": "sha256", "target_url": address(acme, way)}


def test_a_partner_of_another_maker_believes_our_receipt(acme, app, partner):
    way = connect(acme, url=partner.url)
    partner.change(mdn_mode="SYNC", **agreed(acme, way))
    assert partner.send("answer.json", YES)["status"] == "S"
    assert [bytes(row["content"]) for row in rows(app, acme)] == [YES]


def test_a_partner_of_another_maker_is_told_that_it_was_there_before(acme, app, partner):
    way = connect(acme, url=partner.url)
    partner.change(mdn_mode="SYNC", **agreed(acme, way))
    first = partner.send("answer.json", YES, "again@them")
    again = partner.send("answer.json", YES, "again@them")
    assert (first["status"], "duplicate" in again["says"]) == ("S", True), again
    assert [bytes(row["content"]) for row in rows(app, acme)] == [YES]


@pytest.mark.parametrize("change", ["unsigned", "another key", "ended", "another content"])
def test_a_partner_of_another_maker_believes_our_refusal(acme, app, partner, change):
    more: dict[str, Any] = {"another key": {"partner_certificates": keys_of("stranger").certificate}}.get(change, {})
    if change == "ended":
        began = dt.datetime.now(dt.UTC) - dt.timedelta(days=10)
        more = {"partner_certificates": new_keys(THEIRS, began, days=5, bits=2048).certificate}
    way = connect(acme, url=partner.url, **more)
    wanted = agreed(acme, way) | ({"signature": None} if change == "unsigned" else {})
    partner.change(mdn_mode="SYNC", **wanted)
    if change == "another content":
        partner.send("answer.json", YES, "other@them")
        refused = partner.send("answer.json", YES + b" ", "other@them")
    else:
        refused = partner.send("answer.json", YES)
    assert refused["status"] == "E", refused
    assert len(rows(app, acme)) == (change == "another content")


def test_a_partner_may_have_our_receipt_later(acme, app, partner):
    way = connect(acme, url=partner.url)
    partner.change(mdn_mode="ASYNC", **agreed(acme, way))
    message_id = partner.send("answer.json", YES)["message_id"]
    assert [bytes(row["content"]) for row in rows(app, acme)] == [YES]
    wait_until(lambda: partner.status(message_id) == "S")


def test_a_later_receipt_goes_no_farther_than_the_connection_may(acme, app, way, monkeypatch):
    reached: Queue[Reach] = Queue()
    monkeypatch.setattr(As2Session, "send_receipt", lambda *_: reached.put(current()))
    address = {"Receipt-Delivery-Option": "http://127.0.0.1:9/receipts"}
    assert send(acme, way, packed(), **address).status_code == 200
    with app.store.work(acme.org_id) as work:
        assert reached.get(timeout=60) == work.connections.open(UUID(way)).reach
        assert work.connections.open(UUID(way)).reach != OPERATOR


def test_a_partner_of_another_maker_may_sign_later(acme, app, partner):
    way = connect(acme, url=partner.url)
    late = {"receipts": "async", "receipt_url": address(acme, way)}
    changed = acme.call("PATCH", f"/connectors/{way}", json={"config": partner.settings(**late) | {"mode": "as2"}})
    assert changed.status_code == 200, changed.text
    (order_id,) = pushed(acme)
    work_off(app, acme, way)
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["status"] == "PUSHING"
    assert app.system.put_clock_right(LONGEST_WAIT, LONGEST_WAIT) == 0  # it waits for longer than a retry does
    assert partner.send_receipts() == 1
    read_arrived(app.wiring, acme.org_id, app.system.due_inbound()[0][1])
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["status"] == "PUSHED"
    (export,) = acme.call("GET", f"/exports?order_id={order_id}").json()["items"]
    (proof,) = acme.call("GET", f"/exports/{export['id']}/proofs").json()
    assert (proof["says"], proof["refused"]) == ("processed", False)
    content = acme.call("GET", f"/exports/{export['id']}/proofs/{proof['id']}/content")
    assert b"multipart/signed" in content.content
    assert acme.call("GET", f"/exports/{export['id']}/proofs/{export['id']}/content").status_code == 404
    events = acme.call("GET", f"/draft-orders/{order_id}/timeline").json()["items"]
    (told,) = [event for event in events if event["kind"] == "receipt"]
    assert (told["export_id"], told["proof_id"], told["says"]) == (export["id"], proof["id"], "processed")


def doctor(app: Any) -> set[str]:
    with SqlBookKeeping(app.database).books() as books:
        return {finding.code for finding in books.attention()}


def ending(side: str) -> dict[str, str]:
    """Return the settings of a side whose certificate ends in ten days."""
    soon = new_keys(side, dt.datetime.now(dt.UTC), days=10, bits=2048)
    if side == THEIRS:
        return {"partner_certificates": soon.certificate}
    return {"own_certificates": soon.certificate, "own_keys": soon.key}


def noted(app):
    with app.database.system() as connection:
        return list(connection.execute(text("SELECT event FROM notification")).scalars())


@pytest.mark.parametrize("side", [OURS, THEIRS])
def test_a_certificate_that_ends_is_told_in_time(acme, app, side):
    soon = ending(side)
    way = connect(acme, **soon)
    acme.call("POST", f"/connectors/{way}/enable")
    ends = dt.datetime.fromisoformat(acme.call("GET", f"/connectors/{way}").json()["certificate_ends_at"])
    assert dt.timedelta(days=9) < ends - dt.datetime.now(dt.UTC) < dt.timedelta(days=10)
    for _ in range(2):
        SqlOutbox(app.database).note_changes(900)
    assert wait_until(lambda: noted(app)) == ["certificate.ends"]  # by us, or by the API's process, whoever was first
    assert any(queue.certificate_seconds for queue in queues(app.database))
    assert "CERTIFICATE_ENDS" in doctor(app)

    name = next(name for name in soon if name.endswith("_certificates"))
    config = {"mode": "as2", name: soon[name] + keys_of(side).certificate}
    config |= {"other_own_keys": keys_of(OURS).key} if side == OURS else {}
    shown = acme.call("GET", f"/connectors/{way}").json()["config"]
    later = acme.call("PATCH", f"/connectors/{way}", json={"config": shown | config})
    assert later.status_code == 200, later.text
    assert dt.datetime.fromisoformat(later.json()["certificate_ends_at"]) > ends + dt.timedelta(days=40)
    assert "CERTIFICATE_ENDS" not in doctor(app)
