"""The time by the database's clock, for what one process says to another: their own clocks need not agree."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import text

from orderflow.domain.errors import OrderFlowError
from orderflow.storage.database import Database

ASKED_EVERY = 60.0
"""Seconds; so long a clock of the database that was set may be followed later by one process than by another."""

_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)")


def ask(database: Database) -> float:
    """Return the database's time, in seconds since 1970. Raises DatabaseError."""
    with database.system() as connection:
        return float(connection.execute(_NOW).scalar_one())


class DatabaseClock:
    """Tells the database's time without asking each time.

    Args:
        ask: Asks the database.
    """

    def __init__(self, ask: Callable[[], float]) -> None:
        self._ask = ask
        self._known: tuple[float, float] | None = None

    def now(self) -> float | None:
        """Return the time, right to within a round trip; None while the database is away."""
        here = time.monotonic()
        known = self._known
        if known is None or here - known[0] > ASKED_EVERY:
            try:
                self._known = known = (here, self._ask())
            except OrderFlowError:
                return None
        return known[1] + here - known[0]
