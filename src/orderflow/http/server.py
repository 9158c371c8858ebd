"""HTTP to one server over kept-alive connections, with faults named by what follows.

connection refused, no such host, no time to connect   nothing was sent     UnavailableError
certificate not trusted                                nothing was sent     NeedsAttentionError
reset, dropped, no time to answer; 502, 503, 504       it may be done       InDoubtError, if it changes something
                                                       nothing to be done   UnavailableError, if it only reads
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.http.transport import http_transport

GATEWAY_STATUSES = frozenset({502, 503, 504})
"""What a proxy says of a server that is away, or a server of its database. Source: RFC 9110, section 15.6."""


class HttpServer:
    """One server, reached over connections that are kept and shared by all threads.

    Args:
        url: Where it is; what is sent goes to addresses below.
        timeout: Seconds that it may take over one request.
        name: What to call it in messages.
    """

    def __init__(self, url: str, timeout: float, name: str) -> None:
        self.url = url.rstrip("/")
        self.name = name
        # The transport itself, because httpx.Client logs every address.
        self._transport = http_transport(limits=httpx.Limits(max_keepalive_connections=16, keepalive_expiry=30))
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, 10)).as_dict()

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes = b"", changes: bool = True
    ) -> httpx.Response:
        """Send a request and read the whole answer.

        Args:
            path: Below the server's URL, encoded.
            changes: The request changes something, so that a lost answer leaves in doubt whether it did.

        Raises:
            UnavailableError, NeedsAttentionError, InDoubtError: As the table above says.
        """
        request = httpx.Request(
            method,
            f"{self.url}/{path}",
            headers={"Accept": "application/json", "User-Agent": "OrderFlow-Connect"} | dict(headers),
            content=content or None,
            extensions={"timeout": self._timeout},
        )
        with self._translated(changes=changes):
            response = self._transport.handle_request(request)
            response.read()
        if response.status_code in GATEWAY_STATUSES:
            raise self._lost(f"answered with HTTP {response.status_code}", changes=changes)
        return response

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    @contextmanager
    def _translated(self, *, changes: bool) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            if fault := tls_fault(error):
                raise NeedsAttentionError(
                    f"No trusted connection to {self.name}: {fault}.",
                    code="TLS_CERTIFICATE",
                    hint="Give the server a certificate that this machine trusts, then test the connection.",
                ) from None
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
                raise UnavailableError(f"{self.name} cannot be reached at {self.url}.") from None
            what = "gave no answer in time" if isinstance(error, httpx.TimeoutException) else "broke the connection off"
            raise self._lost(what, changes=changes) from None

    def _lost(self, what: str, *, changes: bool) -> ConnectorError:
        if changes:
            return InDoubtError(f"{self.name} {what}; whether it took the order is unknown.", code="ANSWER_LOST")
        return UnavailableError(f"{self.name} {what}.")


def tls_fault(error: BaseException | None) -> str | None:
    """Return what TLS found wrong, if that is why a request failed."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        if isinstance(error, ssl.SSLError) and error.reason:
            return error.reason.lower().replace("_", " ")
        error = error.__cause__ or error.__context__
    return None
