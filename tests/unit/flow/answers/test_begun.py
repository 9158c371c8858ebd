"""What was begun to be read and never to its end is written down before, and begun no more than three times."""

import pytest

from orderflow.domain.ids import new_id
from orderflow.domain.readings import MOST_BEGUN, Readings, current, noted_by
from orderflow.flow.answers.begun import Begun


@pytest.fixture
def a_round(house):
    """Begin a round of polling: what the last one left is known to it."""

    def begin():
        token = new_id()
        house.change_connection(house.to_dropzone, poll_lease_until=None)
        with house.work() as work:
            broke_off, counts = work.connections.begun(house.to_dropzone)
            work.connections.lease_poll(house.to_dropzone, token, 60)
        return Begun(house.store, house.org_id, house.to_dropzone, token, counts, one_by_one=broke_off), token

    return begin


def begun(house):
    return house.connection(house.to_dropzone).begun


def end(house, readings, token, whole=True):
    readings.close(whole=whole)
    with house.work() as work:
        work.connections.end_poll(house.to_dropzone, token, 5, None)


def test_nothing_is_written_while_rounds_come_to_their_end(house, a_round):
    readings, token = a_round()
    assert (readings.one_by_one, readings.suspects("a"), readings.begin("a")) == (False, False, True)
    assert begun(house) == {}
    end(house, readings, token)
    assert a_round()[0].one_by_one is False


def test_after_a_round_that_broke_off_each_file_is_noted_before_it_is_read(house, a_round):
    a_round()
    readings, token = a_round()
    assert (readings.one_by_one, readings.begin("a"), begun(house)) == (True, True, {"a": 1})
    assert (readings.begin("b"), begun(house)) == (True, {"b": 1}), "the first one came to its end"
    end(house, readings, token)
    assert begun(house) == {}


def test_a_file_is_begun_so_often_and_no_more(house, a_round):
    a_round()
    for times in range(1, MOST_BEGUN + 1):
        readings, _ = a_round()
        assert (readings.begin("deadly"), begun(house)) == (True, {"deadly": times})
    for _ in range(2):
        readings, token = a_round()
        assert (readings.suspects("deadly"), readings.begin("deadly"), readings.begin("b")) == (True, False, True)
        end(house, readings, token)
        assert begun(house) == {"deadly": MOST_BEGUN}, "as long as it lies there"
    readings, token = a_round()
    end(house, readings, token, whole=False)
    assert begun(house) == {"deadly": MOST_BEGUN}, "the folder could not be looked at"
    end(house, *a_round())
    assert begun(house) == {}


def test_whoever_lost_the_right_to_poll_writes_nothing(house, a_round):
    a_round()
    slow, _ = a_round()
    a_round()
    slow.begin("a")
    assert begun(house) == {}


def test_where_nobody_notes_anything_all_is_read():
    assert (current().suspects("a"), current().begin("a")) == (False, True)
    readings = Readings()
    with noted_by(readings):
        assert current() is readings
    assert current() is not readings
