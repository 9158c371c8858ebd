"""An organization: its people, its keys, what they did, and the answers to requests that may be repeated."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.storage.tables.models.base import NOW, VACUUM_EARLY, Base, Owned, one_of, version_column, within_org
from orderflow.storage.tables.states import listed


class Organization(Base):
    """A tenant. `deliveries_paused_at` set and `deliveries_paused_until` not passed: nothing is delivered."""

    __tablename__ = "organization"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    deliveries_paused_at: Mapped[datetime | None]
    deliveries_paused_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    version: Mapped[int] = version_column()
    second_factor_required: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class AppUser(Owned, Base):
    """A person who signs in; `password_hash` is Argon2id.

    `failed_logins` and `locked_until` were the lock-out of releases that have no `sign_in_source`.
    """

    __tablename__ = "app_user"
    __table_args__ = (
        one_of("role", "role", Role),
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
    tokens_valid_from: Mapped[datetime] = mapped_column(server_default=NOW)
    visited_at: Mapped[datetime | None]  # when they last looked at the page
    last_visit_at: Mapped[datetime | None]  # and the end of the visit before
    version: Mapped[int] = version_column()


class SecondFactor(Base):
    """What a user shows beside their password (TOTP); `sealed` is its secret, `recovery` are SHA-256s of codes."""

    __tablename__ = "second_factor"
    __table_args__ = (within_org("user_id", "app_user", ondelete="CASCADE"), Index("idx_second_factor_org", "org_id"))
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    sealed: Mapped[bytes]
    key_id: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)
    recovery: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class NeedMark(Base):
    """What people noted about a group of what needs somebody (`storage.views.needs`), by its key."""

    __tablename__ = "need_mark"
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    assigned_to: Mapped[str | None]
    note: Mapped[str | None]
    snoozed_until: Mapped[datetime | None]
    marked_by: Mapped[str]
    marked_at: Mapped[datetime] = mapped_column(server_default=NOW)


class NeedSeen(Base):
    """Since when a group of what needs somebody is there, and with whom; `gone_at` set: it is there no more."""

    __tablename__ = "need_seen"
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    new_at: Mapped[datetime]
    assigned_to: Mapped[str | None]
    assigned_by: Mapped[str | None]
    assigned_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]


class NoticeChoiceRow(Base):
    """What a user wants to be told, and when it is looked next whether there is something; NULL: not at all."""

    __tablename__ = "notice_choice"
    __table_args__ = (
        within_org("user_id", "app_user", ondelete="CASCADE"),
        Index("idx_notice_choice_org", "org_id"),
        Index("idx_notice_choice_due", "next_look_at", postgresql_where=text("next_look_at IS NOT NULL")),
    )
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    version: Mapped[int] = version_column()
    first: Mapped[bool]
    mine: Mapped[bool]
    digest_at: Mapped[time | None]
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]
    time_zone: Mapped[str]
    language: Mapped[str]
    mail: Mapped[bool]
    webhook_url: Mapped[str | None]
    next_look_at: Mapped[datetime | None]
    tested_at: Mapped[datetime | None]


class NoticeSecret(Base):
    """What signs the notices that a user's webhook gets."""

    __tablename__ = "notice_secret"
    __table_args__ = (within_org("user_id", "app_user", ondelete="CASCADE"), Index("idx_notice_secret_org", "org_id"))
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    sealed: Mapped[bytes]
    key_id: Mapped[str]


class NoticeWay(Base):
    """One way to a user: up to when they were told by it, and how it does."""

    __tablename__ = "notice_way"
    __table_args__ = (
        one_of("way", "way", ("mail", "webhook")),
        within_org("user_id", "app_user", ondelete="CASCADE"),
        Index("idx_notice_way_org", "org_id", "sent_at"),
    )
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    way: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    told_at: Mapped[datetime]
    digested_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    failing_since: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=NOW)
    lease_token: Mapped[UUID | None]
    error: Mapped[dict[str, Any] | None]
    stopped_at: Mapped[datetime | None]


class SavedView(Owned, Base):
    """A list that somebody keeps under a name: `query` is that of the page's address."""

    __tablename__ = "saved_view"
    __table_args__ = (
        within_org("user_id", "app_user", ondelete="CASCADE"),
        UniqueConstraint("user_id", "page", "name", name="uq_saved_view_name"),
        Index("idx_saved_view_org", "org_id"),
    )
    user_id: Mapped[UUID]
    page: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    shared: Mapped[bool]


class EndedSession(Base):
    """A session that was signed out of before its token expired; `id` is the token's."""

    __tablename__ = "ended_session"
    __table_args__ = (within_org("user_id", "app_user"), Index("idx_ended_session_user", "user_id", "expires_at"))
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


class ApiKey(Owned, Base):
    """A program's key, of which only the SHA-256 is kept; `prefix` is for people to tell keys apart.

    It ends with its user and does no more than that user may. One without a user is from before keys had one.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        one_of("role", "role", Role),
        Index("uq_api_key_hash", "key_hash", unique=True),
        within_org("user_id", "app_user"),
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
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))  # what it may do at most; none: all that its role may


OF_EVERY_ORDER = ("DRAFT_CREATED", "DRAFT_APPROVED", "DRAFT_PUSHED")
"""What each order brings into the log: frequent enough to be found by age, so that no index has it by its action."""

OF_FEW = f"action NOT IN {listed(OF_EVERY_ORDER)}"
"""SQL for: of the others. Said in a query for one of them, or a plan for any action would not use their index."""


class AuditLog(Base):
    """Who changed what, with before and after; secrets never."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("idx_audit_log_org", "org_id", "created_at"),
        Index("idx_audit_log_entity", "entity_id"),
        Index("idx_audit_log_action", "org_id", "action", "created_at", postgresql_where=text(OF_FEW)),
        Index("idx_audit_log_actor", "org_id", "actor", "created_at"),
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
        {"postgresql_with": VACUUM_EARLY},
    )
    id: Mapped[UUID] = mapped_column(default=new_id)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
    actor: Mapped[str]
    action: Mapped[str]
    entity_type: Mapped[str | None]
    entity_id: Mapped[UUID | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"primary_key": [cls.id]}  # of the mapper alone: nobody asks for a row by its id


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
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
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
