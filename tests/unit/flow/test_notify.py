"""A person is told of changes, over each channel until it worked."""

from datetime import UTC, datetime

import pytest

from orderflow.domain.ids import new_id
from orderflow.flow.notify import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    MOST_IN_A_TURN,
    Notification,
    NotificationError,
    notify,
)


class Channel:
    longest = 15.0

    def __init__(self, name, *, works=True):
        self.name, self.works, self.told = name, works, []

    def send(self, notification):
        if not self.works:
            raise NotificationError("refused")
        self.told.append(notification)


class Outbox:
    def __init__(self, *due):
        self.due, self.settled, self.leases = list(due), [], []

    def note_changes(self, down_after, troubles):
        pass

    def take(self, seconds):
        self.leases.append(seconds)
        return self.due.pop(0) if self.due else None

    def settle(self, notification, sent, retry_in):
        self.settled.append((list(sent), retry_in))


def notification(event="connection.unavailable", *, data=None, **more):
    created = datetime(2026, 1, 5, tzinfo=UTC)
    return Notification(new_id(), event, "acme", new_id(), "Shop", created, data or {}, **more)


def test_what_went_out_everywhere_is_done_with():
    mail, hook, outbox = Channel("mail"), Channel("webhook"), Outbox(notification())
    assert notify(outbox, [mail, hook], 60.0) == []
    assert (len(mail.told), len(hook.told), outbox.settled) == (1, 1, [(["mail", "webhook"], None)])


def test_where_it_did_not_work_it_is_tried_again_and_there_only():
    mail, hook, outbox = Channel("mail"), Channel("webhook", works=False), Outbox(notification(sent=["mail"]))
    assert [error.code for error in notify(outbox, [mail, hook], 60.0)] == ["NOTIFICATION_FAILED"]
    assert (mail.told, outbox.settled) == ([], [(["mail"], FIRST_WAIT)])


@pytest.mark.parametrize(
    ("attempts", "wait"), [(0, FIRST_WAIT), (3, FIRST_WAIT * 8), (38, LONGEST_WAIT), (MOST_ATTEMPTS - 1, None)]
)
def test_ever_less_often_and_not_for_ever(attempts, wait):
    outbox = Outbox(notification(attempts=attempts))
    notify(outbox, [Channel("mail", works=False)], 60.0)
    assert outbox.settled == [([], wait)]


def test_each_is_taken_when_it_is_sent_and_for_longer_than_that_takes():
    channels, outbox = [Channel("mail"), Channel("webhook")], Outbox(*(notification() for _ in range(30)))
    notify(outbox, channels, 60.0)
    assert len(outbox.settled) == len(outbox.leases) == MOST_IN_A_TURN
    assert min(outbox.leases) > sum(channel.longest for channel in channels)


def test_a_person_reads_what_is_wrong_and_what_waits():
    error = {"message": "No route.", "code": "AWAY", "hint": "Look at the cable."}
    told = notification(data={"error": error, "waiting": 3})
    assert told.subject == "Shop (acme) cannot be reached"
    assert told.text.splitlines() == [
        "Shop (acme) cannot be reached.",
        "",
        "No route. [AWAY]",
        "Look at the cable.",
        "3 deliveries wait; none is lost.",
    ]


def test_a_program_reads_the_facts_and_whose_they_are():
    body = notification(data={"waiting": 3}).as_json("https://orders.example")
    assert body["type"] == "connection.unavailable"
    assert (body["data"]["waiting"], body["data"]["organization"]) == (3, "acme")
