"""An ERP calls back: who may, what is kept, what is refused, and what becomes of it."""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import time
import tracemalloc
from dataclasses import replace
from uuid import UUID

import pytest
from httpx import Client
from sqlalchemy import text

from orderflow.domain.answer_files import LIMIT
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api import create_app, ingress
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.http.webhook_signature import signature
from tests.integration.entrypoints.api.test_deliveries import pushed, work_off

KEY = secrets.token_bytes(32)


@pytest.fixture
def way(acme, tmp_path):
    """A dropzone whose ERP answers by itself, and may sign what it says."""
    (tmp_path / "in").mkdir()
    secret = "whsec_" + base64.b64encode(KEY).decode()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "in"), "answer_secret": secret}
    return acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config}).json()["id"]


@pytest.fixture
def token(acme, way):
    """What the ERP sends with its answers."""
    return acme.call("POST", f"/connectors/{way}/answer-token").json()["token"]


def send(acme, way, body, token=None, name="", headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = (headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    return acme.call("POST", f"/answers/{way}?name={name}", None, content=content, headers=headers)


def signed(body, message_id="msg-1", at=None, key=KEY):
    moment = int(time.time() if at is None else at)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,bm9uZQ== {signature(key, message_id, moment, body)}",
    }


def rows(app, acme):
    with app.store.work(acme.org_id) as work:
        return work.connection.execute(text("SELECT * FROM inbound ORDER BY created_at")).mappings().all()


def sent_order(acme, app, way):
    (order_id,) = pushed(acme)
    work_off(app, acme, way)
    return order_id


def test_an_answer_confirms_its_order_once_the_engine_has_read_it(acme, app, way, token):
    order_id = sent_order(acme, app, way)
    yes = {"status": "ACKED", "external_order_number": "PO-0", "erp_order_id": "SO-7"}
    answers = [send(acme, way, yes, token) for _ in range(2)]
    assert [(one.status_code, one.json()) for one in answers] == [
        (200, {"duplicate": False}),
        (200, {"duplicate": True}),
    ]
    assert [place for place in app.system.due_inbound() if str(place[1]) == way]
    read_arrived(app.wiring, acme.org_id, app.system.due_inbound()[0][1])
    order = acme.call("GET", f"/draft-orders/{order_id}").json()
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-7")
    (shown,) = acme.call("GET", f"/connectors/{way}/answers").json()["items"]
    assert (shown["verdict"], shown["beginning"]) == ("acknowledge", None)
    assert app.system.due_inbound() == []


def test_a_clock_that_was_put_back_keeps_no_answer_waiting(acme, app, way, token):
    order_id = sent_order(acme, app, way)
    yes = {"status": "ACKED", "external_order_number": "PO-0", "erp_order_id": "SO-7"}
    send(acme, way, yes, token)
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text("UPDATE inbound SET next_read_at = next_read_at + interval '1 hour'"))
    assert app.system.due_inbound() == []
    assert app.system.put_clock_right(900, 900) == 1
    read_arrived(app.wiring, acme.org_id, app.system.due_inbound()[0][1])
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["status"] == "CONFIRMED"


def test_it_is_kept_by_an_api_that_has_no_connector_and_read_where_there_is_one(acme, app, way, token, monkeypatch):
    def nothing_installed(kind):
        raise ValueError(f"Unknown connector type: {kind!r}")

    (order_id,) = pushed(acme)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(app, "wiring", replace(app.wiring, connector=nothing_installed))
        yes = {"status": "ACKED", "external_order_number": "PO-0", "erp_order_id": "SO-7"}
        assert send(acme, way, yes, token).status_code == 200
    read_arrived(app.wiring, acme.org_id, UUID(way))
    assert [row["verdict"] for row in rows(app, acme)] == ["unmatched"], "it was quicker than the delivery"
    work_off(app, acme, way)
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text("UPDATE inbound SET next_read_at = now()"))
    read_arrived(app.wiring, acme.org_id, UUID(way))
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["status"] == "CONFIRMED"


def test_it_may_be_signed_instead_and_a_message_id_counts_once(acme, app, way):
    body = b'{"status": "ACKED", "external_order_number": "X"}'
    first, again = (send(acme, way, body, headers=signed(body)) for _ in range(2))
    assert (first.json(), again.json()) == ({"duplicate": False}, {"duplicate": True})
    other = send(acme, way, b"{}", headers=signed(b"{}"))
    assert (other.status_code, other.json()["error"]["details"]["reason"]) == (409, "MESSAGE_ID_REUSED")
    assert [row["message_id"] for row in rows(app, acme)] == ["msg-1"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer ofa_00000000_wrong"},
        {"Authorization": "Basic eDp5"},
        signed(b"other"),
        signed(b"{}", at=time.time() - 301),
        signed(b"{}", at=time.time() + 3_600),
        signed(b"{}", key=b"x" * 32),
        signed(b"{}") | {"webhook-timestamp": "9" * 5_000},
        signed(b"{}") | {"webhook-timestamp": "²"},
        signed(b"{}") | {"webhook-signature": "v1," + " v1," * 500},
        {"webhook-id": "x" * 5_000, "webhook-timestamp": "1", "webhook-signature": "v1,"},
    ],
    ids=range(11),
)
def test_whoever_proves_nothing_is_refused_and_nothing_is_kept(acme, app, way, headers):
    headers = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
    answer = send(acme, way, b"{}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["details"]["reason"]) == (401, "ANSWER_NOT_PROVED")
    assert rows(app, acme) == []


def test_a_connector_that_is_not_there_looks_like_one_that_refuses(acme, way, token):
    refused, unknown = send(acme, way, b"{}", "ofa_x"), send(acme, new_id(), b"{}", token)
    assert refused.status_code == unknown.status_code == 401
    assert refused.json()["error"]["message"] == unknown.json()["error"]["message"]


def test_a_token_is_for_its_own_connector_and_ends_with_the_next_one(acme, app, way, token, make_tenant):
    globex = make_tenant("globex")
    theirs = globex.call("POST", "/connectors/rest-json", json={"config": {"url": "https://erp.example/orders"}}).json()
    assert send(acme, theirs["id"], b"{}", token).status_code == 401
    assert globex.call("POST", f"/connectors/{way}/answer-token").status_code == 404
    renewed = acme.call("POST", f"/connectors/{way}/answer-token").json()["token"]
    assert (send(acme, way, b"{}", token).status_code, send(acme, way, b"{}", renewed).status_code) == (401, 200)
    assert acme.call("DELETE", f"/connectors/{way}/answer-token").status_code == 204
    assert send(acme, way, b"{}", renewed).status_code == 401
    assert acme.call("GET", f"/connectors/{way}").json()["answer_token_prefix"] is None


def test_what_is_too_large_or_empty_or_too_much_is_refused(acme, app, way, token, monkeypatch):
    assert send(acme, way, b"", token).status_code == 422
    assert send(acme, way, b"x" * (LIMIT + 1), token).status_code == 413
    assert send(acme, way, b"x" * LIMIT, token).status_code == 200
    monkeypatch.setattr("orderflow.flow.answers.receive.MOST_KEPT", LIMIT)
    full = send(acme, way, b"y", token)
    assert (full.status_code, full.json()["error"]["details"]["reason"]) == (429, "ANSWERS_PILE_UP")
    assert len(rows(app, acme)) == 1


def test_a_hundred_megabytes_that_announce_nothing_are_refused_and_never_kept_in_memory(acme, app, way, token):
    tracemalloc.start()
    for proof, status in ((token, 413), ("ofa_x", 401)):
        content = (b"x" * 65_536 for _ in range(1_600))
        answer = acme.call("POST", f"/answers/{way}", None, content=content, headers={"X-API-Key": proof})
        assert answer.status_code == status
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (rows(app, acme), most < 20_000_000) == ([], True)


BILLION = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
BOMBS = {
    "entities": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">' + BILLION + b"]><r>&l9;</r>",
    "a file": b'<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><r>&f;</r>',
    "elements": b"<r>" + b"<a/>" * 260_000 + b"</r>",
    "depth": b"<a>" * 100_000,
    "attributes": b"<r " + b" ".join(b'a%d=""' % n for n in range(80_000)) + b"/>",
    "compressed": gzip.compress(b"<r>" + b" " * 100_000_000),
}


@pytest.mark.parametrize("kind", ["UBL_ORDER", "SAP_IDOC"])
def test_bombs_are_kept_as_they_came_told_and_change_nothing(acme, app, tmp_path, kind):
    (tmp_path / "out").mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "out"), "sender": "US", "receiver": "SAP"}
    if kind == "UBL_ORDER":
        config = {"mode": "filesystem", "export_path": str(tmp_path / "out"), "seller_endpoint": "0088:4000001000005"}
        config |= {"seller_name": "Acme", "seller_country": "DE"}
    made = acme.call("POST", f"/connectors/{kind.lower().replace('_', '-')}", json={"config": config})
    way = made.json()["id"]
    token = acme.call("POST", f"/connectors/{way}/answer-token").json()["token"]
    for bomb in BOMBS.values():
        assert send(acme, way, bomb, token, headers={"Content-Encoding": "gzip"}).status_code == 200
    tracemalloc.start()
    read_arrived(app.wiring, acme.org_id, UUID(way))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50_000_000
    found = acme.call("GET", f"/connectors/{way}/answers").json()["items"]
    assert [one["verdict"] for one in found] == ["unmatched"] * len(BOMBS)
    assert "root:" not in json.dumps(found)


def test_a_connector_is_sent_so_many_a_minute_and_the_others_are_not_slowed(
    app, serving, acme, way, token, monkeypatch
):
    monkeypatch.setattr(ingress, "MOST_A_MINUTE", 2)
    with serving(create_app(app, engine=False)) as url, Client(base_url=url) as client:
        here = replace(acme, client=client)
        assert [send(here, way, b"{}", token).status_code for _ in range(3)] == [200, 200, 429]
        assert send(here, new_id(), b"{}", token).status_code == 401


def test_what_belongs_to_nobody_is_told_and_can_be_put_aside(acme, app, way, token):
    send(acme, way, {"status": "ACKED", "external_order_number": "nobody's"}, token)
    ((org_id, connection_id),) = app.system.due_inbound()
    read_arrived(app.wiring, org_id, connection_id)
    (shown,) = acme.call("GET", f"/connectors/{way}/answers").json()["items"]
    assert (shown["verdict"], "nobody's" in shown["beginning"]) == ("unmatched", True)
    assert (org_id, connection_id) in app.system.due_polls(), "it is told by the next poll"
    assert acme.call("POST", f"/connectors/{way}/answers/{shown['id']}/read-again").status_code == 204
    assert acme.call("DELETE", f"/connectors/{way}/answers/{shown['id']}").status_code == 204
    assert acme.call("DELETE", f"/connectors/{way}/answers/{shown['id']}").status_code == 404


def test_a_connector_that_reads_none_has_no_token(acme):
    mock = acme.call("POST", "/connectors/mock", json={"config": {}}).json()
    assert not mock["takes_answers"]
    refused = acme.call("POST", f"/connectors/{mock['id']}/answer-token")
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (409, "NO_ANSWERS_TAKEN")
