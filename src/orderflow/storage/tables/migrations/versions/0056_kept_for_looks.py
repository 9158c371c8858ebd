"""Orders keep their names as a search looks through them, and of counts it is kept which customers have most.

Nothing is changed of orders from before: they have none, and theirs are put together by each search, as all were. A
trigger keeps those of others, whichever release writes. What the former release counts has no customers kept beside
it, and they are found when somebody asks.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0056"
down_revision = "0055"

# Of the columns as they were named here: later releases may look through others.
_COLUMNS = ("external_order_number", "erp_customer_number", "customer_name", "erp_order_id")
_NAMED = " || ' ' || ".join(f"COALESCE(NEW.{column}, '')" for column in _COLUMNS)
_OLD, _NEW = (", ".join(f"{row}.{column}" for column in _COLUMNS) for row in ("OLD", "NEW"))
_KEEP = f"""
    CREATE OR REPLACE FUNCTION keep_named() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.named := lower({_NAMED});
        RETURN NEW;
    END $$;
    CREATE OR REPLACE TRIGGER keep_named BEFORE INSERT ON draft_order FOR EACH ROW EXECUTE FUNCTION keep_named();
    CREATE OR REPLACE TRIGGER keep_named_anew BEFORE UPDATE ON draft_order FOR EACH ROW
    WHEN (({_OLD}) IS DISTINCT FROM ({_NEW})) EXECUTE FUNCTION keep_named()
"""


def upgrade() -> None:
    # Each of these may be said twice, for an upgrade that broke off begins again.
    op.add_column("draft_order", sa.Column("named", sa.Text()), if_not_exists=True)
    op.add_column("delivery_tally_state", sa.Column("first_customers", JSONB()), if_not_exists=True)
    op.add_column("delivery_tally_state", sa.Column("ranked_at", sa.DateTime(timezone=True)), if_not_exists=True)
    op.execute(_KEEP)
