"""What a delivery asks of the ERP: all until now ask it to take an order. The check is looked at beside the work."""

from alembic import op

revision = "0025"
down_revision = "0024"

_CHECK = "ck_erp_export_kind"


def upgrade() -> None:
    # May be said twice, for an upgrade that broke off begins again.
    op.execute("ALTER TABLE erp_export ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'order'")
    op.execute(f"ALTER TABLE erp_export DROP CONSTRAINT IF EXISTS {_CHECK}")
    op.execute(
        f"ALTER TABLE erp_export ADD CONSTRAINT {_CHECK} CHECK (kind IN ('order', 'change', 'recall')) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute(f"ALTER TABLE erp_export VALIDATE CONSTRAINT {_CHECK}")
