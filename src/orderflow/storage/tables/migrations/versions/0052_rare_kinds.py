"""Events that every order brings are in no index by their kind: what follows a number has them at hand.

Nothing is asked that the former release could not ask as well.
"""

from alembic import op

from orderflow.storage.tables.indexes import make_in_its_place

revision = "0052"
down_revision = "0051"

_INDEX = "idx_event_kind"
# As PostgreSQL tells it.
_DEFINITION = (
    "btree (org_id, kind, number) WHERE ((number IS NOT NULL) AND (kind <> ALL (ARRAY['order.created'::text,"
    " 'order.approved'::text, 'order.requested'::text, 'order.pushed'::text])))"
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        make_in_its_place(_INDEX, "event", _DEFINITION)
