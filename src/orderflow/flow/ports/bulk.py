"""What is done to many orders: a job, its turns and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.bulk import BulkAction, BulkOutcome, BulkStatus
from orderflow.domain.errors import OrderFlowError
from orderflow.flow.ports.actors import Actor


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
        numbers: Of a confirmation: the number that each order has in the ERP.
    """

    id: UUID
    action: BulkAction
    actor: Actor
    role: str | None = None
    connection_id: UUID | None = None
    reason: str | None = None
    not_before: datetime | None = None
    chosen: dict[str, Any] = field(default_factory=dict)
    numbers: Mapping[UUID, str] = field(default_factory=dict)


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
