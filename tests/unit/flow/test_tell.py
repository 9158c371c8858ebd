"""How a turn at a webhook goes: in order, no longer than it may, and away from one that takes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from orderflow.domain.reach import OPERATOR
from orderflow.flow.tell import AT_ONCE, LONGEST_WAIT, Endpoint, Message, Outcome, Send, backoff, tell

ONE, OTHER = uuid4(), uuid4()
TAKEN, REFUSED, AWAY = Outcome(200, None, 1), Outcome(500, {"code": "X"}, 1), Outcome(None, {"code": "Y"}, 1)
GONE = Outcome(410, {"code": "Z"}, 1)


def message(number: int, subject: UUID = ONE) -> Message:
    return Message(f"evt_{number}", number, subject, "order.pushed", datetime.now(UTC), {})


@dataclass
class Memory:
    """An outbox of given messages, and what is said of each: by default that it was taken."""

    due: list[Message]
    says: dict[int, Outcome] = field(default_factory=dict)
    failures: int = 0
    held: bool = True
    sent: list[int] = field(default_factory=list)
    settled: list[tuple[int, bool, float | None]] = field(default_factory=list)
    closed: int = 0

    def open(self, org_id: UUID, endpoint_id: UUID) -> Endpoint | None:
        return Endpoint(endpoint_id, org_id, uuid4(), "https://shop.example", OPERATOR, ["whsec_"], self.failures)

    def take(self, endpoint: Endpoint, most: int) -> list[Message]:
        return self.due[:most]

    def settle(self, endpoint: Endpoint, message: Message, outcome: Outcome, wait: float, rest: float | None) -> bool:
        self.settled.append((message.number, outcome.taken, rest))
        return self.held

    def close(self, endpoint: Endpoint) -> None:
        self.closed += 1

    def turn(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        @contextmanager
        def sender(_endpoint: Endpoint) -> Iterator[Send]:
            yield self._send

        return tell(self, sender, uuid4(), uuid4(), stopped)

    def _send(self, _endpoint: Endpoint, message: Message) -> Outcome:
        self.sent.append(message.number)
        return self.says.get(message.number, TAKEN)


def test_all_that_is_due_is_sent_in_its_order() -> None:
    outbox = Memory([message(1), message(2, OTHER), message(3)])
    assert not outbox.turn()
    assert (outbox.sent, outbox.closed) == ([1, 2, 3], 1)


def test_what_follows_in_the_same_order_waits_for_what_was_not_taken_and_no_other_does() -> None:
    outbox = Memory([message(1), message(2, OTHER), message(3), message(4, OTHER)], {1: REFUSED})
    outbox.turn()
    assert outbox.sent == [1, 2, 4]
    assert outbox.settled == [(1, False, None), (2, True, None), (4, True, None)]


def test_an_endpoint_that_refuses_again_and_again_is_left_alone() -> None:
    subjects = [message(number, uuid4()) for number in range(1, 9)]
    outbox = Memory(subjects, dict.fromkeys(range(9), REFUSED))
    assert not outbox.turn()
    assert outbox.settled == [(1, False, None), (2, False, None), (3, False, 5.0)]
    again = Memory(subjects, dict.fromkeys(range(9), REFUSED), failures=5)
    again.turn()
    assert again.settled == [(1, False, 40.0)]


@pytest.mark.parametrize("says", [AWAY, GONE])
def test_one_that_does_not_answer_or_is_gone_is_left_alone_at_once(says: Outcome) -> None:
    outbox = Memory([message(1), message(2, OTHER)], {1: says})
    outbox.turn()
    assert outbox.settled == [(1, False, 5.0)]


def test_a_success_between_failures_has_it_go_on() -> None:
    numbers = [message(number, uuid4()) for number in range(1, 9)]
    outbox = Memory(numbers, {1: REFUSED, 2: REFUSED, 4: REFUSED, 5: REFUSED})
    outbox.turn()
    assert outbox.sent == list(range(1, 9))


def test_a_turn_that_lost_its_endpoint_sends_nothing_more() -> None:
    outbox = Memory([message(1), message(2)], held=False)
    assert not outbox.turn()
    assert (outbox.sent, outbox.closed) == ([1], 1)


def test_an_engine_that_stops_begins_nothing() -> None:
    outbox = Memory([message(1)])
    assert not outbox.turn(lambda: True)
    assert (outbox.sent, outbox.closed) == ([], 1)


def test_a_full_turn_is_followed_by_another() -> None:
    assert Memory([message(number) for number in range(AT_ONCE)]).turn()


def test_a_turn_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orderflow.flow.tell.TURN_SECONDS", -1.0)
    outbox = Memory([message(number) for number in range(AT_ONCE)])
    assert outbox.turn()
    assert outbox.sent == []


def test_a_turn_that_breaks_off_gives_its_endpoint_back() -> None:
    outbox = Memory([message(1)])
    outbox.take = lambda *_: 1 / 0  # type: ignore[method-assign,assignment]  # a fault of ours
    with pytest.raises(ZeroDivisionError):
        outbox.turn()
    assert outbox.closed == 1


def test_waits_are_doubled_up_to_an_hour() -> None:
    assert [backoff(times) for times in range(4)] == [5.0, 10.0, 20.0, 40.0]
    assert backoff(1000) == LONGEST_WAIT


def test_a_message_is_what_standard_webhooks_recommends() -> None:
    sent = Message("evt_1", 1, ONE, "order.pushed", datetime(2031, 1, 2, tzinfo=UTC), {"number": 1}).as_json()
    assert sent == {"type": "order.pushed", "timestamp": "2031-01-02T00:00:00+00:00", "data": {"number": 1}}
