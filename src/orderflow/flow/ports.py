"""What the steps need from outside: a store of orders and exports, a store of documents, a way to wake a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.answer_details import Confirmation, Details
from orderflow.domain.answers import Verdict
from orderflow.domain.bulk import BulkAction, BulkOutcome, BulkStatus
from orderflow.domain.confirmations import Difference, confirmation
from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import Ack, Arrived, ExportResult, Lease, Waiting
from orderflow.domain.errors import ConnectorError, OrderFlowError
from orderflow.domain.ids import new_id
from orderflow.domain.opening_hours.hours import Period
from orderflow.domain.order_keys import Cancellation, KeyHolder
from orderflow.domain.orders import DraftOrder
from orderflow.domain.reach import OPERATOR, Place, Reach
from orderflow.domain.retry import RetryPolicy
from orderflow.domain.routing.router import Router
from orderflow.domain.states import (
    IN_DOUBT,
    AttemptStatus,
    BreakerState,
    ConnectionStatus,
    ERPExportStatus,
    Kind,
    OrderStatus,
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, for the audit log; `request_id` ties together all that one request caused.

    `traceparent` is the trace that the request belongs to, as W3C Trace Context writes it, if it is traced. Where
    connections lead that a `restricted` actor sets up, the operator's settings say.
    """

    name: str
    request_id: str | None = None
    traceparent: str | None = None
    restricted: bool = False


@dataclass(slots=True)
class Target:
    """A connection with its configuration open.

    Attributes:
        paused: All deliveries of its organization are.
        version: How often people have changed it.
        proven: An order was delivered with this configuration.
        commit_within: Seconds, as set for this connection; None: as its connector says.
        closed: It is outside of its opening hours.
        closed_until: When it opens, or opened last; None: it has no opening hours.
        open_for: Seconds since then; None: it has none.
        rests_for: Seconds for which it rests yet, because its target is busy.
        rest_told: The target was found busy, and has taken nothing since.
    """

    connection_id: UUID
    org_id: UUID
    connector_type: str
    config: dict[str, Any] = field(repr=False)
    in_doubt: str = "hold"
    commit_within: int | None = None
    status: ConnectionStatus = ConnectionStatus.ACTIVE
    breaker_state: BreakerState = BreakerState.CLOSED
    probe_failures: int = 0
    paused: bool = False
    orders_per_minute: int | None = None
    closed: bool = False
    closed_until: datetime | None = None
    open_for: float | None = None
    rests_for: float | None = None
    rest_told: bool = False
    reach: Reach = OPERATOR
    version: int = 1
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Crew:
    """The workers of one process, who share its sessions; `most` processes may be signed in to the target at a time."""

    process: UUID
    most: int


SESSION_LINGERS = 5.0
"""Seconds after a lane was left, until which a channel whose sessions are counted has closed an idle one."""


@dataclass(frozen=True, slots=True)
class ActiveConnection:
    """One that a push may go to."""

    id: UUID
    name: str | None
    connector_type: str
    is_default: bool


LONGEST_CHANCE = 3600
"""Seconds for which a connection has to have been open before anything is given up, where `give_up_after` is longer."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A connection's target is away: how many seconds an order may wait for it, and what is wrong."""

    give_up_after: int
    error: dict[str, Any] | None


@dataclass(slots=True)
class OpenTarget:
    """A target joined to its connector, and what the two can do together.

    Attributes:
        stages: Deliveries go in two steps with a commit between.
        expects_acks: The ERP answers over this connection.
        can_find: The ERP can be asked whether it has an order.
        idempotent: The ERP takes an order once, however often it is sent.
        numbered: Its documents are counted.
        processes: So many may be signed in at a time to deliver; None: all.
        kinds: What the ERP can be asked; no delivery of another kind is made for it.
        takes_back: A recall is done by the connector, and no document.
        commit_within: Seconds after the last attempt began from which "not there" is an answer.
    """

    target: Target
    connector: ERPConnectorPort
    stages: bool
    expects_acks: bool
    can_find: bool = False
    idempotent: bool = False
    numbered: bool = False
    processes: int | None = None
    kinds: frozenset[Kind] = frozenset({Kind.ORDER})
    takes_back: bool = False
    commit_within: float = 900.0


@dataclass(frozen=True, slots=True)
class Route:
    """Where the rules send an order.

    Attributes:
        version: Of the rules.
        decision: The rule, and the facts that it looked at; for people.
        fallback_id: Where it goes while that connection delivers nothing.
    """

    connection_id: UUID
    version: int
    decision: dict[str, Any]
    fallback_id: UUID | None = None


FIRST_VERSION = 1
"""Of rules; those that are saved first have the next one."""


@dataclass(frozen=True, slots=True)
class RouteSet:
    """The rules of an organization: as they were given, and ready to be asked. `FIRST_VERSION`: none ever were."""

    version: int
    given: list[dict[str, Any]]
    router: Router


@dataclass(frozen=True, slots=True)
class PushRequest:
    """Somebody asked for the push of an order that waits for a route."""

    order_id: UUID
    actor: Actor
    idempotency_key: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """A person does not want an order delivered yet, and why; `placed_at` is None until it is stored."""

    id: UUID
    draft_order_id: UUID
    reason: str
    placed_by: str
    placed_at: datetime | None = None


@dataclass(slots=True)
class Export:
    """An export as the steps and the entry points see it."""

    id: UUID
    draft_order_id: UUID
    connection_id: UUID
    status: ERPExportStatus
    created_at: datetime
    not_before: datetime | None = None
    kind: Kind = Kind.ORDER
    filename: str | None = None
    attempts_spent: int = 0
    lease_is_live: bool = False
    begun: bool = False
    staged: bool = False
    answered: bool = False
    held: bool = False
    erp_order_id: str | None = None
    error: dict[str, Any] | None = None
    route: Route | None = None
    """What the rules decided; None: the connection was named, there are no rules, or it is not asked for."""

    unreadable: dict[str, Any] | None = None
    """The ERP's answer that nobody understood: file, reason, excerpt, digest and read_at."""

    revision: int | None = None
    """Of the order, that it is made from; None: not yet known."""

    reason: str | None = None
    """Why the order is recalled."""

    @property
    def never_arrived(self) -> bool:
        """True if there is proof: the ERP said no, or it failed before anything was published."""
        return self.answered or not (self.begun or self.staged or self.held)

    @property
    def in_doubt(self) -> bool:
        """True if it may have arrived, and nobody knows."""
        return self.status in IN_DOUBT and not self.never_arrived


@dataclass(slots=True)
class Attempt:
    """One claimed export on its way through deliver and settle.

    Attributes:
        order: With `order.delivery` set: export, document, lease, what an earlier attempt left behind.
        stored: True if the document was built and stored by an earlier attempt.
        media_type, format_version: Those that the document was stored with.
        attempts_spent: Attempts that counted before this one.
        held: The export is held for a person, and asked about on.
        begun_ago: Seconds since the last attempt began that sent anything, when this one was claimed.
        doubt_age: Seconds since it first was unknown how an attempt ended, likewise.
        sent: It was handed to the connector to be sent, not only asked about.
        outcome: What the connector said; None until it did, and for ever if the lease was lost.
        ask_in: Seconds until "not there" is an answer; None if there was no such answer.
        latency_ms: From the start of the batch's delivery to this outcome.
    """

    export_id: UUID
    order: DraftOrder
    stored: bool
    attempts_spent: int
    requested_at: datetime
    request_id: str | None = None
    traceparent: str | None = None
    storage_key: str | None = None
    document_sha256: str | None = None
    filename: str | None = None
    media_type: str | None = None
    format_version: str | None = None
    log_id: UUID | None = None
    held: bool = False
    begun_ago: float | None = None
    doubt_age: float | None = None
    sent: bool = False
    outcome: ExportResult | ConnectorError | None = None
    ask_in: float | None = None
    latency_ms: int = 0


@dataclass(slots=True)
class Batch:
    """Some due exports of one connection, held under one lease."""

    to: OpenTarget
    lease: Lease
    attempts: list[Attempt]
    claimed_at: datetime = field(default_factory=clock.now)
    delivering_since: datetime | None = None
    publishing_since: datetime | None = None


@dataclass(slots=True)
class Settlement:
    """What becomes of one attempt, its export and its order; `hold` waits for a person, `asking` goes on asking."""

    attempt: Attempt
    export_status: ERPExportStatus
    log_status: AttemptStatus
    order_status: OrderStatus | None = None
    delay: float = 0.0
    spent: bool = False
    hold: bool = False
    asking: bool = False
    still_in_doubt: bool = False
    keep_lease: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the ERP said about an order's lines until now, and how that stands to what was ordered."""

    details: Details
    differences: tuple[Difference, ...]

    @property
    def confirmation(self) -> Confirmation:
        """What the differences amount to."""
        return confirmation(self.differences)


@dataclass(frozen=True, slots=True)
class DecidedAnswer:
    """A decided answer of the ERP, ready to be recorded.

    Attributes:
        confirmed: What it makes of what the ERP said about lines; None: it does not speak of them.
    """

    ack: Ack
    export: Export
    verdict: Verdict
    settle_first: bool = False
    reason: str | None = None
    confirmed: Confirmed | None = None


Reading = Verdict | Literal["unreadable", "unmatched"]
"""What became of something that came by itself."""


@dataclass(frozen=True, slots=True)
class Read:
    """What became of something that came by itself, as it was read last.

    Attributes:
        told: What a person should know of it.
        again_in: Seconds until it is read once more; None: it is done with, or waits for a person.
    """

    id: UUID
    verdict: Reading
    told: str | None = None
    again_in: float | None = None

    @property
    def keeps_content(self) -> bool:
        """True if it may be read once more, by itself or by a person."""
        return self.again_in is not None or self.verdict in ("unreadable", "unmatched", "misfit")


@dataclass(frozen=True, slots=True)
class BulkJob:
    """One action on many orders.

    Attributes:
        actor: Who asked for it, and in whose name it is done.
        role: The asker's role, by which it was allowed; None: whoever runs the installation asked.
        connection_id: Where to push or move.
        reason: Why orders are rejected, or on hold.
        not_before: What is pushed waits until then.
        chosen: Which orders were asked for; for people.
    """

    id: UUID
    action: BulkAction
    actor: Actor
    role: str | None = None
    connection_id: UUID | None = None
    reason: str | None = None
    not_before: datetime | None = None
    chosen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of one order of a bulk job; `connection_id`: a worker is to look at that connection."""

    order_id: UUID
    outcome: BulkOutcome = BulkOutcome.DONE
    error: OrderFlowError | None = None
    connection_id: UUID | None = None


Reasons = dict[str, dict[str, Any]]
"""Why orders were refused: by code, how many (`orders`), and `message` and `hint` of the first."""


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a bulk job is."""

    status: BulkStatus
    total: int
    counts: Mapping[BulkOutcome, int]
    reasons: Reasons

    @property
    def is_running(self) -> bool:
        """True until it is through, or was cancelled."""
        return self.status is BulkStatus.RUNNING

    @property
    def left(self) -> int:
        """How many orders nothing has become of."""
        return self.total - sum(self.counts.values())

    def with_results(self, results: Sequence[BulkResult]) -> BulkProgress:
        """Return how far it is with these results too."""
        counts, reasons = dict(self.counts), dict(self.reasons)
        for result in results:
            counts[result.outcome] = counts.get(result.outcome, 0) + 1
            if result.error is not None:
                first = {"orders": 0, "message": result.error.message, "hint": result.error.hint}
                known = reasons.get(result.error.code, first)
                reasons[result.error.code] = known | {"orders": known["orders"] + 1}
        further = BulkProgress(self.status, self.total, counts, reasons)
        return further if further.left else BulkProgress(BulkStatus.ENDED, self.total, counts, reasons)


@dataclass(frozen=True, slots=True)
class BulkTurn:
    """The next orders of a bulk job, which stays locked until the transaction ends."""

    job: BulkJob
    progress: BulkProgress
    order_ids: list[UUID]


class LockedError(Exception):
    """An order is not among those that its transaction holds, and nothing was changed.

    Only where a transaction named its orders beforehand, so as not to wait for one that another has locked. The step
    is to be taken once more, in a transaction that waits.
    """


class Orders(Protocol):
    """The orders of one organization."""

    def add_many(self, orders: Sequence[DraftOrder]) -> None:
        """Insert orders with their lines."""

    def get(self, order_id: UUID) -> DraftOrder:
        """Return the order with its lines, locked until the transaction ends. Raises NotFoundError."""

    def as_approved(self, order_id: UUID) -> DraftOrder:
        """Return the order as its deliveries are made from it: as it was approved, or as it is if it is not; locked.

        Raises:
            NotFoundError: There is no such order.
            RevisionChangedError: What is stored is not what was approved.
        """

    def as_sent(self, order_id: UUID, revision: int | None) -> DraftOrder | None:
        """Return the order as that revision of it has it, None: the last; None if that cannot be read any more.

        Raises:
            NotFoundError: There is no such order.
        """

    def accept_differences(self, order_id: UUID, by: str) -> bool:
        """Note who accepts what the ERP confirmed otherwise; False if there is nothing to accept."""

    def keep_revision(self, order_id: UUID, approved_at: datetime, approved_by: str) -> None:
        """Keep the order, which is locked, as it is now as its next revision."""

    def lock_status(self, order_id: UUID) -> OrderStatus:
        """Lock the order and return its state.

        Raises:
            NotFoundError: There is no such order.
            LockedError: The transaction holds orders, and this is none of them.
        """

    def set_status(self, order_id: UUID, status: OrderStatus, **columns: Any) -> None:
        """Change the state, and any further columns with it."""

    def get_many(self, order_ids: Sequence[UUID]) -> dict[UUID, DraftOrder]:
        """Return those of the orders that exist, with their lines, by id; none is locked."""

    def replace(self, order: DraftOrder) -> None:
        """Overwrite the order's content and lines."""

    def prioritize(self, order_id: UUID, minutes: int) -> int:
        """Change the head start of an order, which is locked, and of its waiting export; returns what it was."""


class OrderKeys(Protocol):
    """By what the orders of one organization are known when they come again (`domain.order_keys`)."""

    def take(self, orders: Sequence[DraftOrder]) -> dict[UUID, KeyHolder]:
        """Take the orders' keys; returns who has the key of each order that could not get it, by the order's id.

        Of several with one key the first gets it. Waits for a transaction that is about to take one of them.
        """

    def free(self, order_id: UUID) -> None:
        """Let another order have the key of this one."""

    def cancel(self, order: DraftOrder, cancellation_id: UUID, cancellation: Cancellation) -> KeyHolder | None:
        """Keep the key of an order that has not come for its cancellation; returns who has it, if somebody does."""

    def inherit(self, cancellation_id: UUID, order: DraftOrder) -> None:
        """Let an order that came have the key that was kept for its cancellation."""

    def note_content(self, order: DraftOrder) -> None:
        """Note that an order which has a key came in anew, saying what it says now."""


class Holds(Protocol):
    """The holds on the orders of one organization; who writes any has the order locked."""

    def of(self, order_id: UUID) -> list[Hold]:
        """Return the holds on an order, the oldest first."""

    def place(self, hold: Hold) -> None:
        """Store a hold. From now on a claim passes the order's export by, unless something of it may have been sent."""

    def release(self, order_id: UUID, hold_ids: Sequence[UUID]) -> bool:
        """Delete holds; with the last one gone the order's export is claimed again, in the place that it had.

        False, and nothing is changed, if somebody else has the export locked at this moment.
        """


class Exports(Protocol):
    """The exports of one organization; everything about leases is guarded by their token."""

    def add(self, export: Export, *, idempotency_key: str | None, actor: Actor) -> None:
        """Insert a PENDING export, due at once, or when it asks to be."""

    def get(self, export_id: UUID) -> Export:
        """Return and lock one export. Raises NotFoundError."""

    def latest(self, order_id: UUID) -> Export | None:
        """Return the newest export that asked the ERP to take the order."""

    def by_idempotency_key(self, order_id: UUID, key: str) -> Export | None:
        """Return the export that asked to take the order under `key` in the last 24 hours, or that is under way."""

    def revive(self, export_id: UUID, idempotency_key: str | None, not_before: datetime | None = None) -> None:
        """Make a FAILED export PENDING again, asked for under a key: same name, same bytes."""

    def withdraw(self, export_id: UUID) -> bool:
        """Delete a PENDING export of which no attempt began; False if one had."""

    def find(self, export_id: UUID) -> Export | None:
        """Return one export, without locking it; None if there is no such export."""

    def recall_of(self, order_id: UUID) -> Export | None:
        """Return the order's newest recall; not locked, since a worker that has it waits for the order."""

    def drop(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """End what was SENT and need not be answered any more; False if it is not SENT."""

    def confirm(self, export_id: UUID, by: str) -> bool:
        """Note who confirmed a SENT export in its ERP's place; False if it is not SENT."""

    def note_delivered(self, export_id: UUID) -> bool:
        """Note that an export in doubt had arrived; False if it is not in doubt, or a worker is at it."""

    def send_again(self, export_id: UUID) -> bool:
        """Make an export in doubt due, its doubt forgotten, name and bytes kept; False as for `note_delivered`."""

    def note_failed(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """Note that an export in doubt never arrived, and end it; False as for `note_delivered`."""

    def stop(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """End a PENDING export of which nothing was sent; False if something was, or a worker is at it."""

    def move(self, source: UUID, target: UUID, export_ids: Sequence[UUID] | None) -> Mapping[UUID, UUID]:
        """Move waiting exports of which nothing was sent to `target`; returns the order of each, by export."""

    def lease(
        self,
        connection_id: UUID,
        lease: Lease,
        seconds: float,
        limit: int,
        *,
        only: UUID | None = None,
        numbered: bool = False,
    ) -> list[Attempt]:
        """Take up to `limit` due exports of the connection, oldest first, under `lease`; or just the one named.

        Those of orders on hold are passed by, unless something of them may have been sent. Orders are as they were
        approved. Where that is lost, the attempt has its outcome already.

        Args:
            numbered: Each that has no document yet gets the connection's next control number, unless it has one.
        """

    def take_lane(self, connection_id: UUID, lease: Lease, seconds: float, most: int, crew: Crew | None = None) -> bool:
        """Take one of the connection's `most` lanes; False if others hold them all, or as many as may are signed in.

        Args:
            crew: Who takes it, where the target's sessions are counted.
        """

    def leave_lane(self, connection_id: UUID, lease: Lease) -> None:
        """Give the lane back; where sessions are counted, it is the process's own for as long as its session lasts."""

    def may_take(self, connection_id: UUID, wanted: int) -> int:
        """Return how many orders may be taken now, up to `wanted`; nobody else takes any until the transaction ends."""

    def note_taken(self, connection_id: UUID, orders: int) -> None:
        """Count orders that were taken against the orders per minute."""

    def begin(self, batch: Batch) -> None:
        """Note documents and a new attempt for each; drop those from the batch whose lease is lost.

        What is neither staged nor in doubt is noted as begun: nothing is asked before it is sent.
        """

    def mark_begun(self, lease: Lease, export_ids: Sequence[UUID]) -> set[UUID]:
        """Note which exports in doubt are about to be sent, and return them: not on hold, and held by `lease`."""

    def mark_staged(self, lease: Lease, paths: Mapping[UUID, str]) -> set[UUID]:
        """Note that files are staged; returns the ids of those that `lease` still holds."""

    def release(self, lease: Lease, export_ids: Sequence[UUID], delay: float, error: dict[str, Any]) -> None:
        """Give back exports whose attempt never began because of `error`, due again in `delay` seconds."""

    def settle(self, batch: Batch, settlements: Sequence[Settlement]) -> set[UUID]:
        """Write export, order and log for each, in bulk; returns the ids that `batch.lease` still held."""

    def waiting_for_longer(self, connection_id: UUID, seconds: int, limit: int) -> list[UUID]:
        """Lock exports of the connection of which nothing was sent and that were requested longer ago, oldest first.

        What others hold, or hold the order of, is passed by.
        """

    def give_up(self, export_ids: Sequence[UUID], error: dict[str, Any]) -> list[UUID]:
        """End exports of which nothing was sent, and their orders with them, in bulk; returns the orders."""

    def for_answers(self, export_ids: Sequence[UUID]) -> dict[UUID, tuple[Export, bool]]:
        """Lock exports and tell for each whether the ERP was asked to take the order by a newer one."""

    def confirmed(self, export_id: UUID) -> Confirmed | None:
        """Return what the ERP said about the lines of an export until now."""

    def record_answers(self, answers: Sequence[DecidedAnswer]) -> None:
        """Write decided answers to exports and orders, in bulk."""

    def note_unreadable(self, acks: Sequence[Ack]) -> list[Ack]:
        """Keep answers that cannot be read with their exports; returns those that are news."""

    def count_unreadable(self, connection_id: UUID) -> int:
        """Count the connection's open exports whose answer cannot be read."""


CHANGEABLE = frozenset(
    {
        "name",
        "in_doubt",
        "commit_within",
        "give_up_after",
        "answer_within",
        "received_within",
        "understood_within",
        "opening_hours",
        "orders_per_minute",
    }
)
"""What of a connection may be changed beside its configuration and its state."""


class Connections(Protocol):
    """The connections of one organization."""

    def active(self, connection_id: UUID | None, connector_type: str | None = None) -> Sequence[ActiveConnection]:
        """Return the connections that are ACTIVE, the default one first, then by age.

        Args:
            connection_id: None but this one.
            connector_type: None but those of this type.

        Raises:
            NotFoundError: There is no connection of this id.
        """

    def add(
        self,
        connection_id: UUID,
        connector_type: str,
        config: dict[str, Any],
        name: str | None,
        *,
        restricted: bool = False,
    ) -> None:
        """Insert a DISABLED connection; `restricted`: it is held to what the operator allows.

        Raises:
            StateError: Another one has this name, or there are as many, or as large ones, as there may be.
        """

    def type_of(self, connection_id: UUID) -> str:
        """Lock the connection and return its type. Raises NotFoundError."""

    def replace_config(self, connection_id: UUID, config: dict[str, Any], *, restricted: bool | None = None) -> None:
        """Overwrite the configuration, and whether it is held to what the operator allows, unless that is None.

        What proved the former one is forgotten.

        Raises:
            NotFoundError: There is no such connection.
        """

    def change(self, connection_id: UUID, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Overwrite name, policy or limits; returns what those that changed were.

        Raises:
            NotFoundError: There is no such connection.
            StateError: Another one has this name; or without one it would be the second of its type that is ACTIVE.
        """

    def opening_hours(self, connection_id: UUID) -> tuple[dict[str, Any] | None, datetime]:
        """Return when it is open, as it was saved, and the store's time; None: at all hours. Raises NotFoundError."""

    def note_open(
        self, connection_id: UUID, period: Period, lately: Sequence[tuple[datetime, datetime | None]] = ()
    ) -> None:
        """Note when it is open now or next; of one that is open now, since when stays as it was known.

        Args:
            lately: From when to when it was open, `period` included; empty: at all hours.

        Raises:
            NotFoundError: There is no such connection.
        """

    def delete(self, connection_id: UUID) -> bool:
        """Remove it; False if exports refer to it, so that its row stays. Raises NotFoundError, StateError."""

    def enable(self, connection_id: UUID) -> dict[str, Any]:
        """Make it ACTIVE, the default if it is the only one; returns its use before.

        Raises:
            NotFoundError: There is no such connection.
            StateError: It has no name, and nor has another ACTIVE one of its type.
        """

    def disable(self, connection_id: UUID) -> dict[str, Any]:
        """Make it DISABLED; returns its use, `{"status", "is_default"}`, before. Raises NotFoundError."""

    def make_default(self, connection_id: UUID) -> dict[str, Any]:
        """Make it the default instead of any other; returns its use before.

        Raises:
            NotFoundError: There is no such connection.
            StateError: It is not ACTIVE.
        """

    def open(self, connection_id: UUID) -> Target:
        """Return the connection with its configuration open. Raises NotFoundError, EncryptionError."""

    def disable_unreadable(self, connection_id: UUID, error: dict[str, Any]) -> bool:
        """Disable a connection whose configuration does not open; False if it is so already, or another may open it."""

    def connector_elsewhere(self, connector_type: str) -> bool:
        """Return whether another process that delivers has this connector."""

    def set_breaker(
        self, connection_id: UUID, state: BreakerState, error: dict[str, Any] | None, probe_in: float | None
    ) -> bool:
        """Change the breaker; True if its state is another one now."""

    def outage(self, connection_id: UUID) -> Outage | None:
        """Return the outage of an OPEN connection whose orders do not wait for ever; None of any other."""

    def rest(self, connection_id: UUID, seconds: float, error: dict[str, Any]) -> bool:
        """Let the connection rest; True if its target had taken something since it last did."""

    def end_rest(self, connection_id: UUID) -> None:
        """Note that the target takes orders again."""

    def lease_probe(self, connection_id: UUID, seconds: float) -> bool:
        """Take the right to probe an OPEN connection whose probe is due."""

    def note_test(self, connection_id: UUID, error: dict[str, Any] | None = None) -> None:
        """Note a test now: a good one, or what was wrong."""

    def note_certificate(self, connection_id: UUID, ends: datetime | None) -> None:
        """Note when the last certificate of its configuration ends."""

    def note_delivery(self, connection_id: UUID, version: int) -> None:
        """Note the first delivery with the configuration of this version."""

    def proof(self, connection_id: UUID) -> Mapping[str, Any]:
        """Return `last_test_at`, `test_error` and `delivered_at`. Raises NotFoundError."""

    def lease_poll(self, connection_id: UUID, token: UUID, seconds: float) -> bool:
        """Take, or with the same token extend, the right to poll the connection's answers."""

    def end_poll(self, connection_id: UUID, token: UUID, next_in: float, error: dict[str, Any] | None) -> None:
        """Give the right back; due again in `next_in` seconds."""

    def poll_now(self, connection_id: UUID) -> None:
        """Let the connection's answers be looked at, or what is told of them put right, at the next sweep."""

    def set_answer_token(self, connection_id: UUID, token_hash: bytes | None, prefix: str | None) -> None:
        """Keep what is known of the token with which answers may be sent here, in place of any former; None: of none.

        Raises:
            NotFoundError: There is no such connection.
        """


class Routes(Protocol):
    """The routing rules of one organization, and what waits for them."""

    def current(self) -> RouteSet:
        """Return the rules as they were last saved."""

    def lock(self) -> int:
        """Lock the rules and the connections until the transaction ends; returns the version of the rules."""

    def connection_ids(self) -> set[UUID]:
        """Return the connections that rules may name."""

    def save(self, given: Sequence[Mapping[str, Any]], by: str) -> int:
        """Save rules as a new version, and return that."""

    def states(self, connection_ids: Sequence[UUID]) -> Mapping[UUID, tuple[ConnectionStatus, BreakerState]]:
        """Return how connections are; those that are not there are left out."""

    def wait(self, request: PushRequest, reason: str) -> bool:
        """Note that an APPROVED order waits for a route, and why; False if it did so before."""

    def request_of(self, order_id: UUID) -> PushRequest | None:
        """Return the request of an order that waits for a route; None of any other."""

    def waiting(self, limit: int) -> list[PushRequest]:
        """Lock orders that wait for a route since before rules or connections were what they are now.

        What others have locked is passed by.
        """

    def outdated(self, limit: int) -> list[Export]:
        """Lock exports that earlier rules sent where they are, of which nothing was sent and no attempt is open."""

    def movable(self, order_id: UUID) -> Export | None:
        """Lock and return the order's export if nothing of it was sent and no attempt is open; else None."""

    def reroute(self, export_id: UUID, route: Route) -> None:
        """Note where a locked export goes now; its document is built anew if that is elsewhere."""

    def fall_back(self, limit: int) -> list[Export]:
        """Send exports that wait for a connection that delivers nothing to their fallback, if that one delivers.

        Only those of which nothing was sent and no attempt is open; their former connection is their fallback then.
        """


class BulkJobs(Protocol):
    """What is done to many orders of one organization."""

    def running(self) -> int:
        """Count the jobs that are."""

    def add(self, job: BulkJob) -> None:
        """Insert a job, whose orders `choose` names in the same transaction."""

    def choose(self, job_id: UUID, order_ids: Sequence[UUID]) -> int:
        """Keep these orders, each once, as those of the job; returns how many. A job of none has ended."""

    def take(self, job_id: UUID, limit: int) -> BulkTurn | None:
        """Lock a running job and return its next orders; None if it is not running, or a worker is at it."""

    def note(self, turn: BulkTurn, results: Sequence[BulkResult]) -> bool:
        """Write down what became of a turn's orders; False if they were the last."""

    def cancel(self, job_id: UUID, by: str) -> bool:
        """End a running job, after the batch that is in hand; False if it has ended."""

    def progress(self, job_id: UUID) -> BulkProgress:
        """Return how far a job is. Raises NotFoundError."""


class Inbound(Protocol):
    """What partners sent by themselves to one organization: kept before it is read."""

    def add(self, connection_id: UUID, item: Arrived, identity: str) -> bool:
        """Keep what came; False if it is here already, and nothing of it is to be read once more.

        Args:
            identity: What it is known by. One that is the sender's own (`item.message_id`) comes once; any other is
                read once more when it comes again, since it may be about another delivery by then.

        Raises:
            NotFoundError: There is no such connection.
            StateError: Something else came under the sender's `message_id`.
        """

    def kept_bytes(self) -> int:
        """Return how much of the organization's is kept to be read, or read once more."""

    def take(self, connection_id: UUID, limit: int, seconds: float) -> list[Arrived]:
        """Return what is due, the oldest first; nobody else takes it for `seconds`."""

    def note(self, items: Sequence[Read]) -> None:
        """Write down what became of each; what is not kept any more for a further look is emptied."""

    def read_again(self, connection_id: UUID, item_id: UUID) -> bool:
        """Make something due now; False if it is not there any more."""

    def put_aside(self, connection_id: UUID, item_id: UUID) -> None:
        """Let something be that nobody understood; it is told no more.

        Raises:
            NotFoundError: There is no such thing, or it was understood.
        """

    def count_unmatched(self, connection_id: UUID) -> int:
        """Count what belongs to no export of the connection, or says of none what it is."""


class Audit(Protocol):
    """The organization's audit log."""

    def add(
        self,
        action: str,
        actor: Actor,
        entity_type: str | None = None,
        entity_ids: Iterable[UUID | None] = (None,),
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Write one row per entity."""


class Work(Protocol):
    """One transaction in one organization; it commits when its `with` block ends well."""

    @property
    def org_id(self) -> UUID:
        """The organization."""

    @property
    def slug(self) -> str:
        """The organization's short name."""

    @property
    def orders(self) -> Orders:
        """Its orders."""

    @property
    def order_keys(self) -> OrderKeys:
        """What they are known by."""

    @property
    def holds(self) -> Holds:
        """The holds on them."""

    @property
    def exports(self) -> Exports:
        """Its exports."""

    @property
    def connections(self) -> Connections:
        """Its connections."""

    @property
    def routes(self) -> Routes:
        """Its routing rules."""

    @property
    def bulk_jobs(self) -> BulkJobs:
        """What is done to many orders."""

    @property
    def inbound(self) -> Inbound:
        """What came by itself."""

    @property
    def audit(self) -> Audit:
        """Its audit log."""

    def refuse_beside_older_release(self) -> None:
        """Raise StateError (OLDER_RELEASE) while a process is alive whose release knows orders alone."""


class Store(Protocol):
    """The database."""

    def work(self, org_id: UUID) -> AbstractContextManager[Work]:
        """Open a transaction in an organization."""

    def waiting(self, org_id: UUID, connection_id: UUID) -> Waiting:
        """Return the exports of a connection that its ERP may still answer, read as needed."""

    def extend_leases(self, org_id: UUID, tokens: Sequence[UUID], seconds: float) -> set[UUID]:
        """Extend leases, in a transaction of its own; returns the tokens that still hold something."""

    def wake(self, org_id: UUID, connection_id: UUID) -> None:
        """Tell workers to look at this connection. May be lost: the sweep looks anyway."""


class Documents(Protocol):
    """The object store."""

    def put_many(self, items: Sequence[tuple[str, bytes]]) -> None:
        """Store documents by key. Raises ObjectStoreError; safe to repeat."""

    def get(self, key: str) -> bytes:
        """Return one document. Raises ObjectStoreError; DocumentMissingError if there is none."""


class Keeper(Protocol):
    """Extends leases while work goes on."""

    def keep(self, org_id: UUID, lease: Lease) -> AbstractContextManager[None]:
        """Extend `lease` until the block ends."""


Observer = Callable[[Batch, Sequence[Settlement]], None]
"""Told of what was settled, after it was; must not raise."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything the steps work with; made once, in `bootstrap`."""

    store: Store
    documents: Documents
    connector: Callable[[str], ERPConnectorPort]
    keeper: Keeper
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease_seconds: float = 60.0
    batch_size: int = 256
    lanes: int = 3
    process: UUID = field(default_factory=new_id)
    poll_seconds: float = 60.0
    poll_lease_seconds: float = 120.0
    observers: list[Observer] = field(default_factory=list)
    withheld: frozenset[str] = frozenset()
    refusal: Callable[[Place, Reach], ConnectorError | None] = lambda *_: None
