"""Holds of orders, and priority: a claim passes by what is on hold, and takes what has a head start earlier.

Columns come with a default that rewrites no table, and the queue's index is made beside the work that goes on. It takes
the place of `idx_erp_export_due`: whatever asked that one finds its rows by it as well.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0023"
down_revision = "0022"

_COLUMNS = (
    ("draft_order", "priority", "integer"),
    ("erp_export", "priority", "integer NOT NULL DEFAULT 0"),
    ("erp_export", "on_hold", "boolean NOT NULL DEFAULT false"),
    # What waits already has one time; it goes out first, in the order of the column that follows in the index.
    ("erp_export", "queued_at", "timestamptz NOT NULL DEFAULT now()"),
)
# Kept by the database: no statement of any release can leave it behind. Not an expression in the index, since behind a
# policy only a comparison of columns may bound what is read of one.
_QUEUED_AT = """
    CREATE OR REPLACE FUNCTION erp_export_queued_at() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.queued_at := NEW.next_attempt_at - make_interval(mins => NEW.priority);
        RETURN NEW;
    END $$
"""
_KEPT = """
    CREATE OR REPLACE TRIGGER erp_export_queued_at BEFORE INSERT OR UPDATE OF next_attempt_at, priority ON erp_export
    FOR EACH ROW EXECUTE FUNCTION erp_export_queued_at()
"""
_QUEUE = """
    CREATE INDEX CONCURRENTLY idx_erp_export_queue ON erp_export (connection_id, on_hold, queued_at, next_attempt_at)
    WHERE status = 'PENDING'
"""


def upgrade() -> None:
    # Each of these may be said twice, for an upgrade that broke off begins again: what a concurrent index needs has to
    # be committed before it.
    for table, column, kind in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {kind}")
    op.execute(_QUEUED_AT)
    op.execute(_KEPT)
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_erp_export_queue")
        op.execute(_QUEUE)
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_erp_export_due")
    op.create_table(
        "order_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("draft_order_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_order_hold_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "draft_order_id"],
            ["draft_order.org_id", "draft_order.id"],
            name=op.f("fk_order_hold_org_id_draft_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_hold")),
    )
    op.create_index("idx_order_hold_order", "order_hold", ["draft_order_id"])
    op.create_index("idx_order_hold_org", "order_hold", ["org_id", "draft_order_id"])
    wall_off("order_hold", "SELECT, INSERT, DELETE")
    keep_policy_from_indexes("order_hold")
