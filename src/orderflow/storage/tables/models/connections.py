"""Connections to ERPs: settings, lanes, counters, limits, and the rules that lead to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB, TSTZMULTIRANGE
from sqlalchemy.orm import Mapped, mapped_column

from orderflow.domain.states import BreakerState, ConnectionStatus, DoubtPolicy
from orderflow.storage.tables.models.base import (
    NOW,
    VACUUM_SMALL,
    Base,
    Owned,
    one_of,
    state_column,
    version_column,
    within_org,
)
from orderflow.storage.tables.states import among


class ERPConnection(Owned, Base):
    """One way into one ERP: its encrypted configuration and its health.

    `config_encrypted` made by the plain `EncryptionService.encrypt_config` is bound to this row when it is
    flushed; `config()` opens it. The first ACTIVE connection of an organization becomes its default.
    """

    __tablename__ = "erp_connection"
    __table_args__ = (
        one_of("status", "status", ConnectionStatus),
        one_of("breaker", "breaker_state", BreakerState),
        one_of("in_doubt", "in_doubt", (DoubtPolicy.RESEND, DoubtPolicy.HOLD)),
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
        {"postgresql_with": {"fillfactor": "50", **VACUUM_SMALL}},
    )
    name: Mapped[str | None]
    connector_type: Mapped[str]
    config_encrypted: Mapped[bytes]
    key_id: Mapped[str | None]
    status: Mapped[str] = state_column(ConnectionStatus.ACTIVE)
    is_default: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    in_doubt: Mapped[str] = state_column(DoubtPolicy.HOLD)
    in_doubt_before: Mapped[str | None]  # what it was before an upgrade made it `hold`, until a person chooses
    change_by_recall: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
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
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW, onupdate=NOW)
    version: Mapped[int] = version_column()

    breaker_state: Mapped[str] = state_column(BreakerState.CLOSED)
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
    begun: Mapped[dict[str, int] | None] = mapped_column(JSONB(none_as_null=True))  # readings of files that did not end

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
        within_org("connection_id", "erp_connection", ondelete="CASCADE"),
        {"postgresql_with": {"fillfactor": "50", **VACUUM_SMALL}},
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
        within_org("connection_id", "erp_connection", ondelete="CASCADE"),
        {"postgresql_with": {"fillfactor": "50", **VACUUM_SMALL}},
    )
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    last: Mapped[int] = mapped_column(BigInteger)


class OrdersTaken(Base):
    """How many orders a claim took over a connection that may take so many a minute; kept for that minute."""

    __tablename__ = "orders_taken"
    __table_args__ = (
        within_org("connection_id", "erp_connection", ondelete="CASCADE"),
        {"postgresql_with": VACUUM_SMALL},
    )
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    orders: Mapped[int]


class RouteSet(Base):
    """The routing rules of an organization, as they were saved once; the newest version counts."""

    __tablename__ = "route_set"
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rules: Mapped[list[Any]] = mapped_column(JSONB)
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
