"""Bulk jobs: what is done to many orders, and what became of each; and an index of exports by their routing rule.

The index is made beside the work that goes on, before the new tables, so that an upgrade that broke off begins again.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0022"
down_revision = "0021"

_COUNTS = ("total", "done", "waiting", "refused")


_BY_RULE = """
    CREATE INDEX CONCURRENTLY idx_erp_export_rule ON erp_export (org_id, (route ->> 'rule'), created_at DESC, id DESC)
    WHERE route IS NOT NULL
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_erp_export_rule")
        op.execute(_BY_RULE)
    op.create_table(
        "bulk_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("chosen", JSONB(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'RUNNING'"), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False) for name in _COUNTS),
        sa.Column("reasons", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("worked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('RUNNING', 'ENDED', 'CANCELLED')", name=op.f("ck_bulk_job_status")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_bulk_job_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_job")),
    )
    op.execute("CREATE INDEX idx_bulk_job_org ON bulk_job (org_id, created_at DESC, id DESC)")
    op.execute("CREATE INDEX idx_bulk_job_running ON bulk_job (org_id) WHERE status = 'RUNNING'")
    op.execute("CREATE INDEX idx_bulk_job_ended ON bulk_job (ended_at) WHERE ended_at IS NOT NULL")
    op.execute("ALTER TABLE bulk_job SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200)")
    wall_off("bulk_job", "SELECT, INSERT, UPDATE")
    op.create_table(
        "bulk_job_order",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("error", JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_bulk_job_order")),
    )
    op.execute(
        "CREATE INDEX idx_bulk_job_order_told ON bulk_job_order (job_id, outcome, position) WHERE outcome <> 'DONE'"
    )
    op.execute(
        "ALTER TABLE bulk_job_order SET (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01)"
    )
    wall_off("bulk_job_order", "SELECT, INSERT, UPDATE")
    keep_policy_from_indexes("bulk_job_order")
