"""Deliveries: what is due, what an attempt is and becomes, and what the ERP said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain import clock
from orderflow.domain.answer_details import Confirmation, Details
from orderflow.domain.answers import Verdict
from orderflow.domain.confirmations import Difference, confirmation
from orderflow.domain.delivery import Ack, ExportResult, Lease
from orderflow.domain.errors import ConnectorError, RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import IN_DOUBT, AttemptStatus, ERPExportStatus, Kind, OrderStatus
from orderflow.flow.ports.actors import Actor
from orderflow.flow.ports.connections import Crew, OpenTarget
from orderflow.flow.ports.orders import Route


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

    follows: UUID | None = None
    """The export that has to be decided before this one goes out."""

    changed_since: bool = False
    """A change of the order was asked for after this one."""

    perhaps_sent_at: datetime | None = None
    """When it was last sent, as far as that may be: another time is another doubt. None: never, or that is not read."""

    request_digest: int | None = None
    """Of the request that asked for it under a key, to tell it from another one; None: it was asked for otherwise."""

    @property
    def never_arrived(self) -> bool:
        """True if there is proof: the ERP said no, or it failed before anything was published."""
        return self.answered or not (self.begun or self.staged or self.held)

    @property
    def in_doubt(self) -> bool:
        """True if it may have arrived, and nobody knows."""
        return self.status in IN_DOUBT and not self.never_arrived

    @property
    def failed_for_sure(self) -> bool:
        """True if it ended, and the ERP does not have it."""
        return self.status is ERPExportStatus.FAILED and self.never_arrived


@dataclass(slots=True)
class Attempt:
    """One claimed export on its way through deliver and settle.

    Attributes:
        order: With `order.delivery` set: export, document, lease, what an earlier attempt left behind.
        stored: True if the document was built and stored by an earlier attempt.
        media_type, format_version: Those that the document was stored with.
        attempts_spent: Attempts that counted before this one.
        held: The export is held for a person, and asked about on.
        superseded: The order was changed since it was asked for: it is not sent any more, nor sent again.
        begun_ago: Seconds since the last attempt began that sent anything, when this one was claimed.
        begun_to: Where the connection led when the doubt began (`OpenTarget.destination`); None: not known.
        doubt_age: Seconds since it first was unknown how an attempt ended, likewise.
        sent: It was handed to the connector to be sent, not only asked about.
        outcome: What the connector said; None until it did, and for ever if the lease was lost.
        ask_in: Seconds until "not there" is an answer; None if there was no such answer.
        check: What a receipt that comes by itself has to name as the digest of the document; None: none does.
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
    superseded: bool = False
    begun_ago: float | None = None
    begun_to: str | None = None
    doubt_age: float | None = None
    sent: bool = False
    outcome: ExportResult | ConnectorError | None = None
    ask_in: float | None = None
    check: str | None = None
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

    @property
    def nothing_done(self) -> bool:
        """The target surely did nothing with the order in this attempt, nor refused it: as if it had never begun."""
        outcome = self.attempt.outcome
        refused = isinstance(outcome, RejectedError)
        return isinstance(outcome, ConnectorError) and not (self.still_in_doubt or refused)


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


class Exports(Protocol):
    """The exports of one organization; everything about leases is guarded by their token."""

    def add(self, export: Export, *, idempotency_key: str | None, actor: Actor) -> None:
        """Insert a PENDING export, due at once, or when it asks to be."""

    def get(self, export_id: UUID) -> Export:
        """Return and lock one export. Raises NotFoundError."""

    def latest(self, order_id: UUID) -> Export | None:
        """Return the newest export that told the ERP what the order says: that asked it to take it, or to change it."""

    def deliveries_of(self, order_id: UUID) -> list[Export]:
        """Return all of those, the newest first; not locked, since a worker that has one waits for the order."""

    def by_idempotency_key(self, order_id: UUID, key: str) -> Export | None:
        """Return the export that was asked for under `key` in the last 24 hours, or that is under way; no recall."""

    def revive(
        self,
        export_id: UUID,
        idempotency_key: str | None,
        not_before: datetime | None = None,
        digest: int | None = None,
    ) -> None:
        """Make a FAILED export PENDING again, asked for under a key by this request: same name, same bytes."""

    def hold_failed(self, export_id: UUID) -> None:
        """Make a FAILED export PENDING again that may have arrived, held until a person says whether it has."""

    def withdraw(self, export_id: UUID) -> bool:
        """Delete a PENDING export of which no attempt began; False if one had."""

    def find(self, export_id: UUID) -> Export | None:
        """Return one export, without locking it; None if there is no such export."""

    def recalls_of(self, order_id: UUID) -> list[Export]:
        """Return the order's recalls, newest first; not locked, since a worker that has one waits for the order."""

    def next_time(self, order_id: UUID) -> datetime:
        """Return the time, later than that of each export of an order.

        They are put in order by it, and other machines have clocks of their own.
        """

    def drop(self, export_id: UUID, error: dict[str, Any]) -> bool:
        """End what was SENT and need not be answered any more; False if it is not SENT."""

    def pin(self, export_id: UUID) -> None:
        """Say of an export of an older release which revision of its order it is made from; the order is locked."""

    def send_anew_after(self, export_id: UUID, recall_id: UUID) -> None:
        """Make of a change the delivery of the order as it is now, which waits for that recall."""

    def make_change_of(self, export_id: UUID, there: Export) -> bool:
        """Make a PENDING export a change of `there`, over its connection; False as for `stop`."""

    def take_over(self, export_id: UUID, by: str) -> bool:
        """Note who made a change in the ERP that this export asked for in vain; False if it has not FAILED for sure."""

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

        Those of orders on hold are passed by, unless something of them may have been sent; so are those that follow
        an undecided one. Orders are as they were approved. Where that is lost, the attempt has its outcome already.
        A change of what never arrived is an order from here on.

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

    def settle(self, batch: Batch, settlements: Sequence[Settlement]) -> Mapping[UUID, bool]:
        """Write export, order and log for each, in bulk.

        Returns:
            The ids that `batch.lease` still held, each with whether its order went along: one that a person edited
            meanwhile stays as they left it.
        """

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

    def awaits_answers(self, connection_id: UUID) -> bool:
        """Return whether an export of the connection is unanswered, or in doubt, so that an answer may decide it."""
