"""Before anything is claimed: does the configuration open, and is the connector there?"""

import pytest

from orderflow.domain.errors import EncryptionError, KeyMismatchError, NeedsAttentionError
from orderflow.domain.states import BreakerState, ConnectionStatus
from orderflow.flow.delivery.open_target import open_target


def opened(house):
    return open_target(house.wiring, house.org_id, house.to_api)


def does_not_open(house, monkeypatch, error):
    def fails(connection_id):
        raise error

    with house.work() as work:
        monkeypatch.setattr(work.connections, "open", fails)


def test_what_the_two_can_do_together_is_known(house):
    house.api.commits_after = 100.0
    to = opened(house)
    assert (to.can_find, to.stages, to.commit_within) == (True, False, 100.0)
    house.change_connection(house.to_api, commit_within=7)
    assert opened(house).commit_within == 7, "the connection's own word counts"


def test_broken_secrets_disable_the_connection_and_are_told_once(house, monkeypatch):
    does_not_open(house, monkeypatch, EncryptionError("broken"))
    assert (opened(house), opened(house)) == (None, None)
    row = house.connection()
    assert (row.status, row.breaker_state) == (ConnectionStatus.DISABLED, BreakerState.PAUSED)
    assert house.actions() == ["CONNECTION_DISABLED"]


def test_a_key_that_only_this_process_lacks_leaves_the_connection_to_others(house, monkeypatch):
    does_not_open(house, monkeypatch, KeyMismatchError("another key"))
    assert opened(house) is None
    assert (house.connection().status, house.actions()) == (ConnectionStatus.ACTIVE, [])


def test_a_connector_that_is_nowhere_pauses_the_connection(house):
    del house.connectors["MEMORY_API"]
    assert opened(house) is None
    row = house.connection()
    assert (row.breaker_state, row.breaker_error["code"]) == (BreakerState.PAUSED, "CONNECTOR_MISSING")
    opened(house)
    assert house.actions() == ["CONNECTION_NEEDS_ATTENTION"], "told once"


def test_a_connector_that_only_this_process_lacks_leaves_it_to_others(house, monkeypatch):
    del house.connectors["MEMORY_API"]
    with house.work() as work:
        monkeypatch.setattr(work.connections, "connector_elsewhere", lambda connector_type: True)
    assert opened(house) is None
    assert house.connection().breaker_state is BreakerState.CLOSED


def test_a_configuration_that_its_connector_cannot_work_with_pauses(house, monkeypatch):
    def refuses(config):
        raise NeedsAttentionError("no such folder")

    monkeypatch.setattr(house.api, "can_find", refuses)
    assert opened(house) is None
    assert house.connection().breaker_state is BreakerState.PAUSED


def test_anything_else_is_not_hidden(house, monkeypatch):
    does_not_open(house, monkeypatch, OSError("the database is away"))
    with pytest.raises(OSError, match="away"):
        opened(house)
