"""Rows are found by their own key, also while nothing is known yet of how many there are."""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import keep_policy_from_indexes

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("audit_log", "draft_order", "draft_order_line", "erp_export", "erp_push_log"):
        keep_policy_from_indexes(table)
    # The exports of an order, by the order alone: every organization's orders have ids of their own. What the release
    # before asks for, organization and order, is found by it as well.
    op.create_index("idx_erp_export_order", "erp_export", ["draft_order_id", sa.text("created_at DESC")])
    op.drop_index("idx_erp_export_draft", "erp_export")
