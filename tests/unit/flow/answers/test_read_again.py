"""An answer that nobody understood is read again, once it was mended."""

import pytest

from orderflow.domain.delivery import Ack
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.states import OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_again import read_again
from orderflow.flow.delivery.push_batch import push_batch
from tests.unit.flow.conftest import ANNA


@pytest.fixture
def unread(house):
    """An order whose answer could not be read, and was put away."""
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    house.dropzone.answers.append(Ack(house.export(order).filename, "UNREADABLE", source="ack_1", digest="d"))
    poll_acks(house.wiring, house.org_id, house.to_dropzone)
    return order


def test_what_is_put_back_is_read_and_decides(house, unread, monkeypatch):
    def bring_back(source, digest, config):
        assert (source, digest) == ("ack_1", "d")
        house.dropzone.answers.append(Ack(house.export(unread).filename, "ACKED"))
        return True

    monkeypatch.setattr(house.dropzone, "bring_back", bring_back)
    export = read_again(house.wiring, house.org_id, house.export(unread).id, ANNA)
    assert (export.unreadable, house.status(unread)) == (None, OrderStatus.CONFIRMED)
    assert "ACK_READ_AGAIN" in house.actions()


def test_a_file_that_is_gone_is_said_to_be(house, unread):
    with pytest.raises(StateError, match="neither where answers come"):
        read_again(house.wiring, house.org_id, house.export(unread).id, ANNA)


def test_where_every_answer_was_read_there_is_nothing_to_read(house):
    with pytest.raises(StateError, match="No answer is known"):
        read_again(house.wiring, house.org_id, house.export(house.pushed()).id, ANNA)
    with pytest.raises(NotFoundError):
        read_again(house.wiring, house.org_id, new_id(), ANNA)
