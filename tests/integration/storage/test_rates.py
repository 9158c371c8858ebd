"""Orders per minute and sessions hold for all who claim, however many at once; and nobody waits in a circle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from sqlalchemy import text

from orderflow.domain.delivery import Lease
from orderflow.domain.ids import new_id
from orderflow.flow.ports import Crew
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from tests.integration.storage.benches import SqlBench, connection, export


def test_several_who_claim_at_once_never_take_more_than_allowed_in_a_minute(database: Database, org: UUID) -> None:
    store = SqlStore(database, EncryptionService("ab" * 32))
    bench = SqlBench(database, org, store)
    way = connection(bench, orders_per_minute=17)
    for _ in range(40):
        export(bench, way)

    def claims(_: int) -> int:
        """Claim as a worker does: a lane, what may be taken, what is due."""
        taken = 0
        for _turn in range(6):
            lease = Lease(new_id(), 60)
            with store.work(org) as work:
                if not work.exports.take_lane(way, lease, 60, 8):
                    continue
                attempts = work.exports.lease(way, lease, 60, work.exports.may_take(way, 3))
                work.exports.note_taken(way, len(attempts))
                work.exports.leave_lane(way, lease)
            taken += len(attempts)
        return taken

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(claims, range(6))) == 17
    with store.work(org) as work:
        moments = work.connection.execute(text("SELECT taken_at, orders FROM orders_taken ORDER BY taken_at")).all()
    assert sum(row.orders for row in moments) == 17
    waiting = [row["attempts_spent"] for row in bench._rows("SELECT attempts_spent FROM erp_export")]
    assert waiting == [0] * 40, "nothing is spent by waiting"


def test_of_several_processes_that_come_at_once_no_more_than_allowed_get_in(database: Database, org: UUID) -> None:
    store = SqlStore(database, EncryptionService("ab" * 32))
    way = connection(SqlBench(database, org, store))
    crews, together = [Crew(new_id(), 2) for _ in range(4)], Barrier(8)

    def gets_in(crew: Crew) -> UUID | None:
        together.wait(60)
        with store.work(org) as work:
            return crew.process if work.exports.take_lane(way, Lease(new_id(), 60), 60, 8, crew) else None

    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            inside = set(pool.map(gets_in, crews * 2)) - {None}
            assert 1 <= len(inside) <= 2
            with store.work(org) as work:
                work.connection.execute(text("DELETE FROM erp_lane"))
