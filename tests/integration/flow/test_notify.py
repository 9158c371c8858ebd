from __future__ import annotations

import pytest

from orderflow.flow.notify import MOST_ATTEMPTS, Notification, NotificationError, notify
from orderflow.storage.system.notifications import SqlOutbox
from orderflow.testing.memory import MemoryDropzone

HOUR = 3600.0


class Channel:
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
    def swept(*channels, down_after=HOUR):
        return notify(SqlOutbox(installation.database), channels or [channel], down_after)

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
    SqlOutbox(installation.database).take(10)  # taken, and then the process died
    sweep()
    assert channel.events in (["needs_attention"], [])
    with installation.database.system() as admin:
        admin.exec_driver_sql("UPDATE notification SET next_attempt_at = now() WHERE done_at IS NULL")
    sweep()
    assert "needs_attention" in channel.events


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
