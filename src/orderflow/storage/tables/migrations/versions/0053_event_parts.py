"""An event that is numbered moves to a part of its own, instead of being written again beside itself in each index.

`event` stays the name by which all write, number, read and delete, the former release as well. Until it has parts,
what comes without a number is collected in a table that inherits from it. All others get one beside the work, so that
the table itself becomes a part without being read, and what waits by then is little.
"""

from alembic import op
from sqlalchemy import text

from orderflow.storage.tables.indexes import make_in_its_place
from orderflow.storage.tables.roles import APP_ROLE
from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0053"
down_revision = "0052"

_COLLECT = (
    """
    CREATE TABLE event_waiting () INHERITS (event) WITH (
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.01)
    """,
    "CREATE INDEX idx_event_waiting ON event_waiting (org_id, id)",
    "ALTER TABLE event ADD CONSTRAINT event_is_numbered CHECK (number IS NOT NULL) NO INHERIT NOT VALID",
    """
    CREATE FUNCTION event_waits() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO event_waiting VALUES (NEW.*);
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER event_waits BEFORE INSERT ON event
    FOR EACH ROW WHEN (NEW.number IS NULL) EXECUTE FUNCTION event_waits()
    """,
    # For us, who own them; all others are held to it as before.
    "ALTER TABLE event NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE event_counter NO FORCE ROW LEVEL SECURITY",
)
# As `storage/work/events.py` numbers, under the counter's lock; some at a time, each in a transaction.
_NUMBER = """
    DO $$
    DECLARE
        org uuid;
    BEGIN
        LOOP
            PERFORM set_config('lock_timeout', '2000', true);
            org := (SELECT org_id FROM ONLY event WHERE number IS NULL ORDER BY org_id LIMIT 1);
            EXIT WHEN org IS NULL;
            INSERT INTO event_counter (org_id) VALUES (org) ON CONFLICT DO NOTHING;
            PERFORM FROM event_counter WHERE org_id = org FOR UPDATE;
            WITH fresh AS (
                SELECT id, row_number() OVER (ORDER BY id) AS place
                FROM (SELECT id FROM ONLY event WHERE org_id = org AND number IS NULL ORDER BY id LIMIT 5000) waiting
            ), numbered AS (
                UPDATE ONLY event e SET number = c.last + fresh.place FROM fresh, event_counter c
                WHERE c.org_id = org AND e.id = fresh.id RETURNING e.id
            )
            UPDATE event_counter SET last = last + (SELECT count(*) FROM numbered) WHERE org_id = org;
            COMMIT;
        END LOOP;
    END $$
"""
# What others have numbered meanwhile.
_TAKE_OVER = """
    DO $$
    DECLARE
        moved bigint;
    BEGIN
        LOOP
            PERFORM set_config('lock_timeout', '2000', true);
            WITH gone AS (
                DELETE FROM event_waiting
                WHERE ctid = ANY(ARRAY(SELECT ctid FROM event_waiting WHERE number IS NOT NULL LIMIT 5000)) RETURNING *
            )
            INSERT INTO event OVERRIDING SYSTEM VALUE SELECT * FROM gone;
            GET DIAGNOSTICS moved = ROW_COUNT;
            COMMIT;
            EXIT WHEN moved = 0;
        END LOOP;
    END $$
"""
_ORDER = "btree (order_id) WHERE (number IS NOT NULL)"
_DIVIDE = (
    "DROP TRIGGER event_waits ON event",
    "DROP FUNCTION event_waits()",
    "ALTER TABLE event_waiting NO INHERIT event",
    """
    WITH gone AS (DELETE FROM event_waiting WHERE number IS NOT NULL RETURNING *)
    INSERT INTO event OVERRIDING SYSTEM VALUE SELECT * FROM gone
    """,
    "ALTER TABLE event ALTER COLUMN number SET NOT NULL",
    "ALTER TABLE event DROP CONSTRAINT event_is_numbered, DROP CONSTRAINT pk_event, ALTER COLUMN id DROP IDENTITY",
    "DROP INDEX idx_event_unnumbered",
    "ALTER TABLE event RENAME TO event_numbered",
    """
    CREATE TABLE event (
        id bigint GENERATED ALWAYS AS IDENTITY (START WITH {next}) NOT NULL,
        org_id uuid NOT NULL,
        number bigint,
        kind text NOT NULL,
        order_id uuid,
        connection_id uuid,
        at timestamptz DEFAULT now() NOT NULL,
        data jsonb NOT NULL
    ) PARTITION BY RANGE (number)
    """,
    "ALTER TABLE event ATTACH PARTITION event_numbered FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
    "ALTER TABLE event ATTACH PARTITION event_waiting DEFAULT",
    f"REVOKE ALL ON event_numbered, event_waiting FROM {APP_ROLE}",
    f"REVOKE UPDATE (number) ON event_numbered FROM {APP_ROLE}",
    f"GRANT SELECT ON event_numbered, event_waiting TO {APP_ROLE}",
    "ALTER TABLE event_numbered FORCE ROW LEVEL SECURITY",
    "ALTER TABLE event_waiting FORCE ROW LEVEL SECURITY",
    "ALTER TABLE event_counter FORCE ROW LEVEL SECURITY",
    # No index has a key of theirs; with a publication they are replicated all the same.
    "ALTER TABLE event_numbered REPLICA IDENTITY FULL",
    "ALTER TABLE event_waiting REPLICA IDENTITY FULL",
)


def upgrade() -> None:
    # Each of these may be said twice, for an upgrade that broke off begins again.
    if _kind("event") == "p":
        return
    if _kind("event_waiting") is None:
        _collect_what_waits()
    with op.get_context().autocommit_block():
        op.execute(_NUMBER)
        op.execute("ALTER TABLE event VALIDATE CONSTRAINT event_is_numbered")
        make_in_its_place("idx_event_order", "event", _ORDER)
        op.execute(_TAKE_OVER)
    _divide()


def _collect_what_waits() -> None:
    op.execute("LOCK TABLE event_counter, event IN ACCESS EXCLUSIVE MODE")  # in the order of who numbers
    for statement in _COLLECT:
        op.execute(statement)
    wall_off("event_waiting", "INSERT")
    keep_policy_from_indexes("event_waiting")
    op.execute("ALTER TABLE event_waiting NO FORCE ROW LEVEL SECURITY")


def _divide() -> None:
    op.execute("LOCK TABLE event_counter, event, event_waiting IN ACCESS EXCLUSIVE MODE")
    following = op.get_bind().execute(text("SELECT nextval(pg_get_serial_sequence('event', 'id'))")).scalar_one()
    for statement in _DIVIDE:
        op.execute(statement.format(next=following))
    wall_off("event", "SELECT, INSERT, UPDATE (number)")
    keep_policy_from_indexes("event")
    # What the former release says to number an event names it by its `id`, which no index of numbered ones has.
    op.execute(
        f"CREATE POLICY numbered_once ON event AS RESTRICTIVE FOR UPDATE TO {APP_ROLE}"
        " USING (number IS NULL) WITH CHECK (true)"
    )


def _kind(table: str) -> str | None:
    query = text("SELECT relkind::text FROM pg_class WHERE oid = to_regclass(:name)")
    return op.get_bind().execute(query, {"name": table}).scalar()
