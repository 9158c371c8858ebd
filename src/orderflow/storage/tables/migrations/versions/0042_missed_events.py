"""A webhook says how many of its events were deleted before they were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    op.add_column("webhook_endpoint", sa.Column("missed", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("webhook_endpoint", sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True))
