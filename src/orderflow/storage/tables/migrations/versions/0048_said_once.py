"""An order leaves less on the disk: attempts leave out what their export says, and events the names of what they say.

The columns stay as they are, and rows that say it are read as before. A trigger, so that also a release that knows
nothing of this lets the attempts say which document they were about, before their export gets another.
"""

from alembic import op
from sqlalchemy import text

revision = "0048"
down_revision = "0047"

_KEEP = """
    CREATE OR REPLACE FUNCTION keep_request() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE erp_push_log l
        SET request_json = jsonb_build_object('file', OLD.filename, 'size', OLD.document_size,
                                              'sha256', OLD.document_sha256) || l.request_json
        WHERE l.erp_export_id = OLD.id AND NOT l.request_json ? 'sha256';
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE OR REPLACE TRIGGER keep_request AFTER UPDATE OF document_sha256 ON erp_export
    FOR EACH ROW WHEN (OLD.document_sha256 IS NOT NULL AND NEW.document_sha256 IS DISTINCT FROM OLD.document_sha256)
    EXECUTE FUNCTION keep_request()
"""
# The key is a digest of organization, order and number of the attempt, of which another index keeps each but once.
_KEY = "hash (idempotency_key)"
_DEFINED = text("""
    SELECT split_part(pg_get_indexdef(indexrelid), ' USING ', 2) FROM pg_index
    WHERE indexrelid = to_regclass('idx_erp_push_log_key') AND indisvalid
""")

# What was so, by place (`storage/work/events.py`), instead of by names which are longer than the values. The functions
# of migration 0033, but for that.
_CREATED = """
    CREATE OR REPLACE FUNCTION tell_created_orders() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO event (org_id, kind, order_id, data)
        SELECT o.org_id, 'order.created', o.id, jsonb_build_array(o.status, o.external_order_number, o.source)
        FROM added o;
        RETURN NULL;
    END $$
"""
_ORDER = """
    CREATE OR REPLACE FUNCTION tell_order() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        answered boolean := false;
        happened text;
    BEGIN
        IF NEW.status = 'ERROR' THEN
            SELECT e.answered_at IS NOT NULL INTO answered FROM erp_export e
            WHERE e.draft_order_id = NEW.id AND e.kind = 'order' ORDER BY e.created_at DESC LIMIT 1;
        END IF;
        happened := event_of_order(OLD.status, NEW.status, answered);
        IF happened IS NOT NULL THEN
            INSERT INTO event (org_id, kind, order_id, data)
            VALUES (NEW.org_id, happened, NEW.id, CASE
                WHEN NEW.error_json IS NULL AND NEW.confirmation IS NULL
                THEN jsonb_build_array(NEW.status, NEW.external_order_number, NEW.source, NEW.erp_order_id)
                ELSE jsonb_build_array(NEW.status, NEW.external_order_number, NEW.source, NEW.erp_order_id,
                                       NEW.error_json ->> 'code', NEW.confirmation) END);
        END IF;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    for statement in (_KEEP, _TRIGGER, _CREATED, _ORDER):
        op.execute(statement)
    with op.get_context().autocommit_block():
        if op.get_bind().execute(_DEFINED).scalar() != _KEY:  # an upgrade that broke off begins again
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS idx_erp_push_log_key")
            op.execute(f"CREATE INDEX CONCURRENTLY idx_erp_push_log_key ON erp_push_log USING {_KEY}")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_erp_push_log_key")
        # Room in the page for what became of an order, which so touches no index.
        op.execute("ALTER TABLE bulk_job_order SET (fillfactor = 50)")
