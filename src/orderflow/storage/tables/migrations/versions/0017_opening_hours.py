"""When an ERP may be sent orders: opening hours of a connection, and a time that a push is not to go out before.

Columns that may be empty: nothing is rewritten, and all connections are open as they were.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

_COLUMNS = (
    ("erp_connection", "opening_hours", "jsonb"),
    ("erp_connection", "closed_until", "timestamptz"),
    ("erp_connection", "open_until", "timestamptz"),
    ("erp_connection", "hours_seen_at", "timestamptz"),
    ("erp_export", "not_before", "timestamptz"),
)


def upgrade() -> None:
    for table, column, kind in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
