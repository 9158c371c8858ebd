"""Do orders, exports, log and documents agree? What is safe to put right is put right on request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from orderflow.domain.errors import DocumentMissingError, ObjectStoreError
from orderflow.domain.states import ERPExportStatus, OrderStatus
from orderflow.flow.delivery.recall import note_answer
from orderflow.flow.ports import Documents, Store, Work
from orderflow.flow.watch import Process, Processes, standing_still

MOST_DOCUMENTS = 10_000
"""Documents that are looked for in the store, the oldest first."""


@dataclass(slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: What kind of thing; stable.
        organization: Its slug; "" where it is about the whole installation.
        message: One sentence for a person.
        order_id, export_id: What it is about.
        repairable: It can be put right without risk that an order is lost or doubled.
        repaired: It was.
        remark: Worth knowing, and nothing that has to be done.
    """

    code: str
    organization: str
    message: str
    order_id: UUID | None = None
    export_id: UUID | None = None
    repairable: bool = False
    repaired: bool = False
    remark: bool = False


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """The stored document of an export that is not answered; `sent_nothing` if it may be built anew."""

    organization: str
    order_id: UUID
    export_id: UUID
    storage_key: str
    sent_nothing: bool


@dataclass(frozen=True, slots=True)
class EndedRecall:
    """A recall that has ended while its order is RECALLING: a process of an older release read the answer."""

    org_id: UUID
    finding: Finding


class Books(Protocol):
    """One look at all organizations, in one transaction."""

    def disagreements(self) -> list[Finding]:
        """Return where orders, exports and log contradict each other, and leases that nobody can hold."""

    def repair(self) -> int:
        """Put right what of these is safe; returns how many rows that were."""

    def ended_recalls(self) -> list[EndedRecall]:
        """Return the recalls that have ended, of orders that are RECALLING."""

    def attention(self) -> list[Finding]:
        """Return what waits for a person: overdue answers, doubtful deliveries, connections that stand, failures."""

    def open_documents(self, most: int) -> list[OpenDocument]:
        """Return the documents of unanswered exports, the oldest first."""

    def build_anew(self, export_ids: Iterable[UUID]) -> None:
        """Let the documents of exports of which nothing was sent be built again."""

    def hold_unsent(self, code: str, message: str) -> list[Finding]:
        """Hold every waiting export that is not staged; returns them, and what else may have gone out since."""


class BookKeeping(Protocol):
    """The database, across organizations."""

    def books(self) -> AbstractContextManager[Books]:
        """Open a transaction that sees every organization."""


def examine(keeping: BookKeeping, documents: Documents, *, repair: bool = False) -> list[Finding]:
    """Look through everything; with `repair`, put right what is safe.

    Raises:
        ObjectStoreError: The document store does not answer.
    """
    with keeping.books() as books:
        found = books.disagreements()
        if repair and any(finding.repairable for finding in found):
            books.repair()
            left = {(finding.code, finding.export_id, finding.order_id) for finding in books.disagreements()}
            for finding in found:
                finding.repaired = (finding.code, finding.export_id, finding.order_id) not in left
        found += books.attention()
        waiting = books.open_documents(MOST_DOCUMENTS)
    missing = list(_missing(documents, waiting))  # outside of the transaction: it may take a while
    if repair:
        ids = [finding.export_id for finding in missing if finding.repairable and finding.export_id]
        with keeping.books() as books:
            books.build_anew(ids)
        for finding in missing:
            finding.repaired = finding.repairable
    return found + missing


def ended_recalls(keeping: BookKeeping, store: Store, *, repair: bool = False) -> list[Finding]:
    """Look for recalls whose end moved no order; with `repair`, it does so now."""
    with keeping.books() as books:
        found = books.ended_recalls()
    for ended in found if repair else ():
        with store.work(ended.org_id) as work:
            ended.finding.repaired = _moves(work, ended.finding.export_id)
    return [ended.finding for ended in found]


def _moves(work: Work, export_id: UUID | None) -> bool:
    assert export_id is not None  # it is about one
    recall = work.exports.get(export_id)
    note_answer(work, recall, given_back=recall.status is ERPExportStatus.ACKED, error=recall.error)
    return work.orders.lock_status(recall.draft_order_id) is not OrderStatus.RECALLING


def after_restore(keeping: BookKeeping) -> list[Finding]:
    """Hold what may have been sent after the backup was made. To be run before any worker is started.

    What is staged goes on by itself: it is only ever renamed, and what is gone was published.
    """
    with keeping.books() as books:
        return books.hold_unsent("RESTORED", "A backup was restored: it may have been sent after the backup was made.")


def after_failover(keeping: BookKeeping) -> list[Finding]:
    """Hold what may have been sent and settled in commits that a promoted replica lacks. Before any worker is started.

    As after a restore, what is staged goes on by itself.
    """
    with keeping.books() as books:
        return books.hold_unsent("FAILED_OVER", "A replica took over: it may have been sent in what that lacks.")


def document_store(check: Callable[[], None]) -> list[Finding]:
    """Return what is wrong with the document store, as it is seen from here."""
    try:
        check()
    except ObjectStoreError as error:
        return [Finding(error.code, "", f"{error.message} {error.hint}")]
    return []


def in_trouble(processes: Processes, now: datetime) -> list[Finding]:
    """Return what the processes at work cannot do, and what of the installation stands still."""
    found = [
        Finding(trouble.code, "", f"{trouble.message} {trouble.hint}") for trouble in standing_still(processes, now)
    ]
    return (
        found
        + [
            Finding(trouble.code, "", f"{process.name}: {trouble.message} {trouble.hint}")
            for process in processes.alive()
            for trouble in process.troubles
        ]
        + [_older(process) for process in processes.alive() if process.kinds is None and process.kind != "beat"]
    )


def _older(process: Process) -> Finding:
    words = f"{process.name} is of an older release ({process.version}), and nothing is recalled beside it."
    return Finding("OLDER_RELEASE", "", words)


def _missing(documents: Documents, waiting: Iterable[OpenDocument]) -> Iterator[Finding]:
    for document in waiting:
        try:
            documents.get(document.storage_key)
        except DocumentMissingError:
            words = "it is built anew" if document.sent_nothing else "it was perhaps sent, so it is not built anew"
            yield Finding(
                "DOCUMENT_MISSING",
                document.organization,
                f"The document {document.storage_key} is not in the store; {words}.",
                document.order_id,
                document.export_id,
                repairable=document.sent_nothing,
            )
