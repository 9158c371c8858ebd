"""The outermost layer, plain ASGI: a request's id, its log line and metrics, security headers, and the last resort."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orderflow.domain.frames import frames_of
from orderflow.domain.ids import new_id
from orderflow.engine.logs import tells_debug
from orderflow.engine.metrics import Metrics
from orderflow.entrypoints.api.errors import internal_error
from orderflow.entrypoints.api.languages import chosen, language

log = structlog.get_logger("orderflow.http")
RawHeaders = list[tuple[bytes, bytes]]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_ALWAYS: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]
_FOR_API: RawHeaders = [
    *_ALWAYS,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),  # no other site's page embeds what our cookie opens
]
# The page's library writes style attributes, hence 'unsafe-inline' for styles; scripts only come from us.
_FOR_PAGE: RawHeaders = [
    *_ALWAYS,
    (
        b"content-security-policy",
        (
            b"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
            b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
    ),
]
_CLOSE = (b"connection", b"close")
"""Of a process that is about to stop: the next request comes over another connection, perhaps to another process."""
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_OURS = {name for name, _ in (*_FOR_API, *_FOR_PAGE, _CLOSE, _HSTS)} | {b"x-request-id"}


class Boundary:
    """What every request passes first and every answer last.

    Args:
        tells_each: The log has a line for each request at INFO, and not only at DEBUG.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, tells_each: bool = False) -> None:
        self.app = app
        self._metrics = metrics
        self._tells_each = tells_each

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; `request.state.request_id` is its id."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _id_of(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Sending(send, _headers(scope, request_id))
        method = scope["method"]
        if method == "HEAD":  # answered as GET is; the server leaves out the body
            scope = {**scope, "method": "GET"}
        if any(name == b"accept-language" for name, _ in scope["headers"]):
            language.set(chosen(Headers(scope=scope)))
        started = time.perf_counter()
        structlog.contextvars.bind_contextvars(request_id=request_id)  # a request has a context of its own, as a task
        try:
            await self.app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001  # the last resort: a fault of ours is an answer too
            log.error("request failed", error=type(error).__name__, at=frames_of(error))  # noqa: TRY400  # see _frames
            if not answer.status:
                await internal_error(request_id)(scope, receive, answer.send)
        self._note(scope, method, answer.status, time.perf_counter() - started)

    def _note(self, scope: Scope, method: str, status: int, seconds: float) -> None:
        route, client = template(scope), scope.get("client")
        self._metrics.note_request(method, route, status, seconds)
        if not (self._tells_each or tells_debug()):
            return
        took = round(seconds * 1000, 1)
        tell = log.info if self._tells_each else log.debug
        tell("request", method=method, route=route, status=status, ms=took, client=client and client[0])


class _Sending:
    def __init__(self, send: Send, headers: RawHeaders) -> None:
        self._send = send
        self._headers = headers
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.get("headers", ())
            given = {name for name, _ in headers}  # in lower case, as ASGI has them
            added = self._headers if given.isdisjoint(_OURS) else [one for one in self._headers if one[0] not in given]
            message = {**message, "headers": [*headers, *added]}
        await self._send(message)


def template(scope: Scope) -> str:
    """Return the route's path with its parameters unfilled, so that there are few of them; `unmatched` for none."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


def _id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode()
    return str(new_id())


def _headers(scope: Scope, request_id: str) -> RawHeaders:
    headers = [*(_FOR_API if scope["path"].startswith("/api/") else _FOR_PAGE), (b"x-request-id", request_id.encode())]
    if scope["app"].state.draining:
        headers.append(_CLOSE)
    return [*headers, _HSTS] if scope.get("scheme") == "https" else headers
