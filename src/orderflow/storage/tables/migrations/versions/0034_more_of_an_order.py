"""What shops say in an order besides: taxes, whom to ask, how it is sent, and what they wish to find again.

Columns that may be empty and have no default: nothing is rewritten, and an order without them stays as it is.
"""

from alembic import op

revision = "0034"
down_revision = "0033"

_COLUMNS = {"draft_order": ("taxes", "contact", "shipping", "metadata"), "draft_order_line": ("taxes",)}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        added = ", ".join(f"ADD COLUMN {name} jsonb" for name in columns)
        op.execute(f"ALTER TABLE {table} {added}")
