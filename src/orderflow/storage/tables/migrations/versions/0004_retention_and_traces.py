"""Old orders can be deleted quickly, and an export knows the trace that it belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Each order deleted would be looked for in every export and every attempt, by a column that no index begins with.
    # What writes exports and attempts holds the order's lock, so nothing refers to an order that is not there.
    op.drop_constraint("fk_erp_export_draft_order_id", "erp_export")
    op.drop_constraint("fk_erp_push_log_draft_order_id", "erp_push_log")
    # An index that does not depend on the status lets an attempt's row be updated without touching any index.
    op.drop_index("idx_erp_push_log_open", "erp_push_log")
    op.create_index("idx_erp_push_log_export", "erp_push_log", ["erp_export_id"])
    op.add_column("erp_export", sa.Column("traceparent", sa.Text(), nullable=True))
