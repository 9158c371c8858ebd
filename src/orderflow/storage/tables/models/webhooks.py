"""Where events are sent: endpoints, what is due to each, and a log of all attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from orderflow.domain.states import ConnectionStatus
from orderflow.storage.tables.models.base import (
    NOW,
    VACUUM_EARLY,
    VACUUM_SMALL,
    Base,
    Owned,
    one_of,
    state_column,
    version_column,
    within_org,
)


class WebhookEndpoint(Owned, Base):
    """A program's address for events. `sealed` holds its secrets; `position` is the last event that was looked at.

    Attributes:
        former_until: Until then the secret before the present one signs too.
        failing_since: Nothing was taken since.
        disabled_at: Set where it was disabled as it took nothing for days, and not by a person.
        missed: Events that were deleted before they were sent, since a person last changed it.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        one_of("status", "status", ConnectionStatus),
        Index("uq_webhook_endpoint_in_org", "org_id", "id", unique=True),
        {"postgresql_with": VACUUM_SMALL},
    )
    name: Mapped[str | None]
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default=text("'{}'"))
    sealed: Mapped[bytes]
    key_id: Mapped[str]
    former_until: Mapped[datetime | None]
    status: Mapped[str] = state_column(ConnectionStatus.ACTIVE)
    restricted: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    position: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    failing_since: Mapped[datetime | None]
    last_error: Mapped[dict[str, Any] | None]
    delivered_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    missed: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    missed_at: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    created_by: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=NOW)
    version: Mapped[int] = version_column()


class WebhookDelivery(Base):
    """An event that an endpoint is to get, or got. `subject` is the order or connection that it is about."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        within_org("endpoint_id", "webhook_endpoint", ondelete="CASCADE"),
        Index(
            "idx_webhook_delivery_due",
            "endpoint_id",
            "next_attempt_at",
            "number",
            postgresql_where=text("delivered_at IS NULL"),
        ),
        Index("idx_webhook_delivery_subject", "endpoint_id", "subject", postgresql_where=text("delivered_at IS NULL")),
        {"postgresql_with": VACUUM_EARLY},
    )
    endpoint_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    subject: Mapped[UUID]
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=NOW)
    delivered_at: Mapped[datetime | None]


class WebhookAttempt(Owned, Base):
    """One try at a delivery, and what was answered; `status` of an answer, if there was one."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        within_org("endpoint_id", "webhook_endpoint", ondelete="CASCADE"),
        Index("idx_webhook_attempt_endpoint", "endpoint_id", text("created_at DESC"), text("id DESC")),
        Index("idx_webhook_attempt_number", "endpoint_id", "number"),
        {"postgresql_with": VACUUM_EARLY},
    )
    endpoint_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(BigInteger)
    attempt: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[dict[str, Any] | None]
    ms: Mapped[int]
