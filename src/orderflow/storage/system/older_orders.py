"""Orders that were approved before there were revisions get theirs, beside the work. Runs as `orderflow_system`."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from orderflow.storage.database import Database
from orderflow.storage.work.revisions import catch_up

BATCH = 500
"""Orders that are looked at in one transaction."""

_NEXT = text("SELECT id FROM draft_order WHERE id > :since ORDER BY id LIMIT :batch")


class SqlOlderOrders:
    """One walk through all orders of all organizations, by their ids; one that was broken off goes on, or begins again.

    Nothing waits for it: the claim of an order that has no revision makes it.
    """

    def __init__(self, database: Database, batch: int = BATCH) -> None:
        self._database = database
        self._batch = batch
        self._since: UUID | None = UUID(int=0)

    def step(self) -> bool:
        """Look at some orders, and write what is missing; False once this process has seen them all.

        Raises:
            DatabaseError: The same orders are looked at next time.
        """
        if self._since is None:
            return False
        with self._database.system() as connection:
            ids = list(connection.execute(_NEXT, {"since": self._since, "batch": self._batch}).scalars())
            catch_up(connection, ids)
        self._since = ids[-1] if len(ids) == self._batch else None
        return self._since is not None
