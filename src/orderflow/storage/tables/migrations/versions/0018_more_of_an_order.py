"""More of an order: parties, further dates, terms, allowances and charges; of a line its article's other numbers.

Columns that may be empty and have no default: nothing is rewritten, and an order without them stays as it is.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

_OF_BOTH = (
    ("earliest_delivery_date", "date"),
    ("latest_delivery_date", "date"),
    ("promised_delivery_date", "date"),
    ("allowances", "jsonb"),
    ("charges", "jsonb"),
)
_COLUMNS = {
    "draft_order": (*_OF_BOTH, ("payment_terms", "text"), ("buyer", "jsonb"), ("seller", "jsonb")),
    "draft_order_line": (
        *_OF_BOTH,
        ("gtin", "text"),
        ("buyer_article_number", "text"),
        ("seller_article_number", "text"),
    ),
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in columns)
        op.execute(f"ALTER TABLE {table} {added}")
