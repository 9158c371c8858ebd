"""Lists and sweeps that stay quick with millions of rows, and vacuuming that keeps up."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_NEWEST = [sa.text("created_at DESC"), sa.text("id DESC")]
_CODE = sa.text("(error_json ->> 'code')")
_FAILED = sa.text("error_json IS NOT NULL")

# By default a table is vacuumed and analyzed when a share of it has changed. With 10 million rows that is two million:
# hours of orders, whose dead versions every claim would have to pass. Analyzing reads a sample, however large the
# table, and tells the planner how few of the rows wait or failed.
_OPTIONS = {
    # A row is changed two to four times within seconds. Where its page has room for the next version, the changes that
    # touch no indexed column leave the indexes alone.
    "draft_order": "autovacuum_analyze_scale_factor = 0.01, fillfactor = 60",
    "erp_export": "autovacuum_analyze_scale_factor = 0.01, fillfactor = 50",
    "erp_push_log": "autovacuum_analyze_scale_factor = 0.01, fillfactor = 60",
    # Written once, and deleted by prune in their thousands.
    "draft_order_line": "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,"
    " autovacuum_analyze_scale_factor = 0.01",
    "audit_log": "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,"
    " autovacuum_analyze_scale_factor = 0.01",
    # Few rows, changed by every claim.
    "erp_lane": "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200",
    "erp_connection": "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200",
}


def upgrade() -> None:
    op.create_index("idx_draft_order_error", "draft_order", ["org_id", _CODE, *_NEWEST], postgresql_where=_FAILED)
    op.create_index(
        "idx_draft_order_ended",
        "draft_order",
        ["updated_at"],
        postgresql_where=sa.text("status IN ('CONFIRMED', 'REJECTED')"),
    )
    op.create_index("idx_erp_export_status", "erp_export", ["org_id", "status", *_NEWEST])
    op.create_index("idx_erp_export_error", "erp_export", ["org_id", _CODE, *_NEWEST], postgresql_where=_FAILED)
    op.create_index(
        "idx_erp_export_unalerted",
        "erp_export",
        ["connection_id", "sent_at"],
        postgresql_where=sa.text("status = 'SENT' AND alerted_at IS NULL"),
    )
    op.create_index(
        "idx_erp_push_log_failed",
        "erp_push_log",
        ["org_id", *_NEWEST],
        postgresql_where=sa.text("error_message IS NOT NULL"),
    )
    op.create_index("idx_audit_log_action", "audit_log", ["org_id", "action", *_NEWEST])
    op.create_index("idx_audit_log_actor", "audit_log", ["org_id", "actor", *_NEWEST])
    op.create_index(
        "idx_audit_log_entity_type",
        "audit_log",
        ["org_id", "entity_type", *_NEWEST],
        postgresql_where=sa.text("entity_type <> 'draft_order'"),
    )
    op.create_index(
        "idx_audit_log_other",
        "audit_log",
        ["created_at"],
        postgresql_where=sa.text("entity_type IS DISTINCT FROM 'draft_order'"),
    )
    for table, options in _OPTIONS.items():
        op.execute(f"ALTER TABLE {table} SET ({options})")
