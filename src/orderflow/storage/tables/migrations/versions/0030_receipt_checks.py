"""What a receipt that comes later has to name as the digest of what was sent. A column that may be empty."""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute("ALTER TABLE erp_export ADD COLUMN IF NOT EXISTS receipt_check text")
