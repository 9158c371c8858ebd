"""What an order is known by when it comes again, where it comes from, and what was answered to a request with a key.

Orders from before have no key, and may come once more. Only new tables and a column without a default: each lock is
held for a moment.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    _order_keys()
    _kept_answers()


def _order_keys() -> None:
    op.add_column("draft_order", sa.Column("source", sa.Text(), nullable=True))
    op.create_table(
        "order_key",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("key_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_order_key_org_id")),
        sa.PrimaryKeyConstraint("org_id", "key_sha256", name=op.f("pk_order_key")),
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0.02",
            "autovacuum_vacuum_insert_scale_factor": "0.02",
            "autovacuum_analyze_scale_factor": "0.01",
        },
    )
    op.create_index("idx_order_key_order", "order_key", ["order_id"])
    wall_off("order_key")
    keep_policy_from_indexes("order_key")


def _kept_answers() -> None:
    op.create_table(
        "kept_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_kept_answer_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_answer")),
    )
    op.create_index("uq_kept_answer_key", "kept_answer", ["org_id", "caller", "key"], unique=True)
    op.create_index("idx_kept_answer_created", "kept_answer", ["created_at"])
    wall_off("kept_answer")
    keep_policy_from_indexes("kept_answer")
    op.create_table(
        "kept_answer_part",
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_kept_answer_part_org_id")),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["kept_answer.id"], name=op.f("fk_kept_answer_part_answer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("answer_id", "part", name=op.f("pk_kept_answer_part")),
    )
    wall_off("kept_answer_part", "SELECT, INSERT")
    keep_policy_from_indexes("kept_answer_part")
