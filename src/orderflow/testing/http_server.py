"""An HTTP API in this process, for tests, that takes orders and misbehaves on request.

Real sockets and threads of the standard library: what a client meets here, it meets on a wire.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509

from orderflow.testing.server_certificates import ServerCertificates


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came in."""

    method: str
    target: str
    headers: Message
    content: bytes

    @property
    def path(self) -> str:
        """The path, without parameters."""
        return urlsplit(self.target).path

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the URL."""
        return (parse_qs(urlsplit(self.target).query).get(name) or [None])[0]  # type: ignore[list-item]  # a default

    def json(self) -> Any:
        """Return the body, its numbers exact."""
        return json.loads(self.content, parse_float=Decimal)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong, for one request.

    Attributes:
        takes: Whether the order is taken all the same.
        status, headers, content: What is answered; `content` None for the right answer.
        delay: Seconds before the answer.
        cut: Bytes of the answer's body that get out before the connection is reset; 0: not even the head.
        half: Only half of the right answer is sent, and it looks whole.
        head: Sent instead of a proper head, over and over, until the client has hung up: "wait" for ever, or no HTTP.
        drip: Seconds between any two bytes of head and body.
        closes: The connection is closed after the answer, without a word of it in the head.
    """

    takes: bool = False
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    delay: float = 0.0
    cut: int | None = None
    half: bool = False
    head: bytes | None = None
    drip: float = 0.0
    closes: bool = False


DROP_BEFORE = Fault(cut=0)
DROP_AFTER = Fault(takes=True, cut=0)
RESET_MID_ANSWER = Fault(takes=True, cut=5)
HALF_JSON = Fault(takes=True, half=True)
CLOSES = Fault(takes=True, closes=True)
HTML = Fault(takes=True, headers={"Content-Type": "text/html"}, content=b"<html><body>Please sign in</body></html>")
NOTHING = Fault(takes=True, content=b"")
_PART = 64 * 1024
MOST_TOLD = 100
HUGE = Fault(takes=True, content=b'{"id": "' + b"9" * 10_000_000 + b'"}')
ERROR_INSIDE = Fault(content=b'{"error": {"code": 17, "message": "Customer 4711 is locked"}}')
DRIPPING = Fault(takes=True, drip=0.1)
WAIT_FOR_EVER = Fault(takes=True, head=b"HTTP/1.1 102 Processing\r\n\r\n")
NO_HTTP = Fault(takes=True, head=b"\x15\x03\x01\x00\x02\x02\x50")
ENDLESS_HEAD = Fault(takes=True, head=b"HTTP/1.1 201 Created\r\n")
UNAUTHORIZED = Fault(status=401, content=b'{"message": "token expired"}')
TOO_MANY = Fault(status=429, headers={"Retry-After": "7"}, content=b'{"message": "slow down"}')


def status(code: int, message: str = "no", *, takes: bool = False, **headers: str) -> Fault:
    """Return the fault of an answer with that status; headers as `Retry_After="7"`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(takes=takes, status=code, headers=named, content=json.dumps({"message": message}).encode())


def delayed(seconds: float, *, takes: bool = True) -> Fault:
    """Return the fault of a right answer that comes late."""
    return Fault(takes=takes, delay=seconds)


def redirect(target: str, code: int = 307) -> Fault:
    """Return the fault of an answer that sends the client elsewhere."""
    return Fault(status=code, headers={"Location": target}, content=b"")


Route = Callable[[Received], tuple[int, Mapping[str, str], bytes]]


class MisbehavingHTTPServer:
    """An API with `POST /orders`, `GET /orders?reference=…`, `GET /orders/<id>`, `GET /ping` and perhaps `POST /token`.

    An order that it has is changed by `PUT` or `PATCH /orders/<id>`, and taken back by `DELETE /orders/<id>` or
    `POST /orders/<id>/cancel`; a question then tells its `state`, and the key of its last change (`changed_by`).

    ```python
    with MisbehavingHTTPServer() as server:
        server.misbehave(DROP_AFTER)  # the next order is taken, and the client never hears of it
        ...
        assert len(server.taken) == 1
    ```

    Args:
        idempotent: Orders with the same `Idempotency-Key` are taken once.
        admits: Tells whether a request is let in; others get 401.
        refuses: Returns the reason why an order is refused (422), None if it is not.
        shows_after: Seconds for which an order that was taken cannot be found yet, as where orders wait in a queue.
        port: To listen at; 0 takes a free one.
        client: Id and secret of the client for which `POST /token` gives access tokens (OAuth2 client credentials, in
            the body or by Basic); everything else then wants one of these. Its faults are those of the kind "token".
        user: Name and password for which `POST /login` (JSON, `username` and `password`) opens a session: a cookie, and
            a token in `X-CSRF-Token` that goes with whatever changes something. A token that is missing or wrong gets
            403 with `X-CSRF-Token: Required`. Its faults are of the kind "token", too.
        client_key: Public key or certificate in PEM that proves that client instead of the secret, by an assertion
            (RFC 7523).
        token_lasts: Seconds for which such a token is good.
        tls: It speaks HTTPS, with a certificate that `authority` vouches for; "mutual": and asks for a client's, as
            `client_certificate`; "untrusted": nobody vouches for its own.
        routes: Further addresses, as `{"GET /prices": answer}`: a function of the request that returns status, headers
            and body. One that is there already is answered so instead.

    Attributes:
        taken: Bodies of the orders taken, in order of arrival; one that was doubled is in here twice.
        changed: Bodies of the changes made, in their order; one that was made twice is in here twice.
        taken_back: The orders that were taken back, by their ids, likewise.
        received: Every request.
        tokens: The access tokens that it gave; of sessions, their cookies and tokens.
        sign_ins: How often somebody was let in: access tokens given, sessions opened.
        told: Heads and bodies of its last answers, the first 64 KiB of each.
        authority: Over TLS, the certificate to trust, in PEM.
        client_certificate: Over TLS, certificate and key that "mutual" lets in, in PEM.
        order_status: What `GET /orders/<id>` tells.
        filters: Whether it heeds what it is asked for; False: it tells all orders, as where a parameter is unknown.
        most_written: Bytes of the longest answer that a client took.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        idempotent: bool = True,
        admits: Callable[[Received], bool] = lambda _: True,
        refuses: Callable[[Any], str | None] = lambda _: None,
        shows_after: float = 0.0,
        port: int = 0,
        client: tuple[str, str] | None = None,
        user: tuple[str, str] | None = None,
        client_key: str | None = None,
        token_lasts: float = 3600.0,
        tls: Literal["trusted", "mutual", "untrusted"] | None = None,
        routes: Mapping[str, Route] | None = None,
    ) -> None:
        self.idempotent, self.admits, self.refuses, self.shows_after = idempotent, admits, refuses, shows_after
        self.client, self.client_key, self.token_lasts, self.routes = client, client_key, token_lasts, routes or {}
        self.user, self.sign_ins = user, 0
        self._sessions: dict[str, str] = {}
        self._tokens_of_sessions: list[str] = []
        self.told: deque[bytes] = deque(maxlen=MOST_TOLD)
        self.most_written = 0
        self._tokens: dict[str, float] = {}
        self._scheme, context = "http", None
        self.authority, self.client_certificate = "", ("", "")
        if tls:
            made = ServerCertificates(self.host)
            self.authority, self.client_certificate = made.authority, made.client
            self._scheme, context = "https", made.context(tls)
        self.taken: list[Any] = []
        self.changed: list[Any] = []
        self.taken_back: list[str] = []
        self._changed_by: dict[str, str] = {}
        self.received: list[Received] = []
        self.order_status = "open"
        self.filters = True
        self._ids: dict[str, str] = {}
        self._shown_at: dict[str, float] = {}
        self._faults: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()
        self._server = _Server((self.host, port), self, context)

    @property
    def url(self) -> str:
        """Its address, `http://127.0.0.1:<port>`."""
        return f"{self._scheme}://{self.host}:{self._server.server_address[1]}"

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return len(self._server.live)

    @property
    def open_connections(self) -> int:
        """How many connections no side has closed yet."""
        return sum(connection.fileno() != -1 for connection in self._server.live)

    @property
    def signs_in(self) -> bool:
        """Whether it wants an access token or a session."""
        return self.client is not None or self.user is not None

    @property
    def tokens(self) -> list[str]:
        """The access tokens that it gave, and what its sessions go by, in their order."""
        return [*self._tokens, *self._tokens_of_sessions]

    def end_tokens(self) -> None:
        """Refuse all access tokens and sessions that it gave so far."""
        with self._lock:
            self._tokens = dict.fromkeys(self._tokens, 0.0)
            self._sessions.clear()

    def change_csrf_tokens(self) -> None:
        """Refuse the tokens of all sessions; the sessions themselves go on."""
        with self._lock:
            self._sessions = {session: f"{token}-anew" for session, token in self._sessions.items()}

    def misbehave(self, *faults: Fault, method: str = "POST") -> None:
        """Let the next requests go wrong, one fault each.

        Args:
            method: Which: those of that method, that kind (`kind_of`), that address, as "GET /ping", or "connect": the
                next connections are ended before anything is read (whatever the fault).
        """
        with self._lock:
            self._faults.setdefault(method, []).extend(faults)

    def recover(self) -> None:
        """Forget the faults that are left."""
        with self._lock:
            self._faults.clear()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.end()

    def kind_of(self, request: Received) -> str:
        """Return what `misbehave` calls requests like this one: its method; a server of yours may tell them apart."""
        return "token" if self._asks_for_token(request) else request.method

    def respond(self, request: Received) -> tuple[int, Mapping[str, str], bytes, Fault | None]:
        """Return status, headers and body for a request, and the fault that it meets."""
        with self._lock:
            self.received.append(request)
            fault = self._next_fault(f"{request.method} {request.path}") or self._next_fault(self.kind_of(request))
            right = self._answer(request) if fault is None or fault.takes else (fault.status, {}, b"")
            self.told.append(_as_told(*(right[1:] if fault is None or fault.content is None else _of(fault))))
        if fault is None or (fault.content is None and fault.takes):
            return *right, fault
        return fault.status, fault.headers, fault.content or b"", fault

    def hangs_up(self) -> bool:
        """Return whether the next connection is to be ended before anything is read."""
        with self._lock:
            return self._next_fault("connect") is not None

    def _next_fault(self, kind: str) -> Fault | None:
        waiting = self._faults.get(kind)
        return waiting.pop(0) if waiting else None

    def _answer(self, request: Received) -> tuple[int, Mapping[str, str], bytes]:
        own = self.routes.get(f"{request.method} {request.path}")
        if own is not None:
            return own(request)
        if self.user is not None:
            return self._in_a_session(request, *self.user)
        code, content = self._give_token(request) if self._asks_for_token(request) else self._act(request)
        return code, {}, content

    def _asks_for_token(self, request: Received) -> bool:
        asks = {"/token": self.client is not None, "/login": self.user is not None}
        return request.method == "POST" and asks.get(request.path, False)

    def _in_a_session(self, request: Received, user: str, password: str) -> tuple[int, Mapping[str, str], bytes]:
        if self._asks_for_token(request):
            try:
                known = request.json() == {"username": user, "password": password}
            except ValueError:
                known = False
            return self._open_session() if known else (401, {}, b'{"message": "who are you?"}')
        session = next((one for one in self._sessions if f"session={one}" in request.headers.get("Cookie", "")), None)
        if session is None:
            return 401, {}, b'{"message": "log in first"}'
        named = request.headers.get("X-CSRF-Token") == self._sessions[session]
        if not named and request.method not in ("GET", "HEAD", "OPTIONS"):
            return 403, {"X-CSRF-Token": "Required"}, b'{"message": "CSRF token validation failed"}'
        code, content = self._act(request)
        return code, {}, content

    def _open_session(self) -> tuple[int, Mapping[str, str], bytes]:
        self.sign_ins += 1
        session, token = f"s3ssion-{self.sign_ins}-{id(self)}", f"csrf-{self.sign_ins}-{id(self)}"
        self._sessions[session] = token
        self._tokens_of_sessions += [session, token]
        return 200, {"Set-Cookie": f"session={session}; Path=/; HttpOnly", "X-CSRF-Token": token}, b'{"welcome": true}'

    def _give_token(self, request: Received) -> tuple[int, bytes]:
        form = {name: values[0] for name, values in parse_qs(request.content.decode("utf-8", "replace")).items()}
        basic = request.headers.get("Authorization", "").removeprefix("Basic ")
        with contextlib.suppress(ValueError):
            named, _, secret = base64.b64decode(basic).decode("utf-8", "replace").partition(":")
            form = {"client_id": named, "client_secret": secret} | form
        if not self._knows(form):
            return 401, b'{"error": "invalid_client"}'
        token = f"t0ken-{len(self._tokens) + 1}-{id(self)}"
        self.sign_ins += 1
        self._tokens[token] = time.monotonic() + self.token_lasts
        return 200, json.dumps({"access_token": token, "expires_in": self.token_lasts}).encode()

    def _knows(self, form: Mapping[str, str]) -> bool:
        if self.client_key is None or self.client is None:
            return (form.get("client_id"), form.get("client_secret")) == self.client
        return _proves(form.get("client_assertion", ""), self.client[0], self.client_key, f"{self.url}/token")

    def lets_in(self, request: Received) -> bool:
        """Return whether a request says who it comes from, for routes of one's own."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.admits(request) and (self.client is None or self._tokens.get(token, 0.0) > time.monotonic())

    def _act(self, request: Received) -> tuple[int, bytes]:
        if not self.lets_in(request):
            return 401, b'{"message": "who are you?"}'
        if request.method == "OPTIONS" or request.path == "/ping":
            return 200, b'{"may": {"create": true}}'
        if request.method == "GET":
            return self._look(request)
        number = request.path.removeprefix("/orders/").partition("/")[0]
        return self._follow_up(request, number) if number in self._ids.values() else self._take(request)

    def _follow_up(self, request: Received, number: str) -> tuple[int, bytes]:
        """Change an order that is there, or take it back."""
        if request.method == "DELETE" or request.path.endswith("/cancel"):
            self.taken_back.append(number)
            return 200, json.dumps({"id": number}).encode()
        try:
            order = request.json()
        except ValueError:
            return 400, b'{"message": "this is not JSON"}'
        if reason := self.refuses(order):
            return 422, json.dumps({"message": reason}).encode()
        self.changed.append(order)
        self._changed_by[number] = request.headers.get("Idempotency-Key", "")
        return 200, json.dumps({"id": number}).encode()

    def _take(self, request: Received) -> tuple[int, bytes]:
        try:
            order = request.json()
        except ValueError:
            return 400, b'{"message": "this is not JSON"}'
        if reason := self.refuses(order):
            return 422, json.dumps({"message": reason}).encode()
        key = request.headers.get("Idempotency-Key", "")
        if not (self.idempotent and key in self._ids):
            self.taken.append(order)
            self._ids[key] = f"SO-{len(self.taken)}"
            self._shown_at[key] = time.monotonic() + self.shows_after
        return 201, json.dumps({"id": self._ids[key]}).encode()

    def _look(self, request: Received) -> tuple[int, bytes]:
        number = request.path.removeprefix("/orders").strip("/")
        if number:
            found = {"id": number, "status": self.order_status}
            return (200, json.dumps(found).encode()) if number in self._ids.values() else (404, b"{}")
        reference = request.parameter("reference") or ""
        wanted = [reference] if self.filters else list(self._ids)
        known = [one for one in wanted if one in self._ids and self._shown_at.get(one, 0.0) <= time.monotonic()]
        return 200, json.dumps({"items": [self._as_found(one) for one in known]}).encode()

    def _as_found(self, reference: str) -> dict[str, str | None]:
        number = self._ids[reference]
        state = "cancelled" if number in self.taken_back else self.order_status
        return {"id": number, "reference": reference, "state": state, "changed_by": self._changed_by.get(number)}


def _of(fault: Fault) -> tuple[Mapping[str, str], bytes]:
    return fault.headers, fault.content or b""


def _as_told(headers: Mapping[str, str], body: bytes) -> bytes:
    return "\n".join(headers.values()).encode() + b"\n" + body[:_PART]


def _proves(assertion: str, client: str, key: str, url: str) -> bool:
    """Return whether an assertion proves a client to the token server at a URL. Source: RFC 7523, section 3."""
    is_certificate = "BEGIN CERTIFICATE" in key
    public: Any = x509.load_pem_x509_certificate(key.encode()).public_key() if is_certificate else key
    try:
        claims = jwt.decode(assertion, public, ["RS256", "ES256"], audience=url, options={"require": ["exp", "jti"]})
    except jwt.InvalidTokenError:
        return False
    return bool(claims.get("iss") == claims.get("sub") == client)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: MisbehavingHTTPServer, tls: ssl.SSLContext | None) -> None:
        self.owner, self._tls = owner, tls
        self.live: list[socket.socket] = []
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[Any, Any]:
        """Return a connection; over TLS its handshake is the first thing that its own thread does."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and remember it so that it can be ended."""
        self.live.append(request)
        if self.owner.hangs_up():
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def end(self) -> None:
        """Stop, and hang up on everybody."""
        self.shutdown()
        self.server_close()
        for connection in self.live:
            with contextlib.suppress(OSError):  # most have ended by themselves
                socket.socket.shutdown(connection, socket.SHUT_RDWR)  # not TLS's own, which would wait for its peer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is what the tests are about."""


class _Dripping:
    """Writes a byte at a time."""

    def __init__(self, file: Any, seconds: float) -> None:
        self._file, self._seconds = file, seconds

    def write(self, content: bytes) -> int:
        with contextlib.suppress(OSError):  # the client has had enough
            for byte in content:
                self._file.write(bytes([byte]))
                time.sleep(self._seconds)
        return len(content)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 10
    disable_nagle_algorithm = True

    def log_message(self, *arguments: Any) -> None:
        pass

    def _handle(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Received(self.command, self.path, self.headers, content)
        code, headers, body, fault = self.server.owner.respond(request)
        if fault is not None:
            time.sleep(fault.delay)
        if fault is not None and fault.half:
            body = body[: len(body) // 2]
        if fault is not None and fault.cut == 0:
            return self._reset()
        if fault is not None and fault.head is not None:
            return self._send_for_ever(fault.head)
        if fault is not None and fault.drip:
            self.wfile = _Dripping(self.wfile, fault.drip)  # type: ignore[assignment]  # it writes, which is all
        self.send_response(code)
        for name, value in ({"Content-Type": "application/json"} | dict(headers)).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._write(body if fault is None or fault.cut is None else body[: fault.cut])
        self.close_connection = self.close_connection or bool(fault is not None and fault.closes)
        if fault is not None and fault.cut is not None:
            self._reset()
        return None

    def _write(self, body: bytes) -> None:
        owner, written = self.server.owner, 0
        for start in range(0, len(body), _PART):
            self.wfile.write(body[start : start + _PART])
            written += len(body[start : start + _PART])
            owner.most_written = max(owner.most_written, written)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle  # noqa: N815  # http.server finds them by these names

    def _send_for_ever(self, head: bytes) -> None:
        self.close_connection = True
        self.wfile.write(head)
        with contextlib.suppress(OSError):  # the client has had enough
            while True:
                time.sleep(0.02)
                self.wfile.write(head if head.endswith(b"\r\n\r\n") else b"X-More: and more\r\n")

    def _reset(self) -> None:
        self.wfile.flush()
        # Zero seconds of lingering make close() send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
