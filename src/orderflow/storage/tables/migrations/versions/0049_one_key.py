"""Each change of an order writes to one index less, and so does what each order brings into the log of changes.

An order had two keys: its own, and one with its organization, which others point to. One of both takes their place;
what pointed to an order by its id alone does so by both, too. Nothing is asked that the former release could not ask as
well: what it looks for by an action that each order brings is so frequent that the list by age has it at hand.
"""

from alembic import op

from orderflow.storage.tables.indexes import is_made, make, make_in_its_place
from orderflow.storage.tables.row_security import validate_key

revision = "0049"
down_revision = "0048"

# The definitions are as PostgreSQL tells them.
_KEY = "btree (id, org_id)"
_RARE = "(action <> ALL (ARRAY['DRAFT_CREATED'::text, 'DRAFT_APPROVED'::text, 'DRAFT_PUSHED'::text]))"
_INDEXES = {
    "idx_audit_log_action": ("audit_log", f"btree (org_id, action, created_at) WHERE {_RARE}"),
    # Of one order all are read, and share an entry.
    "idx_erp_export_order": ("erp_export", "btree (draft_order_id)"),
}
_POINTING = {
    "draft_order_line": "fk_draft_order_line_draft_order_id",
    "draft_order_revision": "fk_draft_order_revision_org_id_draft_order_id",
    "draft_order_confirmation": "fk_draft_order_confirmation_org_id_draft_order_id",
    "order_hold": "fk_order_hold_org_id_draft_order_id",
    "delivery_proof": "fk_delivery_proof_org_id_draft_order_id",
}
_NEW = "fk_{}_org_id_draft_order_id"


def upgrade() -> None:
    # Each of these may be said twice, for an upgrade that broke off begins again.
    with op.get_context().autocommit_block():
        for name, (table, definition) in _INDEXES.items():
            make_in_its_place(name, table, definition)
    if not is_made("pk_draft_order", _KEY):
        with op.get_context().autocommit_block():
            make("new_pk_draft_order", "draft_order", _KEY, unique=True)
        _take_over()
    for table in _POINTING:
        with op.get_context().autocommit_block():  # beside the work, and a transaction for each
            validate_key(table, _NEW.format(table), "draft_order")


def _take_over() -> None:
    # Orders first, as who deletes one locks them.
    op.execute(f"LOCK TABLE draft_order, {', '.join(_POINTING)} IN ACCESS EXCLUSIVE MODE")
    for table, constraint in _POINTING.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    op.execute("DROP INDEX uq_draft_order_in_org")
    op.execute(
        "ALTER TABLE draft_order DROP CONSTRAINT pk_draft_order,"
        " ADD CONSTRAINT pk_draft_order PRIMARY KEY USING INDEX new_pk_draft_order"
    )
    for table in _POINTING:
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {_NEW.format(table)} FOREIGN KEY (org_id, draft_order_id)"
            " REFERENCES draft_order (org_id, id) ON DELETE CASCADE NOT VALID"
        )
