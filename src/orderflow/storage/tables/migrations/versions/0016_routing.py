"""Routing: the rules of an organization, version by version; where a rule sent an export; orders that wait for one.

Columns come without a default, so that no table is rewritten, and the indexes are made beside the work that goes on.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.storage.tables.row_security import wall_off

revision = "0016"
down_revision = "0015"

_COLUMNS = (
    ("draft_order", "push_requested_at", "timestamptz"),
    ("draft_order", "push_request", "jsonb"),
    ("draft_order", "waits_for", "text"),
    ("draft_order", "waits_seen", "text"),
    ("erp_export", "route", "jsonb"),
    ("erp_export", "route_version", "integer"),
    ("erp_export", "fallback_id", "uuid"),
)
_INDEXES = (
    ("idx_draft_order_waits", "draft_order (org_id, waits_seen) WHERE waits_for IS NOT NULL"),
    (
        "idx_erp_export_routed",
        "erp_export (org_id, route_version) WHERE status = 'PENDING' AND route_version IS NOT NULL",
    ),
    ("idx_erp_export_fallback", "erp_export (connection_id) WHERE status = 'PENDING' AND fallback_id IS NOT NULL"),
)


def upgrade() -> None:
    # Each of these may be said twice, for an upgrade that broke off begins again: what a concurrent index needs has to
    # be committed before it.
    for table, column, kind in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {kind}")
    with op.get_context().autocommit_block():
        for name, place in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {place}")
    op.create_table(
        "route_set",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", JSONB(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_route_set_org_id")),
        sa.PrimaryKeyConstraint("org_id", "version", name=op.f("pk_route_set")),
    )
    wall_off("route_set", "SELECT, INSERT")
