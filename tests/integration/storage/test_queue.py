"""A claim reads what it takes, however much is on hold, or waits with a head start for another attempt."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from orderflow.domain.delivery import Lease
from orderflow.domain.ids import new_id
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from orderflow.storage.system.due import SqlSystem

WAITING = (
    """
    INSERT INTO draft_order (id, org_id, status, currency, erp_customer_number)
    SELECT gen_random_uuid(), :org, 'PUSHING', 'EUR', '4711' FROM generate_series(1, :many)
    """,
    """
    INSERT INTO draft_order_revision (org_id, draft_order_id, revision, content, sha256, made_at)
    SELECT org_id, id, 1, '{}', '', now() FROM draft_order
    """,
    # A third is on hold since long ago, a third is not to go out before tomorrow, a third is due.
    """
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, revision, on_hold, priority, next_attempt_at)
    SELECT gen_random_uuid(), org_id, id, :connection, 1, n % 3 = 0, CASE n % 3 WHEN 1 THEN 60 ELSE 0 END,
           now() - n * interval '10 milliseconds'
           + CASE n % 3 WHEN 0 THEN interval '-1 day' WHEN 1 THEN interval '1 day' ELSE interval '-1 hour' END
    FROM (SELECT *, row_number() OVER () AS n FROM draft_order) o
    """,
    """
    INSERT INTO order_hold (id, org_id, draft_order_id, reason, placed_by)
    SELECT gen_random_uuid(), org_id, draft_order_id, 'checked', 'anna' FROM erp_export WHERE on_hold
    """,
)
READ = text("SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'erp_export'")


@pytest.mark.parametrize("many", [6_000, pytest.param(1_000_000, marks=pytest.mark.large)])
def test_a_claim_reads_what_it_takes(database: Database, admin_url: str, org: UUID, many: int) -> None:
    store = SqlStore(database, EncryptionService("ab" * 32))
    with store.work(org) as work:
        way = new_id()
        work.connections.add(way, "MOCK", {}, None)
        work.connections.enable(way)
    with database.system() as connection:
        for statement in WAITING:
            connection.execute(text(statement), {"org": org, "connection": way, "many": many})
    with database.system() as connection:
        connection.execute(text("ANALYZE"))
    for _ in range(8):  # psycopg prepares a statement when it comes for the sixth time
        with store.work(org) as work:
            before = work.connection.execute(READ).scalar_one()
            assert len(work.exports.lease(way, Lease(new_id(), 60), 60, 50)) == 50
            # It passes those by that the others have taken.
            assert work.connection.execute(READ).scalar_one() - before < 1_000
    assert SqlSystem(database).due_deliveries() == [(org, way)]
