"""The tables. Every one but `organization` carries `org_id` and is protected by row-level security."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZMULTIRANGE
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from orderflow.domain.access import Role
from orderflow.domain.answer_details import Confirmation
from orderflow.domain.bulk import BulkStatus
from orderflow.domain.ids import new_id
from orderflow.domain.states import (
    ENDED,
    AttemptStatus,
    BreakerState,
    ConnectionStatus,
    DoubtPolicy,
    ERPExportStatus,
    ExportStep,
    Kind,
    OrderStatus,
)
from orderflow.storage.tables.states import among, differs, listed, may, quoted

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What all tables share: names of constraints, and how Python types are stored."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        bytes: LargeBinary(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }


def _one_of(name: str, column: str, values: Iterable[str]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN {listed(values)}", name=name)


def _within_org(column: str, table: str, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Return the key of a column that names a row of another table, of the same organization."""
    return ForeignKeyConstraint(["org_id", column], [f"{table}.org_id", f"{table}.id"], ondelete=ondelete)


MOST_INBOUND = 16 * 1024 * 1024
"""Bytes of one message that came by itself; most ways in take less."""

_now = func.now()
_VACUUM_BY_ROWS = {  # hot tables are vacuumed by rows changed, not by share of a table that only grows
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "5000",
    "autovacuum_analyze_scale_factor": "0.01",
}
_VACUUM_EARLY = {  # large tables of rows that stay as they are: by default a fifth of them has to be new, or dead
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_insert_scale_factor": "0.02",
    "autovacuum_analyze_scale_factor": "0.01",
}
_VACUUM_SMALL = {  # a few rows that change all the time: every claim reads them, so that dead ones cost most here
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "200",
}


def _state(beginning: StrEnum) -> Mapped[str]:
    """Return the column of a state."""
    return mapped_column(default=beginning.value, server_default=text(quoted(beginning)))


def _version() -> Mapped[int]:
    """Return the column that counts what people changed, so that nobody overwrites what they have not seen."""
    return mapped_column(default=1, server_default=text("1"))


class Organization(Base):
    """A tenant. `deliveries_paused_at` set and `deliveries_paused_until` not passed: nothing is delivered."""

    __tablename__ = "organization"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    deliveries_paused_at: Mapped[datetime | None]
    deliveries_paused_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_now)
    version: Mapped[int] = _version()


class _Owned:
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=_now)


class AppUser(_Owned, Base):
    """A person who signs in; `password_hash` is Argon2id.

    `failed_logins` and `locked_until` were the lock-out of releases that have no `sign_in_source`.
    """

    __tablename__ = "app_user"
    __table_args__ = (
        _one_of("role", "role", Role),
        Index("uq_app_user_email", text("lower(email)"), unique=True),
        Index("idx_app_user_org", "org_id"),
        Index("uq_app_user_in_org", "org_id", "id", unique=True),
    )
    email: Mapped[str]
    name: Mapped[str | None]
    password_hash: Mapped[str]
    role: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    failed_logins: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    locked_until: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    tokens_valid_from: Mapped[datetime] = mapped_column(server_default=_now)
    version: Mapped[int] = _version()


class EndedSession(Base):
    """A session that was signed out of before its token expired; `id` is the token's."""

    __tablename__ = "ended_session"
    __table_args__ = (_within_org("user_id", "app_user"), Index("idx_ended_session_user", "user_id", "expires_at"))
    id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    user_id: Mapped[UUID]
    expires_at: Mapped[datetime]


class SignInSource(Base):
    """How sign-ins to an account went from one place; of no organization, for most that is tried is no account.

    `account` is the SHA-256 of the address in small letters.
    """

    __tablename__ = "sign_in_source"
    __table_args__ = (Index("idx_sign_in_source_failed", "failed_at"),)
    account: Mapped[bytes] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    failed_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]


class ApiKey(_Owned, Base):
    """A program's key, of which only the SHA-256 is kept; `prefix` is for people to tell keys apart.

    It ends with its user and does no more than that user may. One without a user is from before keys had one.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        _one_of("role", "role", Role),
        Index("uq_api_key_hash", "key_hash", unique=True),
        _within_org("user_id", "app_user"),
        Index("idx_api_key_org", "org_id"),
    )
    name: Mapped[str]
    role: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[bytes]
    created_by: Mapped[str | None]
    user_id: Mapped[UUID | None]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditLog(_Owned, Base):
    """Who changed what, with before and after; secrets never."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("idx_audit_log_org", "org_id", text("created_at DESC"), text("id DESC")),
        Index("idx_audit_log_entity", "org_id", "entity_id", text("created_at DESC")),
        Index("idx_audit_log_action", "org_id", "action", text("created_at DESC"), text("id DESC")),
        Index("idx_audit_log_actor", "org_id", "actor", text("created_at DESC"), text("id DESC")),
        Index(
            "idx_audit_log_entity_type",
            "org_id",
            "entity_type",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("entity_type <> 'draft_order'"),
        ),
        # Pruned by age. What tells of an order goes with the order.
        Index("idx_audit_log_other", "created_at", postgresql_where=text("entity_type IS DISTINCT FROM 'draft_order'")),
        {"postgresql_with": _VACUUM_EARLY},
    )
    actor: Mapped[str]
    action: Mapped[str]
    entity_type: Mapped[str | None]
    entity_id: Mapped[UUID | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]


class DraftOrderRow(_Owned, Base):
    """An order; `attempts` counts delivery attempts and never restarts."""

    __tablename__ = "draft_order"
    __table_args__ = (
        _one_of("status", "status", OrderStatus),
        Index("idx_draft_order_org_created", "org_id", text("created_at DESC"), text("id DESC")),
        Index("idx_draft_order_org_status", "org_id", "status", text("created_at DESC"), text("id DESC")),
        Index("idx_draft_order_number", "org_id", "external_order_number"),
        Index(
            "idx_draft_order_error",
            "org_id",
            text("(error_json ->> 'code')"),
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("error_json IS NOT NULL"),
        ),
        Index("idx_draft_order_ended", "updated_at", postgresql_where=text(among(ENDED))),
        Index("idx_draft_order_waits", "org_id", "waits_seen", postgresql_where=text("waits_for IS NOT NULL")),
        Index("uq_draft_order_in_org", "org_id", "id", unique=True),
        _one_of("confirmation", "confirmation", Confirmation),
        Index(
            "idx_draft_order_differs",
            "org_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text(differs()),
        ),
        {"postgresql_with": {**_VACUUM_BY_ROWS, "fillfactor": "60"}},
    )
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
    created_by: Mapped[str | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    erp_order_id: Mapped[str | None]
    erp_order_id_source: Mapped[str | None]
    source_document_id: Mapped[UUID | None]
    source_file_name: Mapped[str | None]
    source_sha256: Mapped[str | None]
    priority: Mapped[int | None]  # minutes of head start in the queue; none: 0
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    error_json: Mapped[dict[str, Any] | None]
    push_requested_at: Mapped[datetime | None]  # of an APPROVED order that no rule sends anywhere yet
    push_request: Mapped[dict[str, Any] | None]  # who asked, and under which key
    waits_for: Mapped[str | None]  # why it waits: `domain.errors.NoRouteError.code`
    waits_seen: Mapped[str | None]  # what the rules and connections were when it was last looked at
    confirmation: Mapped[str | None]  # of a CONFIRMED order about whose lines the ERP spoke
    differences_accepted_at: Mapped[datetime | None]
    differences_accepted_by: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=_now, onupdate=_now)
    version: Mapped[int] = _version()


class OrderKeyRow(Base):
    """What an order is known by when it comes again; stays when the order is deleted, as it ended long ago.

    A REJECTED order has none, nor has one from before there were keys, or one that was brought in beside another.
    """

    __tablename__ = "order_key"
    __table_args__ = (Index("idx_order_key_order", "order_id"), {"postgresql_with": _VACUUM_EARLY})
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    key_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    content_sha256: Mapped[bytes]
    cancelled_by: Mapped[str | None]  # set: the order has not come, and was cancelled before; `order_id` is none's
    cancel_reason: Mapped[str | None]


class KeptAnswer(Base):
    """What was answered to a request with an `Idempotency-Key`, for a day; `busy_until` set: its step is under way.

    `id` is what the step under way writes with: one that died, and was taken by another request, writes nothing more.
    """

    __tablename__ = "kept_answer"
    __table_args__ = (
        Index("uq_kept_answer_key", "org_id", "caller", "key", unique=True),
        Index("idx_kept_answer_created", "created_at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    caller: Mapped[str]
    key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=_now)
    busy_until: Mapped[datetime | None]
    request_sha256: Mapped[bytes | None]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]


class KeptAnswerPart(Base):
    """A part of such an answer's body; the answer to an import may be long."""

    __tablename__ = "kept_answer_part"
    answer_id: Mapped[UUID] = mapped_column(ForeignKey("kept_answer.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    content: Mapped[bytes]


class DraftOrderLineRow(Base):
    """One line of an order."""

    __tablename__ = "draft_order_line"
    __table_args__ = (
        UniqueConstraint("draft_order_id", "line_no", name="uq_draft_order_line_no"),
        {"postgresql_with": _VACUUM_EARLY},
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    draft_order_id: Mapped[UUID] = mapped_column(ForeignKey("draft_order.id", ondelete="CASCADE"))
    line_no: Mapped[int]
    internal_sku: Mapped[str | None]
    qty: Mapped[Decimal | None] = mapped_column(Numeric(18, 3))
    uom: Mapped[str | None]
    unit_price: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
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


class DraftOrderRevisionRow(Base):
    """What was approved of an order, never changed (`domain.revisions`); `content` is null once it was forgotten."""

    __tablename__ = "draft_order_revision"
    __table_args__ = (
        _within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
        {"postgresql_with": _VACUUM_EARLY},
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
        _within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
        Index("idx_order_hold_order", "draft_order_id"),
        Index("idx_order_hold_org", "org_id", "draft_order_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    draft_order_id: Mapped[UUID]
    reason: Mapped[str]
    placed_by: Mapped[str]
    placed_at: Mapped[datetime] = mapped_column(server_default=_now)


class DeliveryProof(Base):
    """What a partner signed about a delivery, as it came: a receipt of AS2."""

    __tablename__ = "delivery_proof"
    __table_args__ = (
        _within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
        Index("idx_delivery_proof_export", "export_id", "received_at"),
        Index("idx_delivery_proof_order", "draft_order_id"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    draft_order_id: Mapped[UUID]
    export_id: Mapped[UUID]  # no foreign key, so that old orders can be deleted quickly
    message_id: Mapped[str]
    says: Mapped[str]
    refused: Mapped[bool]
    content: Mapped[bytes]
    received_at: Mapped[datetime] = mapped_column(server_default=_now)


class DraftOrderConfirmation(Base):
    """What the ERP said about the lines of an order until now, and what of it is not as ordered.

    `details` and `differences` are `domain.answer_details.Details` and `domain.confirmations.Difference` as JSON.
    """

    __tablename__ = "draft_order_confirmation"
    __table_args__ = (
        _within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
        Index("idx_draft_order_confirmation_export", "export_id"),
        {"postgresql_with": _VACUUM_EARLY},
    )
    draft_order_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    export_id: Mapped[UUID]  # no foreign key, so that old orders can be deleted quickly
    details: Mapped[dict[str, Any]]
    differences: Mapped[list[Any]] = mapped_column(JSONB)
    answered_at: Mapped[datetime]


class ERPConnection(_Owned, Base):
    """One way into one ERP: its encrypted configuration and its health.

    `config_encrypted` made by the plain `EncryptionService.encrypt_config` is bound to this row when it is
    flushed; `config()` opens it. The first ACTIVE connection of an organization becomes its default.
    """

    __tablename__ = "erp_connection"
    __table_args__ = (
        _one_of("status", "status", ConnectionStatus),
        _one_of("breaker", "breaker_state", BreakerState),
        _one_of("in_doubt", "in_doubt", (DoubtPolicy.RESEND, DoubtPolicy.HOLD)),
        CheckConstraint("commit_within >= 0", name="commit_within"),
        Index(
            "uq_active_connector",
            "org_id",
            "connector_type",
            unique=True,
            postgresql_where=text(f"{among([ConnectionStatus.ACTIVE])} AND name IS NULL"),
        ),
        Index(
            "uq_erp_connection_name",
            "org_id",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("uq_erp_connection_in_org", "org_id", "id", unique=True),
        Index("uq_default_connection", "org_id", unique=True, postgresql_where=text("is_default")),
        Index("idx_erp_connection_org", "org_id", "status"),
        {"postgresql_with": {"fillfactor": "50", **_VACUUM_SMALL}},
    )
    name: Mapped[str | None]
    connector_type: Mapped[str]
    config_encrypted: Mapped[bytes]
    key_id: Mapped[str | None]
    status: Mapped[str] = _state(ConnectionStatus.ACTIVE)
    is_default: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    in_doubt: Mapped[str] = _state(DoubtPolicy.HOLD)
    in_doubt_before: Mapped[str | None]  # what it was before an upgrade made it `hold`, until a person chooses
    commit_within: Mapped[int | None]  # seconds; none: as its connector says
    give_up_after: Mapped[int | None]  # seconds; none: wait for an unavailable target for ever
    answer_within: Mapped[int | None]  # seconds; a sent order unanswered for longer is alerted
    received_within: Mapped[int | None]  # seconds; likewise for one whose receipt has not come back
    understood_within: Mapped[int | None]  # seconds; likewise for one that nobody has said to have read
    opening_hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # none: open at all hours
    closed_until: Mapped[datetime | None]  # when the open time began that is now, or begins that comes next
    open_until: Mapped[datetime | None]  # when that ends; past: it is closed until somebody has looked what comes next
    open_times: Mapped[Any | None] = mapped_column(TSTZMULTIRANGE)  # lately, up to then; none: at all hours
    hours_seen_at: Mapped[datetime | None]  # when all three were last worked out
    orders_per_minute: Mapped[int | None]
    rate_since: Mapped[datetime | None]  # with `rate_used` the count of releases that have no `orders_taken`
    rate_used: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    last_test_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=_now, onupdate=_now)
    version: Mapped[int] = _version()

    breaker_state: Mapped[str] = _state(BreakerState.CLOSED)
    breaker_since: Mapped[datetime | None]
    breaker_error: Mapped[dict[str, Any] | None]
    probe_at: Mapped[datetime | None]
    probe_failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    rests_until: Mapped[datetime | None]  # the target is busy, and asked for a pause
    rest_error: Mapped[dict[str, Any] | None]  # why; kept until it has taken something again
    next_poll_at: Mapped[datetime | None]
    poll_lease_until: Mapped[datetime | None]
    poll_lease_token: Mapped[UUID | None]
    poll_error: Mapped[dict[str, Any] | None]
    poll_failing_since: Mapped[datetime | None]

    answer_token_hash: Mapped[bytes | None]  # SHA-256 of the token with which the ERP may send its answers itself
    answer_token_prefix: Mapped[str | None]
    answer_token_at: Mapped[datetime | None]
    certificate_ends_at: Mapped[datetime | None]  # after which its configuration has none left that deliveries need

    restricted: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    test_error: Mapped[dict[str, Any] | None]
    delivered_at: Mapped[datetime | None]

    def config(self) -> dict[str, Any]:
        """Open and return the configuration.

        Raises:
            EncryptionError: It does not open with any key at hand.
        """
        from orderflow.storage.tables.sealing import open_config  # sealing.py listens to this model's events

        return open_config(self)


class ERPLane(Base):
    """One of the few workers that may deliver over a connection at a time, on all machines together.

    `process` is whose worker it is, where the target's sessions are counted; and `lease_token` too, once it has left.
    """

    __tablename__ = "erp_lane"
    __table_args__ = (
        _within_org("connection_id", "erp_connection", ondelete="CASCADE"),
        {"postgresql_with": {"fillfactor": "50", **_VACUUM_SMALL}},
    )
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    lane: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    lease_token: Mapped[UUID]
    lease_until: Mapped[datetime]
    process: Mapped[UUID | None]


class ControlCounter(Base):
    """How far the documents of a connection were counted; no number is given twice, so it never goes back."""

    __tablename__ = "control_counter"
    __table_args__ = (
        _within_org("connection_id", "erp_connection", ondelete="CASCADE"),
        {"postgresql_with": {"fillfactor": "50", **_VACUUM_SMALL}},
    )
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    last: Mapped[int] = mapped_column(BigInteger)


class OrdersTaken(Base):
    """How many orders a claim took over a connection that may take so many a minute; kept for that minute."""

    __tablename__ = "orders_taken"
    __table_args__ = (
        _within_org("connection_id", "erp_connection", ondelete="CASCADE"),
        {"postgresql_with": _VACUUM_SMALL},
    )
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    orders: Mapped[int]


class ERPExport(_Owned, Base):
    """One delivery of one order to one connection."""

    __tablename__ = "erp_export"
    __table_args__ = (
        _one_of("status", "status", ERPExportStatus),
        _one_of("kind", "kind", Kind),
        _within_org("connection_id", "erp_connection"),
        Index("idx_erp_export_order", "draft_order_id", text("created_at DESC")),
        Index("idx_erp_export_org", "org_id", text("created_at DESC"), text("id DESC")),
        Index("idx_erp_export_status", "org_id", "status", text("created_at DESC"), text("id DESC")),
        Index(
            "idx_erp_export_error",
            "org_id",
            text("(error_json ->> 'code')"),
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("error_json IS NOT NULL"),
        ),
        Index(
            "idx_erp_export_queue",
            "connection_id",
            "on_hold",
            "queued_at",
            "next_attempt_at",
            postgresql_where=text(may(ExportStep.WORK)),
        ),
        Index("idx_erp_export_unanswered", "connection_id", "sent_at", postgresql_where=text(may(ExportStep.CONFIRM))),
        Index(
            "idx_erp_export_unalerted",
            "connection_id",
            "sent_at",
            postgresql_where=text(f"{may(ExportStep.CONFIRM)} AND alerted_at IS NULL"),
        ),
        Index("idx_erp_export_filename", "connection_id", "filename"),
        Index(
            "uq_erp_export_control_number",
            "connection_id",
            "control_number",
            unique=True,
            postgresql_where=text("control_number IS NOT NULL"),
        ),
        Index("idx_erp_export_unreadable", "connection_id", postgresql_where=text("unreadable_answer IS NOT NULL")),
        Index(
            "idx_erp_export_routed",
            "org_id",
            "route_version",
            postgresql_where=text(f"{may(ExportStep.MOVE)} AND route_version IS NOT NULL"),
        ),
        Index(
            "idx_erp_export_rule",
            "org_id",
            text("(route ->> 'rule')"),
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("route IS NOT NULL"),
        ),
        Index(
            "idx_erp_export_fallback",
            "connection_id",
            postgresql_where=text(f"{may(ExportStep.MOVE)} AND fallback_id IS NOT NULL"),
        ),
        {"postgresql_with": {**_VACUUM_BY_ROWS, "fillfactor": "50"}},
    )
    draft_order_id: Mapped[UUID]  # no foreign key, so that old orders can be deleted quickly
    connection_id: Mapped[UUID]
    revision: Mapped[int | None]  # of the order, that it is made from; none: of an older release, and not claimed since
    kind: Mapped[str] = _state(Kind.ORDER)
    status: Mapped[str] = _state(ERPExportStatus.PENDING)
    export_format_version: Mapped[str | None]
    export_media_type: Mapped[str | None]  # none: of an older release; see `domain.delivery.media_type_of`
    export_storage_key: Mapped[str | None]
    filename: Mapped[str | None]
    document_sha256: Mapped[str | None]
    document_size: Mapped[int | None] = mapped_column(BigInteger)
    control_number: Mapped[int | None] = mapped_column(BigInteger)  # of formats that count their documents
    dropzone_path: Mapped[str | None]
    erp_order_id: Mapped[str | None]
    error_json: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None]  # why the order is recalled
    not_before: Mapped[datetime | None]  # asked for with its push; `next_attempt_at` is never earlier
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=_now)
    priority: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # minutes, as its order has them
    queued_at: Mapped[datetime] = mapped_column(server_default=_now)  # `next_attempt_at` less that, kept by a trigger
    on_hold: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # see `work/holds.py`
    attempts_spent: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]  # an attempt may have reached the target and was not settled
    last_begun_at: Mapped[datetime | None]  # when the last attempt began that sent anything
    refusals: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # receipts that said: nothing was done
    receipt_check: Mapped[str | None]  # of what was sent; a receipt that comes later has to name it
    doubt_since: Mapped[datetime | None]  # when an attempt first ended without anybody knowing how
    staged_at: Mapped[datetime | None]
    staged_path: Mapped[str | None]
    inferred: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    held_at: Mapped[datetime | None]
    asking: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # held, and asked about on
    sent_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]  # a receipt came back
    understood_at: Mapped[datetime | None]  # the ERP's side could read it
    answered_at: Mapped[datetime | None]
    confirmed_by: Mapped[str | None]  # who confirmed it by hand; none: the ERP did
    alerted_at: Mapped[datetime | None]
    received_alerted_at: Mapped[datetime | None]
    understood_alerted_at: Mapped[datetime | None]
    unreadable_answer: Mapped[dict[str, Any] | None]  # an answer to this export came that nobody understands
    idempotency_key: Mapped[str | None]
    requested_by: Mapped[str | None]
    request_id: Mapped[str | None]
    traceparent: Mapped[str | None]
    route: Mapped[dict[str, Any] | None]  # what the rules decided; none: the connection was named, or there were none
    route_version: Mapped[int | None]
    fallback_id: Mapped[UUID | None]  # where it goes while its connection delivers nothing
    updated_at: Mapped[datetime] = mapped_column(server_default=_now, onupdate=_now)


class InboundRow(_Owned, Base):
    """What a partner sent by itself. `content` is empty once nobody needs to read it again.

    `identity` is the sender's id of the message, or the hash of what it is; `received_at` is when it last came;
    `next_read_at` none: nothing is due.
    """

    __tablename__ = "inbound"
    __table_args__ = (
        _within_org("connection_id", "erp_connection", ondelete="CASCADE"),
        CheckConstraint(f"octet_length(content) <= {MOST_INBOUND}", name="content"),
        Index("uq_inbound_identity", "connection_id", "identity", unique=True),
        Index("idx_inbound_due", "connection_id", "next_read_at", postgresql_where=text("next_read_at IS NOT NULL")),
        Index("idx_inbound_kept", "org_id", postgresql_where=text("content IS NOT NULL")),
        Index("idx_inbound_connection", "connection_id", text("created_at DESC"), text("id DESC")),
        Index(
            "idx_inbound_unmatched",
            "connection_id",
            postgresql_where=text("verdict = 'unmatched' AND NOT put_aside"),
        ),
        Index("idx_inbound_received", "received_at"),
        {"postgresql_with": _VACUUM_EARLY},
    )
    connection_id: Mapped[UUID]
    identity: Mapped[str]
    message_id: Mapped[str | None]
    sha256: Mapped[bytes]
    name: Mapped[str]
    media_type: Mapped[str | None]
    content: Mapped[bytes | None]
    received_at: Mapped[datetime] = mapped_column(server_default=_now)
    next_read_at: Mapped[datetime | None] = mapped_column(server_default=_now)
    read_at: Mapped[datetime | None]
    verdict: Mapped[str | None]  # no constraint: a later release may know others
    told: Mapped[str | None]
    put_aside: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class RouteSet(Base):
    """The routing rules of an organization, as they were saved once; the newest version counts."""

    __tablename__ = "route_set"
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[list[Any]] = mapped_column(JSONB)
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=_now)


class BulkJobRow(_Owned, Base):
    """One action on many orders: who asked, and how far it is. `worked_at` is when its last batch was done."""

    __tablename__ = "bulk_job"
    __table_args__ = (
        _one_of("status", "status", BulkStatus),
        Index("idx_bulk_job_org", "org_id", text("created_at DESC"), text("id DESC")),
        Index("idx_bulk_job_running", "org_id", postgresql_where=text(among([BulkStatus.RUNNING]))),
        Index("idx_bulk_job_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        {"postgresql_with": _VACUUM_SMALL},
    )
    action: Mapped[str]  # no constraint: workers pass by what only a later release knows
    connection_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    not_before: Mapped[datetime | None]
    chosen: Mapped[dict[str, Any]]
    requested_by: Mapped[str]
    role: Mapped[str | None]
    request_id: Mapped[str | None]
    traceparent: Mapped[str | None]
    status: Mapped[str] = _state(BulkStatus.RUNNING)
    total: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    done: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    waiting: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    refused: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    reasons: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    worked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cancelled_by: Mapped[str | None]


class BulkJobOrder(Base):
    """An order of a bulk job, and what became of it. Without foreign keys: a million come in one statement."""

    __tablename__ = "bulk_job_order"
    __table_args__ = (
        Index("idx_bulk_job_order_told", "job_id", "outcome", "position", postgresql_where=text("outcome <> 'DONE'")),
        {"postgresql_with": _VACUUM_EARLY},
    )
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    org_id: Mapped[UUID]
    order_id: Mapped[UUID]
    outcome: Mapped[str | None]
    error: Mapped[dict[str, Any] | None]


class ERPPushLog(_Owned, Base):
    """One attempt, with what was asked and what was answered; secrets redacted, answers capped."""

    __tablename__ = "erp_push_log"
    __table_args__ = (
        _one_of("status", "status", AttemptStatus),
        Index("idx_erp_push_log_idempotency", "org_id", "draft_order_id", "attempt_no", unique=True),
        Index("uq_erp_push_log_key", "idempotency_key", unique=True),
        Index("idx_erp_push_log_org", "org_id", text("created_at DESC"), text("id DESC")),
        Index("idx_erp_push_log_export", "erp_export_id"),
        # Of the failures only, by a column that a success leaves alone: its row is updated without touching any index.
        Index(
            "idx_erp_push_log_failed",
            "org_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("error_message IS NOT NULL"),
        ),
        {"postgresql_with": {**_VACUUM_BY_ROWS, "fillfactor": "60"}},
    )
    draft_order_id: Mapped[UUID]  # no foreign key, so that old orders can be deleted quickly
    erp_export_id: Mapped[UUID] = mapped_column(ForeignKey("erp_export.id"))
    attempt_no: Mapped[int]
    connector_type: Mapped[str]
    status: Mapped[str] = _state(AttemptStatus.PENDING)
    request_json: Mapped[dict[str, Any] | None]
    response_json: Mapped[dict[str, Any] | None]
    error_message: Mapped[str | None]
    idempotency_key: Mapped[str]
    retry_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    latency_ms: Mapped[int | None]
    request_id: Mapped[str | None]


class NotificationRow(Base):
    """What a person is told of a change of state at `since`, until it went out over every channel.

    Of a connection; or without one, and without an organization, of the whole installation.
    """

    __tablename__ = "notification"
    __table_args__ = (
        _within_org("connection_id", "erp_connection", ondelete="CASCADE"),
        UniqueConstraint("connection_id", "event", "since", name="uq_notification_change"),
        Index(
            "uq_notification_installation",
            "event",
            "since",
            unique=True,
            postgresql_where=text("connection_id IS NULL"),
        ),
        Index("idx_notification_due", "next_attempt_at", postgresql_where=text("done_at IS NULL")),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    org_id: Mapped[UUID | None] = mapped_column(ForeignKey("organization.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=_now)
    connection_id: Mapped[UUID | None]
    event: Mapped[str]
    since: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    sent: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=_now)
    done_at: Mapped[datetime | None]


class ProcessRow(Base):
    """A process that serves or delivers, as it last told of itself; `beat` is whoever has Celery's workers sweep.

    `key_ids` are those of the keys that it has, its master key's first; `troubles` is what it cannot do; `kinds` are
    the deliveries that it knows, NULL of a release that knew orders alone.
    """

    __tablename__ = "process"
    __table_args__ = (_one_of("kind", "kind", ("serve", "worker", "celery", "beat")),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    version: Mapped[str]
    key_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    connector_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    kinds: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    delivers: Mapped[bool]
    slots: Mapped[int]  # connections that it works on at a time
    troubles: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default=text("'[]'"))
    started_at: Mapped[datetime] = mapped_column(server_default=_now)
    seen_at: Mapped[datetime] = mapped_column(server_default=_now)


from orderflow.storage.tables import sealing as _sealing  # noqa: E402, F401  # seals ERPConnection rows as they are flushed
