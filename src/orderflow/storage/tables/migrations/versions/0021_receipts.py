"""Within which time a receipt should come back, and when one that did not was told.

Only columns that may be empty: nothing is rewritten.
"""

from alembic import op

revision = "0021"
down_revision = "0020"

_COLUMNS = (
    ("erp_connection", "received_within", "integer"),
    ("erp_connection", "understood_within", "integer"),
    ("erp_export", "received_alerted_at", "timestamptz"),
    ("erp_export", "understood_alerted_at", "timestamptz"),
)


def upgrade() -> None:
    for table, column, kind in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {kind}")
