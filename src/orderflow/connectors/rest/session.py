"""One HTTP session per configuration: pooled connections, verified TLS, limits, and faults named by what follows.

connection refused, no such host, no time to connect     nothing was sent     UnavailableError
certificate not trusted or not accepted                  nothing was sent     NeedsAttentionError
reset, dropped, no time to answer                        it was sent          InDoubtError
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from orderflow.connectors.base import parse_config
from orderflow.connectors.rest.checks import origin_of
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.connectors.rest.tls import tls_context
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.http.server import tls_fault
from orderflow.http.transport import http_transport

LONGEST_ANSWER = 1024 * 1024
"""Bytes of an answer that are read; an order's answer is a few hundred."""

MOST_REDIRECTS = 3
MOST_SESSIONS = 64


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request, whole but for the credentials that `auth` adds."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `content` is None if it was too long, encoded, or broke off."""

    status: int
    headers: httpx.Headers
    content: bytes | None


class AccessToken:
    """The access token at hand and when it ends, by the monotonic clock; None before there is one."""

    def __init__(self) -> None:
        self.held: tuple[str, float] | None = None
        self.lock = threading.Lock()


class Session:
    """Connections to one API, and the access token for it, shared by all threads."""

    def __init__(self, config: RestJsonConfig) -> None:
        self.config = config
        self.users = 0
        self.token = AccessToken()
        key = config.client_key.get_secret_value() if config.client_key else None
        # The transport itself: httpx.Client would log each URL, and a URL may carry the API key.
        self._transport = http_transport(
            verify=tls_context(config.ca_certificate, config.client_certificate, key),
            limits=httpx.Limits(
                max_connections=128, max_keepalive_connections=config.max_in_flight, keepalive_expiry=30
            ),
        )

    def send(self, outgoing: Outgoing) -> Answer:
        """Send a request and read its answer; redirects are followed on the same host only.

        Raises:
            UnavailableError: It was not sent.
            NeedsAttentionError: The server's certificate is not trusted, or it wants us elsewhere.
            InDoubtError: It was sent, and no answer came.
        """
        for _ in range(MOST_REDIRECTS):
            answer = self._send_once(outgoing)
            if answer.status not in (301, 302, 307, 308):
                return answer
            outgoing = _redirected(outgoing, answer)
        raise NeedsAttentionError("The API sends its requests in a circle.", code="REDIRECT", hint=_CHECK_URL)

    def hurried(self, seconds: float) -> Session:
        """Return this session, with the same connections and token, each of its requests within so many seconds."""
        hurried, config = copy.copy(self), self.config
        limits = {name: min(getattr(config, name), seconds) for name in ("connect_timeout", "timeout")}
        hurried.config = config.model_copy(update=limits)
        return hurried

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _send_once(self, outgoing: Outgoing) -> Answer:
        config = self.config
        ends = time.monotonic() + config.timeout
        timeouts = httpx.Timeout(config.timeout, connect=config.connect_timeout, pool=config.timeout)
        request = httpx.Request(
            outgoing.method,
            outgoing.url,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "OrderFlow-Connect"}
            | outgoing.headers,
            content=outgoing.content or None,
            extensions={"timeout": timeouts.as_dict()},
        )
        with _translated(outgoing.url):
            response = self._transport.handle_request(request)
        try:
            return Answer(response.status_code, response.headers, _read(response, ends))
        finally:
            response.close()


_CHECK_URL = "Correct the URL in the connection, then test it."


def _read(response: httpx.Response, ends: float) -> bytes | None:
    content = bytearray()
    try:
        for part in response.iter_raw():
            content += part
            if len(content) > LONGEST_ANSWER or time.monotonic() > ends:
                return None
    except httpx.HTTPError:
        return None
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    return bytes(content) if encoding in ("", "identity") else None


@contextmanager
def _translated(url: str) -> Iterator[None]:
    host = origin_of(url)[1]
    try:
        yield
    except httpx.HTTPError as error:
        if fault := tls_fault(error):
            raise NeedsAttentionError(
                f"No trusted connection to {host}: {fault}.",
                code="TLS_CERTIFICATE",
                hint="Give the API's authority (CA) or the right client certificate in the connection, then test it.",
            ) from None
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            what = "does not answer" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
            raise UnavailableError(f"{host} {what}.") from None
        what = "gave no answer in time" if isinstance(error, httpx.TimeoutException) else "broke the connection off"
        raise InDoubtError(f"{host} {what}; whether it took the order is unknown.", code="ANSWER_LOST") from None


def _redirected(outgoing: Outgoing, answer: Answer) -> Outgoing:
    """Follow 307 and 308 on the same host; 301 and 302 turn a POST into a GET in many clients, so they are not.

    Source: RFC 9110, sections 15.4.2, 15.4.3, 15.4.8, 15.4.9.
    """
    target = httpx.URL(outgoing.url).join(answer.headers.get("Location", ""))
    if _origin(target) != _origin(httpx.URL(outgoing.url)):
        raise NeedsAttentionError(
            f"The API sends us to another host, {target.scheme}://{target.host}; OrderFlow does not go there.",
            code="REDIRECT_ELSEWHERE",
            hint="If that is right, give it as the connection's URL, then test it.",
        )
    if outgoing.method != "GET" and answer.status in (301, 302):
        raise NeedsAttentionError(f"The API says that its URL is now {target.path}.", code="REDIRECT", hint=_CHECK_URL)
    return Outgoing(outgoing.method, str(target), outgoing.headers, outgoing.content)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


class Sessions:
    """The sessions of this process; the one that was not used for longest gives way."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def use(self, config: dict[str, Any]) -> Iterator[Session]:
        """Give the session of this configuration; it stays open until the block ends.

        Raises:
            ConfigError: The configuration cannot be used.
        """
        session = self._take(config)
        try:
            yield session
        finally:
            with self._lock:
                session.users -= 1
                for spare in self._spare():
                    spare.close()

    def close(self) -> None:
        """Close the sessions that nobody uses."""
        with self._lock:
            for spare in self._spare(0):
                spare.close()

    def _take(self, config: dict[str, Any]) -> Session:
        # A forked process must not write into its parent's connections.
        digest = hashlib.sha256(f"{os.getpid()} {json.dumps(config, sort_keys=True, default=str)}".encode()).digest()
        with self._lock:
            session = self._sessions.get(digest)
            if session is not None:
                session.users += 1
                self._sessions.move_to_end(digest)
                return session
        made = Session(_parsed(config))
        with self._lock:
            session = self._sessions.setdefault(digest, made)
            session.users += 1
            return session

    def _spare(self, keep: int = MOST_SESSIONS) -> list[Session]:
        idle = [digest for digest, session in self._sessions.items() if not session.users]
        return [self._sessions.pop(digest) for digest in idle[: max(len(self._sessions) - keep, 0)]]


def _parsed(config: dict[str, Any]) -> RestJsonConfig:
    parsed = parse_config(RestJsonConfig, config)
    if not isinstance(parsed, RestJsonConfig):
        raise TypeError("a model validates to itself")
    return parsed
