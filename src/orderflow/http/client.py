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

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import httpx

from orderflow.domain.errors import NeedsAttentionError, UnavailableError
from orderflow.domain.port_redaction import redactor_for
from orderflow.domain.reach import current
from orderflow.domain.redaction import Redactor
from orderflow.http.answer import LONGEST_ANSWER, Answer
from orderflow.http.faults import CHECK_URL, fault_of, redirected_elsewhere
from orderflow.http.reading import unpacked
from orderflow.http.sign_in import NO_SIGN_IN, READS, Outgoing, SignIn
from orderflow.http.transport import Call, calling, check_behind_proxy, check_left_over, http_transport, proxy_for
from orderflow.net.deadline import Counter, Deadline, DeadlineError, TooMuchError

LONGEST_HEAD = 256 * 1024
"""Bytes beside the body: the head, answers before it that say "wait" (1xx), and how the body is cut up."""

MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)


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
        sign_in: Who we are; it signs each request, and once more where the server says that it has ended.
        secrets: Further ones to be taken out of what the server says.
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
        sign_in: SignIn | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        self.name = name
        self._timeout, self._connect_timeout = timeout, connect_timeout
        self._tls, self._most_bytes = tls or ssl.create_default_context(), most_bytes
        self._limits = httpx.Limits(max_connections=128, max_keepalive_connections=connections, keepalive_expiry=30)
        self._reach = current()
        self._sign_in, self._secrets = sign_in or SignIn(), [*secrets]
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
        message_id: str = "",
    ) -> Answer:
        """Send a request and read its answer; a redirect is followed as the module says.

        Args:
            headers: Without what the sign-in adds.
            message_id: The same for every attempt at the same thing; part of a signature.
            changes, timeout: As of `send_out`.

        Raises:
            UnavailableError, NeedsAttentionError, InDoubtError: As the module says.
        """
        outgoing = Outgoing(method, url, dict(headers or {}), content, message_id)
        return self.send_out(outgoing, changes=changes, timeout=timeout)

    def send_out(self, outgoing: Outgoing, *, changes: bool | None = None, timeout: float | None = None) -> Answer:
        """Send a request and read its answer, as `send`.

        Args:
            changes: Whether the request changes something, so that a lost answer leaves in doubt what was done. By
                default all but GET, HEAD and OPTIONS do.
            timeout: Seconds for this call with all that the sign-in needs, if fewer than the client's.

        Raises:
            UnavailableError, NeedsAttentionError, InDoubtError: As the module says.
        """
        changes = outgoing.method not in READS if changes is None else changes
        way = _Within(self, Deadline(min(timeout or self._timeout, self._timeout)))
        for _ in range(MOST_REDIRECTS):
            answer = self._send_signed(outgoing, way, changes=changes)
            if changes or answer.status not in _REDIRECTS or not (target := self._redirected(outgoing.url, answer)):
                return answer
            outgoing = replace(outgoing, url=target)
        raise NeedsAttentionError(f"{self.name} sends its requests in a circle.", code="REDIRECT", hint=CHECK_URL)

    def sign_in(self, timeout: float | None = None) -> None:
        """Get what the sign-in needs, as an access token, and send nothing else.

        Args:
            timeout: Seconds, if fewer than the client's.

        Raises:
            ConnectorError: It could not be had.
        """
        self._sign_in.get_ready(_Within(self, Deadline(min(timeout or self._timeout, self._timeout))))

    def got(self) -> list[str]:
        """Return what was got by signing in lately, as access tokens: secrets, to be hidden."""
        return self._sign_in.got()

    @property
    def redactor(self) -> Redactor:
        """What takes the secrets of the sign-in, and what was got by them, out of what the server says."""
        return redactor_for([*self._secrets, *self._sign_in.secrets()], self._sign_in.users(), self._sign_in.got())

    def close(self) -> None:
        """Close all connections."""
        while self._transports:
            self._transports.popitem()[1].close()

    def _send_signed(self, outgoing: Outgoing, way: _Within, *, changes: bool) -> Answer:
        signed = self._sign_in.sign(outgoing, way)
        answer = self._send_once(signed, way.deadline, changes=changes)
        if self._sign_in.ended(signed, answer):
            answer = self._send_once(self._sign_in.sign(outgoing, way), way.deadline, changes=changes)
        return replace(answer, hides=self.redactor)

    def _send_once(self, outgoing: Outgoing, deadline: Deadline, *, changes: bool, name: str | None = None) -> Answer:
        limit = (
            self._most_bytes + LONGEST_HEAD + self._most_bytes // 8
        )  # chunks of a few bytes are cut up by a few more
        call = Call(deadline, Counter(limit, "bytes of an answer"))
        try:
            request = self._request(outgoing, deadline)
            with calling(call):
                response = self._transport(outgoing.url, deadline).handle_request(request)
                try:
                    return self._answer(response, deadline)
                finally:
                    response.close()
        except (httpx.HTTPError, httpx.InvalidURL, DeadlineError, TooMuchError, ValueError) as error:
            raise fault_of(error, name or self.name, outgoing.url, call, changes=changes) from None

    def _request(self, outgoing: Outgoing, deadline: Deadline) -> httpx.Request:
        ours = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "OrderFlow-Connect"}
        given = {name.lower() for name in outgoing.headers}
        left = deadline.left()
        timeouts = httpx.Timeout(left, connect=min(left, self._connect_timeout))
        return httpx.Request(
            outgoing.method,
            _parsed(outgoing.url),
            headers={name: value for name, value in ours.items() if name.lower() not in given} | outgoing.headers,
            content=outgoing.content or None,
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


_parsed = lru_cache(maxsize=256)(httpx.URL)
"""Many orders go to one URL."""


@dataclass(frozen=True, slots=True)
class _Within:
    """What a sign-in asks with, until the end of the request that needs it."""

    client: HttpClient
    deadline: Deadline

    def ask(self, outgoing: Outgoing, name: str) -> Answer:
        return self.client._send_once(outgoing, self.deadline, changes=False, name=name)  # noqa: SLF001  # its own part

    def left(self) -> float:
        try:
            return self.deadline.left()
        except DeadlineError:
            raise UnavailableError(
                f"{self.client.name} was not asked: signing in took too long.", code=NO_SIGN_IN
            ) from None
