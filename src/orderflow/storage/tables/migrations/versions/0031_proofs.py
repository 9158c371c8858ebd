"""Receipts that partners signed, kept as they came; how often they said that they did nothing with a message; and when
a connection has no certificate left.

Columns may be empty, or come with a default that rewrites no table.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute("ALTER TABLE erp_export ADD COLUMN IF NOT EXISTS refusals integer NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE erp_export ADD COLUMN IF NOT EXISTS receipt_check text")
    op.execute("ALTER TABLE erp_connection ADD COLUMN IF NOT EXISTS certificate_ends_at timestamptz")
    op.create_table(
        "delivery_proof",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("draft_order_id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_delivery_proof_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "draft_order_id"],
            ["draft_order.org_id", "draft_order.id"],
            name=op.f("fk_delivery_proof_org_id_draft_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_proof")),
    )
    op.create_index("idx_delivery_proof_export", "delivery_proof", ["export_id", "received_at"])
    op.create_index("idx_delivery_proof_order", "delivery_proof", ["draft_order_id"])
    wall_off("delivery_proof", "SELECT, INSERT, DELETE")
    keep_policy_from_indexes("delivery_proof")
