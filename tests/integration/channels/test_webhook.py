from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from orderflow.domain.ids import new_id
from orderflow.flow.notify import Notification, NotificationError
from orderflow.http.webhook_signature import signature, webhook_key
from orderflow.notices.webhook import Webhook

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


class Receiver(HTTPServer):
    def __init__(self):
        self.got, self.status = [], 204
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.headers, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def notification():
    return Notification(
        new_id(), "answers.overdue", "acme", new_id(), "ERP", datetime.now(UTC), {"unanswered": 2, "deliveries": []}
    )


def test_the_receiver_can_verify_it_by_the_book(receiver, notification):
    Webhook(receiver.url, SECRET, "https://orders.example").send(notification)
    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    payload = json.loads(body)
    assert payload["type"] == "answers.overdue"
    assert payload["data"]["unanswered"] == 2
    assert payload["data"]["organization"] == "acme"


def test_the_id_stays_the_same_when_it_is_tried_again(receiver, notification):
    webhook = Webhook(receiver.url, SECRET, "https://orders.example")
    receiver.status = 503
    with pytest.raises(NotificationError, match="status 503"):
        webhook.send(notification)
    receiver.status = 200
    webhook.send(notification)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_a_receiver_that_is_away_is_a_plain_error(notification):
    with pytest.raises(NotificationError, match="cannot be reached"):
        Webhook("http://127.0.0.1:1/hook", SECRET, "https://orders.example").send(notification)


def test_the_signature_is_that_of_the_specifications_example():
    # https://github.com/standard-webhooks/standard-webhooks: the libraries' test vector.
    body = b'{"test": 2432232314}'
    made = signature(
        webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("bad", ["", "whsec_", "whsec_!!!", f"whsec_{base64.b64encode(b'short').decode()}"])
def test_a_secret_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match="whsec_"):
        webhook_key(bad)
