"""What dead attempts left at a target is removed, if it is old and nobody's."""

import pytest

from orderflow.domain.delivery import Leftover
from orderflow.domain.ids import new_id
from orderflow.domain.states import BreakerState
from orderflow.flow.delivery.clean_up import SAFE_AGE, clean_up


@pytest.fixture
def left(house, monkeypatch):
    """Files of two dead attempts, and one that is young."""
    files = [Leftover(f"{age}.json", new_id(), f"{age}.tmp", age) for age in (SAFE_AGE + 1, SAFE_AGE + 2, 10.0)]
    monkeypatch.setattr(house.dropzone, "leftovers", lambda config: iter(files))
    removed = []
    monkeypatch.setattr(house.dropzone, "remove_leftovers", lambda these, config: removed.extend(these))
    return files, removed


def test_what_is_old_and_abandoned_is_removed(house, left):
    files, removed = left
    asked = []

    def abandoned(org_id, connection_id, old):
        asked.extend(old)
        return old[:1]

    assert clean_up(house.wiring, abandoned, house.org_id, house.to_dropzone) == 1
    assert (asked, removed) == (files[:2], files[:1]), "the young one is not even asked about"


def never(org_id, connection_id, old):
    raise AssertionError("nobody looks there")


def test_nothing_is_touched_where_nothing_is_staged_or_the_target_is_away(house, left):
    _, removed = left
    assert clean_up(house.wiring, never, house.org_id, house.to_api) == 0
    house.change_connection(house.to_dropzone, breaker_state=BreakerState.OPEN)
    assert clean_up(house.wiring, never, house.org_id, house.to_dropzone) == 0
    assert removed == []
