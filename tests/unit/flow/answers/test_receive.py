"""What comes by itself is kept: once, within bounds, and for connections that there are."""

import pytest

from orderflow.domain.delivery import LIGHTEST, Arrived
from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.answers import receive as step
from orderflow.flow.answers.receive import AnswersPileUpError, receive


def send(house, content=b"{}", name="", message_id=None, to=None):
    item = Arrived(new_id(), name, content, "application/json", message_id)
    return receive(house.store, house.org_id, to or house.to_dropzone, item)


def test_the_same_one_twice_is_one(house):
    assert (send(house), send(house)) == (True, False)
    assert len(house.tables.inbound) == 1


def test_another_name_or_other_words_are_another_one(house):
    assert all([send(house), send(house, name="ack_1"), send(house, b"[]")])
    assert len(house.tables.inbound) == 3


def test_an_id_of_the_senders_own_comes_once_and_with_one_content(house):
    assert (send(house, message_id="m1"), send(house, message_id="m1")) == (True, False)
    with pytest.raises(StateError, match="under the id m1"):
        send(house, b"other", message_id="m1")


def test_each_connection_has_its_own(house):
    assert send(house)
    assert send(house, to=house.to_api)


def test_there_has_to_be_such_a_connection(house):
    with pytest.raises(NotFoundError):
        send(house, to=new_id())


def test_what_piles_up_is_refused_until_it_is_looked_at(house, monkeypatch):
    monkeypatch.setattr(step, "MOST_KEPT", 5_000)
    assert send(house, b"1" * 5_000)
    with pytest.raises(AnswersPileUpError):
        send(house, b"6")


def test_many_small_ones_pile_up_too(house, monkeypatch):
    monkeypatch.setattr(step, "MOST_KEPT", 2 * LIGHTEST)
    assert all([send(house, b"1"), send(house, b"2")])
    with pytest.raises(AnswersPileUpError):
        send(house, b"3")
