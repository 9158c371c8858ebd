"""Orders and their deliveries.

What changes of a row lies last, and together: PostgreSQL logs what lies between the first and the last byte that
an update changed. A database from before 0045 has these columns elsewhere, which nothing else shows.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from orderflow.storage.tables.row_security import wall_off

revision = "0002"
down_revision = "0001"

# Orders and deliveries are history: only prune deletes them, as the system role.
_KEPT = "SELECT, INSERT, UPDATE"


def upgrade() -> None:
    _create_draft_order()
    _create_erp_connection()
    _create_draft_order_line()
    _create_erp_export()
    _create_erp_push_log()
    wall_off("draft_order", _KEPT)
    wall_off("erp_connection")
    wall_off("draft_order_line")
    wall_off("erp_export")  # a push that no attempt has begun can be withdrawn
    wall_off("erp_push_log", _KEPT)


def _create_draft_order() -> None:
    op.create_table(
        "draft_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("external_order_number", sa.Text(), nullable=True),
        sa.Column("order_date", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("requested_delivery_date", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("erp_customer_number", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("ship_to", JSONB(), nullable=True),
        sa.Column("bill_to", JSONB(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("source_document_id", sa.Uuid(), nullable=True),
        sa.Column("source_file_name", sa.Text(), nullable=True),
        sa.Column("source_sha256", sa.Text(), nullable=True),
        sa.Column("error_json", JSONB(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("erp_order_id", sa.Text(), nullable=True),
        sa.Column("erp_order_id_source", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('NEW', 'NEEDS_REVIEW', 'READY', 'APPROVED', 'PUSHING',"
            " 'PUSHED', 'CONFIRMED', 'ERROR', 'REJECTED')",
            name=op.f("ck_draft_order_status"),
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_draft_order_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_order")),
        postgresql_with={
            "fillfactor": "80",
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "5000",
        },
    )
    op.create_index("idx_draft_order_number", "draft_order", ["org_id", "external_order_number"], unique=False)
    op.create_index(
        "idx_draft_order_org_created",
        "draft_order",
        ["org_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "idx_draft_order_org_status",
        "draft_order",
        ["org_id", "status", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )


def _create_erp_connection() -> None:
    op.create_table(
        "erp_connection",
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("connector_type", sa.Text(), nullable=False),
        sa.Column("config_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'ACTIVE'"), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("in_doubt", sa.Text(), server_default=sa.text("'resend'"), nullable=False),
        sa.Column("give_up_after", sa.Integer(), nullable=True),
        sa.Column("answer_within", sa.Integer(), nullable=True),
        sa.Column("orders_per_minute", sa.Integer(), nullable=True),
        sa.Column("last_test_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("breaker_state", sa.Text(), server_default=sa.text("'CLOSED'"), nullable=False),
        sa.Column("breaker_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breaker_error", JSONB(), nullable=True),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probe_failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("poll_lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("poll_lease_token", sa.Uuid(), nullable=True),
        sa.Column("poll_error", JSONB(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("breaker_state IN ('CLOSED', 'OPEN', 'PAUSED')", name=op.f("ck_erp_connection_breaker")),
        sa.CheckConstraint("in_doubt IN ('resend', 'hold')", name=op.f("ck_erp_connection_in_doubt")),
        sa.CheckConstraint("status IN ('ACTIVE', 'DISABLED')", name=op.f("ck_erp_connection_status")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_erp_connection_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erp_connection")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("idx_erp_connection_org", "erp_connection", ["org_id", "status"], unique=False)
    op.create_index(
        "uq_active_connector",
        "erp_connection",
        ["org_id", "connector_type"],
        unique=True,
        postgresql_where=sa.text("status = 'ACTIVE'"),
    )
    op.create_index(
        "uq_default_connection", "erp_connection", ["org_id"], unique=True, postgresql_where=sa.text("is_default")
    )


def _create_draft_order_line() -> None:
    op.create_table(
        "draft_order_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("draft_order_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("internal_sku", sa.Text(), nullable=True),
        sa.Column("qty", sa.Numeric(precision=18, scale=3), nullable=True),
        sa.Column("uom", sa.Text(), nullable=True),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("customer_sku_raw", sa.Text(), nullable=True),
        sa.Column("product_description", sa.Text(), nullable=True),
        sa.Column("requested_delivery_date", sa.Date(), nullable=True),
        sa.Column("line_notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["draft_order_id"], ["draft_order.id"], name=op.f("fk_draft_order_line_draft_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_draft_order_line_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_order_line")),
        sa.UniqueConstraint("draft_order_id", "line_no", name="uq_draft_order_line_no"),
    )


def _create_erp_export() -> None:
    op.create_table(
        "erp_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("draft_order_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("export_format_version", sa.Text(), nullable=True),
        sa.Column("export_storage_key", sa.Text(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("document_sha256", sa.Text(), nullable=True),
        sa.Column("document_size", sa.BigInteger(), nullable=True),
        sa.Column("error_json", JSONB(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inferred", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts_spent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("staged_path", sa.Text(), nullable=True),
        sa.Column("dropzone_path", sa.Text(), nullable=True),
        sa.Column("erp_order_id", sa.Text(), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'PENDING'"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("status IN ('PENDING', 'SENT', 'ACKED', 'FAILED')", name=op.f("ck_erp_export_status")),
        sa.ForeignKeyConstraint(["connection_id"], ["erp_connection.id"], name=op.f("fk_erp_export_connection_id")),
        sa.ForeignKeyConstraint(["draft_order_id"], ["draft_order.id"], name=op.f("fk_erp_export_draft_order_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_erp_export_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erp_export")),
        postgresql_with={
            "fillfactor": "80",
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "5000",
        },
    )
    op.create_index(
        "idx_erp_export_draft",
        "erp_export",
        ["org_id", "draft_order_id", sa.literal_column("created_at DESC")],
        unique=False,
    )
    op.create_index(
        "idx_erp_export_due",
        "erp_export",
        ["connection_id", "next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index("idx_erp_export_filename", "erp_export", ["connection_id", "filename"], unique=False)
    op.create_index(
        "idx_erp_export_org",
        "erp_export",
        ["org_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "idx_erp_export_unanswered",
        "erp_export",
        ["connection_id", "sent_at"],
        unique=False,
        postgresql_where=sa.text("status = 'SENT'"),
    )


def _create_erp_push_log() -> None:
    op.create_table(
        "erp_push_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("draft_order_id", sa.Uuid(), nullable=False),
        sa.Column("erp_export_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempt_no", sa.Integer(), nullable=False),
        sa.Column("retry_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("connector_type", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("request_json", JSONB(), nullable=True),
        sa.Column("status", sa.Text(), server_default=sa.text("'PENDING'"), nullable=False),
        sa.Column("response_json", JSONB(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "status IN ('PENDING', 'RETRYING', 'FAILED', 'SUCCESS')", name=op.f("ck_erp_push_log_status")
        ),
        sa.ForeignKeyConstraint(["draft_order_id"], ["draft_order.id"], name=op.f("fk_erp_push_log_draft_order_id")),
        sa.ForeignKeyConstraint(["erp_export_id"], ["erp_export.id"], name=op.f("fk_erp_push_log_erp_export_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organization.id"], name=op.f("fk_erp_push_log_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erp_push_log")),
        postgresql_with={
            "fillfactor": "70",
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "5000",
        },
    )
    op.create_index(
        "idx_erp_push_log_idempotency", "erp_push_log", ["org_id", "draft_order_id", "attempt_no"], unique=True
    )
    op.create_index("idx_erp_push_log_key", "erp_push_log", ["org_id", "idempotency_key"], unique=False)
    op.create_index(
        "idx_erp_push_log_open",
        "erp_push_log",
        ["erp_export_id"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index(
        "idx_erp_push_log_org",
        "erp_push_log",
        ["org_id", sa.literal_column("created_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
