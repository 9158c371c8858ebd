"""Events that every order brings are in no index by their kind: what follows a number has them at hand.

Nothing is asked that the former release could not ask as well.
"""

from alembic import op
from sqlalchemy import text

revision = "0052"
down_revision = "0051"

_INDEX = "idx_event_kind"
# As PostgreSQL tells it.
_DEFINITION = (
    "btree (org_id, kind, number) WHERE ((number IS NOT NULL) AND (kind <> ALL (ARRAY['order.created'::text,"
    " 'order.approved'::text, 'order.requested'::text, 'order.pushed'::text])))"
)
_DEFINED = text("""
    SELECT split_part(pg_get_indexdef(indexrelid), ' USING ', 2) FROM pg_index
    WHERE indexrelid = to_regclass(:name) AND indisvalid
""")


def upgrade() -> None:
    # Beside the work; each may be said twice, for an upgrade that broke off begins again.
    with op.get_context().autocommit_block():
        if _is_there(_INDEX):
            return
        if not _is_there(f"new_{_INDEX}"):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS new_{_INDEX}")
            op.execute(f"CREATE INDEX CONCURRENTLY new_{_INDEX} ON event USING {_DEFINITION}")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.execute(f"ALTER INDEX new_{_INDEX} RENAME TO {_INDEX}")


def _is_there(name: str) -> bool:
    return bool(op.get_bind().execute(_DEFINED, {"name": name}).scalar() == _DEFINITION)
