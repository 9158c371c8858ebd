"""Versions of what people edit, whom a key belongs to, and where people sign in from.

Every default is constant, so that no table is rewritten, and each lock is held for a moment only.
"""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import let_one_organization_change, wall_off, wall_off_from_all

revision = "0009"
down_revision = "0008"

_EDITED = ("app_user", "draft_order", "erp_connection", "organization")


def upgrade() -> None:
    for table in _EDITED:
        op.add_column(table, sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    let_one_organization_change("organization", "version")
    op.add_column("erp_export", sa.Column("confirmed_by", sa.Text(), nullable=True))
    # Keys from before belong to nobody: they go on, and `orderflow doctor` lists them.
    op.add_column("api_key", sa.Column("user_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_api_key_user_id"), "api_key", "app_user", ["user_id"], ["id"])
    op.create_table(
        "ended_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_ended_session_org_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_ended_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ended_session")),
    )
    op.create_index("idx_ended_session_user", "ended_session", ["user_id", "expires_at"])
    wall_off("ended_session", "SELECT, INSERT, DELETE")
    op.create_table(
        "sign_in_source",
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", "source", name=op.f("pk_sign_in_source")),
    )
    op.create_index("idx_sign_in_source_failed", "sign_in_source", ["failed_at"])
    wall_off_from_all("sign_in_source")
