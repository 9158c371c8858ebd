"""What an operator needs to see: which processes are at work, what they cannot do, and who was told of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from orderflow.storage.tables.row_security import let_all_read

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "process",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("key_ids", ARRAY(sa.Text()), nullable=False),
        sa.Column("connector_types", ARRAY(sa.Text()), nullable=False),
        sa.Column("delivers", sa.Boolean(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("troubles", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("kind IN ('serve', 'worker', 'celery', 'beat')", name=op.f("ck_process_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process")),
    )
    let_all_read("process", "key_ids, connector_types, delivers, troubles, seen_at")
    # What concerns the whole installation is told, too, and of how a connection reads answers.
    op.alter_column("notification", "org_id", nullable=True)
    op.alter_column("notification", "connection_id", nullable=True)
    op.create_index(
        "uq_notification_installation",
        "notification",
        ["event", "since"],
        unique=True,
        postgresql_where=sa.text("connection_id IS NULL"),
    )
    op.add_column("erp_connection", sa.Column("poll_failing_since", sa.DateTime(timezone=True)))
    op.add_column("erp_connection", sa.Column("restricted", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("erp_connection", sa.Column("test_error", JSONB()))
    op.add_column("erp_connection", sa.Column("delivered_at", sa.DateTime(timezone=True)))
