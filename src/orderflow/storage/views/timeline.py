"""Everything that happened to one order, from arrival to confirmation, oldest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from orderflow.domain.states import ERPExportStatus, Kind
from orderflow.flow.refusals import no_order
from orderflow.storage.views.audit import AuditEntry, changes_of
from orderflow.storage.views.deliveries import (
    AttemptDetail,
    AttemptFilter,
    Export,
    ExportFilter,
    WaitsFor,
    find_exports,
    find_whole_attempts,
)
from orderflow.storage.views.problem import Problem
from orderflow.storage.views.proofs import KeptProof, proofs_of
from orderflow.storage.views.revisions import Changes, ComparedRevision, compared_revisions
from orderflow.storage.views.view import Ask, Stored, View

MOST = 1_000
"""Exports, attempts and audit rows each; no order in its right mind has more."""

_ARRIVAL = text("""
    SELECT created_at, created_by, source_file_name FROM draft_order WHERE id = :order_id AND org_id = :org_id
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The order came in."""

    kind: Literal["arrival"]
    at: datetime
    created_by: str | None
    source_file_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A row of the audit log."""

    kind: Literal["change"]
    at: datetime
    action: Annotated[str, Field(examples=["DRAFT_APPROVED"])]
    actor: str
    before: Stored | None
    after: Stored | None
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """What the order said was approved, and is kept."""

    kind: Literal["revision"]
    at: datetime
    revision: int
    made_by: str | None
    sha256: str
    forgotten: bool
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """A delivery was asked for."""

    kind: Literal["request"]
    at: datetime
    export_id: UUID
    asks_for: Annotated[
        Kind, Field(description="What it asks of the ERP: to take the order, change it, or give it back")
    ]
    reason: str | None
    connection_id: UUID
    connector_type: str
    connection_name: str | None
    requested_by: str | None
    request_id: str | None
    status: ERPExportStatus
    waits_for: WaitsFor | None
    waits_until: datetime | None
    error: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptMade:
    """An attempt at a delivery began."""

    kind: Literal["attempt"]
    at: datetime
    attempt: AttemptDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The document is at the ERP."""

    kind: Literal["delivered"]
    at: datetime
    export_id: UUID
    asks_for: Kind
    filename: str | None
    dropzone_path: str | None
    inferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptKept:
    """A receipt came back for a delivery, as of AS2 (MDN): `GET /exports/{export_id}/proofs/{proof_id}/content`."""

    kind: Literal["receipt"]
    at: datetime
    export_id: UUID
    proof_id: Annotated[UUID, Field(description="By which the receipt is downloaded")]
    says: Annotated[str, Field(description="The partner's own words, as `processed`")]
    refused: Annotated[bool, Field(description="It says that nothing was done with the message")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The ERP answered, or a person did in its place."""

    kind: Literal["answer"]
    at: datetime
    export_id: UUID
    asks_for: Kind
    status: ERPExportStatus
    erp_order_id: str | None
    confirmed_by: Annotated[str | None, Field(description="Who confirmed it by hand; null: the ERP answered")]
    error: Problem | None


Event = Annotated[
    Arrival | Change | Revised | PushRequest | AttemptMade | ReceiptKept | Delivered | Answered,
    Field(discriminator="kind"),
]
_KINDS = ("arrival", "change", "revision", "request", "attempt", "receipt", "delivered", "answer")
"""In the order of what happened at the same moment."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that happened to an order, the oldest first."""

    items: list[Event]


def timeline(view: View, order_id: UUID) -> Timeline:
    """Return the events of one order. Raises NotFoundError."""
    events: list[Event] = [_arrival(view, order_id)]
    exports = find_exports(view, ExportFilter(order_id=order_id), Ask(MOST)).items
    attempts = find_whole_attempts(view, AttemptFilter(order_id=order_id), MOST)
    events += [_change(entry) for entry in changes_of(view, [order_id, *(export.id for export in exports)], MOST)]
    events += [_revised(revision) for revision in compared_revisions(view, order_id)]
    events += [AttemptMade(kind="attempt", at=attempt.created_at, attempt=attempt) for attempt in attempts]
    events += [event for export in exports for event in _of_export(export)]
    events += [_receipt(proof) for proof in proofs_of(view, *(export.id for export in exports))]
    return Timeline(sorted(events, key=lambda event: (event.at, _KINDS.index(event.kind))))


def _arrival(view: View, order_id: UUID) -> Arrival:
    row = view.connection.execute(_ARRIVAL, {"order_id": order_id, "org_id": view.org_id}).first()
    if row is None:
        raise no_order(order_id)
    return Arrival(kind="arrival", at=row.created_at, created_by=row.created_by, source_file_name=row.source_file_name)


def _change(entry: AuditEntry) -> Change:
    return Change(
        kind="change",
        at=entry.created_at,
        action=entry.action,
        actor=entry.actor,
        before=entry.before,
        after=entry.after,
        request_id=entry.request_id,
    )


def _revised(revision: ComparedRevision) -> Revised:
    return Revised(
        kind="revision",
        at=revision.made_at,
        revision=revision.revision,
        made_by=revision.made_by,
        sha256=revision.sha256,
        forgotten=revision.forgotten,
        changes=revision.changes,
    )


def _receipt(proof: KeptProof) -> ReceiptKept:
    return ReceiptKept(
        kind="receipt",
        at=proof.received_at,
        export_id=proof.export_id,
        proof_id=proof.id,
        says=proof.says,
        refused=proof.refused,
    )


def _of_export(export: Export) -> Iterator[Event]:
    yield PushRequest(
        kind="request",
        at=export.created_at,
        export_id=export.id,
        asks_for=export.kind,
        reason=export.reason,
        connection_id=export.connection_id,
        connector_type=export.connector_type,
        connection_name=export.connection_name,
        requested_by=export.requested_by,
        request_id=export.request_id,
        status=export.status,
        waits_for=export.waits_for,
        waits_until=export.waits_until,
        error=export.error,
    )
    if export.sent_at:
        yield Delivered(
            kind="delivered",
            at=export.sent_at,
            export_id=export.id,
            asks_for=export.kind,
            filename=export.filename,
            dropzone_path=export.dropzone_path,
            inferred=export.inferred,
        )
    if export.answered_at:
        yield Answered(
            kind="answer",
            at=export.answered_at,
            export_id=export.id,
            asks_for=export.kind,
            status=export.status,
            erp_order_id=export.erp_order_id,
            confirmed_by=export.confirmed_by,
            error=export.error,
        )
