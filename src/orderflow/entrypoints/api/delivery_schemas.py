"""Exports, attempts and timelines as they go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, model_validator

from orderflow.domain.states import AttemptStatus, ERPExportStatus, OrderAction, OrderStatus
from orderflow.entrypoints.api.actions import actions_for
from orderflow.entrypoints.api.connector_schemas import Problem
from orderflow.entrypoints.api.deps import Caller
from orderflow.entrypoints.api.schemas import In, Out, Page, Stored

WaitsFor = Literal[
    "ATTEMPT",
    "WORKER",
    "RETRY_TIME",
    "TARGET",
    "TARGET_RESTS",
    "ATTENTION",
    "CONNECTOR_DISABLED",
    "DELIVERIES_PAUSED",
    "DECISION",
]


class UnreadableAnswer(Out):
    """What the ERP answered and nobody understood; the file is put away."""

    file: str | None
    reason: str | None = Field(description="One sentence for a person")
    excerpt: str | None = Field(description="How it begins")
    read_at: datetime | None


class Export(Out):
    """One delivery of one order over one connector."""

    id: UUID
    draft_order_id: UUID
    external_order_number: str | None
    order_status: OrderStatus = Field(description="Of the order now; a FAILED delivery may have been retried since")
    connection_id: UUID
    connector_type: str
    connection_name: str | None
    status: ERPExportStatus
    waits_for: WaitsFor | None = Field(
        description="What a PENDING one waits for: ATTEMPT (under way), WORKER (due now), RETRY_TIME (see "
        "next_attempt_at), TARGET (the ERP is away), TARGET_RESTS (it is busy: see "
        "rests_until), ATTENTION (a person must mend the connector), "
        "CONNECTOR_DISABLED, DELIVERIES_PAUSED, DECISION (held in doubt: resolve it)"
    )
    overdue: bool = Field(description="The ERP should have answered by now")
    unreadable_answer: UnreadableAnswer | None = Field(description="The ERP's answer, if it could not be read")
    filename: str | None
    export_format_version: str | None
    document_sha256: str | None
    document_size: int | None = Field(description="Bytes")
    export_storage_key: str | None
    dropzone_path: str | None
    erp_order_id: str | None = Field(description="Only ever from the ERP itself")
    error: Problem | None
    connector_error: Problem | None = Field(description="What is wrong with the connector that it waits for")
    attempts_spent: int = Field(description="Attempts that count against the limit of retries")
    next_attempt_at: datetime
    rests_until: datetime | None = Field(description="Until then the connector sends nothing: the ERP is busy")
    last_begun_at: datetime | None = Field(description="When it was last sent, as far as that can have begun")
    inferred: bool = Field(description="The delivery was concluded, not seen")
    held_at: datetime | None
    staged_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    confirmed_by: str | None = Field(description="Who confirmed it by hand; null: the ERP did, or nobody has yet")
    created_at: datetime
    requested_by: str | None
    request_id: str | None
    actions: list[OrderAction] = Field(
        description="What the caller may do with its order as it stands; none once the order has a newer delivery"
    )


class ExportPage(Page[Export]):
    """Exports, newest first."""


class Attempt(Out):
    """One attempt at a delivery."""

    id: UUID
    draft_order_id: UUID
    external_order_number: str | None
    erp_export_id: UUID
    connection_id: UUID
    attempt_no: int = Field(description="Counts up per order and never restarts")
    connector_type: str
    status: AttemptStatus = Field(description="PENDING: under way; RETRYING: failed, another follows; FAILED: the last")
    error_message: str | None
    error_code: str | None
    idempotency_key: str
    retry_count: int
    latency_ms: int | None
    request_id: str | None
    created_at: datetime


class AttemptDetail(Attempt):
    """One attempt with what was asked and what was answered, secrets redacted, answers cut to 16 KiB."""

    request_json: Stored | None
    response_json: Stored | None


class AttemptPage(Page[Attempt]):
    """Attempts, newest first."""


class Resolution(In):
    """How a delivery in doubt had ended."""

    as_: Literal["delivered", "not_delivered", "send_again"] = Field(
        alias="as",
        description="After a look into the ERP: it has the order; it has not, and the delivery ends (the order is in "
        "ERROR and may be corrected); it has not, and the same document is to be sent again",
    )


class MoveBody(In):
    """What is to be moved where."""

    source: UUID = Field(alias="from", description="The connector that they wait for")
    target: UUID = Field(alias="to", description="An ACTIVE connector")
    ids: Annotated[list[UUID], Field(min_length=1, max_length=1_000)] | None = Field(None, description="Exports")
    all: bool = Field(False, description="All that wait for it")

    @model_validator(mode="after")
    def _one_way(self) -> MoveBody:
        if (self.ids is None) != self.all:
            raise ValueError("give either ids or all: true")
        return self


class Moved(Out):
    """What was moved. Under way, staged or in doubt: those stay, for they may have arrived."""

    moved: int
    not_moved: list[UUID] = Field(description="Those of the ids that stay where they are")


class Arrival(Out):
    """The order came in."""

    kind: Literal["arrival"]
    at: datetime
    created_by: str | None
    source_file_name: str | None


class Change(Out):
    """A row of the audit log."""

    kind: Literal["change"]
    at: datetime
    action: str = Field(examples=["DRAFT_APPROVED"])
    actor: str
    before: Stored | None
    after: Stored | None
    request_id: str | None


class PushRequest(Out):
    """A delivery was asked for."""

    kind: Literal["request"]
    at: datetime
    export_id: UUID
    connection_id: UUID
    connector_type: str
    connection_name: str | None
    requested_by: str | None
    request_id: str | None
    status: ERPExportStatus
    waits_for: WaitsFor | None
    error: Problem | None


class AttemptMade(Out):
    """An attempt at a delivery began."""

    kind: Literal["attempt"]
    at: datetime
    attempt: AttemptDetail


class Delivered(Out):
    """The document is at the ERP."""

    kind: Literal["delivered"]
    at: datetime
    export_id: UUID
    filename: str | None
    dropzone_path: str | None
    inferred: bool


class Answer(Out):
    """The ERP answered, or a person did in its place."""

    kind: Literal["answer"]
    at: datetime
    export_id: UUID
    status: ERPExportStatus
    erp_order_id: str | None
    confirmed_by: str | None = Field(description="Who confirmed it by hand; null: the ERP answered")
    error: Problem | None


Event = Annotated[Arrival | Change | PushRequest | AttemptMade | Delivered | Answer, Field(discriminator="kind")]


class Timeline(Out):
    """Everything that happened to an order, the oldest first."""

    items: list[Event]


def shown_export(row: Any, caller: Caller) -> dict[str, Any]:
    """Return an export as it goes out to `caller`."""
    actions = actions_for(caller, row["order_status"], row["delivery_is"])
    return {**row, "error": row["error_json"], "actions": actions}


def shown_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it goes out."""
    return {**event, "error": event.get("error_json")}
