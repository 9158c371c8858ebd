"""A port of a worker's or beat's own: its measurements, and whether it is alive and ready. Kept small on purpose."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from orderflow.domain.errors import InputError
from orderflow.net.deadline import Deadline, DeadlineError, sever

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 8
"""Connections; more are closed at once, so that nobody takes a worker's threads."""
PATIENCE = 15.0
"""Seconds for one connection, however slowly it is written and read."""

Ready = Callable[[], dict[str, Any]]


class MetricsPort:
    """Answers `/metrics`, `/healthz` and `/readyz` until it is closed, as the API does.

    Args:
        ready: Returns what `/readyz` shows; `ready` among it decides between 200 and 503.
        token: Asked for at `/metrics` as a bearer token; None: it answers this machine only.

    Raises:
        InputError: The address cannot be listened on.
    """

    def __init__(
        self, host: str, port: int, registry: Callable[[], CollectorRegistry], ready: Ready, token: str | None
    ) -> None:
        answers = {"registry": staticmethod(registry), "ready": staticmethod(ready), "token": token}
        handler = type("Handler", (_Handler,), answers)
        try:
            self._server = _Server((host, port), handler)
        except OSError as error:
            raise InputError(
                f"{host}:{port} cannot be listened on: {error.strerror or error}.",
                code="ADDRESS_UNUSABLE",
                hint="Choose another one with --metrics-port, or stop the program that uses it.",
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self.port: int = self._server.server_address[1]

    def start(self) -> MetricsPort:
        """Begin to answer, in threads of its own."""
        self._thread.start()
        log.info("metrics", port=self.port)
        return self

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, if there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, then make room."""
        try:
            with suppress(DeadlineError), Deadline(PATIENCE).holds(partial(sever, request)):
                super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave out what ends a connection: the standard library would print a traceback."""
        log.debug("request at the port for metrics broke off", client=str(client_address[0]))


class _Handler(BaseHTTPRequestHandler):
    registry: Callable[[], CollectorRegistry]
    ready: Ready
    token: str | None
    timeout = PATIENCE
    server_version = "OrderFlow"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer."""
        match self.path.partition("?")[0]:
            case "/healthz":
                self._answer(200, {"status": "ok"})
            case "/readyz":
                said = self.ready()
                self._answer(200 if said["ready"] else 503, said)
            case "/metrics" if self._may():
                encode, media_type = choose_encoder(self.headers.get("accept", ""))
                self._send(200, encode(self.registry()), media_type)
            case "/metrics":
                self._answer(401, {"error": "Send ORDERFLOW_METRICS_TOKEN as `Authorization: Bearer …`."})
            case _:
                self._answer(404, {"error": "There is /metrics, /healthz and /readyz."})

    def _may(self) -> bool:
        if self.token is None:
            return ip_address(self.client_address[0]).is_loopback
        sent = self.headers.get("authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(sent.encode(), self.token.encode())

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the standard library's name
        """Log nothing: a scrape every few seconds is no news."""
