"""A push that comes again with its Idempotency-Key is told from another one with that key."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.add_column("erp_export", sa.Column("request_digest", sa.BigInteger(), nullable=True))
