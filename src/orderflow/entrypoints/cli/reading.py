"""What commands print of an organization: the views, with the names that scripts know from earlier releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from orderflow.domain.bulk import BulkOutcome, BulkStatus
from orderflow.flow.order.differences import FieldChange
from orderflow.flow.setup.proof import proof_of
from orderflow.storage.database import Database
from orderflow.storage.views import references
from orderflow.storage.views.audit import changes_of
from orderflow.storage.views.bulk_jobs import BulkJobResult, ResultFilter, find_jobs, find_results, one_job
from orderflow.storage.views.connections import ConnectionView, all_connections, one_connection
from orderflow.storage.views.deliveries import (
    AttemptFilter,
    Export,
    ExportFilter,
    WaitsFor,
    find_exports,
    find_whole_attempts,
    under_way,
)
from orderflow.storage.views.holds import Hold
from orderflow.storage.views.inbound import inbound_page
from orderflow.storage.views.needs import needs
from orderflow.storage.views.orders import OrderFilter, OrderSummary, find_orders, one_order
from orderflow.storage.views.revisions import ComparedRevision, compared_revisions, one_revision
from orderflow.storage.views.view import Ask, View, plain
from orderflow.storage.views.webhooks import all_webhooks, find_webhook_attempts

Row = dict[str, Any]
MOST = 50
"""Exports and attempts that are shown of one order; changes of it a hundred times as many."""


class Reading:
    """The view of one organization, in one transaction; rows are as `--json` prints them."""

    def __init__(self, view: View) -> None:
        self._view = view

    def orders(self, wanted: OrderFilter, limit: int) -> list[Row]:
        """Return orders, newest first."""
        return [_order(order) for order in find_orders(self._view, wanted, Ask(limit)).items]

    def webhooks(self) -> list[Row]:
        """Return every webhook, the oldest first."""
        return [plain(one) for one in all_webhooks(self._view).items]

    def webhook_attempts(self, webhook_id: UUID, limit: int, *, failed: bool | None) -> list[Row]:
        """Return attempts at a webhook, newest first. Raises NotFoundError."""
        return [plain(one) for one in find_webhook_attempts(self._view, webhook_id, Ask(limit), failed=failed).items]

    def order(self, order_id: UUID) -> Row:
        """Return one order with its lines, exports, attempts and history. Raises NotFoundError."""
        order = one_order(self._view, order_id)
        lines = [plain(line) | {"product_description": line.description} for line in order.lines]
        return _order(order) | {
            "org_id": self._view.org_id,
            "lines": lines,
            "confirmed": plain(order.confirmed) if order.confirmed else None,
            "exports": self.exports(ExportFilter(order_id=order_id), MOST),
            "attempts": self.attempts(AttemptFilter(order_id=order_id), MOST),
            "revisions": [_revision(one) for one in compared_revisions(self._view, order_id)],
            "history": [plain(change) for change in changes_of(self._view, [order_id], 100 * MOST)],
        }

    def revision(self, order_id: UUID, number: int) -> Row:
        """Return what was approved of an order once. Raises NotFoundError, RevisionChangedError."""
        return plain(one_revision(self._view, order_id, number))

    def needs(self) -> Row:
        """Return what needs a person, the most urgent first."""
        return plain(needs(self._view))

    def exports(self, wanted: ExportFilter, limit: int) -> list[Row]:
        """Return exports, newest first; `waits_for` says what keeps a PENDING one."""
        return [_export(export) for export in find_exports(self._view, wanted, Ask(limit)).items]

    def under_way(self, order_ids: Sequence[UUID]) -> int:
        """Return how many of the orders have a delivery that goes on by itself before long."""
        return under_way(self._view, order_ids)

    def attempts(self, wanted: AttemptFilter, limit: int) -> list[Row]:
        """Return rows of the push log, one per attempt, newest first."""
        return [plain(attempt) for attempt in find_whole_attempts(self._view, wanted, limit)]

    def connections(self) -> list[ConnectionView]:
        """Return every connection with its health, without its configuration."""
        return all_connections(self._view)

    def connection_rows(self) -> list[Row]:
        """Return every connection, and what proves that it works."""
        return [_connection(connection) for connection in self.connections()]

    def connection_row(self, connection_id: UUID) -> Row:
        """Return one connection. Raises NotFoundError."""
        return _connection(one_connection(self._view, connection_id))

    def arrived(self, connection_id: UUID, limit: int) -> list[Row]:
        """Return what came to a connection by itself, newest first."""
        return [plain(one) for one in inbound_page(self._view, connection_id, Ask(limit)).items]

    def order_ids(self, named: Iterable[str]) -> list[UUID]:
        """Return the ids of the orders named. Raises NotFoundError, StateError."""
        return references.order_ids(self._view, named)

    def connection_id(self, named: str) -> UUID:
        """Return the id of the connection named. Raises NotFoundError, StateError."""
        return references.connection_id(self._view, named)

    def bulk_jobs(self, status: BulkStatus | None, limit: int) -> list[Row]:
        """Return bulk jobs, newest first."""
        return [plain(job) for job in find_jobs(self._view, status, Ask(limit)).items]

    def bulk_job(self, job_id: UUID) -> Row:
        """Return one bulk job. Raises NotFoundError."""
        return plain(one_job(self._view, job_id))

    def bulk_results(self, wanted: ResultFilter, limit: int) -> list[BulkJobResult]:
        """Return what became of a bulk job's orders, the oldest order first."""
        return find_results(self._view, wanted, Ask(limit)).items

    def refused(self, job_id: UUID, limit: int) -> list[BulkJobResult]:
        """Return those that were refused."""
        return self.bulk_results(ResultFilter(job_id, BulkOutcome.REFUSED), limit)

    def status_counts(self, ids: Iterable[UUID] | None = None) -> dict[str, int]:
        """Return how many orders are in each state; of those named, or of all."""
        return references.status_counts(self._view, ids)


@contextmanager
def reading_in(database: Database, org_id: UUID) -> Iterator[Reading]:
    """Look at an organization, in one transaction."""
    with database.transaction(org_id) as connection:
        yield Reading(View(connection, org_id))


def _revision(revision: ComparedRevision) -> Row:
    return plain(revision) | {"changed": "; ".join(map(_told, revision.changes or ()))}


def _told(change: FieldChange) -> str:
    before, after = ("empty" if value is None else value for value in (change.before, change.after))
    return f"{'.'.join(change.path)}: {before} → {after}"


def _connection(connection: ConnectionView) -> Row:
    row = plain(connection)
    return row | {"proof": proof_of(row)}


def _order(order: OrderSummary) -> Row:
    source = order.source_document
    return plain(order) | {
        "erp_customer_number": order.customer.erp_customer_number,
        "customer_id": order.customer.id,
        "customer_name": order.customer.name,
        "on_hold": _kept_back(order.holds),
        "error_json": plain(order.error) if order.error else None,
        "source_document_id": source.document_id,
        "source_file_name": source.file_name,
        "source_sha256": source.sha256,
    }


def _kept_back(holds: Iterable[Hold]) -> str:
    """Return who placed holds, and why, for a person."""
    return "; ".join(f"{hold.reason} ({hold.placed_by})" for hold in holds)


def _export(export: Export) -> Row:
    row = plain(export)
    return row | {"error_json": row["error"], "reason": _reason(export)}


def _reason(export: Export) -> str | None:
    """Return what an export waits for and why, for a person."""
    if export.waits_for is None:
        return export.error.message if export.error else None
    if export.waits_for is WaitsFor.HOLD:
        return f"{export.waits_for}: {_kept_back(export.holds)}"
    asks_connector = export.waits_for in (WaitsFor.TARGET, WaitsFor.ATTENTION)
    error = export.connector_error if asks_connector else export.error
    when = f" until {export.waits_until.astimezone():%Y-%m-%d %H:%M:%S}" if export.waits_until else ""
    return f"{export.waits_for}{when}" + (f": {error.message}" if error and error.message else "")
