"""Who we are, said to a server: one `SignIn` for a connection, shared by all its threads and by no other connection.

    Basic, Bearer, ApiKey          what is configured, in a header or a parameter
    ClientCredentials              an access token of OAuth2; see `orderflow.http.tokens`
    SessionCookies                 a session that a log-in opens, with its token against forged requests (CSRF)
    WebhookSignature               a signature (HMAC) of each message, as Standard Webhooks has it
    RequestSignature               one of each request, as an API has it; see `orderflow.http.request_signature`

`HttpClient(…, sign_in=…)` signs each request, and once more where the server says that what it was signed with has
ended. A client certificate is part of TLS; see `tls_context`. For another kind, extend `SignIn`.
"""

from __future__ import annotations

import base64
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Generic, Literal, Protocol, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from orderflow.domain.errors import ConnectorError, NeedsAttentionError, UnavailableError
from orderflow.http import webhook_signature
from orderflow.http.answer import Answer
from orderflow.http.sorting import BUSY, busy

MOST_REMEMBERED = 4
"""Of what was got by signing in, to be hidden: a server may still quote the one before."""

READS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing. Source: RFC 9110, section 9.2.1."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request, whole but for what the sign-in adds.

    Attributes:
        message_id: The same for every attempt at the same thing; part of a signature.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    message_id: str = ""

    def with_header(self, name: str, value: str) -> Outgoing:
        """Return this request with one header more, or another value of it."""
        others = {there: kept for there, kept in self.headers.items() if there.lower() != name.lower()}
        return replace(self, headers=others | {name: value})


class Way(Protocol):
    """How a sign-in asks for what it needs, within the time of the request that needs it."""

    def ask(self, outgoing: Outgoing, name: str) -> Answer:
        """Send a request of the sign-in's own, as it is.

        Args:
            name: What the server is called in messages.

        Raises:
            UnavailableError, NeedsAttentionError: No answer came.
        """

    def left(self) -> float:
        """Return the seconds that are left. Raises UnavailableError: none are."""


class SignIn:
    """Says nothing of who we are; the parent of all that do."""

    def sign(self, outgoing: Outgoing, way: Way) -> Outgoing:
        """Return a request that says who we are.

        Raises:
            ConnectorError: What it takes could not be had; nothing was sent to the API itself.
        """
        return outgoing

    def get_ready(self, way: Way) -> None:
        """Get what signing takes, as an access token. Raises ConnectorError: it could not be had."""

    def ended(self, signed: Outgoing, answer: Answer) -> bool:
        """Return whether an answer says that what a request was signed with has ended, and forget that.

        The server did nothing, and the request is signed anew and sent once more.
        """
        return False

    def got(self) -> list[str]:
        """Return what was got by signing in lately, as access tokens: secrets, to be hidden."""
        return []

    def secrets(self) -> list[str]:
        """Return what is configured and must not be shown."""
        return []

    def users(self) -> list[str]:
        """Return names that are sent together with a secret."""
        return []


class Basic(SignIn):
    """A user and a password in each request. Source: RFC 7617."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password

    def sign(self, outgoing: Outgoing, way: Way) -> Outgoing:
        """Add the header `Authorization`."""
        return outgoing.with_header("Authorization", basic(self._user, self._password))

    def secrets(self) -> list[str]:
        """Return the password."""
        return [self._password]

    def users(self) -> list[str]:
        """Return the user."""
        return [self._user]


def basic(user: str, password: str) -> str:
    """Return the value of an `Authorization` header. Source: RFC 7617."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Bearer(SignIn):
    """A token that does not end, in each request. Source: RFC 6750."""

    def __init__(self, token: str) -> None:
        self._token = token

    def sign(self, outgoing: Outgoing, way: Way) -> Outgoing:
        """Add the header `Authorization`."""
        return outgoing.with_header("Authorization", f"Bearer {self._token}")

    def secrets(self) -> list[str]:
        """Return the token."""
        return [self._token]


class ApiKey(SignIn):
    """A key in each request.

    Args:
        name: Of the header, or of the URL's parameter.
        place: Where it goes.
    """

    def __init__(self, key: str, name: str = "X-API-Key", place: Literal["header", "query"] = "header") -> None:
        self._key, self._name, self._place = key, name, place

    def sign(self, outgoing: Outgoing, way: Way) -> Outgoing:
        """Add the header or the parameter."""
        if self._place == "header":
            return outgoing.with_header(self._name, self._key)
        asked = urlsplit(outgoing.url)
        if self._name in parse_qs(asked.query):
            return outgoing
        query = "&".join(filter(None, (asked.query, urlencode({self._name: self._key}))))
        return replace(outgoing, url=asked._replace(query=query).geturl())

    def secrets(self) -> list[str]:
        """Return the key."""
        return [self._key]


class WebhookSignature(SignIn):
    """A signature of each message. Source: https://www.standardwebhooks.com.

    Args:
        secret: `whsec_…`, or its base64 alone.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, outgoing: Outgoing, way: Way) -> Outgoing:
        """Add the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`."""
        key = base64.b64decode(self._secret.removeprefix(webhook_signature.SECRET_PREFIX))
        moment, message_id = int(time.time()), outgoing.message_id or uuid4().hex
        mark = webhook_signature.signature(key, message_id, moment, outgoing.content)
        ours = {"webhook-id": message_id, "webhook-timestamp": str(moment), "webhook-signature": mark}
        return replace(outgoing, headers=outgoing.headers | ours)

    def secrets(self) -> list[str]:
        """Return the secret."""
        return [self._secret]


T = TypeVar("T")


class Held(Generic[T]):
    """What was got by signing in, until it ends or is refused; one thread gets it, and the others wait for that.

    Args:
        what: It is called so in messages: "access token".
    """

    def __init__(self, what: str) -> None:
        self._what, self._lock = what, threading.Lock()
        self._held: tuple[T, float] | None = None
        self._got: deque[T] = deque(maxlen=MOST_REMEMBERED)

    def get(self, get_new: Callable[[], tuple[T, float]], way: Way) -> T:
        """Return what is at hand, or get it.

        Args:
            get_new: Returns it and when it ends, by the monotonic clock.

        Raises:
            ConnectorError: As `get_new`; or another thread took too long.
        """
        if not self._lock.acquire(timeout=way.left()):
            raise UnavailableError(f"Getting an {self._what} for another request takes too long.", code=NO_SIGN_IN)
        try:
            if self._held is None or time.monotonic() >= self._held[1]:
                self._held = get_new()
                self._got.append(self._held[0])
            return self._held[0]
        finally:
            self._lock.release()

    def forget(self, refused: Callable[[T], bool]) -> None:
        """Forget what is at hand if it is what was refused: another thread may have a new one already."""
        held = self._held  # without the lock, which a thread that gets a new one keeps for long
        if held is not None and refused(held[0]):
            self._held = None

    def got(self) -> Iterable[T]:
        """Return what was got lately."""
        return tuple(self._got)


NO_SIGN_IN = "TOKEN_UNAVAILABLE"


def not_let_in(answer: Answer, name: str, what: str, said: str, hint: str) -> ConnectorError:
    """Return the error of a server that was asked to let us in, and gave nothing for it.

    Args:
        name: What the server is called: "The token server".
        what: What it did not give: "access token".
        said: Its words.
    """
    said = said.rstrip(".")
    if answer.status in BUSY:
        return busy(answer, name, said)
    if answer.broken is not None:
        return UnavailableError(f"{name} gave {answer.broken}.", code=NO_SIGN_IN)
    if answer.status >= 500:
        return UnavailableError(f"{name} is not ready (status {answer.status}): {said}.", code=NO_SIGN_IN)
    return NeedsAttentionError(
        f"{name} gives no {what} (status {answer.status}): {said}.", code="AUTH_FAILED", hint=hint
    )
