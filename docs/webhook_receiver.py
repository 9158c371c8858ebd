#!/usr/bin/env python3
# a script to be copied: no package around it
"""A program that takes OrderFlow's webhooks and keeps where each order stands; the standard library is all it needs.

    WEBHOOK_SECRET=whsec_… python webhook_receiver.py

It takes them on port 8080, and is to stand behind a server that speaks TLS. `books.db` says where each order stands.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST = 1_000_000
"""Bytes of a message that are read; they are much shorter."""

TOLERANCE = 300
"""Seconds by which a message's time may differ from ours: what is older, somebody has recorded."""


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Return whether OrderFlow sent this lately; while a secret is changed there are two signatures."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given)


class Books:
    """Where each order stands, in SQLite."""

    def __init__(self, path: str) -> None:
        self.database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.database.execute("CREATE TABLE IF NOT EXISTS book (order_id TEXT PRIMARY KEY, status TEXT, number INT)")

    def note(self, event: dict) -> None:
        """Note an event. One that comes again, or was overtaken, changes nothing: its number is not higher."""
        data = event["data"]
        if data.get("order_id") is None:
            return
        self.database.execute(
            "INSERT INTO book VALUES (?, ?, ?) ON CONFLICT (order_id) DO UPDATE"
            " SET status = excluded.status, number = excluded.number WHERE excluded.number > number",
            (data["order_id"], data["status"], data["number"]),
        )


def handler(secret: str, books: Books) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests: 204 only once it is in the books, so that what is lost comes again."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = self.rfile.read(length) if length <= LONGEST else b""
            if not is_signed(secret, {name.lower(): value for name, value in self.headers.items()}, body):
                self.send_response(401)
            else:
                books.note(json.loads(body))
                self.send_response(204)
            self.send_header("content-length", "0")
            self.end_headers()

    return Handler


if __name__ == "__main__":
    server = ThreadingHTTPServer(("", 8080), handler(os.environ["WEBHOOK_SECRET"], Books("books.db")))
    server.serve_forever()
