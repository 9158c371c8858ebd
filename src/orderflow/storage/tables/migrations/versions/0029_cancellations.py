"""Orders that were cancelled before they came: a key that is kept for none. Columns without a default change no row."""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.execute("ALTER TABLE order_key ADD COLUMN IF NOT EXISTS cancelled_by text")
    op.execute("ALTER TABLE order_key ADD COLUMN IF NOT EXISTS cancel_reason text")
