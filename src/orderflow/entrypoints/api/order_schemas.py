"""Orders as they come in and go out: the same fields under the same names."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, WithJsonSchema, model_validator

from orderflow.domain.states import OrderAction, OrderStatus
from orderflow.entrypoints.api.connector_schemas import Problem
from orderflow.entrypoints.api.delivery_schemas import Export, UnreadableAnswer
from orderflow.entrypoints.api.schemas import VERSION, In, Moment, Name, Out, Page, Text

Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]


class Line(Out):
    """One line."""

    line_no: int
    internal_sku: str | None
    qty: Number | None
    uom: str | None
    unit_price: Number | None
    currency: str | None
    customer_sku_raw: str | None
    description: str | None
    requested_delivery_date: date | None
    line_notes: str | None


class Customer(Out):
    """Who ordered."""

    id: UUID | None
    erp_customer_number: str | None
    name: str | None


class SourceDocument(Out):
    """The document that the order was read from."""

    document_id: UUID | None
    file_name: str | None
    sha256: str | None


class OrderSummary(Out):
    """An order in a list."""

    id: UUID
    status: OrderStatus
    external_order_number: str | None
    order_date: date | None
    requested_delivery_date: date | None
    currency: str | None
    customer: Customer
    erp_order_id: str | None
    erp_order_id_source: Literal["filename", "file", "erp", "hand"] | None = Field(
        description="file: from an answer file; erp: from the ERP's API; filename: the file's name stands in for the "
        "number until the ERP gives it; hand: a person entered it; null: there is none, or it is from before `hand`"
    )
    attempts: int = Field(description="Delivery attempts, ever")
    error: Problem | None = Field(description="Why it is in ERROR")
    unreadable_answer: UnreadableAnswer | None = Field(description="The ERP's answer, if it could not be read")
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    version: int = VERSION
    actions: list[OrderAction] = Field(
        description="What the caller may do with it as it stands, by its state, by whether it may have arrived, and by "
        "the caller's role; empty while a worker is at its delivery"
    )


class Order(OrderSummary):
    """An order, whole."""

    notes: str | None
    ship_to: dict[str, Any] | None
    bill_to: dict[str, Any] | None
    lines: list[Line]
    source_document: SourceDocument
    missing: list[str] = Field(description="What it still needs to be READY, for a person")
    latest_export: Export | None
    confirmed_by: str | None = Field(description="Who confirmed it by hand; null: the ERP did, or nobody has yet")


class OrderPage(Page[OrderSummary]):
    """Orders, newest first."""


class OrderState(Out):
    """What became of an order."""

    id: UUID
    status: OrderStatus
    missing: list[str] = Field(default_factory=list, description="What it still needs to be READY, for a person")
    version: int = VERSION


class PushAccepted(Out):
    """A delivery was asked for; it happens by itself."""

    order_id: UUID
    export_id: UUID = Field(description="See /exports/{export_id}")
    connection_id: UUID
    status: str = Field(description="PENDING; another one if the Idempotency-Key was used before")


class PushBody(In):
    """Where to."""

    connection_id: UUID | None = Field(None, description="The organization's default connector if left out")


class RejectBody(In):
    """Why."""

    reason: Text | None = Field(None, examples=["Ordered twice"])


class ConfirmBody(In):
    """The number that the order has in the ERP."""

    erp_order_id: Name = Field(examples=["SO-2025-000123"])


class OrderFilterBody(In):
    """Which orders; what is left out does not matter."""

    status: list[OrderStatus] | None = Field(None, description="The state that the action starts from if left out")
    q: Text | None = None
    since: Moment | None = None
    until: Moment | None = Field(None, description="Exclusive")
    connection_id: UUID | None = None
    error_code: Text | None = None


class BulkBody(In):
    """One action on many orders: on those named, or on the 1,000 oldest that the filter finds."""

    action: Literal["approve", "push", "retry"]
    ids: Annotated[list[UUID], Field(min_length=1, max_length=1_000)] | None = None
    filter: OrderFilterBody | None = None
    connection_id: UUID | None = Field(None, description="Where to push; the default connector if left out")

    @model_validator(mode="after")
    def _one_way(self) -> BulkBody:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("give either ids or filter")
        return self


class BulkResult(Out):
    """What became of one order."""

    id: UUID
    ok: bool
    error: Problem | None = None


class BulkAnswer(Out):
    """What became of each."""

    results: list[BulkResult]
    succeeded: int
    more: bool = Field(description="The filter found more than 1,000: ask again")


class Destination(Out):
    """Where some of the orders would go."""

    connection_id: UUID
    connector_type: str
    connection_name: str | None
    orders: int
    bound: bool = Field(description="They may have arrived there before, so they can go nowhere else")
    stays: bool = Field(description="They would be refused: bound, and another connector is named, or it is DISABLED")


class BulkPreview(Out):
    """What an action would do. Nothing was done."""

    orders: int = Field(description="How many would go; those in another state than it starts from are left out")
    more: bool = Field(description="The filter found more than 1,000")
    destinations: list[Destination] = Field(description="Where they would go, most first; empty for `approve`")
