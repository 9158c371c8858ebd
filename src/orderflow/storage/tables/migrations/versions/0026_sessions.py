"""Which process a lane is held by, where a target allows so many sessions at once. A column that may be empty."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.execute("ALTER TABLE erp_lane ADD COLUMN IF NOT EXISTS process uuid")
