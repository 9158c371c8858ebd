"""Doubt: when an attempt last began, what the ERP's answers could not say, what a connection waits for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.storage.tables.row_security import all_rows

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    # Each of these may be said twice, for an upgrade that broke off begins again: what a concurrent index needs has to
    # be committed before it.
    op.execute("ALTER TABLE erp_export ADD COLUMN IF NOT EXISTS unreadable_answer jsonb")
    with op.get_context().autocommit_block():
        _index("uq_erp_push_log_key", "UNIQUE", "erp_push_log (idempotency_key)")
        unreadable = "erp_export (connection_id) WHERE unreadable_answer IS NOT NULL"
        _index("idx_erp_export_unreadable", "", unreadable)
        # An attempt is found by its key alone now; what the release before asks for is found by that index as well.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_erp_push_log_key")
    op.add_column("erp_export", sa.Column("export_media_type", sa.Text()))
    op.add_column("erp_export", sa.Column("last_begun_at", sa.DateTime(timezone=True)))
    op.add_column("erp_export", sa.Column("doubt_since", sa.DateTime(timezone=True)))
    op.add_column("erp_export", sa.Column("asking", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("erp_connection", sa.Column("commit_within", sa.Integer()))
    op.add_column("erp_connection", sa.Column("in_doubt_before", sa.Text()))
    op.add_column("erp_connection", sa.Column("rests_until", sa.DateTime(timezone=True)))
    op.add_column("erp_connection", sa.Column("rest_error", JSONB()))
    op.create_check_constraint(op.f("ck_erp_connection_commit_within"), "erp_connection", "commit_within >= 0")
    op.alter_column("erp_connection", "in_doubt", server_default=sa.text("'hold'"))
    # Nobody may have meant it: it was what came of choosing nothing. `orderflow doctor` lists those that were changed.
    with all_rows("erp_connection"):
        op.execute("UPDATE erp_connection SET in_doubt_before = in_doubt, in_doubt = 'hold'")


def _index(name: str, kind: str, place: str) -> None:
    """Create an index beside the work that goes on; one that an upgrade left half made is made anew."""
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    op.execute(f"CREATE {kind} INDEX CONCURRENTLY {name} ON {place}")
