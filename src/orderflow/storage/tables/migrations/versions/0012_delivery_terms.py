"""The terms on which an order is delivered. A column that may be empty: nothing is rewritten."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("draft_order", sa.Column("delivery_terms", sa.Text(), nullable=True))
