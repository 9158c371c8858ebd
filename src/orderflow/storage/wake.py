"""Waking workers through PostgreSQL's NOTIFY. It only says "look": a lost message costs one sweep, never an order.

NOTIFY takes a lock that makes commits queue up, so it is kept out of the transactions that request pushes: one
thread sends what has gathered since its last message, each connection once.
Source: https://www.postgresql.org/docs/current/sql-notify.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import UUID

from orderflow.storage.database import Database, translated
from orderflow.storage.system.due import Place

CHANNEL = "orderflow_due"
REST = 0.01
"""Seconds between two messages, so that while requests keep coming one carries the wake-ups of many."""


class Waker:
    """Sends wake-ups, coalesced.

    Args:
        report: Called with an error of sending; the wake-ups concerned are dropped, the sweep finds them.

    Attributes:
        send: Sends a wake-up for each place; by NOTIFY unless another engine puts its own way here.
    """

    def __init__(self, database: Database, report: Callable[[Exception], None]) -> None:
        self.send: Callable[[list[Place]], None] = self._notify
        self._database = database
        self._report = report
        self._gathered: set[Place] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Send a wake-up soon."""
        with self._changed:
            self._gathered.add((org_id, connection_id))
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_for_ever, name="waker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Send what has gathered, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _send_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._gathered or self._closing)
                if not self._gathered:
                    return
                places, self._gathered = self._gathered, set()
            try:
                self.send(list(places))
            except Exception as error:  # noqa: BLE001  # the sweep makes up for it; the next wake-up tries again
                self._report(error)
            time.sleep(REST)

    def _notify(self, places: list[Place]) -> None:
        payloads = [f"{org_id}:{connection_id}" for org_id, connection_id in places]
        self._database.at_once("SELECT pg_notify(%s, p) FROM unnest(%s::text[]) AS p", (CHANNEL, payloads))


def listen(database: Database, timeout: float, stopped: threading.Event) -> Iterator[Place]:
    """Yield organization and connection of every wake-up until `stopped` is set.

    Args:
        timeout: Seconds between looks at `stopped`.

    Raises:
        DatabaseError: The database is away; listen again later, and sweep.
    """
    if not database.listens:  # behind PgBouncer: the sweep finds everything
        stopped.wait()
        return
    with translated(), closing(database.dedicated()) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        while not stopped.is_set():
            for message in connection.notifies(timeout=timeout, stop_after=1):
                org_id, _, connection_id = message.payload.partition(":")
                yield UUID(org_id), UUID(connection_id)
