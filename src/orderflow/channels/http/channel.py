"""HTTP as a channel: its settings, and the session that they open."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from orderflow.channels.channel import Channel, Session
from orderflow.channels.http.settings import HttpSettings


class HttpChannel(Channel):
    """One request for each document."""

    mode: ClassVar[str] = "http"
    about: ClassVar[str] = "an API that takes each document by a request of its own"
    settings: ClassVar[type[BaseModel]] = HttpSettings

    def open(self, settings: HttpSettings, *, apart: str = "") -> Session:
        """Return the API's session. Raises ConfigError: a certificate or a key cannot be used."""
        from orderflow.channels.http.session import HttpSession  # few forms need an HTTP client

        return HttpSession(settings)
