"""The processes at work, as they tell of themselves. Runs as `orderflow_system`: they belong to no organization."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text

from orderflow.flow.watch import Process, Trouble
from orderflow.storage.database import Database
from orderflow.storage.records import as_json
from orderflow.storage.system.due import COULD_DELIVER
from orderflow.storage.tables.roles import ALIVE
from orderflow.storage.work.clock import open_for
from orderflow.storage.work.queue import due

_TELL = text("""
    INSERT INTO process (id, kind, host, pid, version, key_ids, connector_types, kinds, delivers, slots, troubles)
    VALUES (:id, :kind, :host, :pid, :version, :key_ids, :connector_types, :kinds, :delivers, :slots,
            CAST(:troubles AS jsonb))
    ON CONFLICT (id) DO UPDATE
    SET host = excluded.host, pid = excluded.pid, version = excluded.version, key_ids = excluded.key_ids,
        connector_types = excluded.connector_types, kinds = excluded.kinds, slots = excluded.slots,
        troubles = excluded.troubles, seen_at = now()
    WHERE :apart = 0 OR abs(extract(epoch FROM now() - process.seen_at)) >= :apart
    RETURNING id
""")
_FORGET = text("DELETE FROM process WHERE kind <> 'beat' AND abs(extract(epoch FROM now() - seen_at)) > 86400")
_LEAVE = text("DELETE FROM process WHERE id = :id")
_ALIVE = text(f"""
    SELECT id, kind, host, pid, version, key_ids, connector_types, kinds, delivers, slots, troubles, started_at, seen_at
    FROM process p WHERE {ALIVE} ORDER BY kind, host, pid
""")  # noqa: S608  # built from a constant
_WAITING_FOR = text(f"""
    SELECT count(*) FROM erp_connection c JOIN organization g ON g.id = c.org_id
    WHERE {COULD_DELIVER} AND {open_for(":seconds")}
      AND EXISTS (
        SELECT FROM erp_export e
        WHERE e.connection_id = c.id AND {due("e")} AND e.next_attempt_at < now() - make_interval(secs => :seconds))
""")  # noqa: S608  # built from constants
_SEALED_WITH = text("""
    SELECT key_id, count(*) FROM (
        SELECT key_id FROM erp_connection WHERE deleted_at IS NULL AND status = 'ACTIVE'
        UNION ALL SELECT key_id FROM webhook_endpoint WHERE status = 'ACTIVE') in_use
    GROUP BY key_id
""")


class SqlProcesses:
    """`flow.watch.Processes` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, process: Process, apart: float = 0.0) -> bool:
        """Note that it is there, and how it is, unless it was seen less than `apart` seconds ago.

        Returns whether it was noted. Raises DatabaseError.
        """
        row = {
            "id": process.id,
            "kind": process.kind,
            "host": process.host,
            "pid": process.pid,
            "version": process.version,
            "key_ids": list(process.key_ids),
            "connector_types": list(process.connector_types),
            "kinds": None if process.kinds is None else list(process.kinds),
            "delivers": process.delivers,
            "slots": process.slots,
            "apart": apart,
            "troubles": as_json([trouble.as_json() for trouble in process.troubles]),
        }
        with self._database.system() as connection:
            noted = connection.execute(_TELL, row).first() is not None
            if noted:
                connection.execute(_FORGET)
            return noted

    def leave(self, process_id: UUID) -> None:
        """Note that it ended in order. Raises DatabaseError."""
        with self._database.system() as connection:
            connection.execute(_LEAVE, {"id": process_id})

    def alive(self) -> list[Process]:
        """Return those that were seen within the last minute. Raises DatabaseError."""
        with self._database.system() as connection:
            return [_process(row) for row in connection.execute(_ALIVE).mappings()]

    def waiting_for(self, seconds: float) -> int:
        """Return how many connections that could deliver have an order due for so long. Raises DatabaseError."""
        with self._database.system() as connection:
            return int(connection.execute(_WAITING_FOR, {"seconds": seconds}).scalar_one())

    def sealed_with(self) -> dict[str | None, int]:
        """Return how many ACTIVE connections and webhooks each key sealed. Raises DatabaseError."""
        with self._database.system() as connection:
            return {row[0]: row[1] for row in connection.execute(_SEALED_WITH)}


def _process(row: Any) -> Process:
    troubles = [Trouble(**trouble) for trouble in row["troubles"]]
    return Process(**{**row, "troubles": troubles})
