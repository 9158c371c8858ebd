"""What people note about what needs somebody, when they last looked, and an index of what is held in doubt.

Columns may be empty; the index is made beside the work that goes on.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import wall_off

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    # May be said twice, for an upgrade that broke off begins again: a concurrent index needs its own transaction.
    for column in ("visited_at", "last_visit_at"):
        op.execute(f"ALTER TABLE app_user ADD COLUMN IF NOT EXISTS {column} timestamptz")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_erp_export_held")
        op.execute(
            "CREATE INDEX CONCURRENTLY idx_erp_export_held ON erp_export (connection_id) WHERE held_at IS NOT NULL"
        )
    op.create_table(
        "need_mark",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("assigned_to", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("marked_by", sa.Text(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_need_mark_org_id")),
        sa.PrimaryKeyConstraint("org_id", "key", name=op.f("pk_need_mark")),
    )
    wall_off("need_mark")
