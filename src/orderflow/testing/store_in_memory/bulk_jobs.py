"""`flow.ports.BulkJobs` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from orderflow.domain.bulk import BulkStatus
from orderflow.flow.ports import BulkJob, BulkProgress, BulkResult, BulkTurn
from orderflow.flow.refusals import no_job
from orderflow.testing.store_in_memory.tables import BulkRow, Tables


class MemoryBulkJobs:
    """What is done to many orders of one organization."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def running(self) -> int:
        """Count the jobs that are."""
        return sum(row.progress.is_running for row in self._tables.bulk_jobs.values())

    def add(self, job: BulkJob) -> None:
        """Insert a job, whose orders `choose` names in the same transaction."""
        self._tables.bulk_jobs[job.id] = BulkRow(job, BulkProgress(BulkStatus.RUNNING, 0, {}, {}))

    def choose(self, job_id: UUID, order_ids: Sequence[UUID]) -> int:
        """Keep these orders, each once, as those of the job; returns how many. A job of none has ended."""
        chosen = tuple(dict.fromkeys(order_ids))
        progress = BulkProgress(BulkStatus.RUNNING if chosen else BulkStatus.ENDED, len(chosen), {}, {})
        self._tables.bulk_jobs[job_id] = replace(self._row(job_id), progress=progress, order_ids=chosen)
        return len(chosen)

    def take(self, job_id: UUID, limit: int) -> BulkTurn | None:
        """Return a running job and its next orders; None if it is not running."""
        row = self._tables.bulk_jobs.get(job_id)
        if row is None or not row.progress.is_running:
            return None
        since = row.progress.total - row.progress.left
        return BulkTurn(row.job, row.progress, list(row.order_ids[since : since + limit]))

    def note(self, turn: BulkTurn, results: Sequence[BulkResult]) -> bool:
        """Write down what became of a turn's orders; False if they were the last."""
        progress = turn.progress.with_results(results)
        self._tables.bulk_jobs[turn.job.id] = replace(self._row(turn.job.id), progress=progress)
        return progress.is_running

    def cancel(self, job_id: UUID, by: str) -> bool:
        """End a running job; False if it has ended."""
        row = self._row(job_id)
        if row.progress.is_running:
            cancelled = replace(row.progress, status=BulkStatus.CANCELLED)
            self._tables.bulk_jobs[job_id] = replace(row, progress=cancelled)
        return row.progress.is_running

    def progress(self, job_id: UUID) -> BulkProgress:
        """Return how far a job is. Raises NotFoundError."""
        return self._row(job_id).progress

    def _row(self, job_id: UUID) -> BulkRow:
        if job_id not in self._tables.bulk_jobs:
            raise no_job(job_id)
        return self._tables.bulk_jobs[job_id]
