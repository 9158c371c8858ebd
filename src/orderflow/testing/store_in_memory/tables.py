"""Rows as PostgreSQL would hold them. A row never changes: a change puts another one in its place.

So a transaction that fails is undone by putting the former dictionaries back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from orderflow.domain.answer_details import Confirmation
from orderflow.domain.delivery import Arrived
from orderflow.domain.order_keys import KeyHolder
from orderflow.domain.orders import DraftOrder
from orderflow.domain.revisions import Revision
from orderflow.domain.states import AttemptStatus, BreakerState, ConnectionStatus, ERPExportStatus, Kind, OrderStatus
from orderflow.flow.ports import BulkJob, BulkProgress, Confirmed, Hold, PushRequest


class Clock(Protocol):
    """The database's clock."""

    def now(self) -> datetime:
        """Return the time, UTC."""


class WallClock:
    """The real time."""

    def now(self) -> datetime:
        """Return the time, UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Waiter:
    """Why an order waits for a route, what rules and connections were when that was found, and who asked."""

    reason: str
    seen: object
    request: PushRequest


@dataclass(frozen=True)
class OrderRow:
    """An order: its content, and what the steps made of it."""

    content: DraftOrder
    status: OrderStatus
    attempts: int = 0
    erp_order_id: str | None = None
    erp_order_id_source: str | None = None
    error_json: dict[str, Any] | None = None
    approved_by: str | None = None
    approved_at: datetime | None = None
    waits: Waiter | None = None
    confirmation: Confirmation | None = None
    differences_accepted_by: str | None = None


@dataclass(frozen=True)
class ExportRow:
    """A delivery of an order."""

    id: UUID
    draft_order_id: UUID
    connection_id: UUID
    created_at: datetime
    next_attempt_at: datetime
    priority: int = 0
    not_before: datetime | None = None
    kind: Kind = Kind.ORDER
    reason: str | None = None
    follows: UUID | None = None
    status: ERPExportStatus = ERPExportStatus.PENDING
    revision: int | None = None
    filename: str | None = None
    storage_key: str | None = None
    document_sha256: str | None = None
    control_number: int | None = None
    media_type: str | None = None
    format_version: str | None = None
    attempts_spent: int = 0
    lease_token: UUID | None = None
    lease_until: datetime | None = None
    begun_at: datetime | None = None
    last_begun_at: datetime | None = None
    begun_to: str | None = None
    refusals: int = 0
    receipt_check: str | None = None
    doubt_since: datetime | None = None
    staged_at: datetime | None = None
    staged_path: str | None = None
    dropzone_path: str | None = None
    inferred: bool = False
    held_at: datetime | None = None
    asking: bool = False
    sent_at: datetime | None = None
    received_at: datetime | None = None
    understood_at: datetime | None = None
    answered_at: datetime | None = None
    confirmed_by: str | None = None
    erp_order_id: str | None = None
    error_json: dict[str, Any] | None = None
    unreadable_answer: dict[str, Any] | None = None
    idempotency_key: str | None = None
    request_digest: int | None = None
    request_id: str | None = None
    traceparent: str | None = None
    route: dict[str, Any] | None = None
    route_version: int | None = None
    fallback_id: UUID | None = None

    @property
    def perhaps_sent_at(self) -> datetime | None:
        """When it was last sent, as far as that may be: what was written last, whatever the clock was put back to."""
        published = self.lease_until if self.staged_at else None
        return published or self.last_begun_at or self.staged_at or self.begun_at or self.held_at

    @property
    def sent_again(self) -> bool:
        """Whether it may have been sent more than once since its doubt began."""
        return bool(self.doubt_since and self.last_begun_at and self.last_begun_at > self.doubt_since)

    @property
    def led_to(self) -> str | None:
        """Where it was sent, as a digest; None: that is not known, or it was staged."""
        return None if self.staged_path or self.last_begun_at is None else self.begun_to


@dataclass(frozen=True)
class AttemptRow:
    """An attempt in the push log."""

    id: UUID
    export_id: UUID
    draft_order_id: UUID
    attempt_no: int
    status: AttemptStatus = AttemptStatus.PENDING
    message: str | None = None
    outcome: Any = None


@dataclass(frozen=True)
class ConnectionRow:
    """A way into an ERP."""

    id: UUID
    connector_type: str
    config: dict[str, Any]
    created_at: datetime
    name: str | None = None
    status: ConnectionStatus = ConnectionStatus.DISABLED
    is_default: bool = False
    in_doubt: str = "hold"
    in_doubt_before: str | None = None
    change_by_recall: bool = False
    commit_within: int | None = None
    give_up_after: int | None = None
    answer_within: int | None = None
    received_within: int | None = None
    understood_within: int | None = None
    opening_hours: dict[str, Any] | None = None
    closed_until: datetime | None = None
    open_until: datetime | None = None
    orders_per_minute: int | None = None
    breaker_state: BreakerState = BreakerState.CLOSED
    breaker_error: dict[str, Any] | None = None
    probe_at: datetime | None = None
    probe_failures: int = 0
    rests_until: datetime | None = None
    rest_error: dict[str, Any] | None = None
    last_test_at: datetime | None = None
    next_poll_at: datetime | None = None
    poll_error: dict[str, Any] | None = None
    poll_lease_token: UUID | None = None
    poll_lease_until: datetime | None = None
    begun: dict[str, int] = field(default_factory=dict)
    answer_token_hash: bytes | None = None
    answer_token_prefix: str | None = None
    taken: tuple[tuple[datetime, int], ...] = ()
    restricted: bool = False
    version: int = 1
    test_error: dict[str, Any] | None = None
    delivered_at: datetime | None = None
    certificate_ends_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True)
class BulkRow:
    """A bulk job, how far it is, and its orders."""

    job: BulkJob
    progress: BulkProgress
    order_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class InboundRow:
    """What came by itself; `content` None: nobody needs it any more."""

    id: UUID
    connection_id: UUID
    identity: str
    item: Arrived
    received_at: datetime
    next_read_at: datetime | None
    content: bytes | None
    verdict: str | None = None
    told: str | None = None
    put_aside: bool = False
    begun: int = 0


@dataclass(frozen=True)
class LaneRow:
    """A lane that a worker holds; one that it has left, while its session may be open, has its process for a token."""

    token: UUID
    until: datetime
    process: UUID | None = None


Row = TypeVar("Row", OrderRow, ExportRow, AttemptRow, ConnectionRow, LaneRow)


def changed(row: Row, **columns: Any) -> Row:
    """Return another row that differs in these columns; `dataclasses.replace` for rows that change by the million."""
    made = object.__new__(type(row))
    made.__dict__.update(row.__dict__, **columns)
    if len(made.__dict__) != len(row.__dict__):
        raise TypeError(f"unknown columns: {sorted(columns.keys() - row.__dict__.keys())}")
    return made


@dataclass(slots=True)
class Tables:
    """All rows of one organization, by id."""

    org_id: UUID
    clock: Clock = field(default_factory=WallClock)
    orders: dict[UUID, OrderRow] = field(default_factory=dict)
    revisions: dict[tuple[UUID, int], Revision] = field(default_factory=dict)
    order_keys: dict[bytes, KeyHolder] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    confirmed: dict[UUID, tuple[UUID, Confirmed]] = field(default_factory=dict)
    exports: dict[UUID, ExportRow] = field(default_factory=dict)
    attempts: dict[UUID, AttemptRow] = field(default_factory=dict)
    connections: dict[UUID, ConnectionRow] = field(default_factory=dict)
    lanes: dict[tuple[UUID, int], LaneRow] = field(default_factory=dict)
    bulk_jobs: dict[UUID, BulkRow] = field(default_factory=dict)
    inbound: dict[UUID, InboundRow] = field(default_factory=dict)
    control_counters: dict[UUID, int] = field(default_factory=dict)
    route_sets: list[list[dict[str, Any]]] = field(default_factory=list)
    audit: list[dict[str, Any]] = field(default_factory=list)
    paused: bool = False
    older_process: str | None = None
    slug: str = "acme"

    def now(self) -> datetime:
        """Return the database's time."""
        return self.clock.now()

    def after(self, seconds: float) -> datetime:
        """Return the database's time in so many seconds."""
        return self.clock.now() + timedelta(seconds=seconds)

    def kept(self) -> tuple[Any, ...]:
        """Return what `put_back` needs to undo all changes from here on."""
        tables = (
            self.orders,
            self.order_keys,
            self.revisions,
            self.holds,
            self.confirmed,
            self.exports,
            self.attempts,
            self.connections,
            self.lanes,
            self.bulk_jobs,
            self.control_counters,
            self.inbound,
        )
        return (*(table.copy() for table in tables), self.route_sets, len(self.audit), self.paused)

    def put_back(self, kept: tuple[Any, ...]) -> None:
        """Undo all changes since `kept`."""
        *tables, self.route_sets, entries, self.paused = kept
        self.orders, self.order_keys, self.revisions, self.holds, self.confirmed, self.exports, *tables = tables
        self.attempts, self.connections, self.lanes, self.bulk_jobs, self.control_counters, self.inbound = tables
        del self.audit[entries:]

    def holds_of(self, order_id: UUID) -> list[Hold]:
        """Return the holds on an order, the oldest first."""
        return [hold for hold in self.holds.values() if hold.draft_order_id == order_id]

    def exports_of(self, order_id: UUID) -> list[ExportRow]:
        """Return the deliveries of an order, oldest first."""
        found = [row for row in self.exports.values() if row.draft_order_id == order_id]
        return sorted(found, key=lambda row: row.created_at)

    def attempts_of(self, export_id: UUID) -> list[AttemptRow]:
        """Return the attempts of a delivery, oldest first."""
        return [row for row in self.attempts.values() if row.export_id == export_id]
