"""Orders: their lines, keys, revisions, holds, and what the ERP confirmed of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orderflow.domain.answer_details import Confirmation
from orderflow.domain.ids import new_id
from orderflow.domain.states import ENDED, OrderStatus
from orderflow.storage.tables.models.base import (
    BY_RANGE,
    NOW,
    VACUUM_BY_ROWS,
    VACUUM_EARLY,
    Base,
    Owned,
    by_error_code,
    one_of,
    version_column,
    within_org,
)
from orderflow.storage.tables.states import among, differs

QTY_DECIMALS, PRICE_DECIMALS = 3, 4
"""Of a line; what has more of them is rounded as it is written."""


class DraftOrderRow(Owned, Base):
    """An order; `attempts` counts delivery attempts and never restarts."""

    __tablename__ = "draft_order"
    __table_args__ = (
        one_of("status", "status", OrderStatus),
        Index("idx_draft_order_org_created", "org_id", "created_at"),
        Index("idx_draft_order_org_status", "org_id", "status", "created_at"),
        Index("idx_draft_order_number", "org_id", "external_order_number"),
        by_error_code("draft_order"),
        Index("idx_draft_order_ended", "updated_at", postgresql_where=text(among(ENDED))),
        Index("idx_draft_order_updated", "updated_at", **BY_RANGE),
        Index("idx_draft_order_import", "org_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        Index("idx_draft_order_waits", "org_id", "waits_seen", postgresql_where=text("waits_for IS NOT NULL")),
        PrimaryKeyConstraint("id", "org_id"),  # one key, by which an order is found, and to which others point
        one_of("confirmation", "confirmation", Confirmation),
        Index(
            "idx_draft_order_differs",
            "org_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text(differs()),
        ),
        {"postgresql_with": {**VACUUM_BY_ROWS, "fillfactor": "60"}},
    )
    id: Mapped[UUID] = mapped_column(default=new_id)
    status: Mapped[str]
    source: Mapped[str | None]
    external_order_number: Mapped[str | None]
    order_date: Mapped[date | None]
    currency: Mapped[str | None]
    requested_delivery_date: Mapped[date | None]
    earliest_delivery_date: Mapped[date | None]
    latest_delivery_date: Mapped[date | None]
    promised_delivery_date: Mapped[date | None]
    delivery_terms: Mapped[str | None]
    payment_terms: Mapped[str | None]
    notes: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    erp_customer_number: Mapped[str | None]
    customer_name: Mapped[str | None]
    ship_to: Mapped[dict[str, Any] | None]
    bill_to: Mapped[dict[str, Any] | None]
    buyer: Mapped[dict[str, Any] | None]
    seller: Mapped[dict[str, Any] | None]
    allowances: Mapped[list[Any] | None] = mapped_column(JSONB)  # `domain.revisions.adjustments`
    charges: Mapped[list[Any] | None] = mapped_column(JSONB)
    taxes: Mapped[list[Any] | None] = mapped_column(JSONB)
    contact: Mapped[dict[str, Any] | None]
    shipping: Mapped[dict[str, Any] | None]
    metadata_: Mapped[dict[str, Any] | None] = mapped_column(
        "metadata", JSONB
    )  # SQLAlchemy has a `metadata` of its own
    created_by: Mapped[str | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    erp_order_id: Mapped[str | None]
    erp_order_id_source: Mapped[str | None]
    source_document_id: Mapped[UUID | None]
    source_file_name: Mapped[str | None]
    source_sha256: Mapped[str | None]
    import_id: Mapped[UUID | None]  # of the file of orders that it came in with
    priority: Mapped[int | None]  # minutes of head start in the queue; none: 0
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    error_json: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None]  # of `error_json`, by a trigger
    amount: Mapped[Decimal | None] = mapped_column(
        Numeric
    )  # none: count it of the lines; a trigger forgets it with them
    named: Mapped[str | None]  # its names, written small, by a trigger; none: from before there was one
    push_requested_at: Mapped[datetime | None]  # of an APPROVED order that no rule sends anywhere yet
    push_request: Mapped[dict[str, Any] | None]  # who asked, and under which key
    waits_for: Mapped[str | None]  # why it waits: `domain.errors.NoRouteError.code`
    waits_seen: Mapped[str | None]  # what the rules and connections were when it was last looked at
    confirmation: Mapped[str | None]  # of a CONFIRMED order about whose lines the ERP spoke
    differences_accepted_at: Mapped[datetime | None]
    differences_accepted_by: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW, onupdate=NOW)
    version: Mapped[int] = version_column()


class DraftOrderLineRow(Base):
    """One line of an order."""

    __tablename__ = "draft_order_line"
    __table_args__ = (
        within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
        {"postgresql_with": VACUUM_EARLY},
    )
    id: Mapped[UUID] = mapped_column(default=new_id)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    draft_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    internal_sku: Mapped[str | None]
    qty: Mapped[Decimal | None] = mapped_column(Numeric(18, QTY_DECIMALS))
    uom: Mapped[str | None]
    unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, PRICE_DECIMALS))
    currency: Mapped[str | None]
    customer_sku_raw: Mapped[str | None]
    product_description: Mapped[str | None]
    requested_delivery_date: Mapped[date | None]
    line_notes: Mapped[str | None]
    gtin: Mapped[str | None]
    buyer_article_number: Mapped[str | None]
    seller_article_number: Mapped[str | None]
    earliest_delivery_date: Mapped[date | None]
    latest_delivery_date: Mapped[date | None]
    promised_delivery_date: Mapped[date | None]
    allowances: Mapped[list[Any] | None] = mapped_column(JSONB)
    charges: Mapped[list[Any] | None] = mapped_column(JSONB)
    taxes: Mapped[list[Any] | None] = mapped_column(JSONB)


class OrderKeyRow(Base):
    """What an order is known by when it comes again; stays when the order is deleted, as it ended long ago.

    A REJECTED order has none, nor has one from before there were keys, or one that was brought in beside another.
    """

    __tablename__ = "order_key"
    __table_args__ = (Index("idx_order_key_order", "order_id"), {"postgresql_with": VACUUM_EARLY})
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    key_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    content_sha256: Mapped[bytes]
    cancelled_by: Mapped[str | None]  # set: the order has not come, and was cancelled before; `order_id` is none's
    cancel_reason: Mapped[str | None]


class DraftOrderRevisionRow(Base):
    """What was approved of an order, never changed (`domain.revisions`); `content` is null once it was forgotten."""

    __tablename__ = "draft_order_revision"
    __table_args__ = (
        within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
        {"postgresql_with": VACUUM_EARLY},
    )
    draft_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    content: Mapped[str | None]
    sha256: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str | None]


class OrderHold(Base):
    """A person does not want an order delivered until they, or an ADMIN, release it."""

    __tablename__ = "order_hold"
    __table_args__ = (
        within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
        Index("idx_order_hold_order", "draft_order_id"),
        Index("idx_order_hold_org", "org_id", "draft_order_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    draft_order_id: Mapped[UUID]
    reason: Mapped[str]
    placed_by: Mapped[str]
    placed_at: Mapped[datetime] = mapped_column(server_default=NOW)


class DraftOrderConfirmation(Base):
    """What the ERP said about the lines of an order until now, and what of it is not as ordered.

    `details` and `differences` are `domain.answer_details.Details` and `domain.confirmations.Difference` as JSON.
    """

    __tablename__ = "draft_order_confirmation"
    __table_args__ = (
        within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
        Index("idx_draft_order_confirmation_export", "export_id"),
        {"postgresql_with": VACUUM_EARLY},
    )
    draft_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    export_id: Mapped[UUID]  # no foreign key, so that old orders can be deleted quickly
    details: Mapped[dict[str, Any]]
    differences: Mapped[list[Any]] = mapped_column(JSONB)
    answered_at: Mapped[datetime]
