from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orderflow.domain.answer_details import Level
from orderflow.domain.delivery import Ack
from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.ids import new_id
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.notify import MOST_ATTEMPTS, Notification, NotificationError, notify
from orderflow.flow.ports import Actor
from orderflow.flow.watch import Process, Trouble, troubles_everywhere
from orderflow.storage.system.notifications import SqlOutbox
from orderflow.storage.system.processes import SqlProcesses
from orderflow.testing.memory import MemoryDropzone

HOUR = 3600.0


class Channel:
    longest = 15.0

    def __init__(self, name="webhook"):
        self.name = name
        self.sent: list[Notification] = []
        self.away = False

    def send(self, notification):
        if self.away:
            raise NotificationError("away")
        self.sent.append(notification)

    @property
    def events(self):
        return [notification.event.partition(".")[2] for notification in self.sent]


@pytest.fixture
def channel():
    return Channel()


@pytest.fixture
def sweep(installation, channel):
    def swept(*channels, down_after=HOUR, troubles=()):
        return notify(SqlOutbox(installation.database), channels or [channel], down_after, troubles)

    return swept


@pytest.fixture
def connection(installation):
    return installation.connect(MemoryDropzone(), name="Works")


def turn(installation, state, ago="0 seconds"):
    installation.do(
        "UPDATE erp_connection SET breaker_state = :state, breaker_since = now() - CAST(:ago AS interval),"
        ' breaker_error = \'{"code": "AUTH_FAILED", "message": "No.", "hint": "Mend it."}\'',
        state=state,
        ago=ago,
    )


def test_one_notification_per_change_however_many_orders_wait(installation, connection, channel, sweep):
    installation.pushed(5)
    sweep()
    assert channel.sent == []
    turn(installation, "PAUSED")
    for _ in range(3):
        assert sweep() == []
    turn(installation, "CLOSED")
    sweep()
    sweep()
    assert channel.events == ["needs_attention", "recovered"]
    first = channel.sent[0]
    assert (first.connection, first.data["waiting"]) == ("Works", 5)
    assert "No. [AUTH_FAILED]" in first.text
    assert "Mend it." in first.text


def test_a_target_that_is_back_soon_is_nobodys_concern(installation, connection, channel, sweep):
    turn(installation, "OPEN", "10 minutes")
    sweep()
    turn(installation, "CLOSED")
    sweep()
    assert channel.sent == []
    turn(installation, "OPEN", "2 hours")
    sweep()
    sweep()
    assert channel.events == ["unavailable"]
    turn(installation, "CLOSED")
    sweep()
    assert channel.events == ["unavailable", "recovered"]


def test_a_connection_that_disabled_itself_is_told_once(installation, connection, channel, sweep):
    with installation.wiring.store.work(installation.org_id) as work:
        work.connections.disable_unreadable(connection, {"code": "ENCRYPTION_ERROR", "message": "It does not open."})
    sweep()
    sweep()
    assert channel.events == ["disabled"]


def test_each_channel_is_tried_until_it_took_it_and_gets_it_once(installation, connection, sweep):
    good, bad = Channel("webhook"), Channel("email")
    bad.away = True
    turn(installation, "PAUSED")
    assert [problem.code for problem in sweep(good, bad)] == ["NOTIFICATION_FAILED"]
    assert sweep(good, bad) == [], "not before its time"
    bad.away = False
    installation.do("SELECT 1")
    with installation.database.system() as admin:
        admin.exec_driver_sql("UPDATE notification SET next_attempt_at = now()")
    sweep(good, bad)
    assert (good.events, bad.events) == (["needs_attention"], ["needs_attention"])
    assert good.sent[0].id == bad.sent[0].id


def test_one_that_never_works_is_given_up(installation, connection, channel, sweep):
    channel.away = True
    turn(installation, "PAUSED")
    sweep()
    with installation.database.system() as admin:
        admin.exec_driver_sql(f"UPDATE notification SET next_attempt_at = now(), attempts = {MOST_ATTEMPTS - 1}")
    sweep()
    assert installation.rows("SELECT done_at IS NOT NULL AS done, sent FROM notification") == [
        {"done": True, "sent": []}
    ]


def test_a_crash_between_noting_and_sending_loses_nothing(installation, connection, channel, sweep):
    turn(installation, "PAUSED")
    SqlOutbox(installation.database).note_changes(HOUR)
    turn(installation, "PAUSED", "0 seconds")
    SqlOutbox(installation.database).take(60.0)  # taken, and then the process died
    sweep()
    assert channel.events in (["needs_attention"], [])
    with installation.database.system() as admin:
        admin.exec_driver_sql("UPDATE notification SET next_attempt_at = now() WHERE done_at IS NULL")
    sweep()
    assert "needs_attention" in channel.events


def test_what_another_process_has_taken_since_is_left_as_that_one_settled_it(installation, connection):
    turn(installation, "PAUSED")
    outbox = SqlOutbox(installation.database)
    outbox.note_changes(HOUR)
    slow = outbox.take(60.0)
    assert outbox.take(60.0) is None, "it belongs to the slow one"
    with installation.database.system() as admin:
        admin.exec_driver_sql("UPDATE notification SET next_attempt_at = now()")
    quick = outbox.take(60.0)
    assert slow is not None
    assert quick is not None
    outbox.settle(slow, ["email"], 15.0)
    assert outbox.take(60.0) is None, "it belongs to the quick one"
    outbox.settle(quick, ["webhook"], None)
    outbox.settle(slow, [], 0.0)
    assert outbox.take(60.0) is None, "it is done with"
    assert installation.rows("SELECT sent FROM notification") == [{"sent": ["webhook"]}]


def test_unanswered_deliveries_are_told_once_and_inferred_ones_first(installation, channel, sweep):
    connection_id = installation.connect(MemoryDropzone(), answer_within=60)
    ids = installation.pushed(3)
    installation.work_off(connection_id)
    sweep()
    assert channel.sent == []
    installation.do("UPDATE erp_export SET sent_at = now() - interval '1 hour'")
    installation.do("UPDATE erp_export SET inferred = true WHERE draft_order_id = :id", id=ids[2])
    for _ in range(3):
        sweep()
    assert channel.events == ["overdue"]
    told = channel.sent[0]
    assert told.data["unanswered"] == 3
    assert told.data["deliveries"][0]["inferred"] is True
    assert "look for it first" in told.text

    more = installation.pushed(1)
    installation.work_off(connection_id)
    installation.do("UPDATE erp_export SET sent_at = now() - interval '1 hour' WHERE alerted_at IS NULL")
    sweep()
    assert channel.events == ["overdue"], "it is known that this one does not answer"
    assert installation.export(more[0])["alerted_at"] is not None


def test_a_receipt_that_does_not_come_is_told_once_for_each_level(installation, channel, sweep):
    zone = MemoryDropzone()
    connection_id = installation.connect(zone, answer_within=7_200, received_within=60, understood_within=600)
    (order_id,) = installation.pushed(1)
    installation.work_off(connection_id)
    installation.do("UPDATE erp_export SET sent_at = now() - interval '2 minutes'")
    for _ in range(2):
        sweep()
    assert [told.data["level"] for told in channel.sent] == ["received"]

    zone.answers.append(Ack(installation.export(order_id)["filename"], "ACKED", level=Level.RECEIVED))
    assert dict(poll_acks(installation.wiring, installation.org_id, connection_id)) == {"note": 1}
    installation.do("UPDATE erp_export SET sent_at = now() - interval '3 hours'")
    for _ in range(2):
        sweep()
    assert [told.data["level"] for told in channel.sent] == ["received", "understood", "answered"]

    zone.answers.append(Ack(installation.export(order_id)["filename"], "ACKED"))
    assert dict(poll_acks(installation.wiring, installation.org_id, connection_id)) == {"acknowledge": 1}, (
        "late, it counts"
    )


def unreadable(installation, zone, connection_id, order_id, reason="It is not JSON."):
    file = installation.export(order_id)["filename"]
    zone.answers.append(Ack(file, "UNREADABLE", source=f"ack_{file}", message=reason, digest=reason))
    poll_acks(installation.wiring, installation.org_id, connection_id)


def test_answers_that_cannot_be_read_are_told_when_that_begins(installation, channel, sweep):
    zone = MemoryDropzone()
    connection_id = installation.connect(zone, name="Works")
    ids = installation.pushed(3)
    installation.work_off(connection_id)
    unreadable(installation, zone, connection_id, ids[0], "Its status is neither ACKED nor FAILED.")
    for _ in range(2):
        sweep()
    assert channel.events == ["unreadable"]
    assert "neither ACKED nor FAILED" in channel.sent[0].text

    unreadable(installation, zone, connection_id, ids[1])
    sweep()
    assert channel.events == ["unreadable"], "it goes on"
    with installation.database.system() as admin:
        admin.exec_driver_sql("UPDATE notification SET created_at = now() - interval '2 days'")
    sweep()
    sweep()
    assert channel.events == ["unreadable"] * 2, "once a day"
    installation.do("UPDATE erp_export SET unreadable_answer = NULL")
    sweep()
    unreadable(installation, zone, connection_id, ids[2])
    sweep()
    assert channel.events == ["unreadable"] * 3, "it had ended, and begins anew"


def test_orders_in_doubt_are_told_when_the_first_is_held(installation, connection, channel, sweep):
    ids = installation.pushed(2)
    hold = (
        'UPDATE erp_export SET held_at = now(), error_json = \'{"message": "The answer was lost."}\''
        " WHERE draft_order_id = :id"
    )
    installation.do(hold, id=ids[0])
    sweep()
    installation.do(hold, id=ids[1])
    sweep()
    assert channel.events == ["held"]
    assert "The answer was lost." in channel.sent[0].text
    assert "Works" in channel.sent[0].subject


def test_answers_that_cannot_be_looked_for_are_told_once_and_after_a_while(installation, channel, sweep):
    zone = MemoryDropzone()
    connection_id = installation.connect(zone)

    class Closed(MemoryDropzone):
        def poll_acks(self, config, waiting):
            raise NeedsAttentionError("acks/processed belongs to somebody else.", code="PERMISSION_DENIED")

    def poll(by):
        installation.connectors[zone.connector_type] = by
        installation.do("UPDATE erp_connection SET next_poll_at = now()")
        poll_acks(installation.wiring, installation.org_id, connection_id)

    zone.answers.append(Ack("of_nobody.json", "ACKED", source="x"))
    poll(zone)  # an answer to nobody is no reason not to tell of this
    installation.do("UPDATE erp_connection SET poll_failing_since = now() - interval '1 day'")
    poll(Closed())
    sweep()
    assert channel.events == []
    for _ in range(2):
        installation.do("UPDATE erp_connection SET poll_failing_since = poll_failing_since - interval '2 hours'")
        poll(Closed())
        sweep()
    assert channel.events == ["not_read"]
    assert "belongs to somebody else" in channel.sent[0].text
    poll(MemoryDropzone())
    poll(Closed())
    sweep(down_after=0)
    assert channel.events == ["not_read"] * 2


@pytest.mark.parametrize("reason", ["the order has been sent again: possibly doubled", "refused what it had confirmed"])
def test_an_answer_against_what_was_known_is_told_once(installation, connection, channel, sweep, reason):
    (order_id,) = installation.pushed(1)
    export_id = installation.export(order_id)["id"]
    with installation.wiring.store.work(installation.org_id) as work:
        after = {"export_id": str(export_id), "message": reason}
        work.audit.add("EXPORT_ALERT", Actor("engine"), "draft_order", [order_id], None, after)
    for _ in range(2):
        sweep()
    assert channel.events == ["contradicted"]
    assert reason in channel.sent[0].text


def test_what_stands_still_is_told_once_for_each_kind_until_it_is_over(channel, sweep):
    no_worker = Trouble("NO_WORKER", "No process delivers.", "Start one.")
    mismatch = Trouble("KEY_MISMATCH", "worker 7 on a: connections were sealed with other keys.", "Set the key.")
    for troubles in ([no_worker], [no_worker, mismatch], [mismatch], [mismatch], [], [], [no_worker]):
        sweep(troubles=troubles)
    told = [(one.event.partition(".")[2], one.data["code"]) for one in channel.sent]
    assert sorted(told[:2]) == [("trouble", "KEY_MISMATCH"), ("trouble", "NO_WORKER")]
    assert told[2:] == [("recovered", "NO_WORKER"), ("recovered", "KEY_MISMATCH"), ("trouble", "NO_WORKER")]
    assert "Start one." in channel.sent[0].text
    assert channel.sent[0].organization is None
    assert channel.sent[0].as_json("https://orders.example")["data"]["connection_id"] is None


def test_troubles_of_every_process_are_known_each_kind_once(installation, connection):
    processes = SqlProcesses(installation.database)
    lacking = [Trouble("KEY_MISMATCH", "It has no key.", "Give it one.")]
    assert troubles_everywhere(processes, datetime.now(UTC)) == [], "nobody has told of itself yet"
    for pid in (1, 2):
        processes.tell(Process(new_id(), "serve", "a", pid, "1", ["k"], [], delivers=False, troubles=lacking))
    installation.pushed(1)
    installation.do("UPDATE erp_export SET next_attempt_at = now() - interval '5 minutes'")
    found = troubles_everywhere(processes, datetime.now(UTC))
    assert [trouble.code for trouble in found] == ["NO_WORKER", "KEY_MISMATCH"]
    assert found[1].message == "serve 1 on a: It has no key."
