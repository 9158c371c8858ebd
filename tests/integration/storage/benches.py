"""The store on PostgreSQL and the store in memory, each with the same few ways to furnish it and to look into it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import text

from orderflow.connectors.mock import MockConnector
from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import Lease
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.revisions import Revision
from orderflow.domain.states import FITTING, ERPExportStatus, OrderStatus
from orderflow.flow.ports import Actor, Attempt, Batch, Export, OpenTarget, Store
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from orderflow.testing.store_in_memory import MemoryStore
from tests.integration.conftest import an_order

ACTOR = Actor("test", "req-1")
EXPORT = (
    "status",
    "attempts_spent",
    "filename",
    "document_sha256",
    "media_type",
    "format_version",
    "storage_key",
    "staged_path",
    "inferred",
    "asking",
    "dropzone_path",
    "erp_order_id",
    "error_json",
    "confirmed_by",
    "connection_id",
    "lease_token",
)
MOMENTS = (
    "begun_at",
    "last_begun_at",
    "doubt_since",
    "staged_at",
    "held_at",
    "sent_at",
    "answered_at",
    "lease_until",
)
_COLUMN = {
    "media_type": "export_media_type",
    "format_version": "export_format_version",
    "storage_key": "export_storage_key",
}


class Bench(Protocol):
    """A store to be tested."""

    store: Store
    org_id: UUID

    def now(self) -> datetime:
        """Return the store's time."""

    def passes(self, seconds: float) -> None:
        """Let time pass."""

    def set(self, table: str, row_id: UUID, **columns: Any) -> None:
        """Write columns of a row, past all guards."""

    def columns(self, table: str, row_id: UUID) -> Mapping[str, Any] | None:
        """Return a row, or None."""

    def revisions(self, order_id: UUID) -> list[Revision]:
        """Return what was approved of an order, the first first."""

    def change_revisions(self, order_id: UUID) -> None:
        """Change the stored bytes of an order's revisions, as nobody may."""

    def attempts(self, export_id: UUID) -> list[tuple[int, str, str | None]]:
        """Return number, state and message of each attempt at an export."""

    def audit(self) -> list[tuple[str, UUID | None]]:
        """Return what was done to what."""


def order(bench: Bench, status: str = "PUSHING", **columns: Any) -> UUID:
    """Store an order."""
    stored = an_order()
    stored.org_id, stored.status, stored.created_at = bench.org_id, OrderStatus(status), bench.now()
    with bench.store.work(bench.org_id) as work:
        work.orders.add_many([stored])
    bench.set("draft_order", stored.id, status=stored.status, **columns)
    return stored.id


def connection(bench: Bench, kind: str = "MOCK", **columns: Any) -> UUID:
    """Store an ACTIVE connection."""
    connection_id = new_id()
    with bench.store.work(bench.org_id) as work:
        work.connections.add(connection_id, kind, {"delay_ms": 1}, None)
        work.connections.enable(connection_id)
    if columns:
        bench.set("erp_connection", connection_id, **columns)
    return connection_id


def export(
    bench: Bench, connection_id: UUID, status: str = "PENDING", *, of: UUID | None = None, **columns: Any
) -> UUID:
    """Store an export, by default of an order of its own that fits it."""
    order_id = of or order(bench, FITTING[ERPExportStatus(status)])
    made = Export(new_id(), order_id, connection_id, ERPExportStatus.PENDING, bench.now())
    with bench.store.work(bench.org_id) as work:
        work.exports.add(made, idempotency_key=columns.pop("idempotency_key", None), actor=ACTOR)
    bench.set("erp_export", made.id, status=status, **columns)
    return made.id


def doubt(bench: Bench) -> dict[str, Any]:
    """Return the columns of an export that may have arrived."""
    return {"begun_at": bench.now(), "held_at": bench.now()}


def leased(bench: Bench, seconds: float = 60) -> tuple[Lease, dict[str, Any]]:
    """Return a lease, and the columns of an export that is held under it."""
    lease = Lease(new_id(), seconds)
    return lease, {"lease_token": lease.token, "lease_until": bench.now() + timedelta(seconds=seconds)}


def claimed(
    bench: Bench,
    connection_id: UUID,
    limit: int = 10,
    *,
    seconds: float = 60,
    stages: bool = False,
    numbered: bool = False,
) -> Batch:
    """Lease what is due."""
    lease = Lease(new_id(), seconds)
    with bench.store.work(bench.org_id) as work:
        target = work.connections.open(connection_id)
        attempts = work.exports.lease(connection_id, lease, seconds, limit, numbered=numbered)
    return Batch(OpenTarget(target, _connector(), stages=stages, expects_acks=True), lease, attempts)


def begun(bench: Bench, connection_id: UUID, **options: Any) -> Batch:
    """Lease what is due, and begin an attempt at each."""
    batch = claimed(bench, connection_id, **options)
    with bench.store.work(bench.org_id) as work:
        work.exports.begin(batch)
    return batch


def batch_of(bench: Bench, connection_id: UUID, export_id: UUID, lease: Lease, order: DraftOrder) -> Batch:
    """Return a batch of one export that was claimed some time ago."""
    with bench.store.work(bench.org_id) as work:
        target = work.connections.open(connection_id)
    attempt = Attempt(export_id, order, stored=False, attempts_spent=0, requested_at=bench.now())
    return Batch(OpenTarget(target, _connector(), stages=False, expects_acks=True), lease, [attempt])


def seen(bench: Bench, export_id: UUID) -> dict[str, Any] | None:
    """Return an export as a test compares it: moments are only there or not."""
    row = bench.columns("erp_export", export_id)
    if row is None:
        return None
    return {name: row[name] for name in EXPORT} | {name: row[name] is not None for name in MOMENTS}


def everything(bench: Bench, *export_ids: UUID) -> list[Any]:
    """Return exports, their orders and attempts, to see whether anything changed."""
    rows = [bench.columns("erp_export", export_id) for export_id in export_ids]
    orders = [row and bench.columns("draft_order", row["draft_order_id"]) for row in rows]
    attempts = [bench.attempts(export_id) for export_id in export_ids]
    return [rows, orders, attempts, bench.audit()]


def _connector() -> ERPConnectorPort:
    return MockConnector()


class SqlBench:
    """The store on PostgreSQL; time passes as everything that is stored grows older."""

    def __init__(self, database: Database, org_id: UUID, store: SqlStore) -> None:
        self._database = database
        self.org_id = org_id
        self.store: Store = store

    def now(self) -> datetime:
        """Return the server's time."""
        return self._rows("SELECT clock_timestamp() AS now")[0]["now"]  # type: ignore[no-any-return]  # of a row

    def passes(self, seconds: float) -> None:
        """Make all that is stored older."""
        kinds = {"erp_export", "erp_connection", "erp_lane", "erp_push_log", "orders_taken", "inbound"}
        moments = self._rows(
            "SELECT table_name AS t, column_name AS c FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type = 'timestamp with time zone'"
        )
        for table in kinds:
            named = [row["c"] for row in moments if row["t"] == table]
            changes = ", ".join(f"{name} = {name} - make_interval(secs => :seconds)" for name in named)
            self._do(f"UPDATE {table} SET {changes}", {"seconds": seconds})

    def set(self, table: str, row_id: UUID, **columns: Any) -> None:
        """Write columns of a row."""
        if columns:
            changes = ", ".join(f"{_COLUMN.get(name, name)} = :{name}" for name in columns)
            values = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in columns.items()}
            self._do(f"UPDATE {table} SET {changes} WHERE id = :row_id", values | {"row_id": row_id})

    def columns(self, table: str, row_id: UUID) -> Mapping[str, Any] | None:
        """Return a row, by the names that the store in memory has."""
        rows = self._rows(f"SELECT * FROM {table} WHERE id = :id", id=row_id)
        ours = {name: mine for mine, name in _COLUMN.items()}
        return {ours.get(name, name): value for name, value in rows[0].items()} if rows else None

    def revisions(self, order_id: UUID) -> list[Revision]:
        """Return what was approved of an order, the first first."""
        query = "SELECT * FROM draft_order_revision WHERE draft_order_id = :id ORDER BY revision"
        names = ("revision", "content", "sha256", "made_at", "made_by")
        return [Revision(*(row[name] for name in names)) for row in self._rows(query, id=order_id)]

    def change_revisions(self, order_id: UUID) -> None:
        """Change the stored bytes of an order's revisions, as nobody may."""
        changed = "UPDATE draft_order_revision SET content = content || ' ' WHERE draft_order_id = :id"
        with self._database.system() as connection:
            connection.execute(text(changed), {"id": order_id})

    def attempts(self, export_id: UUID) -> list[tuple[int, str, str | None]]:
        """Return number, state and message of each attempt at an export."""
        query = "SELECT attempt_no, status, error_message FROM erp_push_log WHERE erp_export_id = :id ORDER BY 1"
        return [(row["attempt_no"], row["status"], row["error_message"]) for row in self._rows(query, id=export_id)]

    def audit(self) -> list[tuple[str, UUID | None]]:
        """Return what was done to what."""
        rows = self._rows("SELECT action, entity_id FROM audit_log ORDER BY created_at, id")
        return [(row["action"], row["entity_id"]) for row in rows]

    def _rows(self, query: str, **values: Any) -> Sequence[Mapping[Any, Any]]:
        with self._database.transaction(self.org_id) as connection:
            return connection.execute(text(query), values).mappings().all()

    def _do(self, statement: str, values: dict[str, Any]) -> None:
        with self._database.transaction(self.org_id) as connection:
            connection.execute(text(statement), values)


class SteppedClock:
    """Stands still until it is moved, as time does within a transaction of PostgreSQL."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 5, 8, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time; a moment passes between any two looks at it."""
        self._now += timedelta(microseconds=10)
        return self._now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


class MemoryBench:
    """The store in memory."""

    def __init__(self) -> None:
        self.org_id = new_id()
        self._clock = SteppedClock()
        store = MemoryStore(self.org_id, self._clock)
        self.store: Store = store
        self._tables = store.tables

    def now(self) -> datetime:
        """Return the store's time."""
        return self._clock.now()

    def passes(self, seconds: float) -> None:
        """Move the clock."""
        self._clock.move(seconds)

    def set(self, table: str, row_id: UUID, **columns: Any) -> None:
        """Write columns of a row."""
        if "status" in columns and table != "erp_connection":
            columns["status"] = (OrderStatus if table == "draft_order" else ERPExportStatus)(columns["status"])
        rows = self._named(table)
        rows[row_id] = replace(rows[row_id], **columns)

    def columns(self, table: str, row_id: UUID) -> Mapping[str, Any] | None:
        """Return a row, or None."""
        row = self._named(table).get(row_id)
        return row and {name: getattr(row, name) for name in row.__dataclass_fields__ if name != "content"}

    def revisions(self, order_id: UUID) -> list[Revision]:
        """Return what was approved of an order, the first first."""
        return [revision for (kept, _), revision in sorted(self._tables.revisions.items()) if kept == order_id]

    def change_revisions(self, order_id: UUID) -> None:
        """Change the stored bytes of an order's revisions, as nobody may."""
        for key, revision in self._tables.revisions.items():
            if key[0] == order_id:
                self._tables.revisions[key] = replace(revision, content=f"{revision.content} ")

    def attempts(self, export_id: UUID) -> list[tuple[int, str, str | None]]:
        """Return number, state and message of each attempt at an export."""
        return [(row.attempt_no, row.status, row.message) for row in self._tables.attempts_of(export_id)]

    def audit(self) -> list[tuple[str, UUID | None]]:
        """Return what was done to what."""
        return [(row["action"], row["entity_id"]) for row in self._tables.audit]

    def _named(self, table: str) -> dict[UUID, Any]:
        named: dict[str, dict[UUID, Any]] = {
            "draft_order": self._tables.orders,
            "erp_export": self._tables.exports,
            "erp_connection": self._tables.connections,
        }
        return named[table]
