"""A person looks into what came by itself and was not understood."""

import pytest

from orderflow.domain.delivery import Arrived
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.answers.look_into import make_due, put_aside
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.answers.receive import receive
from tests.unit.flow.conftest import ANNA


@pytest.fixture
def strange(house):
    """Something that nobody understood."""
    item = Arrived(new_id(), "", b"garbage")
    receive(house.store, house.org_id, house.to_dropzone, item)
    read_arrived(house.wiring, house.org_id, house.to_dropzone)
    return item


def unmatched(house):
    with house.work() as work:
        return work.inbound.count_unmatched(house.to_dropzone)


def test_it_is_told_until_it_is_put_aside(house, strange):
    assert unmatched(house) == 1
    put_aside(house.store, house.org_id, house.to_dropzone, strange.id, ANNA)
    assert (unmatched(house), house.tables.inbound[strange.id].content) == (0, None)
    with pytest.raises(NotFoundError):
        put_aside(house.store, house.org_id, house.to_dropzone, strange.id, ANNA)


def test_it_may_be_read_once_more_at_once(house, strange):
    make_due(house.store, house.org_id, house.to_dropzone, strange.id, ANNA)
    assert house.tables.inbound[strange.id].next_read_at == house.clock.now()


def test_what_belongs_to_another_connection_is_not_there(house, strange):
    with pytest.raises(NotFoundError):
        put_aside(house.store, house.org_id, house.to_api, strange.id, ANNA)
    with pytest.raises(StateError):
        make_due(house.store, house.org_id, house.to_api, strange.id, ANNA)


def test_one_that_comes_again_is_no_longer_aside(house, strange):
    put_aside(house.store, house.org_id, house.to_dropzone, strange.id, ANNA)
    receive(house.store, house.org_id, house.to_dropzone, Arrived(new_id(), "", b"garbage"))
    read_arrived(house.wiring, house.org_id, house.to_dropzone)
    assert unmatched(house) == 1
