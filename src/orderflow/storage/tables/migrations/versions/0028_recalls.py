"""Orders that are recalled, and why. Checks are looked at, and the index is made anew, beside the work that goes on."""

from alembic import op

revision = "0028"
down_revision = "0027"

_STATES = (
    "'NEW', 'NEEDS_REVIEW', 'READY', 'APPROVED', 'PUSHING', 'PUSHED', 'CONFIRMED', 'ERROR', 'REJECTED', 'RECALLING',"
    " 'RECALLED'"
)


def upgrade() -> None:
    # May be said twice, for an upgrade that broke off begins again.
    op.execute("ALTER TABLE erp_export ADD COLUMN IF NOT EXISTS reason text")
    op.execute(
        "ALTER TABLE draft_order DROP CONSTRAINT IF EXISTS ck_draft_order_status,"
        f" ADD CONSTRAINT ck_draft_order_status CHECK (status IN ({_STATES})) NOT VALID"
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE draft_order VALIDATE CONSTRAINT ck_draft_order_status")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_draft_order_ended_anew")
        op.execute(
            "CREATE INDEX CONCURRENTLY idx_draft_order_ended_anew ON draft_order (updated_at)"
            " WHERE status IN ('CONFIRMED', 'REJECTED', 'RECALLED')"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_draft_order_ended")
        op.execute("ALTER INDEX idx_draft_order_ended_anew RENAME TO idx_draft_order_ended")
