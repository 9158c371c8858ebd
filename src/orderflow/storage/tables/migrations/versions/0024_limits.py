"""How many orders a connection took when, so that no minute has more than it may take, wherever that minute begins.

`rate_since` and `rate_used` stay for the release before, which counts by them until its last process has ended.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import wall_off

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "orders_taken",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_orders_taken_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["erp_connection.org_id", "erp_connection.id"],
            name=op.f("fk_orders_taken_org_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_id", "taken_at", name=op.f("pk_orders_taken")),
    )
    op.execute("ALTER TABLE orders_taken SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200)")
    wall_off("orders_taken")
