"""What is done to many orders, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, text

from orderflow.domain.bulk import BulkAction, BulkOutcome, BulkStatus
from orderflow.flow.ports import Actor, BulkJob, BulkProgress, BulkResult, BulkTurn
from orderflow.flow.refusals import no_job
from orderflow.storage.records import as_json, records
from orderflow.storage.tables.states import among
from orderflow.storage.views.view import Found, named

_RUNS = among([BulkStatus.RUNNING])
_RUNNING = text(f"SELECT count(*) FROM bulk_job WHERE org_id = :org_id AND {_RUNS}")  # noqa: S608  # a constant
_ADD = text("""
    INSERT INTO bulk_job (id, org_id, action, connection_id, reason, not_before, chosen, requested_by, role,
                          request_id, traceparent)
    VALUES (:id, :org_id, :action, :connection_id, :reason, :not_before, CAST(:chosen AS jsonb), :requested_by, :role,
            :request_id, :traceparent)
""")
_CHOOSE = """
    INSERT INTO bulk_job_order (job_id, position, org_id, order_id)
    SELECT :job_id, row_number() OVER (ORDER BY chosen.place, chosen.id) - 1, :job_org, chosen.id FROM ({}) chosen
"""
_NOTE_TOTAL = text("""
    UPDATE bulk_job SET total = :total, status = CASE WHEN :total = 0 THEN 'ENDED' ELSE 'RUNNING' END,
           ended_at = CASE WHEN :total = 0 THEN now() END
    WHERE id = :id
""")
_JOB = """
    SELECT id, action, connection_id, reason, not_before, chosen, requested_by, role, request_id, traceparent, status,
           total, done, waiting, refused, reasons
    FROM bulk_job WHERE id = :id
"""
_TAKE = text(f"{_JOB} AND {_RUNS} AND action = ANY(:known) FOR UPDATE SKIP LOCKED")
_NEXT = text("""
    SELECT order_id FROM bulk_job_order WHERE job_id = :id AND position >= :since ORDER BY position LIMIT :limit
""")
_NOTE_RESULTS = text("""
    UPDATE bulk_job_order o SET outcome = r.outcome, error = r.error
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) r(order_id uuid, outcome text, error jsonb)
    WHERE o.job_id = :id AND o.position >= :since AND o.position < :until AND o.order_id = r.order_id
""")
_NOTE_PROGRESS = text("""
    UPDATE bulk_job SET status = :status, done = :done, waiting = :waiting, refused = :refused,
           reasons = CAST(:reasons AS jsonb), worked_at = now(), ended_at = CASE WHEN :status = 'ENDED' THEN now() END
    WHERE id = :id
""")
_CANCEL = text(f"""
    UPDATE bulk_job SET status = '{BulkStatus.CANCELLED}', cancelled_by = :by, ended_at = now()
    WHERE id = :id AND {_RUNS} RETURNING id
""")  # noqa: S608  # built from constants


class SqlBulkJobs:
    """The bulk jobs of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def running(self) -> int:
        """Count the jobs that are."""
        return int(self._connection.execute(_RUNNING, {"org_id": self._org_id}).scalar_one())

    def add(self, job: BulkJob) -> None:
        """Insert a job, whose orders `choose` names in the same transaction."""
        values = {"id": job.id, "org_id": self._org_id, "action": job.action, "connection_id": job.connection_id}
        values |= {
            "reason": job.reason,
            "not_before": job.not_before,
            "chosen": as_json(_chosen(job)),
            "role": job.role,
        }
        values |= {"requested_by": job.actor.name, "request_id": job.actor.request_id}
        self._connection.execute(_ADD, values | {"traceparent": job.actor.traceparent})

    def choose(self, job_id: UUID, order_ids: Sequence[UUID]) -> int:
        """Keep these orders, each once, as those of the job; returns how many. A job of none has ended."""
        return self.choose_found(job_id, named(order_ids))

    def choose_found(self, job_id: UUID, found: Found) -> int:
        """Keep what a query finds now as the orders of the job, in one statement however many; else as `choose`."""
        values = {**found.values, "job_id": job_id, "job_org": self._org_id}
        total = self._connection.execute(text(_CHOOSE.format(found.query)), values).rowcount
        self._connection.execute(_NOTE_TOTAL, {"id": job_id, "total": total})
        return total

    def take(self, job_id: UUID, limit: int) -> BulkTurn | None:
        """Lock a running job and return its next orders; None if it is not running, or a worker is at it."""
        row = self._connection.execute(_TAKE, {"id": job_id, "known": list(BulkAction)}).mappings().first()
        if row is None:
            return None
        progress = _progress(row)
        since = {"id": job_id, "since": progress.total - progress.left, "limit": limit}
        return BulkTurn(_job(row), progress, list(self._connection.execute(_NEXT, since).scalars()))

    def note(self, turn: BulkTurn, results: Sequence[BulkResult]) -> bool:
        """Write down what became of a turn's orders; False if they were the last."""
        before, after = turn.progress, turn.progress.with_results(results)
        part = {"since": before.total - before.left, "until": after.total - after.left}
        self._connection.execute(_NOTE_RESULTS, {"id": turn.job.id, "rows": records(_rows(results))} | part)
        counts = {outcome.lower(): after.counts.get(outcome, 0) for outcome in BulkOutcome}
        noted = {"id": turn.job.id, "status": after.status, "reasons": as_json(after.reasons)}
        self._connection.execute(_NOTE_PROGRESS, noted | counts)
        return after.is_running

    def cancel(self, job_id: UUID, by: str) -> bool:
        """End a running job, after the batch that is in hand; False if it has ended."""
        return self._connection.execute(_CANCEL, {"id": job_id, "by": by}).first() is not None

    def progress(self, job_id: UUID) -> BulkProgress:
        """Return how far a job is. Raises NotFoundError."""
        row = self._connection.execute(text(_JOB), {"id": job_id}).mappings().first()
        if row is None:
            raise no_job(job_id)
        return _progress(row)


def _rows(results: Sequence[BulkResult]) -> Iterator[dict[str, Any]]:
    for one in results:
        error = one.error.as_json() if one.error else None
        yield {"order_id": one.order_id, "outcome": one.outcome, "error": error}


def _chosen(job: BulkJob) -> dict[str, Any]:
    """Return what was chosen with the numbers, which only who does the job reads."""
    numbers = {str(order_id): number for order_id, number in job.numbers.items()}
    return job.chosen | ({"numbers": numbers} if numbers else {})


def _job(row: RowMapping) -> BulkJob:
    actor = Actor(row["requested_by"], row["request_id"], row["traceparent"])
    chosen = dict(row["chosen"])
    numbers = {UUID(order_id): number for order_id, number in chosen.pop("numbers", {}).items()}
    said = (row["role"], row["connection_id"], row["reason"], row["not_before"], chosen, numbers)
    return BulkJob(row["id"], BulkAction(row["action"]), actor, *said)


def _progress(row: RowMapping) -> BulkProgress:
    counts = {outcome: row[outcome.lower()] for outcome in BulkOutcome}
    return BulkProgress(BulkStatus(row["status"]), row["total"], counts, row["reasons"])
