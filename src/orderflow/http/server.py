"""One ERP's server: what its proxy or its load says for it is sorted before its own words are looked at.

429, 408, 425                          it did nothing and asks for time     BusyError
502, 503, 504, a redirect, half an     it may be done                       InDoubtError, if it changes something
answer                                 nothing to be done                   UnavailableError, if it only reads
"""

from __future__ import annotations

from collections.abc import Mapping

from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.http.answer import Answer
from orderflow.http.client import HttpClient
from orderflow.http.sorting import BUSY, busy, in_doubt_and_busy, redirected

GATEWAY_STATUSES = frozenset({502, 503, 504})
"""What a proxy says of a server that is away, or a server of its database. Source: RFC 9110, section 15.6."""

LONGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of an answer; a catalog of some thousand products is a few hundred thousand."""


class HttpServer:
    """One server, reached over connections that are kept and shared by all threads.

    Args:
        url: Where it is; what is sent goes to addresses below.
        timeout: Seconds that one request may take, from connecting to its last byte.
        name: What to call it in messages.
    """

    def __init__(self, url: str, timeout: float, name: str) -> None:
        self.url = url.rstrip("/")
        self.name = name
        self._client = HttpClient(name, timeout=timeout, most_bytes=LONGEST_ANSWER)

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes = b"", changes: bool = True
    ) -> Answer:
        """Send a request and read the whole answer.

        Args:
            path: Below the server's URL, encoded.
            changes: The request changes something, so that a lost answer leaves in doubt whether it did.

        Raises:
            UnavailableError, NeedsAttentionError, InDoubtError: As the table above says, and as `HttpClient.send`.
        """
        answer = self._client.send(method, f"{self.url}/{path}", headers=headers, content=content, changes=changes)
        if answer.status in BUSY:
            raise busy(answer, self.name, answer.words)
        if answer.status in GATEWAY_STATUSES:
            raise self._away(answer, changes=changes)
        if not 200 <= answer.status < 600 or 300 <= answer.status < 400:
            raise self._elsewhere(answer, changes=changes)
        if answer.broken is not None and answer.ok:
            raise self._lost(f"gave {answer.broken}", changes=changes)
        return answer

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _away(self, answer: Answer, *, changes: bool) -> ConnectorError:
        if answer.status == 503 and changes:
            return in_doubt_and_busy(answer, self.name, answer.words)
        error = self._lost(f"answered with HTTP {answer.status}", changes=changes)
        error.rests_for = answer.retry_after if answer.status == 503 else None
        return error

    def _elsewhere(self, answer: Answer, *, changes: bool) -> ConnectorError:
        if changes:
            return redirected(answer, self.name)
        return NeedsAttentionError(
            f"{self.name} does not answer at this address (status {answer.status}).",
            code="REDIRECT",
            hint="Correct the address in the connection, then test it.",
        )

    def _lost(self, what: str, *, changes: bool) -> ConnectorError:
        if changes:
            return InDoubtError(f"{self.name} {what}; whether it took the order is unknown.", code="ANSWER_LOST")
        return UnavailableError(f"{self.name} {what}.")
