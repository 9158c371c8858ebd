"""What signs the notices that users' webhooks get: a new table."""

import sqlalchemy as sa
from alembic import op

from orderflow.storage.tables.row_security import wall_off

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.create_table(
        "notice_secret",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_notice_secret_org_id")),
        sa.ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["app_user.org_id", "app_user.id"],
            name=op.f("fk_notice_secret_org_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notice_secret")),
    )
    op.create_index("idx_notice_secret_org", "notice_secret", ["org_id"])
    wall_off("notice_secret")
