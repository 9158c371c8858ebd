"""Notifications as webhooks, signed as https://www.standardwebhooks.com describes (version 1, symmetric)."""

from __future__ import annotations

import json
import time
from uuid import UUID

from orderflow.domain.errors import ConnectorError
from orderflow.flow.notify import Notification, NotificationError
from orderflow.http import HttpClient
from orderflow.http.webhook_signature import signature, webhook_key

TIMEOUT = 15.0
"""Seconds for all of it; the recommendation is 15 to 30."""

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; nothing in it matters but its status."""


class Webhook:
    """Posts notifications to one URL.

    Args:
        url: Where to.
        secret: As for `webhook_key`.
        base_url: The address of our page, for the reader to follow.
    """

    name = "webhook"
    longest = TIMEOUT

    def __init__(self, url: str, secret: str, base_url: str) -> None:
        self._url = url
        self._key = webhook_key(secret)
        self._base_url = base_url
        self._client = HttpClient("The webhook", timeout=TIMEOUT, most_bytes=LONGEST_ANSWER)

    def send(self, notification: Notification) -> None:
        """Post it; the id is the same at each attempt, so that the receiver can tell a repetition."""
        body = json.dumps(notification.as_json(self._base_url), default=str).encode()
        headers = self._headers(notification.id, body)
        try:
            answer = self._client.send("POST", self._url, content=body, headers=headers)
        except ConnectorError as error:
            raise NotificationError(f"The webhook cannot be reached ({error.code}).") from None
        if not answer.ok:
            raise NotificationError(f"The webhook was answered with status {answer.status}.")

    def _headers(self, notification_id: UUID, body: bytes) -> dict[str, str]:
        message_id, now = f"msg_{notification_id}", int(time.time())
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self._key, message_id, now, body),
        }
