"""What the service's role never does, it may not do; and nothing names a connection or user of another organization.

Each lock is held for a moment only: keys are added without looking at the rows, which are looked at beside the work.
"""

from alembic import op
from sqlalchemy import text

from orderflow.storage.tables.row_security import let_each_read_itself, take_what_nobody_needs, validate_key

revision = "0011"
down_revision = "0010"

# Table, column, what it names, and what becomes of the row when that is deleted.
_KEYS = (
    ("erp_lane", "connection_id", "erp_connection", " ON DELETE CASCADE"),
    ("erp_export", "connection_id", "erp_connection", ""),
    ("notification", "connection_id", "erp_connection", " ON DELETE CASCADE"),
    ("api_key", "user_id", "app_user", ""),
    ("ended_session", "user_id", "app_user", ""),
)


def upgrade() -> None:
    take_what_nobody_needs()
    let_each_read_itself("organization")
    # Each of these may be said twice, for an upgrade that broke off begins again.
    with op.get_context().autocommit_block():
        for table in ("erp_connection", "app_user"):
            if not _is_whole(f"uq_{table}_in_org"):  # keys that an upgrade left behind need one that is
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS uq_{table}_in_org")
                op.execute(f"CREATE UNIQUE INDEX CONCURRENTLY uq_{table}_in_org ON {table} (org_id, id)")
        for key in _KEYS:
            _name_within_the_organization(*key)


def _is_whole(index: str) -> bool:
    query = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return bool(op.get_bind().execute(query, {"name": index}).scalar())


def _name_within_the_organization(table: str, column: str, named: str, then: str) -> None:
    """Put a key that has the organization in it in the place of one that has not."""
    key = f"fk_{table}_org_id_{column}"
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {key}")
    op.execute(
        f"ALTER TABLE {table} ADD CONSTRAINT {key} FOREIGN KEY (org_id, {column})"
        f" REFERENCES {named} (org_id, id){then} NOT VALID"
    )
    validate_key(table, key, named)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS fk_{table}_{column}")
