"""What the ERP confirmed of an order line by line, what differs, who accepted that; how far a delivery is known to be.

Columns come without a default, so that no table is rewritten; the index is made, and the check looked at, beside the
work that goes on.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.storage.tables.row_security import wall_off

revision = "0020"
down_revision = "0019"

_COLUMNS = (
    ("draft_order", "confirmation", "text"),
    ("draft_order", "differences_accepted_at", "timestamptz"),
    ("draft_order", "differences_accepted_by", "text"),
    ("erp_export", "received_at", "timestamptz"),
    ("erp_export", "understood_at", "timestamptz"),
)
_CHECK = "ck_draft_order_confirmation"
_DIFFERS = "confirmation IN ('CHANGED', 'PARTIAL') AND differences_accepted_at IS NULL"


def upgrade() -> None:
    # May be said twice, for an upgrade that broke off begins again: a concurrent index needs its own transaction.
    for table, column, kind in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {kind}")
    op.execute(f"ALTER TABLE draft_order DROP CONSTRAINT IF EXISTS {_CHECK}")
    op.execute(
        f"ALTER TABLE draft_order ADD CONSTRAINT {_CHECK}"
        " CHECK (confirmation IN ('AS_ORDERED', 'CHANGED', 'PARTIAL')) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE draft_order VALIDATE CONSTRAINT {_CHECK}")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_draft_order_differs")
        op.execute(
            "CREATE INDEX CONCURRENTLY idx_draft_order_differs"
            f" ON draft_order (org_id, created_at DESC, id DESC) WHERE {_DIFFERS}"
        )
    op.create_table(
        "draft_order_confirmation",
        sa.Column("draft_order_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("export_id", sa.Uuid(), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.Column("differences", JSONB(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_draft_order_confirmation_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "draft_order_id"],
            ["draft_order.org_id", "draft_order.id"],
            name=op.f("fk_draft_order_confirmation_org_id_draft_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draft_order_id", name=op.f("pk_draft_order_confirmation")),
    )
    op.execute(
        "ALTER TABLE draft_order_confirmation SET (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01)"
    )
    op.create_index("idx_draft_order_confirmation_export", "draft_order_confirmation", ["export_id"])
    wall_off("draft_order_confirmation", "SELECT, INSERT, UPDATE")
