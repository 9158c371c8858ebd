"""Deliveries of organizations that have very many are counted beforehand, by hour and day. New tables alone.

The engine's job `tally` fills them while everything goes on; until then deliveries are counted when somebody asks.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.storage.tables.row_security import wall_off

revision = "0051"
down_revision = "0050"

_MOMENT = sa.DateTime(timezone=True)
_COUNTS = ("requested", "delivered", "confirmed", "failed", "waiting")


def upgrade() -> None:
    op.create_table(
        "delivery_tally",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("counted_by", sa.Text(), nullable=False),
        sa.Column("hours", sa.SmallInteger(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _COUNTS),
        sa.Column("sent_in", JSONB(), nullable=False),
        sa.Column("answered_in", JSONB(), nullable=False),
        sa.Column("latest_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_delivery_tally_org_id")),
        sa.PrimaryKeyConstraint("org_id", "counted_by", "hours", "at", "key", name=op.f("pk_delivery_tally")),
    )
    op.create_table(
        "delivery_tally_state",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=True),
        sa.Column("checked_at", _MOMENT, nullable=False),
        sa.Column("checked_day", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_delivery_tally_state_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_delivery_tally_state")),
    )
    for table in ("delivery_tally", "delivery_tally_state"):
        op.execute(
            f"ALTER TABLE {table} SET (autovacuum_vacuum_scale_factor = 0.02,"
            " autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01)"
        )
        wall_off(table)
