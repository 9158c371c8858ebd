"""Failures have their code in a column, by which lists of one code find theirs alone; orders keep what they are worth.

Row-level security lets only leakproof operators at an index, and `->>`, by which the code was asked for, is none.
Triggers keep the codes, whichever release writes. An amount is kept by who writes the lines; where those go by a
release that knows nothing of it, it is forgotten, and counted of the lines as before.
"""

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.indexes import make_in_its_place
from orderflow.storage.tables.row_security import all_rows

revision = "0055"
down_revision = "0054"

_ADDED = (
    ("draft_order", "error_code", sa.Text()),
    ("draft_order", "amount", sa.Numeric()),
    ("erp_export", "error_code", sa.Text()),
    ("erp_push_log", "error_code", sa.Text()),
)
_KEPT = """
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.error_code := {code};
        RETURN NEW;
    END $$
"""


class _Code(NamedTuple):
    """How a table has the code of a failure: in SQL with `{row}` before each column.

    Attributes:
        columns: That it is made of.
        failed: Whether there may be one.
        keep: The function that keeps it.
    """

    columns: tuple[str, ...]
    sql: str
    failed: str
    keep: str


_OF_ERROR = _Code(("error_json",), "{row}error_json ->> 'code'", "{row}error_json IS NOT NULL", "keep_error_code")
_OF_ATTEMPT = _Code(
    ("error_message", "response_json"),
    "CASE WHEN {row}error_message IS NOT NULL THEN {row}response_json ->> 'code' END",
    "{row}error_message IS NOT NULL",
    "keep_attempt_error_code",
)
_CODES = {"draft_order": _OF_ERROR, "erp_export": _OF_ERROR, "erp_push_log": _OF_ATTEMPT}
_TRIGGERS = """
    CREATE OR REPLACE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW WHEN ({failed}) EXECUTE FUNCTION {name}();
    CREATE OR REPLACE TRIGGER {name}_anew BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changed})
    EXECUTE FUNCTION {name}()
"""
# Of lines that are deleted all at once, as pruning does with thousands: by a list, whose plan never reads all orders.
_FORGOTTEN = """
    CREATE OR REPLACE FUNCTION forget_amount() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE draft_order SET amount = NULL WHERE id = OLD.draft_order_id AND amount IS NOT NULL;
        RETURN NULL;
    END $$;
    CREATE OR REPLACE FUNCTION forget_amounts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE draft_order SET amount = NULL
        WHERE id = ANY(ARRAY(SELECT DISTINCT draft_order_id FROM gone)) AND amount IS NOT NULL;
        RETURN NULL;
    END $$
"""
_FORGET = """
    CREATE OR REPLACE TRIGGER forget_amount AFTER UPDATE OF qty, unit_price ON draft_order_line
    FOR EACH ROW EXECUTE FUNCTION forget_amount();
    CREATE OR REPLACE TRIGGER forget_amounts AFTER DELETE ON draft_order_line
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_amounts()
"""
# Those from before, some at a time: in the order of their ids, as all lock them, and without keeping others from naming
# them. Who waits for one long lets go of the others, and is tried again.
_FILL = """
    DO $$
    DECLARE
        part uuid[];
    BEGIN
        FOR part IN
            SELECT array_agg(id) FROM (
                SELECT id, row_number() OVER () / 1000 AS number FROM {table}
                WHERE {failed} AND error_code IS NULL AND ({code}) IS NOT NULL) failures
            GROUP BY number
        LOOP
            PERFORM set_config('lock_timeout', '2000', true);
            WITH locked AS MATERIALIZED (
                SELECT id FROM {table} WHERE id = ANY(part) AND error_code IS NULL ORDER BY id FOR NO KEY UPDATE
            )
            UPDATE {table} f SET error_code = {code} FROM locked WHERE f.id = locked.id;
            COMMIT;
        END LOOP;
    END $$
"""
# As PostgreSQL tells it.
_BY_CODE = "btree (org_id, error_code, created_at) WHERE (error_code IS NOT NULL)"


def upgrade() -> None:
    # Each of these may be said twice, for an upgrade that broke off begins again.
    for table, name, kind in _ADDED:
        op.add_column(table, sa.Column(name, kind), if_not_exists=True)
    for table, code in _CODES.items():
        op.execute(_KEPT.format(name=code.keep, code=code.sql.format(row="NEW.")))
        old, new = (", ".join(f"{row}.{column}" for column in code.columns) for row in ("OLD", "NEW"))
        changed, failed = f"({old}) IS DISTINCT FROM ({new})", code.failed.format(row="NEW.")
        op.execute(_TRIGGERS.format(name=code.keep, table=table, failed=failed, changed=changed))
    op.execute(_FORGOTTEN)
    op.execute(_FORGET)
    with op.get_context().autocommit_block():
        for table, code in _CODES.items():
            with all_rows(table):
                op.execute(_FILL.format(table=table, failed=code.failed.format(row=""), code=code.sql.format(row="")))
            make_in_its_place(f"idx_{table}_error", table, _BY_CODE)
