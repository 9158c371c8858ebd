"""HTTP connections that keep to a rule and an end of ours.

- The address is checked (`orderflow.net.addresses`), and just the one that was checked is connected to.
- Everything that happens on a connection happens within the deadline of the call that uses it: each step is given
  what is left of it, and the connection is severed from outside when it is over.
- What comes in is counted, heads and answers that say "wait" (1xx) too.
- A connection on which more came than the answer that was asked for is used for nothing else: what is left over would
  be taken for the answer to the next request.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.request import getproxies_environment, proxy_bypass

import httpcore
import httpx

from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.reach import Reach, current
from orderflow.net import addresses
from orderflow.net.deadline import Counter, Deadline, DeadlineError, sever
from orderflow.net.names import Found, lookup

_PROXY_VARIABLES = [
    named for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for named in (name, name.upper())
]
_PART = 16 * 1024
"""Bytes written in one go."""


def _without_heads(record: logging.LogRecord) -> bool:
    """Return whether a line of httpcore's own, at DEBUG, holds no answer's head: that has the cookies of sessions."""
    return not record.getMessage().startswith("receive_response_headers.complete")


logging.getLogger("httpcore.http11").addFilter(_without_heads)


@dataclass
class Call:
    """One request on its way: until when, how much may come back, and whether any byte of it has left."""

    deadline: Deadline
    received: Counter
    begun: bool = False
    connections: list[socket.socket] = field(default_factory=list)

    def sever(self) -> None:
        """End the connections that this call uses, from whatever thread."""
        for connection in list(self.connections):
            sever(connection)


_of_this_thread = threading.local()


@contextmanager
def calling(call: Call) -> Iterator[None]:
    """Have all that this thread does on connections of `http_transport` belong to `call`.

    Raises:
        DeadlineError: Its time is over.
    """
    _of_this_thread.call = call
    try:
        with call.deadline.holds(call.sever):
            yield
    finally:
        _of_this_thread.call = None
        call.connections.clear()


def http_transport(
    tls: ssl.SSLContext | None = None,
    *,
    limits: httpx.Limits | None = None,
    proxy: str | None = None,
    reach: Reach | None = None,
) -> httpx.HTTPTransport:
    """Return an `httpx.HTTPTransport` whose requests run within `calling`.

    Its requests may raise what the guard of addresses raises (NeedsAttentionError), DeadlineError and TooMuchError.

    Args:
        tls: By default the system's authorities are trusted.
        limits: Of connections that are kept.
        proxy: The URL of a proxy that leads there.
        reach: How far it may lead; by default as far as what is being done.
    """
    context = tls or ssl.create_default_context()
    transport = httpx.HTTPTransport(verify=context, trust_env=False, limits=limits or httpx.Limits(), proxy=proxy)
    pool: Any = transport._pool  # noqa: SLF001  # httpx offers no way to hand it a network backend; httpcore does
    pool._network_backend = _Backend(None if proxy else reach or current())  # noqa: SLF001  # as above
    return transport


def proxy_for(url: str) -> str | None:
    """Return the proxy that this machine's environment names for a URL, as curl reads it; None to go there directly.

    `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` name it, `NO_PROXY` lists hosts, domains and networks without one.
    Source: https://everything.curl.dev/usingcurl/proxies/env.html

    Raises:
        NeedsAttentionError: It is none that is spoken to, as one for SOCKS.
    """
    origin = "/".join(url.split("/", 3)[:3])
    return _named_for(origin, tuple(map(os.environ.get, _PROXY_VARIABLES)))


@lru_cache(maxsize=256)
def _named_for(origin: str, _: tuple[str | None, ...]) -> str | None:
    """Return what the environment names, which is read through once for each of its states."""
    parts = httpx.URL(origin)
    proxies = getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not proxy or proxy_bypass(f"{parts.host}:{port}", proxies) or _in_networks(parts.host, proxies.get("no", "")):
        return None
    return _spoken_to(proxy if "://" in proxy else f"http://{proxy}")


def _spoken_to(proxy: str) -> str:
    kind = proxy.partition("://")[0].lower()
    if kind not in ("http", "https"):
        raise NeedsAttentionError(
            f"This machine's environment names a proxy of the kind {kind}; OrderFlow speaks to HTTP proxies only.",
            code="PROXY_UNKNOWN",
            hint="Name an HTTP proxy in HTTPS_PROXY, or list the host in NO_PROXY; then start OrderFlow again.",
        )
    return proxy


def check_behind_proxy(url: str, reach: Reach, deadline: Deadline) -> None:
    """Check where a URL leads to that a proxy opens, as far as this machine knows its host; else the proxy has to.

    Raises:
        NeedsAttentionError: As `orderflow.net.addresses.check`.
    """
    if not addresses.checks(reach):
        return
    parts = httpx.URL(url)
    try:
        addresses.found(parts.host, parts.port or 443, deadline, reach)
    except OSError:
        return


def _in_networks(host: str, listed: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
        networks = [ipaddress.ip_network(one.strip(), strict=False) for one in listed.split(",") if "/" in one]
    except ValueError:
        return False
    return any(address in network for network in networks)


def check_left_over(response: httpx.Response) -> None:
    """See to it, once an answer was read to its end, that its connection is not used again if more came with it."""
    body: Any = response.stream
    connection = body._httpcore_stream._stream._connection  # noqa: SLF001  # nobody else knows what h11 holds beyond an answer
    if connection._h11_state.trailing_data[0]:  # noqa: SLF001  # as above
        response.extensions["network_stream"].spoilt = True


class _Backend(httpcore.NetworkBackend):
    """Resolves a name once, checks what it stands for, and connects to that; TLS still asks for the name."""

    def __init__(self, reach: Reach | None) -> None:
        self._reach = reach  # of whoever opens it, since it may be used by other threads; None for a proxy

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        call: Call = _of_this_thread.call
        deadline = Deadline(call.deadline.left(timeout))
        try:
            found = self._found(host, port, deadline)
        except DeadlineError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        return _Stream(_connected(found, deadline))

    def _found(self, host: str, port: int, deadline: Deadline) -> Found:
        if self._reach is None:
            return lookup(host, port, deadline)
        return addresses.found(host, port, deadline, self._reach)

    def sleep(self, seconds: float) -> None:
        raise TypeError("nothing here tries again by itself")


def _connected(found: Iterable[Any], deadline: Deadline) -> httpcore.NetworkStream:
    """Return a connection to the first of the addresses that takes one, all within one deadline."""
    failure: Exception = httpcore.ConnectError("no address")
    for _, _, _, _, address in found:
        try:
            return httpcore.SyncBackend().connect_tcp(str(address[0]), address[1], deadline.left())
        except DeadlineError as error:
            raise httpcore.ConnectTimeout(str(error)) from failure
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
            failure = error
    raise failure


class _Stream(httpcore.NetworkStream):
    """A connection; whoever uses it in a call keeps to the end and the count of that call."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._held = b""
        self.spoilt = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        call = self._enter()
        self._send(b"", call, timeout)  # what only looked like a head, as the last chunk of a body does
        content = self._stream.read(max_bytes, call.deadline.left(timeout))
        call.received.add(len(content))
        return content

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, but hold a head back until its body comes, or nothing, which ends a message: one packet, not two."""
        call = self._enter()
        if buffer.endswith(b"\r\n\r\n") and not self._held:
            self._held = buffer
        else:
            self._send(buffer, call, timeout)

    def _send(self, buffer: bytes, call: Call, timeout: float | None) -> None:
        buffer, self._held = self._held + buffer, b""
        # CONNECT is for a proxy, and does nothing yet; the end of a message is mostly written as nothing.
        call.begun = call.begun or bool(buffer and not buffer.startswith(b"CONNECT "))
        for start in range(0, len(buffer), _PART):
            self._stream.write(buffer[start : start + _PART], call.deadline.left(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        call = self._enter()
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, call.deadline.left(timeout)))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        found = self._stream.get_extra_info(info)
        return self.spoilt or found if info == "is_readable" else found  # readable while idle: the pool ends it

    def _enter(self) -> Call:
        call: Call = _of_this_thread.call
        connection = self._stream.get_extra_info("socket")
        if connection is not None and connection not in call.connections:
            call.connections.append(connection)
        return call
