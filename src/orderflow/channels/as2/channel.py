"""AS2 as a channel: its settings, and the session that they open."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel

from orderflow.channels.as2.settings import As2Settings
from orderflow.channels.channel import Channel, Session


class As2Channel(Channel):
    """One signed message for each document, and a signed receipt for each message."""

    mode: ClassVar[str] = "as2"
    about: ClassVar[str] = "a partner's AS2 server, with signed and encrypted messages and signed receipts"
    settings: ClassVar[type[BaseModel]] = As2Settings

    def open(self, settings: As2Settings, *, apart: str = "") -> Session:
        """Return the partner's session. Raises ConfigError: a certificate of TLS cannot be used."""
        from orderflow.channels.as2.session import As2Session  # few forms need an HTTP client

        return As2Session(settings)
