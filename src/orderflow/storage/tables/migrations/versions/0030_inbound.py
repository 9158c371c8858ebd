"""What partners send by themselves, kept until it is read; and the token with which an ERP may do so.

The columns may be empty, so nothing is rewritten.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import keep_policy_from_indexes, wall_off

revision = "0030"
down_revision = "0029"

_COLUMNS = (("answer_token_hash", "bytea"), ("answer_token_prefix", "text"), ("answer_token_at", "timestamptz"))
_INDEXES = (
    "CREATE UNIQUE INDEX uq_inbound_identity ON inbound (connection_id, identity)",
    "CREATE INDEX idx_inbound_due ON inbound (connection_id, next_read_at) WHERE next_read_at IS NOT NULL",
    "CREATE INDEX idx_inbound_kept ON inbound (org_id) WHERE content IS NOT NULL",
    "CREATE INDEX idx_inbound_connection ON inbound (connection_id, created_at DESC, id DESC)",
    "CREATE INDEX idx_inbound_unmatched ON inbound (connection_id) WHERE verdict = 'unmatched' AND NOT put_aside",
    "CREATE INDEX idx_inbound_received ON inbound (received_at)",
)


def upgrade() -> None:
    for column, kind in _COLUMNS:
        op.execute(f"ALTER TABLE erp_connection ADD COLUMN IF NOT EXISTS {column} {kind}")
    op.create_table(
        "inbound",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("next_read_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("told", sa.Text(), nullable=True),
        sa.Column("put_aside", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("octet_length(content) <= 16777216", name=op.f("ck_inbound_content")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_inbound_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "connection_id"],
            ["erp_connection.org_id", "erp_connection.id"],
            name=op.f("fk_inbound_org_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
    )
    op.execute(
        "ALTER TABLE inbound SET (autovacuum_vacuum_scale_factor = 0.02,"
        " autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.01)"
    )
    for index in _INDEXES:
        op.execute(index)
    wall_off("inbound", "SELECT, INSERT, UPDATE")
    keep_policy_from_indexes("inbound")
