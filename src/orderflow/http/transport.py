"""HTTP connections that keep to the rule of `addresses`: the address is checked, and just that one is connected to."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from orderflow.domain.reach import current
from orderflow.net import addresses


def http_transport(**options: Any) -> httpx.HTTPTransport:
    """Return an `httpx.HTTPTransport`; its requests may raise NeedsAttentionError (PRIVATE_ADDRESS,
    ADDRESS_NOT_ALLOWED): it leads as far as the connection that is worked with when it is made.

    Args:
        options: As for `httpx.HTTPTransport`.
    """
    transport = httpx.HTTPTransport(**options)
    pool: Any = transport._pool  # noqa: SLF001  # httpx offers no way to hand it a network backend; httpcore does
    pool._network_backend = _Checked(pool._network_backend)  # noqa: SLF001  # as above
    return transport


class _Checked(httpcore.NetworkBackend):
    """Resolves a name once, checks what it stands for, and connects to that; TLS still asks for the name."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend
        self._reach = current()  # whoever opens it may send from other threads

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        if not addresses.checks(self._reach):
            return self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        addresses.check(host, found, self._reach)
        return self._backend.connect_tcp(found[0], port, timeout, local_address, socket_options)

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)
