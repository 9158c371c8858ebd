"""Several connections of one type by name: an organization calls no two the same, in whatever case.

Both indexes are made beside the work that goes on. Each step may be said twice, for an upgrade that broke off begins
again.
"""

from alembic import op
from sqlalchemy import exc

from orderflow.storage.tables.row_security import all_rows

revision = "0015"
down_revision = "0014"

# Those that came later get a number; the audit log tells their people.
_RENAME = """
DO $$
DECLARE one record; number int; better text;
BEGIN
    FOR one IN
        SELECT id, org_id, name FROM (
            SELECT id, org_id, name, row_number() OVER (
                PARTITION BY org_id, lower(name) ORDER BY status, created_at, id) AS place
            FROM erp_connection WHERE deleted_at IS NULL AND name IS NOT NULL) named
        WHERE place > 1 ORDER BY place, id
    LOOP
        number := 2;
        LOOP
            better := one.name || ' (' || number || ')';
            EXIT WHEN NOT EXISTS (SELECT FROM erp_connection c WHERE c.org_id = one.org_id AND c.deleted_at IS NULL
                                  AND lower(c.name) = lower(better));
            number := number + 1;
        END LOOP;
        UPDATE erp_connection SET name = better, version = version + 1, updated_at = now() WHERE id = one.id;
        INSERT INTO audit_log (id, org_id, actor, action, entity_type, entity_id, before, after)
        VALUES (gen_random_uuid(), one.org_id, 'upgrade', 'CONNECTOR_CHANGED', 'erp_connection', one.id,
                jsonb_build_object('name', one.name), jsonb_build_object('name', better));
    END LOOP;
END $$
"""
_NAMES = """
    CREATE UNIQUE INDEX CONCURRENTLY uq_erp_connection_name ON erp_connection (org_id, lower(name))
    WHERE deleted_at IS NULL
"""
_ACTIVE = """
    CREATE UNIQUE INDEX CONCURRENTLY uq_active_connector_new ON erp_connection (org_id, connector_type)
    WHERE status = 'ACTIVE' AND name IS NULL
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        while not _names_are_unique():
            pass  # somebody gave an equal name in between
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_active_connector_new")
        op.execute(_ACTIVE)
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_active_connector")
        op.execute("ALTER INDEX uq_active_connector_new RENAME TO uq_active_connector")


def _names_are_unique() -> bool:
    op.execute("DROP INDEX CONCURRENTLY IF EXISTS uq_erp_connection_name")
    with all_rows("erp_connection", "audit_log"):
        op.execute(_RENAME)
    try:
        op.execute(_NAMES)
    except exc.IntegrityError:
        return False
    return True
