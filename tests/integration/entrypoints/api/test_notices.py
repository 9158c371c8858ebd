"""Notices per user, from the choice over the API to a mail server and a program that takes webhooks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.engine.jobs import JOBS, take_turn
from orderflow.flow.people.notices import Signing
from orderflow.http.webhook_signature import is_signed, webhook_key
from orderflow.net.allowed import Rules, set_rules
from orderflow.notices.mail import MailServer
from orderflow.notices.people import ways_to_people
from orderflow.secrets.encryption import EncryptionService
from orderflow.secrets.keys import generate_key
from orderflow.storage.people.notices import SqlNoticeOutbox, SqlNotices
from orderflow.storage.system.rotation import rotate
from tests.integration.channels.certificates import make_certificates
from tests.integration.channels.mail_server import Post, taking_mail
from tests.integration.entrypoints.api.conftest import Tenant
from tests.integration.entrypoints.api.receiving import Receiver

OWN = "/api/v1/me/notices"
BASE = "https://orders.example/flow"
ORDER = {"currency": "EUR", "customer": {"erp_customer_number": "4711", "name": "Muster GmbH"}}
FIRST = {"first": True, "language": "en"}


@pytest.fixture
def post(app: App, tmp_path: Path, secret: Callable[[str], str]) -> Iterator[Post]:
    """A mail server that the installation sends by, and the address of the page."""
    password = secret("mail")
    with taking_mail(make_certificates(tmp_path), password) as server:
        by = MailServer("127.0.0.1", server.port, "orderflow", password, ca_file=str(server.ca_file))
        app.__dict__["ways_to_people"] = dict(ways_to_people((by, "orderflow@acme.example"), BASE))
        yield server


class Person:
    """Somebody who chooses what they are told of."""

    def __init__(self, acme: Tenant, role: Role = Role.OPS) -> None:
        self.acme, self.email, self.session = acme, acme.emails[role], acme.signed_in(role)

    def get(self) -> dict[str, Any]:
        found: dict[str, Any] = self.acme.client.get(OWN, headers=self.session).json()
        return found

    def put(self, **body: Any) -> Any:
        return self.acme.client.put(OWN, headers=self.session, json=body)

    def choose(self, **body: Any) -> dict[str, Any]:
        answer = self.put(**body)
        assert answer.status_code == 200, answer.text
        chosen: dict[str, Any] = answer.json()
        return chosen

    def sign(self) -> Any:
        return self.acme.client.post(f"{OWN}/secret", headers=self.session)

    def new_secret(self) -> str:
        with self.acme.canaries.look_away():  # it is shown this once
            secret: str = self.sign().json()["secret"]
        self.acme.canaries.add(secret)
        return secret

    def test(self) -> Any:
        return self.acme.client.post(f"{OWN}/test", headers=self.session)


@pytest.fixture
def ops(acme: Tenant) -> Person:
    return Person(acme)


def bring_in(acme: Tenant, number: str, **more: Any) -> None:
    order = ORDER | {"external_order_number": number} | more
    assert acme.call("POST", "/draft-orders", json=order).status_code == 201


def ready(acme: Tenant, number: str = "PO-1") -> None:
    bring_in(acme, number, lines=[{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M", "unit_price": 1}])


def do(app: App, statement: str, **values: Any) -> None:
    with app.database.system() as connection:
        connection.execute(text(statement), values)


def look(app: App, after: str = "2 minutes") -> int:
    """Have an engine look, after a while: what was noted is as much older by then."""
    for table, column in (
        ("notice_choice", "next_look_at"),
        ("notice_choice", "tested_at"),
        ("notice_way", "next_attempt_at"),
        ("notice_way", "told_at"),
        ("notice_way", "digested_at"),
        ("notice_way", "sent_at"),
        ("notice_way", "failing_since"),
        ("need_seen", "new_at"),
        ("need_seen", "assigned_at"),
        ("need_seen", "gone_at"),
    ):
        do(app, f"UPDATE {table} SET {column} = {column} - CAST(:after AS interval)", after=after)
    return sum(app.tell_people(place[0], lambda: False) for place in app.system.due_notices())


def try_again(app: App, acme: Tenant) -> int:
    """Have an engine look when what failed is due again."""
    do(app, "UPDATE notice_way SET next_attempt_at = now()")
    do(app, "UPDATE notice_choice SET next_look_at = now()")
    return app.tell_people(acme.org_id, lambda: False)


def test_the_first_of_a_new_group_is_told_once_by_each_way(
    acme: Tenant, app: App, ops: Person, post: Post, receiver: Receiver
) -> None:
    bring_in(acme, "PO-0")
    chosen = ops.choose(mail=True, webhook_url=receiver.url, first=True, language="de")
    assert (chosen["mail_possible"], [way["way"] for way in chosen["ways"]]) == (True, ["mail", "webhook"])
    assert look(app) == 0, "what lacks something was there before"
    ready(acme)
    assert look(app) == 2
    ready(acme, "PO-2")
    assert look(app, "1 hour") == 0, "more of it is none"
    (mail,) = post.inbox.got
    assert (mail["To"], post.inbox.to) == (ops.email, [[ops.email]])
    assert mail["Subject"] == "[OrderFlow] 1 Neues bei acme braucht jemanden"
    content = mail.get_payload(decode=True)
    assert isinstance(content, bytes)
    lines = content.decode().splitlines()
    assert "- 1 Auftrag wartet auf Freigabe" in lines
    assert f"  {BASE}/orders?status=READY" in lines
    assert "Muster" not in content.decode()
    (told,) = receiver.got
    assert told["type"] == "notice.new"
    assert [(one["kind"], one["orders"], one["mine"]) for one in told["data"]["groups"]] == [("READY", 1, False)]
    ((headers, _),) = receiver.heard
    assert "webhook-signature" not in headers
    assert all(way["sent_at"] and way["problem"] is None for way in ops.get()["ways"])


def test_what_a_webhook_gets_is_signed_by_a_secret_that_is_shown_once(
    acme: Tenant, app: App, ops: Person, receiver: Receiver
) -> None:
    assert ops.sign().json()["error"]["details"]["reason"] == "NO_WAY_CHOSEN"
    assert ops.choose(webhook_url=receiver.url, **FIRST)["signed"] is False
    secrets = [ops.new_secret(), ops.new_secret()]
    assert ops.get()["signed"] is True
    ready(acme)
    assert look(app) == 1
    assert ops.test().json()["items"][0]["taken"]
    for (headers, body), message in zip(receiver.heard, receiver.got, strict=True):
        assert message == json.loads(body)
        message_id, timestamp, signatures = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        signed = [is_signed(webhook_key(one), message_id, timestamp, signatures, body, time.time()) for one in secrets]
        assert signed == [False, True]
    (entry,) = acme.call("GET", "/audit-log?action=NOTICES_SIGNED&limit=1").json()["items"]
    assert entry["actor"] == ops.email
    master = app.settings.encryption_master_key
    assert master is not None
    new = EncryptionService(generate_key(), [master.get_secret_value()])
    *_, rotated = rotate(app.database, new)
    assert (rotated.sealed, rotated.unreadable) == (1, [])
    with app.database.transaction(acme.org_id) as connection:
        user_id = connection.execute(text("SELECT user_id FROM notice_secret")).scalar_one()
        assert SqlNotices(connection, acme.org_id, new).signing(user_id) == Signing(secrets[1])
    ops.choose(webhook_url=f"{receiver.url}/other", **FIRST)
    assert ops.get()["signed"] is True, "it stays, whatever else is changed"
    ops.choose(mail=True, **FIRST)
    assert ops.get()["signed"] is False, "without a webhook there is nothing to sign"


def test_what_cannot_be_signed_any_more_is_not_sent_unsigned(
    acme: Tenant, app: App, ops: Person, receiver: Receiver
) -> None:
    ops.choose(webhook_url=receiver.url, **FIRST)
    ops.new_secret()
    do(app, "UPDATE notice_secret SET sealed = sealed || decode('00', 'hex')")
    ready(acme)
    assert look(app) == 0
    assert receiver.heard == []
    (way,) = ops.get()["ways"]
    assert (way["problem"]["code"], way["stopped_at"]) == ("KEY_LOST", None)
    ops.new_secret()
    assert try_again(app, acme) == 1


def test_what_goes_and_comes_back_soon_was_never_away(acme: Tenant, app: App, ops: Person, post: Post) -> None:
    ready(acme)
    ops.choose(mail=True, **FIRST)
    for hours, told in ((0, 0), (2, 1)):
        do(app, "UPDATE draft_order SET status = 'REJECTED'")
        assert look(app) == 0
        do(app, "UPDATE draft_order SET status = 'READY'")
        assert look(app, f"{hours} hours 10 minutes") == told


def test_what_others_give_one_is_told(acme: Tenant, app: App, ops: Person, post: Post) -> None:
    ready(acme)
    ops.choose(mail=True, mine=True)
    mark = {"key": "READY", "assigned_to": ops.email.upper()}
    assert acme.client.post("/api/v1/needs/mark", headers=ops.session, json=mark).status_code == 200
    assert look(app) == 0, "one's own doing"
    acme.call("POST", "/needs/mark", json={"key": "READY", "note": "seen"})
    assert look(app) == 0, "others note something on it"
    acme.call("POST", "/needs/mark", json=mark | {"assigned_to": None})
    assert look(app) == 0
    acme.call("POST", "/needs/mark", json=mark)
    assert look(app) == 1
    assert look(app, "1 hour") == 0
    assert post.inbox.got[0]["Subject"] == "[OrderFlow] 1 thing at acme was given to you"


def test_a_digest_comes_once_a_day_and_none_of_nothing(acme: Tenant, app: App, ops: Person, receiver: Receiver) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    ops.choose(webhook_url=receiver.url, digest_at=f"{an_hour_ago:%H:%M}")
    assert look(app) == 0, "it was due before it was chosen"
    do(app, "UPDATE notice_way SET digested_at = now() - interval '1 day'")
    assert look(app) == 0
    ready(acme)
    assert look(app) == 0, "the digest of today is done with"
    do(app, "UPDATE notice_way SET digested_at = now() - interval '1 day'")
    assert (look(app), look(app)) == (1, 0)
    assert [one["type"] for one in receiver.got] == ["notice.digest"]


def test_in_quiet_hours_it_is_gathered(acme: Tenant, app: App, ops: Person, receiver: Receiver) -> None:
    now = datetime.now(UTC)
    hours = {"start": f"{now - timedelta(hours=2):%H:%M}", "end": f"{now + timedelta(hours=2):%H:%M}"}
    chosen = ops.choose(webhook_url=receiver.url, quiet=hours, **FIRST)
    assert chosen["quiet"] == hours
    bring_in(acme, "PO-1")
    assert look(app) == 0
    ready(acme, "PO-2")
    assert look(app) == 0
    do(app, "UPDATE draft_order SET status = 'REJECTED' WHERE status = 'READY'")
    ops.choose(webhook_url=receiver.url, **FIRST)
    assert look(app) == 1
    assert [one["kind"] for one in receiver.got[0]["data"]["groups"]] == ["NEEDS_REVIEW"], "what was solved is not told"


def test_a_way_that_fails_is_told_tried_again_and_at_last_stopped(
    acme: Tenant, app: App, ops: Person, receiver: Receiver
) -> None:
    ops.choose(webhook_url=f"{receiver.url}?key=sesame", **FIRST)
    ready(acme)
    receiver.answers = lambda _: 503
    assert look(app) == 0
    (way,) = ops.get()["ways"]
    assert way["problem"]["message"] == "It was answered with status 503."
    assert (way["sent_at"], way["stopped_at"]) == (None, None)
    do(app, "UPDATE notice_choice SET next_look_at = now()")
    app.tell_people(acme.org_id, lambda: False)
    assert len(receiver.heard) == 1, "not before its time"
    receiver.answers = lambda _: None
    assert try_again(app, acme) == 0
    receiver.answers = lambda _: 204
    assert try_again(app, acme) == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1
    receiver.answers = lambda _: 410
    bring_in(acme, "PO-9")
    assert look(app, "1 hour") == 0
    (way,) = ops.get()["ways"]
    assert way["stopped_at"]
    assert look(app, "1 day") == 0
    assert len(receiver.heard) == 4, "it wants nothing any more"
    receiver.answers = lambda _: 204
    (way,) = ops.choose(webhook_url=f"{receiver.url}?key=sesame", **FIRST)["ways"]
    assert way["stopped_at"] is None
    assert look(app) == 1
    log = acme.call("GET", "/audit-log?action=NOTICES_CHANGED").text
    assert "127.0.0.1" in log
    assert "sesame" not in log


def test_mail_that_is_not_taken_is_tried_again_and_never_given_up(
    acme: Tenant, app: App, ops: Person, post: Post
) -> None:
    ops.choose(mail=True, **FIRST)
    ready(acme)
    post.inbox.refuses = True
    for _ in range(2):
        assert look(app, "6 days") == 0
    (way,) = ops.get()["ways"]
    assert (way["problem"]["code"], way["stopped_at"]) == ("MAIL_NOT_TAKEN", None)
    post.inbox.refuses = False
    assert look(app, "1 hour") == 1
    assert ops.get()["ways"][0]["problem"] is None


def test_who_may_not_look_is_told_nothing(
    acme: Tenant, app: App, ops: Person, make_tenant: Any, receiver: Receiver
) -> None:
    ops.choose(webhook_url=receiver.url, **FIRST)
    ready(make_tenant("other"))
    assert look(app) == 0, "another organization's"
    ready(acme)
    do(app, "UPDATE organization SET second_factor_required = true")
    assert look(app) == 0
    do(app, "UPDATE organization SET second_factor_required = false")
    do(app, "UPDATE app_user SET active = false WHERE email = :email", email=ops.email)
    assert look(app) == 0
    do(app, "UPDATE app_user SET active = true")
    assert look(app) == 1
    ops.choose()
    bring_in(acme, "PO-9")
    assert look(app, "1 hour") == 0, "switched off"
    assert app.system.due_notices() == []


def test_a_crash_between_sending_and_noting_sends_one_twice_under_the_same_id(
    acme: Tenant, app: App, ops: Person, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ops.choose(webhook_url=receiver.url, **FIRST)
    ready(acme)
    with monkeypatch.context() as patch:
        patch.setattr(SqlNoticeOutbox, "settle", lambda *_: None)  # the process died before
        assert look(app) == 1
    do(app, "UPDATE notice_choice SET next_look_at = now()")
    assert app.tell_people(acme.org_id, lambda: False) == 0, "it may still be on its way"
    assert try_again(app, acme) == 1
    assert look(app, "1 hour") == 0
    assert len({headers["webhook-id"] for headers, _ in receiver.heard}) == 1


def test_two_engines_at_once_send_one(acme: Tenant, app: App, ops: Person, receiver: Receiver) -> None:
    ops.choose(webhook_url=receiver.url, **FIRST)
    ready(acme)
    do(app, "UPDATE notice_choice SET next_look_at = now() - interval '1 minute'")
    outbox = SqlNoticeOutbox(app.database, app.encryption)
    seen = outbox.look(acme.org_id)
    assert seen is not None
    assert outbox.look(acme.org_id) is None
    (watcher,) = seen.watchers
    assert outbox.claim(seen, watcher)
    assert outbox.claim(seen, watcher) is None
    ops.choose(webhook_url=f"{receiver.url}/other", **FIRST)
    assert outbox.claim(seen, watcher) is None, "it was changed meanwhile"


def test_the_engine_does_it_by_itself(acme: Tenant, app: App, ops: Person, receiver: Receiver) -> None:
    (job,) = (job for job in JOBS if job.name == "notices")
    assert job.due is not None
    ops.choose(webhook_url=receiver.url, **FIRST)
    ready(acme)
    ((org_id, place),) = job.due(app)
    assert take_turn(job, app, lambda: False, (org_id, place)) is False
    assert receiver.kinds() == ["notice.new"]


def test_a_try_goes_by_each_way_and_once_a_minute(
    acme: Tenant, app: App, ops: Person, post: Post, receiver: Receiver
) -> None:
    assert ops.test().json()["error"]["details"]["reason"] == "NO_WAY_CHOSEN"
    ops.choose(mail=True, webhook_url=receiver.url)
    receiver.answers = lambda _: 404
    items = {item["way"]: item for item in ops.test().json()["items"]}
    assert items["mail"] == {"way": "mail", "taken": True, "problem": None}
    assert (items["webhook"]["taken"], items["webhook"]["problem"]["code"]) == (False, "WEBHOOK_REFUSED")
    assert post.inbox.got[0]["Subject"] == "[OrderFlow] A try: notices of acme arrive here"
    assert ops.test().status_code == 429
    assert len(receiver.heard) == 1


def test_without_a_mail_server_it_says_so(ops: Person) -> None:
    chosen = ops.choose(mail=True, first=True)
    assert chosen["mail_possible"] is False
    (item,) = ops.test().json()["items"]
    assert item["problem"]["code"] == "NO_MAIL_SERVER"


def test_a_stale_choice_overwrites_nothing(acme: Tenant, ops: Person) -> None:
    first = acme.client.get(OWN, headers=ops.session)
    held = ops.session | {"If-Match": first.headers["etag"]}
    assert acme.client.put(OWN, headers=held, json={"mine": True}).json()["version"] == 2
    stale = acme.client.put(OWN, headers=held, json={"first": True})
    assert stale.status_code == 409
    assert stale.json()["error"]["details"]["current"]["mine"] is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"webhook_url": "http://10.1.2.3/hook"}, "webhook_url"),
        ({"webhook_url": "file:///etc/passwd"}, "webhook_url"),
        ({"digest_at": "7:00"}, "digest_at"),
        ({"digest_at": "24:00"}, "digest_at"),
        ({"quiet": {"start": "07:00", "end": "07:00"}}, "quiet"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"language": "tlh"}, "language"),
        ({"mail": "yes"}, "mail"),
        ({"first": True, "second": True}, "second"),
    ],
)
def test_what_cannot_be_chosen_is_told_at_its_field(app: App, ops: Person, body: dict[str, Any], field: str) -> None:
    set_rules(Rules(()))
    try:
        answer = ops.put(**body)
    finally:
        set_rules(app.settings.rules())
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["error"]["details"]["fields"]] == [field]
    assert ops.get()["version"] == 1


def test_a_key_is_told_of_nothing(acme: Tenant) -> None:
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/secret"), ("POST", "/test")):
        answer = acme.call(method, f"/me/notices{path}", json={})
        assert (answer.status_code, answer.json()["error"]["details"]["reason"]) == (409, "NOT_A_USER")


def test_one_sees_and_changes_ones_own(acme: Tenant, app: App, ops: Person) -> None:
    ops.choose(mail=True, first=True)
    admin = Person(acme, Role.ADMIN)
    assert admin.get()["mail"] is False
    admin.choose(mine=True)
    assert ops.get()["mine"] is False
    with app.database.transaction(UUID(int=1)) as connection:
        for table in ("notice_choice", "notice_secret", "notice_way", "need_seen"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
