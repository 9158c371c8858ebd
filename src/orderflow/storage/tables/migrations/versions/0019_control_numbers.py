"""Control numbers: how far the documents of a connection were counted, and which number each went out with.

Only a table, a column that may be empty, and an index that is made beside the work that goes on.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import wall_off

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    # May be said twice, for an upgrade that broke off begins again: a concurrent index needs its column committed.
    op.execute("ALTER TABLE erp_export ADD COLUMN IF NOT EXISTS control_number bigint")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_erp_export_control_number")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY uq_erp_export_control_number"
            " ON erp_export (connection_id, control_number) WHERE control_number IS NOT NULL"
        )
    op.create_table(
        "control_counter",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_control_counter_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["erp_connection.org_id", "erp_connection.id"],
            name=op.f("fk_control_counter_org_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_control_counter")),
        postgresql_with={
            "fillfactor": "50",
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "200",
        },
    )
    wall_off("control_counter", "SELECT, INSERT, UPDATE")  # goes with its connection alone
