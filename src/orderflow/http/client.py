"""One way to ask a server over HTTP: an end for all of it, a limit for what comes in, faults named by what follows.

    not reached: refused, no such name, no time to connect, certificate       UnavailableError, NeedsAttentionError
    no byte of the request had left                                           UnavailableError
    reset, dropped, dripped, silent; more than is read                        InDoubtError, if it changes something
                                                                              UnavailableError, if it only reads
    a status and a head came                                                  an `Answer`, whatever became of its body

A redirect is followed by a request that only reads, on the same server, and by no other: the order may have been taken
by the server that answers so, and is never sent twice.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.reach import current
from orderflow.http.faults import CHECK_URL, fault_of, redirected_elsewhere
from orderflow.http.reading import decoded, unpacked
from orderflow.http.transport import Call, calling, check_behind_proxy, check_left_over, http_transport, proxy_for
from orderflow.http.words import excerpt, said_in, said_in_text
from orderflow.net.deadline import Counter, Deadline, DeadlineError, TooMuchError

LONGEST_ANSWER = 1024 * 1024
"""Bytes of an answer that are read, unpacked; an order's answer is a few hundred."""

LONGEST_HEAD = 256 * 1024
"""Bytes beside the body: the head, answers before it that say "wait" (1xx), and how the body is cut up."""

MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_NO_REASON = "It gave no reason."

LONGEST_REST = 3_600.0
"""Seconds for which a target may ask us to wait."""


class UnreadableError(ValueError):
    """The body of an answer cannot be read; the message says what it is instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: As 201.
        headers: By name, whatever their case.
        content: The body, unpacked; what could be read of it.
        broken: Why the body is not whole, for a person: "half an answer"; None if it is.
    """

    status: int
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    content: bytes = b""
    broken: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def empty(self) -> bool:
        """Whether the body is whole, and nothing."""
        return self.broken is None and not self.content.strip()

    @property
    def text(self) -> str:
        """The body as text, in the charset that it declares; see `orderflow.http.reading.decoded`."""
        return decoded(self.content, self.headers.get("Content-Type", ""))

    def json(self) -> Any:
        """Return the body's JSON, its numbers exact (`Decimal`).

        Raises:
            UnreadableError: There is none.
        """
        if self.broken is not None:
            raise UnreadableError(self.broken)
        try:
            return json.loads(self.text, parse_float=Decimal)
        except (ValueError, RecursionError):
            raise UnreadableError(self._what_it_is()) from None

    @property
    def words(self) -> str:
        """What the target says is wrong, for a person: found in the usual places, else the beginning of the body."""
        try:
            value = self.json()
        except UnreadableError:
            return said_in_text(self.text) or _NO_REASON
        return said_in(value) or excerpt(value) or _NO_REASON

    @property
    def retry_after(self) -> float | None:
        """Seconds for which the target asks us to wait, where it does."""
        return retry_after(self.headers.get("Retry-After", ""))

    def _what_it_is(self) -> str:
        text = self.text.lstrip()
        if not text:
            return "nothing"
        if text.startswith("<"):
            return "XML" if text.startswith("<?xml") or "html" not in text[:500].lower() else "a web page"
        return "half an answer" if text[0] in "{[" else "a text"


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return an answer that did not come over the wire, read as if it had."""
    named = httpx.Headers(dict(headers))
    content = unpacked(body, named.get("Content-Encoding", ""), LONGEST_ANSWER)
    if content is None or len(content) > LONGEST_ANSWER:
        return Answer(status, named, b"", "an answer that is too long, or packed in a way that cannot be read")
    return Answer(status, named, content)


def retry_after(text: str) -> float | None:
    """Return the seconds in a `Retry-After`, at most an hour; None if it says none.

    Source: RFC 9110, section 10.2.3.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_REST)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_REST)


class HttpClient:
    """Connections to the servers of one configuration, kept and shared by all threads.

    ```python
    client = HttpClient("The shop", timeout=30)
    answer = client.send("POST", "https://shop.example/orders", headers=key, content=document.content)
    number = answer.json()["id"]
    ```

    Args:
        name: What the other side is called in messages: "The shop".
        timeout: Seconds for a whole call: connecting, sending, head and body.
        connect_timeout: Seconds of these until it counts as down.
        tls: See `tls_context`; by default the system's authorities are trusted.
        most_bytes: Of an answer's body; more of it is not read.
        connections: How many are kept open.
    """

    def __init__(
        self,
        name: str,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        tls: ssl.SSLContext | None = None,
        most_bytes: int = LONGEST_ANSWER,
        connections: int = 16,
    ) -> None:
        self.name = name
        self._timeout, self._connect_timeout = timeout, connect_timeout
        self._tls, self._most_bytes = tls or ssl.create_default_context(), most_bytes
        self._limits = httpx.Limits(max_connections=128, max_keepalive_connections=connections, keepalive_expiry=30)
        self._reach = current()
        self._transports: dict[str | None, httpx.HTTPTransport] = {}

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        changes: bool | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send a request and read its answer; a redirect is followed as the module says.

        Args:
            changes: Whether the request changes something, so that a lost answer leaves in doubt what was done. By
                default all but GET, HEAD and OPTIONS do.
            timeout: Seconds for this call, if fewer than the client's.

        Raises:
            UnavailableError, NeedsAttentionError, InDoubtError: As the module says.
        """
        changes = method not in ("GET", "HEAD", "OPTIONS") if changes is None else changes
        deadline = Deadline(min(timeout or self._timeout, self._timeout))
        for _ in range(MOST_REDIRECTS):
            answer = self._send_once(method, url, headers or {}, content, deadline, changes=changes)
            if changes or answer.status not in _REDIRECTS or not (target := self._redirected(url, answer)):
                return answer
            url = target
        raise NeedsAttentionError(f"{self.name} sends its requests in a circle.", code="REDIRECT", hint=CHECK_URL)

    def close(self) -> None:
        """Close all connections."""
        while self._transports:
            self._transports.popitem()[1].close()

    def _send_once(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, deadline: Deadline, *, changes: bool
    ) -> Answer:
        limit = (
            self._most_bytes + LONGEST_HEAD + self._most_bytes // 8
        )  # chunks of a few bytes are cut up by a few more
        call = Call(deadline, Counter(limit, "bytes of an answer"))
        try:
            request = self._request(method, url, headers, content, deadline)
            with calling(call):
                response = self._transport(url, deadline).handle_request(request)
                try:
                    return self._answer(response, deadline)
                finally:
                    response.close()
        except (httpx.HTTPError, httpx.InvalidURL, DeadlineError, TooMuchError, ValueError) as error:
            raise fault_of(error, self.name, url, call, changes=changes) from None

    def _request(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, deadline: Deadline
    ) -> httpx.Request:
        ours = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "OrderFlow-Connect"}
        given = {name.lower() for name in headers}
        left = deadline.left()
        timeouts = httpx.Timeout(left, connect=min(left, self._connect_timeout))
        return httpx.Request(
            method,
            url,
            headers={name: value for name, value in ours.items() if name.lower() not in given} | dict(headers),
            content=content or None,
            extensions={"timeout": timeouts.as_dict()},
        )

    def _transport(self, url: str, deadline: Deadline) -> httpx.HTTPTransport:
        proxy = proxy_for(url)
        if proxy:
            check_behind_proxy(url, self._reach, deadline)
        transport = self._transports.get(proxy)
        if transport is None:
            # The transport itself: httpx.Client would log each URL, and a URL may carry a key.
            made = http_transport(self._tls, limits=self._limits, proxy=proxy, reach=self._reach)
            transport = self._transports.setdefault(proxy, made)
        return transport

    def _answer(self, response: httpx.Response, deadline: Deadline) -> Answer:
        """Read the body. Its head has come, so that nothing which happens to the body is an error by itself."""
        content, broken = bytearray(), None
        try:
            for part in response.stream:  # type: ignore[union-attr]  # a transport of ours is no asynchronous one
                content += part
                if len(content) > self._most_bytes:
                    broken = f"more than {self._most_bytes:,} bytes"
                    break
            else:
                check_left_over(response)
        except TooMuchError:
            broken = f"more than {self._most_bytes:,} bytes"
        except (httpx.HTTPError, DeadlineError, OSError):
            broken = "an answer that came too slowly" if deadline.passed else "half an answer"
        return self._whole(response, bytes(content), broken)

    def _whole(self, response: httpx.Response, content: bytes, broken: str | None) -> Answer:
        encoding = response.headers.get("Content-Encoding", "")
        if broken is None:
            plain = unpacked(content, encoding, self._most_bytes)
            if plain is None:
                content, broken = b"", f"a packed answer ({encoding or 'gzip'}) that cannot be read"
            else:
                content = plain
        return Answer(response.status_code, response.headers, content, broken)

    def _redirected(self, url: str, answer: Answer) -> str:
        """Return where a redirect leads to, on the same server."""
        asked = httpx.URL(url)
        try:
            target = asked.join(answer.headers.get("Location", ""))
        except (httpx.InvalidURL, ValueError):
            return ""
        if (target.scheme, target.host, target.port) != (asked.scheme, asked.host, asked.port):
            raise redirected_elsewhere(self.name, target)
        return str(target)
