"""Which kinds of deliveries a process knows. Releases before this one write none, and deliver a recall as an order.

A column that may be empty.
"""

from alembic import op

from orderflow.storage.tables.roles import APP_ROLE

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.execute("ALTER TABLE process ADD COLUMN IF NOT EXISTS kinds text[]")
    op.execute(f"GRANT SELECT (kind, version, kinds) ON process TO {APP_ROLE}")
