"""What is done beside the orders' way: to many at once, to tell people, and by which processes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from orderflow.domain.bulk import BulkStatus
from orderflow.domain.ids import new_id
from orderflow.storage.tables.models.base import (
    NOW,
    VACUUM_EARLY,
    VACUUM_SMALL,
    Base,
    Owned,
    one_of,
    state_column,
    within_org,
)
from orderflow.storage.tables.states import among


class BulkJobRow(Owned, Base):
    """One action on many orders: who asked, and how far it is. `worked_at` is when its last batch was done."""

    __tablename__ = "bulk_job"
    __table_args__ = (
        one_of("status", "status", BulkStatus),
        Index("idx_bulk_job_org", "org_id", text("created_at DESC"), text("id DESC")),
        Index("idx_bulk_job_running", "org_id", postgresql_where=text(among([BulkStatus.RUNNING]))),
        Index("idx_bulk_job_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        {"postgresql_with": VACUUM_SMALL},
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
    status: Mapped[str] = state_column(BulkStatus.RUNNING)
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
        {"postgresql_with": VACUUM_EARLY},
    )
    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    org_id: Mapped[UUID]
    order_id: Mapped[UUID]
    outcome: Mapped[str | None]
    error: Mapped[dict[str, Any] | None]


class NotificationRow(Base):
    """What a person is told of a change of state at `since`, until it went out over every channel.

    Of a connection; or without one, and without an organization, of the whole installation.
    """

    __tablename__ = "notification"
    __table_args__ = (
        within_org("connection_id", "erp_connection", ondelete="CASCADE"),
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
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    connection_id: Mapped[UUID | None]
    event: Mapped[str]
    since: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    sent: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=NOW)
    done_at: Mapped[datetime | None]


class ProcessRow(Base):
    """A process that serves or delivers, as it last told of itself; `beat` is whoever has Celery's workers sweep.

    `key_ids` are those of the keys that it has, its master key's first; `troubles` is what it cannot do; `kinds` are
    the deliveries that it knows, NULL of a release that knew orders alone.
    """

    __tablename__ = "process"
    __table_args__ = (one_of("kind", "kind", ("serve", "worker", "celery", "beat")),)
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
    started_at: Mapped[datetime] = mapped_column(server_default=NOW)
    seen_at: Mapped[datetime] = mapped_column(server_default=NOW)
