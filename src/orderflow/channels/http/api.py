"""Connections to one API, its access token, and what hides its secrets: shared by all threads."""

from __future__ import annotations

import copy
import threading
from collections import deque
from dataclasses import dataclass

from pydantic import SecretStr

from orderflow.channels.http.checks import origin_of
from orderflow.channels.http.settings import HttpSettings
from orderflow.domain.redaction import Redactor
from orderflow.http import Answer, HttpClient, tls_context

MOST_TOKENS = 4
"""Access tokens that are remembered: a target may still quote the one before."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request, whole but for the credentials that `auth` adds."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes = b""


class AccessToken:
    """The access token at hand and when it ends, by the monotonic clock; None before there is one."""

    def __init__(self) -> None:
        self.held: tuple[str, float] | None = None
        self.given: deque[str] = deque(maxlen=MOST_TOKENS)
        self.lock = threading.Lock()


class Api:
    """Connections to one API, and the access token for it."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        self.name = f"The API at {origin_of(settings.url)[1]}"
        self.token = AccessToken()
        key, passphrase = _open(settings.client_key), _open(settings.client_passphrase)
        self._client = HttpClient(
            self.name,
            timeout=settings.timeout,
            connect_timeout=settings.connect_timeout,
            tls=tls_context(settings.ca_certificate, settings.client_certificate, key, passphrase),
            connections=settings.max_in_flight,
        )
        self._redactor: tuple[int, Redactor] = (-1, Redactor([]))

    def exchange(self, outgoing: Outgoing, *, changes: bool) -> Answer:
        """Send a request as it is and read its answer. Raises as `orderflow.http.HttpClient.send` does."""
        return self._client.send(
            outgoing.method,
            outgoing.url,
            headers=outgoing.headers,
            content=outgoing.content,
            changes=changes,
            timeout=self.settings.timeout,
        )

    def hurried(self, seconds: float) -> Api:
        """Return this, with the same connections and token, each of its requests within so many seconds."""
        hurried = copy.copy(self)
        hurried.settings = self.settings.model_copy(update={"timeout": min(self.settings.timeout, seconds)})
        return hurried

    @property
    def redactor(self) -> Redactor:
        """What takes the connection's secrets, and the tokens got for it, out of what the API says."""
        settings, known = self.settings, len(self.token.given)
        if self._redactor[0] != known or known == MOST_TOKENS:
            values = [getattr(settings, name) for name in type(settings).model_fields]
            secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
            users = [user for user in (settings.username, settings.client_id) if user]
            self._redactor = (known, Redactor([*secrets, *self.token.given], users))
        return self._redactor[1]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _open(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
