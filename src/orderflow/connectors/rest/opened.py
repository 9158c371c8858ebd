"""A REST connection that is open: its configuration, and the session that lives by it."""

from __future__ import annotations

from dataclasses import dataclass

from orderflow.channels.http.session import HttpSession
from orderflow.connectors.rest.config import RestJsonConfig


@dataclass(frozen=True, slots=True)
class Opened:
    """A configuration that was checked, and its way to the API."""

    config: RestJsonConfig
    session: HttpSession

    def got(self) -> list[str]:
        """Return access tokens that were got lately."""
        return self.session.got()

    def close(self) -> None:
        """Close all connections."""
        self.session.close()
