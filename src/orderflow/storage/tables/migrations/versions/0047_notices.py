"""Users are told of what needs somebody: what they chose, how each way to them does, what was there before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.storage.tables.row_security import wall_off

revision = "0047"
down_revision = "0046"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "need_seen",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("new_at", _MOMENT, nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("assigned_by", sa.Text(), nullable=True),
        sa.Column("assigned_at", _MOMENT, nullable=True),
        sa.Column("gone_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_need_seen_org_id")),
        sa.PrimaryKeyConstraint("org_id", "key", name=op.f("pk_need_seen")),
    )
    op.create_table(
        "notice_choice",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("mine", sa.Boolean(), nullable=False),
        sa.Column("digest_at", sa.Time(), nullable=True),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_to", sa.Time(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("mail", sa.Boolean(), nullable=False),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("next_look_at", _MOMENT, nullable=True),
        sa.Column("tested_at", _MOMENT, nullable=True),
        *_of_a_user("notice_choice"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notice_choice")),
    )
    op.create_index("idx_notice_choice_org", "notice_choice", ["org_id"])
    due = sa.text("next_look_at IS NOT NULL")
    op.create_index("idx_notice_choice_due", "notice_choice", ["next_look_at"], postgresql_where=due)
    op.create_table(
        "notice_way",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("told_at", _MOMENT, nullable=False),
        sa.Column("digested_at", _MOMENT, nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failing_since", _MOMENT, nullable=True),
        sa.Column("next_attempt_at", _MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("error", JSONB(), nullable=True),
        sa.Column("stopped_at", _MOMENT, nullable=True),
        *_of_a_user("notice_way"),
        sa.PrimaryKeyConstraint("user_id", "way", name=op.f("pk_notice_way")),
        sa.CheckConstraint("way IN ('mail', 'webhook')", name=op.f("ck_notice_way_way")),
    )
    op.create_index("idx_notice_way_org", "notice_way", ["org_id", "sent_at"])
    for table in ("need_seen", "notice_choice", "notice_way"):
        wall_off(table)


def _of_a_user(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f(f"fk_{table}_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["app_user.org_id", "app_user.id"],
            name=op.f(f"fk_{table}_org_id_user_id"),
            ondelete="CASCADE",
        ),
    )
