"""The heartbeat extends what is held, and a lease that the database no longer knows is noted as lost."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from orderflow.domain.delivery import Lease
from orderflow.domain.ids import new_id
from orderflow.storage.lease_keeper import LeaseKeeper


class Database:
    """Knows which tokens hold something."""

    def __init__(self) -> None:
        self.known: set[UUID] = set()
        self.asked: list[tuple[UUID, set[UUID]]] = []

    def extend(self, org_id: UUID, tokens: Sequence[UUID], _seconds: float) -> set[UUID]:
        self.asked.append((org_id, set(tokens)))
        return self.known & set(tokens)


def fail(error: Exception) -> None:
    pytest.fail(str(error))


def test_all_leases_of_an_organization_are_extended_in_one_question() -> None:
    database = Database()
    keeper = LeaseKeeper(database.extend, 60, fail)
    org, other = new_id(), new_id()
    leases = [Lease(new_id(), 0.0) for _ in range(3)]
    database.known = {lease.token for lease in leases}
    with keeper.keep(org, leases[0]), keeper.keep(org, leases[1]), keeper.keep(other, leases[2]):
        assert not any(lease.may_start() for lease in leases)
        keeper.beat()
        assert all(lease.may_start() for lease in leases)
    keeper.stop()
    assert {asked_org: len(tokens) for asked_org, tokens in database.asked} == {org: 2, other: 1}


def test_a_lost_lease_allows_nothing_more() -> None:
    database = Database()
    keeper = LeaseKeeper(database.extend, 60, fail)
    lease = Lease(new_id(), 60)
    with keeper.keep(new_id(), lease):
        assert lease.may_start()
        keeper.beat()
        assert not lease.may_start()
    keeper.stop()


def test_what_is_done_is_not_extended() -> None:
    database = Database()
    keeper = LeaseKeeper(database.extend, 60, fail)
    with keeper.keep(new_id(), Lease(new_id(), 60)):
        pass
    keeper.beat()
    keeper.stop()
    assert database.asked == []


def test_a_database_that_is_away_is_reported_and_the_beat_goes_on() -> None:
    reported: list[Exception] = []

    def extend(_org: UUID, _tokens: Sequence[UUID], _seconds: float) -> set[UUID]:
        if len(reported) < 2:
            raise ConnectionError
        return set()

    keeper = LeaseKeeper(extend, 0.03, reported.append)
    lease = Lease(new_id(), 60)
    with keeper.keep(new_id(), lease):
        for _ in range(200):
            if not lease.may_start():
                break
            keeper._wake.wait(0.01)  # a wait that stop() would end
    keeper.stop()
    assert len(reported) == 2
    assert not lease.may_start()
