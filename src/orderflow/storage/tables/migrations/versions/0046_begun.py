"""How often the reading of an answer was begun and did not end: one that ends its readers is set aside."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0046"
down_revision = "0045"

_SET_ASIDE = "verdict = 'unreadable' AND begun > 0 AND next_read_at IS NULL AND NOT put_aside"


def upgrade() -> None:
    # A default that is constant rewrites nothing.
    begun = sa.Column("begun", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column("inbound", begun, if_not_exists=True)
    op.add_column("erp_connection", sa.Column("begun", JSONB(), nullable=True), if_not_exists=True)
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_inbound_set_aside")
        op.execute(f"CREATE INDEX CONCURRENTLY idx_inbound_set_aside ON inbound (connection_id) WHERE {_SET_ASIDE}")
