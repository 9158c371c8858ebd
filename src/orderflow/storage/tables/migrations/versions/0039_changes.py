"""Changes of orders that were sent: what a delivery waits for, and whether an order is recalled to be changed."""

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    # May be said twice, for an upgrade that broke off begins again.
    op.execute("ALTER TABLE erp_export ADD COLUMN IF NOT EXISTS follows uuid")
    op.execute("ALTER TABLE erp_connection ADD COLUMN IF NOT EXISTS change_by_recall boolean NOT NULL DEFAULT false")
