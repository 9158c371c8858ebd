"""Webhooks: where an organization has its events sent. New tables alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0037"
down_revision = "0036"

_VACUUM_EARLY = (
    "(autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,"
    " autovacuum_analyze_scale_factor = 0.01)"
)
_INDEXES = (
    """
    CREATE INDEX idx_webhook_delivery_due ON webhook_delivery (endpoint_id, next_attempt_at, number)
    WHERE delivered_at IS NULL
    """,
    "CREATE INDEX idx_webhook_delivery_subject ON webhook_delivery (endpoint_id, subject) WHERE delivered_at IS NULL",
    "CREATE INDEX idx_webhook_attempt_endpoint ON webhook_attempt (endpoint_id, created_at DESC, id DESC)",
    "CREATE INDEX idx_webhook_attempt_number ON webhook_attempt (endpoint_id, number)",
)


def _owned() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    ]


def _of_endpoint(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", "endpoint_id"],
        ["webhook_endpoint.org_id", "webhook_endpoint.id"],
        name=op.f(f"fk_{table}_org_id_endpoint_id"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "webhook_endpoint",
        *_owned(),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("former_until", moment, nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'ACTIVE'"), nullable=False),
        sa.Column("restricted", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failing_since", moment, nullable=True),
        sa.Column("last_error", JSONB(), nullable=True),
        sa.Column("delivered_at", moment, nullable=True),
        sa.Column("disabled_at", moment, nullable=True),
        sa.Column("rests_until", moment, nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("updated_at", moment, server_default=sa.func.now(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("status IN ('ACTIVE', 'DISABLED')", name=op.f("ck_webhook_endpoint_status")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_webhook_endpoint_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index("uq_webhook_endpoint_in_org", "webhook_endpoint", ["org_id", "id"], unique=True)
    op.execute(
        "ALTER TABLE webhook_endpoint SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200)"
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", moment, server_default=sa.func.now(), nullable=False),
        sa.Column("delivered_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_webhook_delivery_org_id")),
        _of_endpoint("webhook_delivery"),
        sa.PrimaryKeyConstraint("endpoint_id", "number", name=op.f("pk_webhook_delivery")),
    )
    op.create_table(
        "webhook_attempt",
        *_owned(),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", JSONB(), nullable=True),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_webhook_attempt_org_id")),
        _of_endpoint("webhook_attempt"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempt")),
    )
    for table in ("webhook_delivery", "webhook_attempt"):
        op.execute(f"ALTER TABLE {table} SET {_VACUUM_EARLY}")
    for index in _INDEXES:
        op.execute(index)
    wall_off("webhook_endpoint")
    for table in ("webhook_delivery", "webhook_attempt"):
        wall_off(table)
        keep_policy_from_indexes(table)
