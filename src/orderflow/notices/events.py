"""Events as webhooks, signed as https://www.standardwebhooks.com describes (version 1, symmetric)."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from orderflow.domain.errors import ConnectorError
from orderflow.domain.reach import within
from orderflow.flow.tell import Endpoint, Message, Outcome, Send
from orderflow.http import HttpClient
from orderflow.http.webhook_signature import signature, webhook_key

TIMEOUT = 15.0
"""Seconds for all of it; the recommendation is 15 to 30."""

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; nothing in it matters but its status, and nothing else is kept."""


@contextmanager
def event_sender(endpoint: Endpoint) -> Iterator[Send]:
    """Give what sends messages to this endpoint, over a connection that is kept as long as the block lasts."""
    with within(endpoint.reach):
        client = HttpClient("The webhook", timeout=TIMEOUT, most_bytes=LONGEST_ANSWER, tls=_tls(), connections=1)

    def send(endpoint: Endpoint, message: Message) -> Outcome:
        began = time.monotonic()
        body = json.dumps(message.as_json(), ensure_ascii=False, separators=(",", ":")).encode()
        try:
            answer = client.send("POST", endpoint.url, content=body, headers=headers(endpoint, message.id, body))
        except ConnectorError as error:
            return Outcome(None, {"code": error.code, "message": error.message}, _ms(began))
        if answer.ok:
            return Outcome(answer.status, None, _ms(began))
        error_of = {"code": "WEBHOOK_REFUSED", "message": f"It was answered with status {answer.status}."}
        return Outcome(answer.status, error_of, _ms(began))

    try:
        yield send
    finally:
        client.close()


def headers(endpoint: Endpoint, message_id: str, body: bytes) -> dict[str, str]:
    """Return the headers of a message: one signature for each secret that counts, and none where there is none."""
    now = int(time.time())
    signatures = " ".join(signature(webhook_key(secret), message_id, now, body) for secret in endpoint.secrets)
    named = {"content-type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(now)}
    return named | ({"webhook-signature": signatures} if signatures else {})


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
