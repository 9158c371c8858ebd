"""What changed since a moment is found by an index, of deliveries too.

Of these a trigger keeps the time, which statements left behind; what only workers see (leases, waits) does not count,
so that its updates stay as cheap as they were.
"""

from alembic import op

revision = "0040"
down_revision = "0039"

_KEPT = """
    CREATE OR REPLACE FUNCTION erp_export_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.updated_at := now();
        RETURN NEW;
    END $$
"""
_SEEN = (
    *("status", "connection_id", "filename", "erp_order_id", "error_json", "priority", "held_at", "sent_at"),
    *("received_at", "understood_at", "answered_at", "unreadable_answer", "confirmed_by"),
)
_OLD, _NEW = (", ".join(f"{row}.{name}" for name in _SEEN) for row in ("OLD", "NEW"))
_TRIGGER = f"""
    CREATE OR REPLACE TRIGGER erp_export_updated_at BEFORE UPDATE ON erp_export FOR EACH ROW
    WHEN (({_OLD}) IS DISTINCT FROM ({_NEW}))
    EXECUTE FUNCTION erp_export_updated_at()
"""
_INDEXES = (("idx_draft_order_updated", "draft_order"), ("idx_erp_export_updated", "erp_export"))


def upgrade() -> None:
    # Each of these may be said twice, for an upgrade that broke off begins again.
    op.execute(_KEPT)
    op.execute(_TRIGGER)
    with op.get_context().autocommit_block():
        for index, table in _INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index}")
            op.execute(f"CREATE INDEX CONCURRENTLY {index} ON {table} (org_id, updated_at)")
