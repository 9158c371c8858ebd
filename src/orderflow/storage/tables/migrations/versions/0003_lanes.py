"""Lanes: how many workers, on all machines together, may deliver over one connection at a time."""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import wall_off

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "erp_lane",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["erp_connection.id"],
            name=op.f("fk_erp_lane_connection_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_erp_lane_org_id")),
        sa.PrimaryKeyConstraint("connection_id", "lane", name=op.f("pk_erp_lane")),
        postgresql_with={"fillfactor": "50"},
    )
    op.add_column("erp_connection", sa.Column("rate_since", sa.DateTime(timezone=True)))
    op.add_column("erp_connection", sa.Column("rate_used", sa.Integer(), server_default=sa.text("0"), nullable=False))
    wall_off("erp_lane")
