from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orderflow.domain.ids import new_id
from orderflow.flow.notify import Notification, NotificationError
from orderflow.notices import mail as sending
from orderflow.notices.mail import Mail, MailServer
from tests.integration.channels.certificates import make_certificates
from tests.integration.channels.mail_server import taking_mail
from tests.integration.channels.plain_server import drips, serving


@pytest.fixture
def certificates(tmp_path):
    return make_certificates(tmp_path)


@pytest.fixture
def password(secret):
    return secret("password")


@pytest.fixture
def post(certificates, password):
    with taking_mail(certificates, password) as server:
        yield server


@pytest.fixture
def notification():
    error = {"code": "AUTH_FAILED", "message": "The server refused the login.", "hint": "Check the password."}
    facts = {"error": error, "waiting": 7}
    return Notification(new_id(), "connection.needs_attention", "acme", new_id(), "Werk Köln", datetime.now(UTC), facts)


def mail(post, password, ca_file, **options):
    server = MailServer("127.0.0.1", post.port, "orderflow", password, ca_file=ca_file and str(ca_file), **options)
    return Mail(server, "orderflow@acme.example", ["ops@acme.example", "it@acme.example"])


def test_an_email_goes_out_encrypted_and_signed_in(post, password, certificates, notification):
    mail(post, password, certificates.ca).send(notification)
    (got,) = post.inbox.got
    assert str(got["To"]) == "ops@acme.example, it@acme.example"
    assert got["Auto-Submitted"] == "auto-generated"
    assert str(notification.id) in got["Message-ID"]
    body = got.get_payload(decode=True).decode()
    assert "The server refused the login. [AUTH_FAILED]" in body
    assert "7 deliveries wait" in body


@pytest.mark.parametrize("case", ["unknown authority", "wrong password", "nobody there", "plain text"])
def test_no_email_goes_out_where_the_server_is_not_to_be_trusted(post, password, certificates, notification, case):
    channel = {
        "unknown authority": lambda: mail(post, password, None),
        "wrong password": lambda: mail(post, "other", certificates.ca),
        "plain text": lambda: mail(post, password, certificates.ca, encryption="none"),
        "nobody there": lambda: Mail(MailServer("127.0.0.1", 1), "a@b.example", ["c@d.example"]),
    }[case]()
    with pytest.raises(NotificationError) as caught:
        channel.send(notification)
    assert password not in str(caught.value)
    assert post.inbox.got == []


@pytest.mark.parametrize("words", [b"2", b"220-"], ids=["greeting", "lines of a greeting"])
def test_a_server_whose_greeting_never_ends_keeps_nobody(notification, monkeypatch, words):
    monkeypatch.setattr(sending, "LONGEST", 0.3)
    with serving(drips(words)) as port, pytest.raises(NotificationError, match="did not take the e-mail"):
        Mail(MailServer("127.0.0.1", port), "a@b.example", ["c@d.example"]).send(notification)
