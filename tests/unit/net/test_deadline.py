import socket
import threading
import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.net.deadline import Counter, Deadline, DeadlineError, TooMuchError, counted, sever


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def read_to_the_end(connection):
    """As a library does that takes the end of a connection for an error."""
    while connection.recv(1):
        pass
    raise EOFError


def add_all(counter, parts):
    for part in parts:
        counter.add(part)


def drip(connection, stop):
    while not stop.wait(0.01):
        try:
            connection.send(b"1")
        except OSError:
            return


def test_what_is_left_shrinks_and_then_is_an_error():
    deadline = Deadline(0.05)
    assert 0 < deadline.left() <= 0.05
    assert deadline.left(0.01) == 0.01
    time.sleep(0.06)
    assert deadline.passed
    with pytest.raises(DeadlineError, match=r"0\.05 seconds"):
        deadline.left()


def test_a_reader_of_dripped_bytes_ends_by_the_deadline(pair):
    ours, theirs = pair
    stop = threading.Event()
    thread = threading.Thread(target=drip, args=(theirs, stop))
    thread.start()
    ours.settimeout(5)
    started = time.monotonic()
    try:
        with pytest.raises(DeadlineError), Deadline(0.2).holds(partial(sever, ours)):
            read_to_the_end(ours)
    finally:
        stop.set()
        thread.join()
    assert 0.15 < time.monotonic() - started < 2


def test_a_reader_who_waits_for_nothing_ends_too(pair):
    ours, _ = pair
    with pytest.raises(DeadlineError), Deadline(0.1).holds(partial(sever, ours)):
        read_to_the_end(ours)  # blocks, without a timeout of its own


def test_a_block_that_ends_in_time_is_left_alone(pair):
    ours, theirs = pair
    with Deadline(0.05).holds(partial(sever, ours)):
        pass
    time.sleep(0.1)
    theirs.send(b"x")
    assert ours.recv(1) == b"x"


def test_errors_before_the_end_stay_what_they_are():
    with pytest.raises(ConnectionResetError), Deadline(5).holds(lambda: None):
        raise ConnectionResetError


def test_the_nearest_deadline_comes_first_whatever_the_order():
    fired: list[str] = []
    with Deadline(0.3).holds(partial(fired.append, "late")), Deadline(0.1).holds(partial(fired.append, "early")):
        time.sleep(0.2)
        assert fired == ["early"]
        time.sleep(0.2)
    assert fired == ["early", "late"]


def test_an_end_that_fails_harms_no_other():
    fired = threading.Event()

    def fail() -> None:
        raise ZeroDivisionError

    with Deadline(0.02).holds(fail), Deadline(0.04).holds(fired.set):
        assert fired.wait(2)


def test_a_thousand_deadlines_need_one_thread():
    before = threading.active_count()
    blocks = [Deadline(30).holds(lambda: None) for _ in range(1_000)]
    for block in blocks:
        block.__enter__()
    assert threading.active_count() <= before + 1
    for block in blocks:
        block.__exit__(None, None, None)


@given(st.lists(st.integers(0, 50)), st.integers(0, 200))
def test_a_counter_lets_as_much_in_as_it_may(parts, most):
    counter = Counter(most, "bytes of an answer")
    if sum(parts) > most:
        with pytest.raises(TooMuchError, match=r"more than [\d,]+ bytes of an answer"):
            add_all(counter, parts)
    else:
        add_all(counter, parts)


def test_items_beyond_the_limit_are_not_taken():
    taken = []

    def names():
        for number in range(1_000_000):
            taken.append(number)
            yield number

    with pytest.raises(TooMuchError, match="3 names"):
        list(counted(names(), 3, "names of a folder"))
    assert len(taken) == 4
