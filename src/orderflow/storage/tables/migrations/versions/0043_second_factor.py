"""A second factor for signing in: a new table, and whether an organization requires it of its users."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from orderflow.storage.tables.roles import APP_ROLE
from orderflow.storage.tables.row_security import wall_off

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.add_column(
        "organization",
        sa.Column("second_factor_required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(f"GRANT UPDATE (second_factor_required) ON organization TO {APP_ROLE}")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "second_factor",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", moment, server_default=sa.func.now(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("confirmed_at", moment, nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("recovery", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_second_factor_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["app_user.org_id", "app_user.id"],
            name=op.f("fk_second_factor_org_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )
    op.create_index("idx_second_factor_org", "second_factor", ["org_id"])
    wall_off("second_factor")
