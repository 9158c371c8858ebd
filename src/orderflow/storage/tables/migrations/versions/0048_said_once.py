"""An order leaves less on the disk: attempts leave out what their export says of the document, and where it was put.

The columns stay as they are, and rows that say it are read as before; the former release shows what a row has, and goes
by none of it. A trigger, so that also a release that knows nothing of this lets the attempts say what they were about,
before their export gets another document or is staged anew.
"""

from alembic import op

from orderflow.storage.tables.indexes import make

revision = "0048"
down_revision = "0047"

_KEEP = r"""
    CREATE OR REPLACE FUNCTION keep_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        address text := substring(OLD.staged_path FROM '^(.*)\.[^.]*\.[^.]*$');
    BEGIN
        UPDATE erp_push_log l
        SET request_json = jsonb_build_object('file', OLD.filename, 'size', OLD.document_size,
                                              'sha256', OLD.document_sha256) || l.request_json,
            response_json = CASE WHEN l.response_json = '{"file": null}' THEN jsonb_build_object(
                'file', substring(address FROM '[^/]*$'), 'path', address, 'bytes', OLD.document_size)
                ELSE l.response_json END
        WHERE l.erp_export_id = OLD.id AND (NOT l.request_json ? 'sha256' OR l.response_json = '{"file": null}');
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE OR REPLACE TRIGGER keep_attempts AFTER UPDATE OF filename, document_size, document_sha256, staged_path
    ON erp_export FOR EACH ROW
    WHEN (OLD.document_sha256 IS NOT NULL
          AND (NEW.filename, NEW.document_size, NEW.document_sha256)
              IS DISTINCT FROM (OLD.filename, OLD.document_size, OLD.document_sha256)
          OR OLD.staged_path IS NOT NULL AND NEW.staged_path IS DISTINCT FROM OLD.staged_path)
    EXECUTE FUNCTION keep_attempts()
"""
# The key is a digest of organization, order and number of the attempt, of which another index keeps each but once.
_KEY = "hash (idempotency_key)"


def upgrade() -> None:
    for statement in (_KEEP, _TRIGGER):
        op.execute(statement)
    with op.get_context().autocommit_block():
        make("idx_erp_push_log_key", "erp_push_log", _KEY)
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_erp_push_log_key")
        # Room in the page for the end of an attempt, which is hardly longer now than its beginning.
        op.execute("ALTER TABLE erp_push_log SET (fillfactor = 45)")
