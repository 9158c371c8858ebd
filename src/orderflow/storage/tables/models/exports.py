"""Deliveries: each one, its attempts, what partners signed about it, and what they sent by themselves."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column, relationship

from orderflow.domain.states import AttemptStatus, ERPExportStatus, ExportStep, Kind
from orderflow.storage.tables.models.base import (
    BY_RANGE,
    NOW,
    VACUUM_BY_ROWS,
    VACUUM_EARLY,
    Base,
    Owned,
    by_error_code,
    one_of,
    state_column,
    within_org,
)
from orderflow.storage.tables.states import may


class ERPExport(Owned, Base):
    """One delivery of one order to one connection."""

    __tablename__ = "erp_export"
    __table_args__ = (
        one_of("status", "status", ERPExportStatus),
        one_of("kind", "kind", Kind),
        within_org("connection_id", "erp_connection"),
        Index("idx_erp_export_order", "draft_order_id"),
        Index("idx_erp_export_org", "org_id", "created_at"),
        Index("idx_erp_export_updated", "updated_at", **BY_RANGE),
        # Whether a connection has any, which its foreign key asks too.
        Index(
            "idx_erp_export_connection",
            "connection_id",
            postgresql_ops={"connection_id": "uuid_bloom_ops"},
            **BY_RANGE,
        ),
        Index("idx_erp_export_status", "org_id", "status", "created_at"),
        by_error_code("erp_export"),
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
        Index("idx_erp_export_filename", "filename", postgresql_using="hash"),
        Index(
            "uq_erp_export_control_number",
            "connection_id",
            "control_number",
            unique=True,
            postgresql_where=text("control_number IS NOT NULL"),
        ),
        Index("idx_erp_export_held", "connection_id", postgresql_where=text("held_at IS NOT NULL")),
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
        {"postgresql_with": {**VACUUM_BY_ROWS, "fillfactor": "50"}},
    )
    draft_order_id: Mapped[UUID]  # no foreign key, so that old orders can be deleted quickly
    connection_id: Mapped[UUID]
    revision: Mapped[int | None]  # of the order, that it is made from; none: of an older release, and not claimed since
    kind: Mapped[str] = state_column(Kind.ORDER)
    status: Mapped[str] = state_column(ERPExportStatus.PENDING)
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
    error_code: Mapped[str | None]  # of `error_json`, by a trigger
    reason: Mapped[str | None]  # why the order is recalled
    follows: Mapped[UUID | None]  # the export that has to be decided before this one goes out
    not_before: Mapped[datetime | None]  # asked for with its push; `next_attempt_at` is never earlier
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=NOW)
    priority: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # minutes, as its order has them
    queued_at: Mapped[datetime] = mapped_column(server_default=NOW)  # `next_attempt_at` less that, kept by a trigger
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
    request_digest: Mapped[int | None] = mapped_column(BigInteger)  # of the request under that key
    requested_by: Mapped[str | None]
    request_id: Mapped[str | None]
    traceparent: Mapped[str | None]
    route: Mapped[dict[str, Any] | None]  # what the rules decided; none: the connection was named, or there were none
    route_version: Mapped[int | None]
    fallback_id: Mapped[UUID | None]  # where it goes while its connection delivers nothing
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)  # by a trigger: when what people see changed


_ADDRESS = r"substring(e.staged_path FROM '^(.*)\.[^.]*\.[^.]*$')"
PUBLISHED = f"""
    jsonb_build_object('file', substring({_ADDRESS} FROM '[^/]*$'), 'path', {_ADDRESS}, 'bytes', e.document_size)
"""
"""SQL for what is answered where the export `e` was staged, and got its name without more ado (`channels.zone`)."""

AS_PUBLISHED = '{"file": null}'
"""What an attempt keeps of that answer."""

REQUEST_OF_LOG = """
    jsonb_build_object('file', e.filename, 'size', e.document_size, 'sha256', e.document_sha256) || l.request_json
"""
"""SQL for what the attempt `l` at the export `e` asked; null once that was forgotten.

A row keeps what its export does not say. Before that gets another document, or is staged anew, a trigger has its
attempts say what they were about (migration 0048).
"""

RESPONSE_OF_LOG = f"CASE WHEN l.response_json = '{AS_PUBLISHED}' THEN {PUBLISHED} ELSE l.response_json END"
"""SQL for what was answered to it."""


class ERPPushLog(Owned, Base):
    """One attempt, with what was asked and what was answered; secrets redacted, answers capped."""

    __tablename__ = "erp_push_log"
    __table_args__ = (
        one_of("status", "status", AttemptStatus),
        Index("idx_erp_push_log_idempotency", "org_id", "draft_order_id", "attempt_no", unique=True),
        # A digest of what the index above keeps unique.
        Index("idx_erp_push_log_key", "idempotency_key", postgresql_using="hash"),
        Index("idx_erp_push_log_org", "org_id", "created_at"),
        Index("idx_erp_push_log_export", "erp_export_id"),
        # Of the failures only, by a column that a success leaves alone: its row is updated without touching any index.
        Index(
            "idx_erp_push_log_failed",
            "org_id",
            text("created_at DESC"),
            text("id DESC"),
            postgresql_where=text("error_message IS NOT NULL"),
        ),
        by_error_code("erp_push_log"),
        {"postgresql_with": {**VACUUM_BY_ROWS, "fillfactor": "45"}},
    )
    draft_order_id: Mapped[UUID]  # no foreign key, so that old orders can be deleted quickly
    erp_export_id: Mapped[UUID] = mapped_column(ForeignKey("erp_export.id"))
    attempt_no: Mapped[int]
    connector_type: Mapped[str]
    status: Mapped[str] = state_column(AttemptStatus.PENDING)
    kept_request: Mapped[dict[str, Any] | None] = mapped_column("request_json")
    kept_response: Mapped[dict[str, Any] | None] = mapped_column("response_json")
    error_message: Mapped[str | None]
    error_code: Mapped[str | None]  # of a failure's `response_json`, by a trigger
    idempotency_key: Mapped[str]
    retry_count: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    latency_ms: Mapped[int | None]
    request_id: Mapped[str | None]
    _export: Mapped[ERPExport | None] = relationship(lazy="selectin", viewonly=True)

    @hybrid_property
    def request_json(self) -> dict[str, Any] | None:
        """What was asked, as `REQUEST_OF_LOG` has it; in a query it is what the row keeps."""
        if self.kept_request is None or self._export is None:
            return self.kept_request
        sent = self._export
        about = {"file": sent.filename, "size": sent.document_size, "sha256": sent.document_sha256}
        return about | self.kept_request

    @request_json.inplace.setter
    def _request_json_setter(self, value: dict[str, Any] | None) -> None:
        self.kept_request = value

    @request_json.inplace.expression
    @classmethod
    def _request_json_expression(cls) -> InstrumentedAttribute[dict[str, Any] | None]:
        return cls.kept_request

    @hybrid_property
    def response_json(self) -> dict[str, Any] | None:
        """What was answered, as `RESPONSE_OF_LOG` has it; in a query it is what the row keeps."""
        sent = self._export
        if self.kept_response != json.loads(AS_PUBLISHED) or sent is None or sent.staged_path is None:
            return self.kept_response
        path = sent.staged_path.rsplit(".", 2)[0]
        return {"file": path.rpartition("/")[2], "path": path, "bytes": sent.document_size}

    @response_json.inplace.setter
    def _response_json_setter(self, value: dict[str, Any] | None) -> None:
        self.kept_response = value

    @response_json.inplace.expression
    @classmethod
    def _response_json_expression(cls) -> InstrumentedAttribute[dict[str, Any] | None]:
        return cls.kept_response


class DeliveryProof(Base):
    """What a partner signed about a delivery, as it came: a receipt of AS2."""

    __tablename__ = "delivery_proof"
    __table_args__ = (
        within_org("draft_order_id", "draft_order", ondelete="CASCADE"),
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
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)


MOST_INBOUND = 16 * 1024 * 1024
"""Bytes of one message that came by itself; most ways in take less."""


class InboundRow(Owned, Base):
    """What a partner sent by itself. `content` is empty once nobody needs to read it again.

    `identity` is the sender's id of the message, or the hash of what it is; `received_at` is when it last came;
    `next_read_at` none: nothing is due.
    """

    __tablename__ = "inbound"
    __table_args__ = (
        within_org("connection_id", "erp_connection", ondelete="CASCADE"),
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
        Index(
            "idx_inbound_set_aside",
            "connection_id",
            postgresql_where=text("verdict = 'unreadable' AND begun > 0 AND next_read_at IS NULL AND NOT put_aside"),
        ),
        Index("idx_inbound_received", "received_at"),
        {"postgresql_with": VACUUM_EARLY},
    )
    connection_id: Mapped[UUID]
    identity: Mapped[str]
    message_id: Mapped[str | None]
    sha256: Mapped[bytes]
    name: Mapped[str]
    media_type: Mapped[str | None]
    content: Mapped[bytes | None]
    received_at: Mapped[datetime] = mapped_column(server_default=NOW)
    next_read_at: Mapped[datetime | None] = mapped_column(server_default=NOW)
    read_at: Mapped[datetime | None]
    verdict: Mapped[str | None]  # no constraint: a later release may know others
    told: Mapped[str | None]
    put_aside: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    begun: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # readings since one ended


class DeliveryTally(Base):
    """How deliveries went that were asked for in an hour, or on a day: all, or those of one connection or customer.

    Times are counted by steps (`work.tallies.seconds_of`).
    """

    __tablename__ = "delivery_tally"
    __table_args__ = ({"postgresql_with": VACUUM_EARLY},)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    counted_by: Mapped[str] = mapped_column(primary_key=True)
    hours: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    requested: Mapped[int]
    delivered: Mapped[int]
    confirmed: Mapped[int]
    failed: Mapped[int]
    waiting: Mapped[int]
    sent_in: Mapped[dict[str, Any]]
    answered_in: Mapped[dict[str, Any]]
    latest_at: Mapped[datetime]


class DeliveryTallyState(Base):
    """Up to when an organization's deliveries are counted, and which day was last counted anew, when.

    While they are counted for the first time, `seen_at` is null, and `checked_at` is when that began. The customers
    with most deliveries, by period, are those of the counts while `ranked_at` is `seen_at`.
    """

    __tablename__ = "delivery_tally_state"
    __table_args__ = ({"postgresql_with": VACUUM_EARLY},)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    seen_at: Mapped[datetime | None]
    checked_at: Mapped[datetime]
    checked_day: Mapped[datetime | None]
    first_customers: Mapped[dict[str, Any] | None]
    ranked_at: Mapped[datetime | None]
