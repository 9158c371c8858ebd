"""Webhooks, from the API to a program that takes them."""

from __future__ import annotations

import runpy
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.engine.metrics import Metrics
from orderflow.engine.threads import Engine
from orderflow.flow.ports import Actor
from orderflow.http.webhook_signature import is_signed, webhook_key
from orderflow.net.allowed import Rules, set_rules
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.system.doctor import SqlBookKeeping
from orderflow.storage.system.retention import prune
from orderflow.storage.system.rotation import disable_sealed_with, rotate
from orderflow.storage.system.standing import standing as read_standing
from orderflow.storage.work import events as event_numbers
from orderflow.storage.work.events import number_events
from orderflow.storage.work.webhooks import MOST_ENDPOINTS, SqlWebhookOutbox, bind
from tests.integration.entrypoints.api.receiving import Receiver, listening
from tests.waiting import wait_until

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
ORDER = {"external_order_number": "PO-1", "customer": {"erp_customer_number": "4711"}}


def make(acme: Any, receiver: Receiver, **more: Any) -> tuple[str, str]:
    with acme.canaries.look_away():
        answer = acme.call("POST", "/webhooks", Role.INTEGRATOR, json={"url": receiver.url, **more})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    acme.canaries.add(made["secret"])
    return made["id"], made["secret"]


def bring_in(acme: Any, number: str = "PO-1") -> str:
    made = acme.call("POST", "/draft-orders", json=ORDER | {"external_order_number": number})
    return str(made.json()["id"])


def work_off(app: App) -> None:
    """Take turns until nothing is due."""
    while places := app.system.due_webhooks():
        for place in places:
            app.tell(*place, lambda: False)


def make_all_due(app: App) -> None:
    with app.database.system() as connection:
        connection.execute(text("UPDATE webhook_delivery SET next_attempt_at = now() WHERE delivered_at IS NULL"))
        connection.execute(text("UPDATE webhook_endpoint SET rests_until = NULL"))


def test_what_happens_is_sent_signed_and_logged(acme: Any, app: App, receiver: Receiver) -> None:
    bring_in(acme, "PO-0")
    webhook_id, secret = make(acme, receiver, name="Shop")
    order_id = bring_in(acme)
    acme.call("POST", f"/draft-orders/{order_id}/reject", json={"reason": "twice"})
    work_off(app)
    assert receiver.kinds() == ["order.created", "order.rejected"], "from now on"
    (headers, body), *_ = receiver.heard
    message_id, timestamp, signatures = (headers[name] for name in HEADERS)
    assert is_signed(webhook_key(secret), message_id, timestamp, signatures, body, float(timestamp))
    assert message_id == f"evt_{acme.org_id}_2"
    data = receiver.got[0]["data"]
    assert (data["number"], data["order_id"], data["external_order_number"]) == (2, order_id, "PO-1")
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["position"], shown["waiting"], shown["last_error"], shown["name"]) == (3, 0, None, "Shop")
    log = acme.call("GET", f"/webhooks/{webhook_id}/attempts", params={"limit": 1}).json()
    assert [(one["number"], one["kind"], one["status"]) for one in log["items"]] == [(3, "order.rejected", 204)]
    before = acme.call("GET", f"/webhooks/{webhook_id}/attempts", params={"cursor": log["next_cursor"]}).json()
    assert [one["number"] for one in before["items"]] == [2]
    assert secret not in acme.call("GET", "/webhooks").text + acme.call("GET", "/audit-log").text


def test_only_the_kinds_that_were_chosen_are_sent(acme: Any, app: App, receiver: Receiver) -> None:
    make(acme, receiver, kinds=["order.rejected", "order.held"])
    order_id = bring_in(acme)
    acme.call("POST", f"/draft-orders/{order_id}/reject", json={"reason": "twice"})
    work_off(app)
    assert receiver.kinds() == ["order.rejected"]


def test_what_is_not_taken_comes_again_and_what_follows_waits_for_it(acme: Any, app: App, receiver: Receiver) -> None:
    webhook_id, _ = make(acme, receiver)
    order_id, other = bring_in(acme, "PO-1"), bring_in(acme, "PO-2")
    acme.call("POST", f"/draft-orders/{order_id}/reject", json={"reason": "twice"})
    receiver.answers = lambda message: 500 if message["data"]["order_id"] == order_id else 200
    work_off(app)
    assert [message["data"]["order_id"] for message in receiver.got] == [other]
    assert len(receiver.heard) == 2, "the rejection waits behind the creation"
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["waiting"], shown["failing_since"]) == (2, None)
    failed = acme.call("GET", f"/webhooks/{webhook_id}/attempts", params={"failed": True}).json()["items"]
    assert [(one["status"], one["error"]["code"]) for one in failed] == [(500, "WEBHOOK_REFUSED")]
    receiver.answers = lambda _: 200
    make_all_due(app)
    work_off(app)
    assert receiver.numbers() == [2, 1, 3]
    again = acme.call("GET", f"/webhooks/{webhook_id}/attempts", params={"number": 1}).json()["items"]
    assert [(one["attempt"], one["status"]) for one in again] == [(2, 200), (1, 500)]


def test_a_clock_that_was_put_back_keeps_no_message_waiting(acme: Any, app: App, receiver: Receiver) -> None:
    make(acme, receiver)
    failing, other = bring_in(acme, "PO-1"), bring_in(acme, "PO-2")
    acme.call("POST", f"/draft-orders/{failing}/reject", json={"reason": "twice"})
    receiver.answers = lambda message: 500 if message["data"]["order_id"] == failing else 200
    work_off(app)
    acme.call("POST", f"/draft-orders/{other}/reject", json={"reason": "twice"})
    with app.database.system() as connection:  # all of it as if it had been written an hour later
        number_events(connection, acme.org_id)
        connection.execute(text("UPDATE webhook_endpoint SET lease_until = now() + interval '1 hour'"))
        connection.execute(
            text("""INSERT INTO webhook_delivery (endpoint_id, number, org_id, subject, next_attempt_at)
            SELECT w.id, e.number, e.org_id, e.order_id, now() + interval '1 hour'
            FROM event e JOIN webhook_endpoint w ON e.number > w.position""")
        )
    assert app.system.due_webhooks() == []
    assert app.system.put_clock_right(900, 900) == 2
    assert app.system.put_clock_right(900, 900) == 0, "what failed waits as it did"
    work_off(app)
    assert receiver.kinds() == ["order.created", "order.rejected"]


def test_one_that_does_not_answer_is_left_alone_and_slows_no_other(
    acme: Any, make_tenant: Any, app: App, receiver: Receiver
) -> None:
    closed = Receiver(url="http://127.0.0.1:9/hooks")
    webhook_id, _ = make(acme, closed)
    other = make_tenant("other")
    make(other, receiver)
    for number in range(4):
        bring_in(acme, f"PO-{number}")
    bring_in(other)
    work_off(app)
    assert len(receiver.got) == 1
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["waiting"], shown["last_error"]["code"], shown["status"]) == (4, "TARGET_UNAVAILABLE", "ACTIVE")
    assert shown["rests_until"]
    log = acme.call("GET", f"/webhooks/{webhook_id}/attempts").json()["items"]
    assert len(log) == 1, "nobody asks again and again"


def test_a_process_that_dies_after_it_sent_sends_again_under_the_same_id(
    acme: Any, app: App, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(acme, receiver)
    bring_in(acme)
    with monkeypatch.context() as patch:
        patch.setattr(SqlWebhookOutbox, "settle", lambda *_: 1 / 0)
        patch.setattr(SqlWebhookOutbox, "close", lambda *_: None)
        ((org_id, endpoint_id),) = app.system.due_webhooks()
        with pytest.raises(ZeroDivisionError):
            app.tell(org_id, endpoint_id, lambda: False)
    assert app.system.due_webhooks() == [], "it belongs to the turn that died until its lease ends"
    assert not app.tell(org_id, endpoint_id, lambda: False)
    with app.database.system() as connection:
        connection.execute(text("UPDATE webhook_endpoint SET lease_until = now()"))
    work_off(app)
    ids = [headers["webhook-id"] for headers, _ in receiver.heard]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_after_days_of_failure_it_is_disabled_and_a_person_told(
    acme: Any, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []

    class Channel:
        name = "test"
        longest = 1.0

        def send(self, notification: Any) -> None:
            told.append(notification)

    monkeypatch.setattr(app, "channels", [Channel()])  # by which the API's own process tells, too, if it comes first
    webhook_id, _ = make(acme, Receiver(url="http://127.0.0.1:9/hooks?token=secret"))
    bring_in(acme)
    work_off(app)
    with app.database.system() as connection:
        connection.execute(text("UPDATE webhook_endpoint SET failing_since = now() - interval '6 days'"))
    make_all_due(app)
    work_off(app)
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["status"], shown["waiting"]) == ("DISABLED", 1)
    assert shown["disabled_at"]
    for _ in range(2):
        app.notify()
    wait_until(lambda: told)
    (notification,) = told
    assert notification.subject == "The webhook 127.0.0.1 of acme was disabled, as it took nothing for days"
    assert "secret" not in notification.text


def test_one_that_says_it_is_gone_is_disabled_and_goes_on_where_it_stopped(
    acme: Any, app: App, receiver: Receiver
) -> None:
    webhook_id, _ = make(acme, receiver)
    receiver.answers = lambda _: 410
    bring_in(acme)
    work_off(app)
    assert acme.call("GET", f"/webhooks/{webhook_id}").json()["status"] == "DISABLED"
    bring_in(acme, "PO-2")
    receiver.answers = lambda _: 200
    changed = acme.call("PATCH", f"/webhooks/{webhook_id}", json={"enabled": True}).json()
    assert (changed["status"], changed["disabled_at"]) == ("ACTIVE", None)
    make_all_due(app)
    work_off(app)
    assert receiver.numbers() == [1, 2]


@pytest.mark.parametrize("status", [204, 410, 500])
def test_a_turn_ends_where_it_led_before_it_was_changed(acme: Any, app: App, receiver: Receiver, status: int) -> None:
    webhook_id, _ = make(acme, receiver)
    for number in range(3):
        bring_in(acme, f"PO-{number}")
    with listening() as other:

        def moved(_message: dict[str, Any]) -> int:
            acme.call("PATCH", f"/webhooks/{webhook_id}", json={"url": other.url}).raise_for_status()
            return status

        receiver.answers = moved
        work_off(app)
    assert len(receiver.heard) == 1, "what was in hand"
    assert other.numbers() == [1, 2, 3]
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["status"], shown["waiting"], shown["last_error"]) == ("ACTIVE", 0, None)


def test_a_turn_ends_where_its_webhook_is_disabled(acme: Any, app: App, receiver: Receiver) -> None:
    webhook_id, _ = make(acme, receiver)
    for number in range(3):
        bring_in(acme, f"PO-{number}")

    def disabled(_message: dict[str, Any]) -> int:
        acme.call("PATCH", f"/webhooks/{webhook_id}", json={"enabled": False}).raise_for_status()
        return 204

    receiver.answers = disabled
    work_off(app)
    assert receiver.numbers() == [1]
    assert acme.call("GET", f"/webhooks/{webhook_id}").json()["waiting"] == 3


def test_what_is_asked_for_again_while_it_is_on_its_way_comes_again(acme: Any, app: App, receiver: Receiver) -> None:
    webhook_id, _ = make(acme, receiver)
    bring_in(acme)

    def asked_again(_message: dict[str, Any]) -> int:
        receiver.answers = lambda _: 204
        assert acme.call("POST", f"/webhooks/{webhook_id}/replay", json={"numbers": [1]}).json() == {"events": 1}
        return 204

    receiver.answers = asked_again
    work_off(app)
    assert receiver.numbers() == [1, 1]


def test_a_secret_is_changed_without_a_message_that_does_not_fit(acme: Any, app: App, receiver: Receiver) -> None:
    webhook_id, first = make(acme, receiver)
    second = acme.call("POST", f"/webhooks/{webhook_id}/rotate-secret", json={"overlap_hours": 1}).json()["secret"]
    bring_in(acme)
    work_off(app)
    third = acme.call("POST", f"/webhooks/{webhook_id}/rotate-secret", json={"overlap_hours": 0}).json()["secret"]
    bring_in(acme, "PO-2")
    work_off(app)

    def fits(secret: str) -> list[bool]:
        return [
            is_signed(
                webhook_key(secret),
                headers["webhook-id"],
                headers["webhook-timestamp"],
                headers["webhook-signature"],
                body,
                float(headers["webhook-timestamp"]),
            )
            for headers, body in receiver.heard
        ]

    assert (fits(first), fits(second), fits(third)) == ([True, False], [True, False], [False, True])


def test_events_are_sent_again_on_request(acme: Any, app: App, receiver: Receiver) -> None:
    webhook_id, _ = make(acme, receiver)
    for number in range(3):
        bring_in(acme, f"PO-{number}")
    work_off(app)
    path = f"/webhooks/{webhook_id}/replay"
    assert acme.call("POST", path, json={"numbers": [3, 1, 99]}).json() == {"events": 2}
    work_off(app)
    assert acme.call("POST", path, json={"after": 1, "until": 2}).json() == {"events": 1}
    work_off(app)
    assert receiver.numbers() == [1, 2, 3, 1, 3, 2]
    assert acme.call("POST", path, json={}).status_code == 422


def test_a_test_is_sent_at_once_and_leaves_nothing_behind(acme: Any, receiver: Receiver) -> None:
    webhook_id, _ = make(acme, receiver)
    answer = acme.call("POST", f"/webhooks/{webhook_id}/test").json()
    assert (answer["status"], answer["taken"]) == (204, True)
    assert receiver.kinds() == ["webhook.test"]
    receiver.answers = lambda _: None
    lost = acme.call("POST", f"/webhooks/{webhook_id}/test").json()
    assert (lost["status"], lost["taken"]) == (None, False)
    assert lost["error"]["code"]
    assert acme.call("GET", f"/webhooks/{webhook_id}/attempts").json()["items"] == []


def test_it_leads_only_where_the_operator_lets_it(acme: Any, app: App, receiver: Receiver) -> None:
    webhook_id, _ = make(acme, receiver)
    set_rules(Rules(()))
    try:
        refused = acme.call("POST", "/webhooks", json={"url": receiver.url})
        assert refused.status_code == 422
        assert refused.json()["error"]["details"]["fields"][0]["field"] == "url"
        bring_in(acme)
        work_off(app)
    finally:
        set_rules(app.settings.rules())
    assert receiver.heard == []
    assert acme.call("GET", f"/webhooks/{webhook_id}").json()["last_error"]["code"] == "ADDRESS_NOT_ALLOWED"


def test_there_are_only_so_many_and_those_of_others_are_not_there(acme: Any, make_tenant: Any, app: App) -> None:
    quiet = Receiver(url="http://127.0.0.1:9/hooks")
    ids = [make(acme, quiet)[0] for _ in range(MOST_ENDPOINTS)]
    refused = acme.call("POST", "/webhooks", json={"url": quiet.url})
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (409, "TOO_MANY_WEBHOOKS")
    assert acme.call("DELETE", f"/webhooks/{ids[0]}").status_code == 204
    assert len(acme.call("GET", "/webhooks").json()["items"]) == MOST_ENDPOINTS - 1
    assert make_tenant("other").call("GET", "/webhooks").json() == {"items": []}


def test_a_new_one_starts_with_what_happens_next_however_much_nobody_read(
    acme: Any, app: App, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_numbers, "AT_ONCE", 2)
    for number in range(5):
        bring_in(acme, f"PO-{number}")
    make(acme, receiver)
    bring_in(acme, "PO-5")
    work_off(app)
    assert receiver.numbers() == [6]


def test_its_secret_follows_the_master_key_and_one_that_no_key_opens_disables_it(
    acme: Any, app: App, receiver: Receiver
) -> None:
    webhook_id, secret = make(acme, receiver)
    old = app.encryption
    new = EncryptionService("cd" * 32)
    assert app.settings.encryption_master_key
    both = EncryptionService("cd" * 32, [app.settings.encryption_master_key.get_secret_value()])
    (*_, done) = rotate(app.database, both)
    assert (done.total, done.sealed) == (1, 1)
    bring_in(acme)
    outbox = SqlWebhookOutbox(app.database, new)
    endpoint = outbox.open(acme.org_id, app.system.due_webhooks()[0][1])
    assert endpoint is not None
    assert endpoint.secrets == [secret]
    outbox.close(endpoint)
    assert SqlWebhookOutbox(app.database, old).open(acme.org_id, endpoint.id) is None
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["status"], shown["last_error"]) == ("ACTIVE", None), "a process without the key harms no other"
    assert outbox.open(acme.org_id, endpoint.id) is not None, "nor does it take the endpoint"
    with app.database.transaction(acme.org_id) as connection:
        garbled = (
            "UPDATE webhook_endpoint SET lease_until = NULL, sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)"
        )
        connection.execute(text(garbled))
    assert outbox.open(acme.org_id, endpoint.id) is None
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["status"], shown["last_error"]["code"]) == ("DISABLED", "ENCRYPTION_ERROR")


def test_one_whose_key_is_lost_is_disabled_and_goes_on_with_another_secret(
    acme: Any, app: App, receiver: Receiver
) -> None:
    webhook_id, secret = make(acme, receiver)
    lost = EncryptionService("ef" * 32)
    sealed = lost.encrypt_config({"present": secret}, bind(acme.org_id, UUID(webhook_id)))
    with app.database.transaction(acme.org_id) as connection:
        values = {"sealed": sealed, "key_id": lost.key_id}
        connection.execute(text("UPDATE webhook_endpoint SET sealed = :sealed, key_id = :key_id"), values)
    assert app.processes.sealed_with() == {lost.key_id: 1}
    assert disable_sealed_with(app.database, lost.key_id, Actor("operator")) == 1
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["status"], shown["last_error"]["code"]) == ("DISABLED", "KEY_LOST")
    with acme.canaries.look_away():
        assert acme.call("POST", f"/webhooks/{webhook_id}/rotate-secret").status_code == 200
    assert acme.call("PATCH", f"/webhooks/{webhook_id}", json={"enabled": True}).json()["status"] == "ACTIVE"
    bring_in(acme)
    endpoint = SqlWebhookOutbox(app.database, app.encryption).open(acme.org_id, app.system.due_webhooks()[0][1])
    assert endpoint is not None
    assert len(endpoint.secrets) == 1


def test_what_was_told_goes_with_its_event(acme: Any, app: App, receiver: Receiver) -> None:
    webhook_id, _ = make(acme, receiver)
    bring_in(acme)
    work_off(app)
    with app.database.system() as connection:
        connection.execute(text("UPDATE event SET at = now() - interval '40 days'"))
    list(prune(app.database, app.documents, 365, event_days=30))
    with app.database.system() as connection:
        for table in ("event", "webhook_delivery", "webhook_attempt"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    assert acme.call("GET", f"/webhooks/{webhook_id}").json()["waiting"] == 0


def test_what_was_deleted_before_it_was_taken_is_told(acme: Any, app: App, receiver: Receiver) -> None:
    """One event was taken, one refused, one not looked at, one is of a kind that the second endpoint does not want."""
    webhook_id, _ = make(acme, receiver, kinds=["order.created"])
    other, _ = make(acme, receiver, kinds=["connection.troubled"])
    bring_in(acme)
    work_off(app)
    receiver.answers = lambda _: 500
    refused = bring_in(acme, "PO-2")
    work_off(app)
    bring_in(acme, "PO-3")
    with app.database.system() as connection:
        connection.execute(text("UPDATE event SET at = now() - interval '40 days'"))
        connection.execute(
            text("UPDATE webhook_endpoint SET failing_since = now() - interval '16 minutes' WHERE failures > 0")
        )
        connection.execute(text("UPDATE webhook_delivery SET next_attempt_at = now() - interval '16 minutes'"))
    assert findings(app) == ["WEBHOOK_FAILING", "WEBHOOK_BEHIND"], "the one fails, the other was not looked at"
    (standing,) = [one for one in read_standing(app.database).webhooks if str(one.id) == webhook_id]
    assert (standing.waiting, standing.disabled, standing.missed) == (1, False, 0)
    assert standing.failing_seconds >= 960
    assert standing.oldest_seconds >= 40 * 86_400
    list(prune(app.database, app.documents, 365, event_days=30))
    shown = acme.call("GET", f"/webhooks/{webhook_id}").json()
    assert (shown["missed"], shown["waiting"], shown["oldest_waiting_at"]) == (2, 0, None)
    assert shown["missed_at"]
    (entry,) = acme.call("GET", f"/webhooks/{webhook_id}/attempts").json()["items"]
    assert (entry["attempt"], entry["status"], entry["error"]["code"]) == (0, None, "EVENTS_GONE")
    assert entry["error"]["message"].startswith("2 event(s) were deleted before they were sent")
    assert acme.call("GET", f"/webhooks/{other}").json()["missed"] == 0
    assert findings(app) == ["WEBHOOK_FAILING", "WEBHOOK_MISSED"]
    list(prune(app.database, app.documents, 365, event_days=30))
    assert acme.call("GET", f"/webhooks/{webhook_id}").json()["missed"] == 2
    receiver.answers = lambda _: 204
    assert acme.call("PATCH", f"/webhooks/{webhook_id}", json={"enabled": True}).json()["missed"] == 0
    new = bring_in(acme, "PO-4")
    work_off(app)
    assert [message["data"]["order_id"] for message in receiver.got][-1] == new
    assert refused not in [message["data"]["order_id"] for message in receiver.got]
    assert findings(app) == []
    gauges = {
        sample.name: sample.value
        for metric in Metrics(list, standing=lambda: read_standing(app.database)).registry().collect()
        for sample in metric.samples
        if sample.labels.get("webhook") == webhook_id
    }
    assert gauges["orderflow_webhook_disabled"] == gauges["orderflow_webhook_events_waiting"] == 0


def findings(app: App) -> list[str]:
    with SqlBookKeeping(app.database).books() as books:
        return [finding.code for finding in books.attention() if not finding.remark]


@pytest.mark.parametrize("body", [{}, {"url": ""}, {"url": "shop"}, {"url": "http://a", "kinds": ["x"]}])
def test_what_cannot_be_used_is_refused(acme: Any, body: dict[str, Any]) -> None:
    assert acme.call("POST", "/webhooks", json=body).status_code == 422


def test_the_example_in_the_docs_takes_what_is_signed_once_and_nothing_else(
    acme: Any, app: App, receiver: Receiver, tmp_path: Path
) -> None:
    example = runpy.run_path(str(Path(__file__).parents[4] / "docs/webhook_receiver.py"))
    _, secret = make(acme, receiver)
    books = example["Books"](str(tmp_path / "books.db"))
    with ThreadingHTTPServer(("127.0.0.1", 0), example["handler"](secret, books)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        order_id = bring_in(acme)
        acme.call("POST", f"/draft-orders/{order_id}/reject", json={"reason": "twice"})
        work_off(app)
        sent = [({name: headers[name] for name in HEADERS}, body) for headers, body in receiver.heard]
        answers = [
            httpx.post(url, content=body, headers=headers, timeout=60).status_code for headers, body in [*sent, sent[0]]
        ]
        forged = httpx.post(url, content=sent[0][1] + b" ", headers=sent[0][0], timeout=60).status_code
        old = httpx.post(
            url, content=sent[0][1], headers=sent[0][0] | {"webhook-timestamp": "1"}, timeout=60
        ).status_code
        server.shutdown()
    assert (answers, forged, old) == ([204, 204, 204], 401, 401)
    assert books.database.execute("SELECT * FROM book").fetchall() == [(order_id, "REJECTED", 2)]
    books.database.close()


def test_the_engine_tells_by_itself(acme: Any, app: App, receiver: Receiver) -> None:
    heard = threading.Event()

    def answer(_message: dict[str, Any]) -> int:
        heard.set()
        return 204

    receiver.answers = answer
    make(acme, receiver)
    bring_in(acme)
    engine = Engine(app)
    engine.start()
    try:
        assert heard.wait(60)
    finally:
        assert engine.stop()
    assert receiver.kinds() == ["order.created"]
