"""Bulk jobs as people see them: how far each is, and what became of each of its orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from orderflow.domain.bulk import BulkAction, BulkOutcome, BulkStatus
from orderflow.domain.states import OrderStatus
from orderflow.flow.refusals import no_job
from orderflow.storage.views.conditions import equal
from orderflow.storage.views.problem import Problem
from orderflow.storage.views.view import Ask, Condition, NextCursor, Sql, Table, View, no_cursor

_JOBS = Table("j", "FROM bulk_job j LEFT JOIN erp_connection c ON c.id = j.connection_id")
_ORDERS = Table("b", "FROM bulk_job_order b LEFT JOIN draft_order o ON o.id = b.order_id")
_REASONS = """(SELECT COALESCE(jsonb_agg(r.value || jsonb_build_object('code', r.key)
                                         ORDER BY (r.value ->> 'orders')::int DESC, r.key), '[]')
               FROM jsonb_each(j.reasons) r)"""
_STATES = """CASE WHEN j.action = 'recall' THEN (
        SELECT COALESCE(jsonb_object_agg(n.status, n.orders), '{}') FROM (
            SELECT d.status, count(*) AS orders FROM bulk_job_order a JOIN draft_order d ON d.id = a.order_id
            WHERE a.job_id = j.id AND a.outcome = 'DONE' GROUP BY d.status) n) ELSE '{}' END"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkReason:
    """Why orders were refused."""

    code: str
    orders: int
    message: Annotated[str, Field(description="Of the first of them")]
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJob:
    """One action on many orders, and how far it is."""

    id: UUID
    action: BulkAction
    status: Annotated[
        BulkStatus, Field(description="RUNNING, also while it waits for a worker; ENDED: it is through; CANCELLED")
    ]
    total: Annotated[int, Field(description="Orders that were found when it began")]
    done: int
    waiting: Annotated[int, Field(description="Wait for a route, and go out by themselves once there is one")]
    refused: Annotated[int, Field(description="Their state forbids it; nothing was changed")]
    left: Annotated[int, Sql("j.total - j.done - j.waiting - j.refused"), Field(description="Nothing was done yet")]
    reasons: Annotated[list[BulkReason], Sql(_REASONS), Field(description="Why orders were refused, most first")]
    connection_id: UUID | None
    connection_name: Annotated[str | None, Sql("COALESCE(c.name, c.connector_type)")]
    chosen: Annotated[
        dict[str, Any],
        Sql("j.chosen - 'numbers'"),
        Field(description="Which orders were asked for: the filter, or how many ids"),
    ]
    requested_by: str
    created_at: datetime
    worked_at: Annotated[datetime | None, Field(description="When the last of its orders was done")]
    ended_at: datetime | None
    cancelled_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJobReport(BulkJob):
    """One job, and what came of it since."""

    order_states: Annotated[
        dict[OrderStatus, int],
        Sql(_STATES),
        Field(
            description="Of a recall, how many of the orders that were asked for or withdrawn stand where now: their "
            "ERPs may not have answered yet; empty for other actions"
        ),
    ]


@dataclass(frozen=True, slots=True)
class BulkJobPage:
    """Bulk jobs, newest first."""

    items: list[BulkJob]
    next_cursor: NextCursor = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJobResult:
    """What became of one order."""

    position: int
    order_id: UUID
    external_order_number: Annotated[str | None, Sql("o.external_order_number")]
    order_status: Annotated[
        OrderStatus | None, Sql("o.status"), Field(description="Now; null: there is no such order, or not any more")
    ]
    outcome: Annotated[BulkOutcome | None, Field(description="null: nothing yet, or it was cancelled before")]
    error: Annotated[Problem | None, Field(description="Why it was refused")]


@dataclass(frozen=True, slots=True)
class BulkResultPage:
    """Results in the order in which the job takes its orders: the oldest first."""

    items: list[BulkJobResult]
    next_cursor: NextCursor = None


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """Which results; what is not given does not matter."""

    job_id: UUID
    outcome: BulkOutcome | None = None
    error_code: str | None = None

    def conditions(self) -> Iterator[Condition]:
        """Yield what the filter asks for. What is refused is among what is not done: an index has only that."""
        yield "b.job_id = :job_id", {"job_id": self.job_id}
        outcome = self.outcome or (BulkOutcome.REFUSED if self.error_code else None)
        yield from equal("b.outcome", outcome)
        yield from equal("b.error ->> 'code'", self.error_code)
        if outcome is not None and outcome is not BulkOutcome.DONE:
            yield "b.outcome <> 'DONE'", {}


def find_jobs(view: View, status: BulkStatus | None, ask: Ask, updated_from: datetime | None = None) -> BulkJobPage:
    """Return a page of jobs, of those that went on since. Raises InputError for a cursor that is not of this list."""
    ask = ask.of(view, "bulk jobs", status, updated_from)
    return BulkJobPage(*_JOBS.page(view, BulkJob, _jobs(status, updated_from), ask))


def _jobs(status: BulkStatus | None, updated_from: datetime | None) -> Iterator[Condition]:
    yield from equal("j.status", status)
    if updated_from:
        yield "GREATEST(j.created_at, j.worked_at, j.ended_at) >= :updated_from", {"updated_from": updated_from}


def one_job(view: View, job_id: UUID) -> BulkJobReport:
    """Return one job. Raises NotFoundError."""
    found = view.one(
        BulkJobReport, f"{_JOBS.select(BulkJobReport)} WHERE j.id = :id AND j.org_id = :org_id", {"id": job_id}
    )
    if found is None:
        raise no_job(job_id)
    return found


def find_results(view: View, wanted: ResultFilter, ask: Ask) -> BulkResultPage:
    """Return a page of a job's results. Raises InputError for a cursor that is not of this list."""
    ask = ask.of(view, wanted)
    where, values = _ORDERS.where(wanted.conditions())
    values |= {"after": _position(ask), "limit": ask.limit + 1}
    query = f"{_ORDERS.select(BulkJobResult)} {where} AND b.position > :after ORDER BY b.position LIMIT :limit"
    rows = view.rows(BulkJobResult, query, values)
    shown = rows[: ask.limit]
    return BulkResultPage(shown, ask.next_cursor(shown[-1].position) if len(rows) > ask.limit else None)


def _position(ask: Ask) -> int:
    place = ask.place(1)
    if place is None:
        return -1
    if not (place[0].isdigit() and len(place[0]) < 10):
        raise no_cursor()
    return int(place[0])
