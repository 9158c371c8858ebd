"""A program that takes webhooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """A program that takes webhooks.

    Attributes:
        answers: Gives each one's status; None closes without a word.
        take: Likewise, of headers, body and message, for a program that looks at them.
    """

    answers: Callable[[dict[str, Any]], int | None] = lambda _: 204
    take: Callable[[Any, bytes, dict[str, Any]], int | None] | None = None
    got: list[dict[str, Any]] = field(default_factory=list)
    heard: list[tuple[Any, bytes]] = field(default_factory=list)
    url: str = ""

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.got]

    def numbers(self) -> list[int]:
        return [message["data"]["number"] for message in self.got]


@contextmanager
def listening() -> Iterator[Receiver]:
    """Take webhooks on a port of its own, as long as the block lasts."""
    shop = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            message = json.loads(body)
            status = shop.take(self.headers, body, message) if shop.take else shop.answers(message)
            shop.heard.append((self.headers, body))
            if status is None:
                self.close_connection = True
                return
            if status < 300:
                shop.got.append(message)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_port}/hooks"
    yield shop
    server.shutdown()
    server.server_close()
    thread.join()
