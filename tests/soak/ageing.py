"""Time that passes more quickly: what ended minutes ago is made days old, so that pruning has to keep up with it."""

from __future__ import annotations

import threading

import psycopg

from orderflow.domain.errors import OrderFlowError
from tests.soak.place import Place

DAYS = 3
"""By which things are made older, each once; they are kept for one."""

_RECENT = "{0} < now() - make_interval(secs => %(kept)s) AND {0} > now() - interval '1 day'"
_AGED = {
    "draft_order": ("updated_at", "status IN ('CONFIRMED', 'REJECTED', 'RECALLED')"),
    "audit_log": ("created_at", "true"),
    "event": ("at", "number IS NOT NULL"),
    "bulk_job": ("ended_at", "ended_at IS NOT NULL"),
    "inbound": ("received_at", "true"),
    "kept_answer": ("created_at", "true"),
}
"""By which column the age of each table's rows counts, and of which rows."""


class Ageing(threading.Thread):
    """Makes things older.

    Args:
        kept: Seconds for which what ended stays as it is.
    """

    def __init__(self, place: Place, kept: float) -> None:
        super().__init__(daemon=True)
        self._place, self._kept, self._stopped = place, kept, threading.Event()

    def run(self) -> None:
        """Make things older until stopped."""
        while not self._stopped.wait(self._kept / 5):
            try:
                with self._place.superuser() as connection:
                    self._pass_time(connection)
            except (psycopg.Error, OrderFlowError):
                continue  # PostgreSQL was killed, and nobody has started it yet

    def stop(self) -> None:
        """Let time pass as it does."""
        self._stopped.set()
        self.join()

    def _pass_time(self, connection: psycopg.Connection) -> None:
        for table, (column, which) in _AGED.items():
            connection.execute(
                f"UPDATE {table} SET {column} = {column} - interval '{DAYS} days'"
                f" WHERE {which} AND {_RECENT.format(column)}",
                {"kept": self._kept},
            )
