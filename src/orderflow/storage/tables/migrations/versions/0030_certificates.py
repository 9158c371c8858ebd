"""When a connection has no certificate left that deliveries need. A column that may be empty."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute("ALTER TABLE erp_connection ADD COLUMN IF NOT EXISTS certificate_ends_at timestamptz")
