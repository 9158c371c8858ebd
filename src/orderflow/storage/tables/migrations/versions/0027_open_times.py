"""When a connection was open lately, so that closed hours do not count where an answer is awaited.

A column that may be empty, and is until the connection's hours are next worked out: within an hour.
"""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute("ALTER TABLE erp_connection ADD COLUMN IF NOT EXISTS open_times tstzmultirange")
