"""What is approved is kept as it was approved: each revision of an order, and which one a delivery is made from.

Only a table and a column that may be empty: nothing is rewritten. Orders from before get their revision beside the work
(`engine/jobs.py`), or when their delivery is claimed.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # May be said twice, for an upgrade that broke off begins again: a concurrent index needs its own transaction.
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_draft_order_in_org")
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY uq_draft_order_in_org ON draft_order (org_id, id)")
    op.create_table(
        "draft_order_revision",
        sa.Column("draft_order_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_draft_order_revision_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "draft_order_id"],
            ["draft_order.org_id", "draft_order.id"],
            name=op.f("fk_draft_order_revision_org_id_draft_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draft_order_id", "revision", name=op.f("pk_draft_order_revision")),
    )
    op.execute(
        "ALTER TABLE draft_order_revision SET (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01)"
    )
    wall_off("draft_order_revision", "SELECT, INSERT")  # never changed; deleted with its order
    keep_policy_from_indexes("draft_order_revision")
    op.add_column("erp_export", sa.Column("revision", sa.Integer(), nullable=True))
