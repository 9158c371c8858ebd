"""Orders by SQL, for tests that need more of them than the steps of the product would make in good time."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

_APPROVED = (
    """
    INSERT INTO draft_order (id, org_id, status, external_order_number, currency, erp_customer_number, customer_name,
                             approved_at)
    SELECT gen_random_uuid(), :org, 'APPROVED', 'PO-' || n, 'EUR', '4711', 'Muster GmbH', now()
    FROM generate_series(1, :orders) AS n
    """,
    """
    INSERT INTO draft_order_line (id, org_id, draft_order_id, line_no, internal_sku, qty, uom)
    SELECT gen_random_uuid(), org_id, id, 1, 'INT-999', 10, 'M' FROM draft_order
    """,
)
_REQUEST = text("""
    WITH pushed AS (
        UPDATE draft_order SET status = 'PUSHING' WHERE status = 'APPROVED' RETURNING id, org_id
    )
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id)
    SELECT gen_random_uuid(), org_id, id, :connection FROM pushed
    RETURNING draft_order_id
""")


def add_approved(connection: Connection, org_id: UUID, orders: int) -> None:
    """Insert approved orders of one line into an organization that has none."""
    for statement in _APPROVED:
        connection.execute(text(statement), {"org": org_id, "orders": orders})


def request_all(connection: Connection, connection_id: UUID) -> list[UUID]:
    """Do to the organization's approved orders what a push does, but for waking anybody; returns their ids."""
    return list(connection.execute(_REQUEST, {"connection": connection_id}).scalars())
