"""What came in with one file of orders is found again, to recall or to list all of it."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.add_column("draft_order", sa.Column("import_id", sa.Uuid(), nullable=True), if_not_exists=True)
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_draft_order_import")
        op.execute(
            "CREATE INDEX CONCURRENTLY idx_draft_order_import ON draft_order (org_id, import_id) "
            "WHERE import_id IS NOT NULL"
        )
