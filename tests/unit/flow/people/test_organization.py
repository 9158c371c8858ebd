"""A maintenance window of the ERP: nothing is delivered, everything waits."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from orderflow.domain.errors import InputError
from orderflow.domain.ids import new_id
from orderflow.flow.people.organization import change_organization, pause_deliveries, resume_deliveries
from tests.unit.flow.conftest import ANNA


class Store:
    """One organization, in memory."""

    def __init__(self, house):
        self.row = {"name": "Acme", "settings": {}, "deliveries_paused": False, "deliveries_paused_until": None}
        self.row |= {"second_factor_required": False}
        self.organization, self.audit, self.woken = self, house.store._work.audit, []
        self.connections = [new_id(), new_id()]

    def get(self):
        return dict(self.row)

    def change(self, name, settings, second_factor_required=None):
        self.row |= {key: value for key, value in (("name", name), ("settings", settings)) if value is not None}

    def pause(self, until):
        self.row |= {"deliveries_paused": True, "deliveries_paused_until": until}

    def resume(self):
        self.row |= {"deliveries_paused": False, "deliveries_paused_until": None}

    def active_connections(self):
        return self.connections

    def wake(self, org_id, connection_id):
        assert not self.row["deliveries_paused"]
        self.woken.append(connection_id)

    @contextmanager
    def work(self, org_id):
        yield self


@pytest.fixture
def store(house):
    return Store(house)


def test_all_is_paused_and_resumed_and_workers_are_woken_then(store, house):
    assert pause_deliveries(store, house.org_id, ANNA)["deliveries_paused"]
    assert store.woken == []
    assert not resume_deliveries(store, house.org_id, ANNA)["deliveries_paused"]
    assert store.woken == store.connections
    assert house.actions() == ["DELIVERIES_PAUSED", "DELIVERIES_RESUMED"]


def test_a_pause_does_not_end_before_it_begins(store, house):
    with pytest.raises(InputError):
        pause_deliveries(store, house.org_id, ANNA, datetime.now(UTC) - timedelta(seconds=1))
    assert not store.row["deliveries_paused"]


def test_what_is_not_given_stays_and_the_log_tells_both(store, house):
    assert change_organization(store, house.org_id, ANNA, "Acme Ltd", None)["settings"] == {}
    entry = house.tables.audit[-1]
    assert (entry["before"]["name"], entry["after"]["name"]) == ("Acme", "Acme Ltd")
