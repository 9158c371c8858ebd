"""What an order is known by when it comes again, and where it comes from.

Orders from before have no key, and may come once more. Only a new table and a column without a default: each lock is
held for a moment.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
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
