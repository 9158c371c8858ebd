"""What is logged of changes is kept by its age alone: rows of one moment share an entry, and no id is asked for.

Nothing is asked that the former release could not ask as well.
"""

from alembic import op
from sqlalchemy import text

revision = "0054"
down_revision = "0053"

_DEFINED = text("""
    SELECT split_part(pg_get_indexdef(indexrelid), ' USING ', 2) FROM pg_index
    WHERE indexrelid = to_regclass('idx_audit_log_org') AND indisvalid
""")
_BY_AGE = "btree (org_id, created_at)"


def upgrade() -> None:
    # Beside the work; each may be said twice, for an upgrade that broke off begins again.
    with op.get_context().autocommit_block():
        if op.get_bind().execute(_DEFINED).scalar() != _BY_AGE:
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_audit_log_org")
            op.execute(f"CREATE INDEX CONCURRENTLY idx_audit_log_org ON audit_log USING {_BY_AGE}")
    op.execute("ALTER TABLE audit_log DROP CONSTRAINT IF EXISTS pk_audit_log, REPLICA IDENTITY FULL")
