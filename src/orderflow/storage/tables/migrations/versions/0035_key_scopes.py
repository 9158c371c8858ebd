"""An API key may be made for some of what its role may do. Keys from before may all of it, as until now."""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.execute("ALTER TABLE api_key ADD COLUMN scopes text[]")
