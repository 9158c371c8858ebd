"""What a process cannot do, and what of the whole installation stands still."""

from datetime import UTC, datetime, timedelta

import pytest

from orderflow.domain.errors import KeyMismatchError, ObjectStoreError
from orderflow.domain.ids import new_id
from orderflow.flow.watch import (
    LATE,
    NEW,
    Process,
    Trouble,
    key_mismatch,
    require_key,
    standing_still,
    troubles_everywhere,
    troubles_of,
)

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def process(kind, *, delivers=True, since=NEW * 2, troubles=()):
    return Process(new_id(), kind, "host", 1, "1", ["a"], [], delivers, troubles=list(troubles), started_at=NOW - since)


class Processes:
    """The table of processes, in memory."""

    def __init__(self, *alive, due=0, late=0, sealed=None):
        self.those, self.due, self.late, self.sealed = alive, due, late, sealed or {}

    def alive(self):
        return list(self.those)

    def tell(self, process, apart=0.0):
        raise AssertionError("nobody tells of itself here")

    def leave(self, process_id):
        raise AssertionError("nobody leaves here")

    def waiting_for(self, seconds):
        return self.late if seconds == LATE else self.due

    def sealed_with(self):
        return self.sealed


def codes(troubles):
    return [trouble.code for trouble in troubles]


@pytest.mark.parametrize(
    ("processes", "told"),
    [
        (Processes(process("worker"), due=3), []),
        (Processes(process("serve", delivers=False), due=3), ["NO_WORKER"]),
        (Processes(process("serve", delivers=False)), ["NO_WORKER"]),
        (Processes(process("serve", delivers=False, since=timedelta(seconds=5))), []),
        (Processes(process("celery")), ["NO_BEAT"]),
        (Processes(process("celery"), process("beat", delivers=False)), []),
        (Processes(process("celery"), process("worker")), []),
        (Processes(process("celery", since=timedelta(seconds=5))), []),
        (Processes(process("worker"), due=3, late=2), ["DELIVERIES_LATE"]),
        (Processes(due=1, late=1), ["NO_WORKER"]),
    ],
)
def test_what_stands_still(processes, told):
    assert codes(standing_still(processes, NOW)) == told


def test_a_process_without_the_keys_leaves_connections_to_others():
    assert key_mismatch({"a": 2, None: 1}, ["a"]) is None
    some = key_mismatch({"a": 2, "b": 1}, ["a"])
    none = key_mismatch({"b": 1}, ["a"])
    assert some is not None
    assert none is not None
    assert (some.details["none"], none.details["none"]) == (False, True)


def test_it_may_start_if_it_opens_some():
    require_key(Processes(sealed={"a": 1, "b": 1}), ["a"])
    require_key(Processes(), ["a"])
    with pytest.raises(KeyMismatchError, match="None of the keys"):
        require_key(Processes(sealed={"b": 1}), ["a"])


def test_what_this_process_cannot_do():
    def away():
        raise ObjectStoreError("away")

    assert codes(troubles_of(Processes(sealed={"b": 1}), ["a"], away)) == ["OBJECT_STORE_UNAVAILABLE", "KEY_MISMATCH"]
    assert troubles_of(Processes(sealed={"a": 1}), ["a"], lambda: None) == []


def test_each_trouble_is_told_once_for_all_processes():
    trouble = Trouble("DISK", "full", "Make room.")
    found = troubles_everywhere(
        Processes(process("worker", troubles=[trouble]), process("worker", troubles=[trouble])), NOW
    )
    assert [(one.code, one.message) for one in found] == [("DISK", "worker 1 on host: full")]
    assert troubles_everywhere(Processes(process("serve", delivers=False)), NOW) == [], "it harms nobody yet"
    assert troubles_everywhere(Processes(due=1), NOW) == [], "nobody has told of itself yet"
