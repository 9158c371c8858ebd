"""Events: what programs are told of orders and connections, written by the database in the transaction of the change.

Triggers, so that no statement of any release can change a state and leave out to tell it. New tables alone; what they
say is `domain/events.py`.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0033"
down_revision = "0032"

_INDEXES = (
    "CREATE INDEX idx_event_unnumbered ON event (org_id, id) WHERE number IS NULL",
    "CREATE UNIQUE INDEX uq_event_number ON event (org_id, number) WHERE number IS NOT NULL",
    "CREATE INDEX idx_event_kind ON event (org_id, kind, number) WHERE number IS NOT NULL",
    "CREATE INDEX idx_event_order ON event (order_id, number) WHERE number IS NOT NULL",
)
_KIND = """
    CREATE OR REPLACE FUNCTION event_of_order(before text, after text, answered boolean) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE
            WHEN before = after THEN NULL
            WHEN before = 'RECALLING' AND after IN ('PUSHED', 'CONFIRMED', 'ERROR') THEN 'order.kept'
            WHEN before = 'PUSHING' AND after = 'APPROVED' THEN 'order.withdrawn'
            WHEN after = 'ERROR' AND answered THEN 'order.refused'
            ELSE CASE after
                WHEN 'NEEDS_REVIEW' THEN 'order.needs_review'
                WHEN 'READY' THEN 'order.ready'
                WHEN 'APPROVED' THEN 'order.approved'
                WHEN 'PUSHING' THEN 'order.requested'
                WHEN 'PUSHED' THEN 'order.pushed'
                WHEN 'CONFIRMED' THEN 'order.confirmed'
                WHEN 'ERROR' THEN 'order.failed'
                WHEN 'REJECTED' THEN 'order.rejected'
                WHEN 'RECALLING' THEN 'order.recalling'
                WHEN 'RECALLED' THEN 'order.recalled'
            END
        END
    $$
"""
_DATA = """
    CREATE OR REPLACE FUNCTION event_data(o draft_order) RETURNS jsonb LANGUAGE sql STABLE AS $$
        SELECT jsonb_strip_nulls(jsonb_build_object(
            'status', o.status, 'external_order_number', o.external_order_number, 'source', o.source,
            'erp_order_id', o.erp_order_id, 'error_code', o.error_json ->> 'code', 'confirmation', o.confirmation))
    $$
"""
_CREATED = """
    CREATE OR REPLACE FUNCTION tell_created_orders() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO event (org_id, kind, order_id, data)
        SELECT o.org_id, 'order.created', o.id, jsonb_strip_nulls(jsonb_build_object(
            'status', o.status, 'external_order_number', o.external_order_number, 'source', o.source)) FROM added o;
        RETURN NULL;
    END $$
"""
# Written out, since a function that takes a row is slow to call, and this is on the way of each order.
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
            VALUES (NEW.org_id, happened, NEW.id, jsonb_strip_nulls(jsonb_build_object(
                'status', NEW.status, 'external_order_number', NEW.external_order_number, 'source', NEW.source,
                'erp_order_id', NEW.erp_order_id, 'error_code', NEW.error_json ->> 'code',
                'confirmation', NEW.confirmation)));
        END IF;
        RETURN NULL;
    END $$
"""
# With the order goes what belongs to it: then there is no order any more to tell of.
_HOLD = """
    CREATE OR REPLACE FUNCTION tell_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO event (org_id, kind, order_id, data)
            SELECT o.org_id, 'order.held', o.id, event_data(o) FROM draft_order o WHERE o.id = NEW.draft_order_id;
        ELSE
            INSERT INTO event (org_id, kind, order_id, data)
            SELECT o.org_id, 'order.released', o.id, event_data(o) FROM draft_order o WHERE o.id = OLD.draft_order_id;
        END IF;
        RETURN NULL;
    END $$
"""
_CHANGED = """
    CREATE OR REPLACE FUNCTION tell_confirmation() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.differences <> '[]' AND (TG_OP = 'INSERT' OR OLD.differences <> NEW.differences) THEN
            INSERT INTO event (org_id, kind, order_id, data)
            SELECT o.org_id, 'order.changed', o.id, event_data(o) FROM draft_order o WHERE o.id = NEW.draft_order_id;
        END IF;
        RETURN NULL;
    END $$
"""
_DOUBT = """
    CREATE OR REPLACE FUNCTION tell_doubt() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO event (org_id, kind, order_id, connection_id, data)
        SELECT o.org_id, 'order.in_doubt', o.id, NEW.connection_id, event_data(o)
        FROM draft_order o WHERE o.id = NEW.draft_order_id;
        RETURN NULL;
    END $$
"""
_CONNECTION = """
    CREATE OR REPLACE FUNCTION tell_connection() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        facts jsonb := jsonb_strip_nulls(jsonb_build_object(
            'name', NEW.name, 'connector_type', NEW.connector_type, 'status', NEW.status, 'state', NEW.breaker_state,
            'error_code', NEW.breaker_error ->> 'code'));
    BEGIN
        IF OLD.breaker_state <> NEW.breaker_state THEN
            INSERT INTO event (org_id, kind, connection_id, data)
            VALUES (NEW.org_id, CASE NEW.breaker_state WHEN 'CLOSED' THEN 'connection.recovered'
                                ELSE 'connection.troubled' END, NEW.id, facts);
        END IF;
        IF OLD.status <> NEW.status THEN
            INSERT INTO event (org_id, kind, connection_id, data)
            VALUES (NEW.org_id, CASE NEW.status WHEN 'ACTIVE' THEN 'connection.enabled'
                                ELSE 'connection.disabled' END, NEW.id, facts);
        END IF;
        RETURN NULL;
    END $$
"""
_TRIGGERS = (
    """
    CREATE OR REPLACE TRIGGER tell_created_orders AFTER INSERT ON draft_order REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION tell_created_orders()
    """,
    """
    CREATE OR REPLACE TRIGGER tell_order AFTER UPDATE OF status ON draft_order
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION tell_order()
    """,
    """
    CREATE OR REPLACE TRIGGER tell_hold AFTER INSERT OR DELETE ON order_hold
    FOR EACH ROW EXECUTE FUNCTION tell_hold()
    """,
    """
    CREATE OR REPLACE TRIGGER tell_confirmation AFTER INSERT OR UPDATE OF differences ON draft_order_confirmation
    FOR EACH ROW EXECUTE FUNCTION tell_confirmation()
    """,
    """
    CREATE OR REPLACE TRIGGER tell_doubt AFTER UPDATE OF held_at ON erp_export
    FOR EACH ROW WHEN (NEW.held_at IS NOT NULL AND OLD.held_at IS NULL AND NEW.kind = 'order')
    EXECUTE FUNCTION tell_doubt()
    """,
    """
    CREATE OR REPLACE TRIGGER tell_connection AFTER UPDATE OF breaker_state, status ON erp_connection
    FOR EACH ROW WHEN (NEW.deleted_at IS NULL
                       AND (OLD.breaker_state <> NEW.breaker_state OR OLD.status <> NEW.status))
    EXECUTE FUNCTION tell_connection()
    """,
)


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("data", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.execute(
        "ALTER TABLE event SET (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01)"
    )
    for index in _INDEXES:
        op.execute(index)
    op.create_table(
        "event_counter",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("last", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("pruned", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_event_counter_org_id")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_event_counter")),
    )
    wall_off("event", "SELECT, INSERT, UPDATE (number)")
    keep_policy_from_indexes("event")
    wall_off("event_counter", "SELECT, INSERT, UPDATE")
    for function in (_KIND, _DATA, _CREATED, _ORDER, _HOLD, _CHANGED, _DOUBT, _CONNECTION):
        op.execute(function)
    for trigger in _TRIGGERS:
        op.execute(trigger)
