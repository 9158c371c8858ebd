"""One HTTP session per configuration: its connections and its access token, shared by all threads."""

from __future__ import annotations

import copy
import threading
from collections import deque
from dataclasses import dataclass

from pydantic import SecretStr

from orderflow.connectors.rest.checks import origin_of
from orderflow.connectors.rest.config import RestJsonConfig
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


class Session:
    """Connections to one API, and the access token for it."""

    def __init__(self, config: RestJsonConfig) -> None:
        self.config = config
        self.name = f"The API at {origin_of(config.url)[1]}"
        self.token = AccessToken()
        key, passphrase = _open(config.client_key), _open(config.client_passphrase)
        self._client = HttpClient(
            self.name,
            timeout=config.timeout,
            connect_timeout=config.connect_timeout,
            tls=tls_context(config.ca_certificate, config.client_certificate, key, passphrase),
            connections=config.max_in_flight,
        )
        self._redactor: tuple[int, Redactor] = (-1, Redactor([]))

    def send(self, outgoing: Outgoing, *, changes: bool) -> Answer:
        """Send a request and read its answer. Raises as `orderflow.http.HttpClient.send` does."""
        return self._client.send(
            outgoing.method,
            outgoing.url,
            headers=outgoing.headers,
            content=outgoing.content,
            changes=changes,
            timeout=self.config.timeout,
        )

    def hurried(self, seconds: float) -> Session:
        """Return this session, with the same connections and token, each of its requests within so many seconds."""
        hurried = copy.copy(self)
        hurried.config = self.config.model_copy(update={"timeout": min(self.config.timeout, seconds)})
        return hurried

    @property
    def redactor(self) -> Redactor:
        """What takes the connection's secrets, and the tokens got for it, out of what the API says."""
        config, known = self.config, len(self.token.given)
        if self._redactor[0] != known or known == MOST_TOKENS:
            values = [getattr(config, name) for name in type(config).model_fields]
            secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
            users = [user for user in (config.username, config.client_id) if user]
            self._redactor = (known, Redactor([*secrets, *self.token.given], users))
        return self._redactor[1]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _open(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
