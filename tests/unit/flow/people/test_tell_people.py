"""Users are told once of what is new or theirs, never in their quiet hours, and once a day of all."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from orderflow.domain.ids import new_id
from orderflow.domain.notices import QuietHours, Wanted
from orderflow.flow.people.notices import Way
from orderflow.flow.people.tell_people import (
    APART,
    FIRST_WAIT,
    LONGEST_WAIT,
    Group,
    Look,
    Send,
    Watcher,
    due,
    tell_people,
)
from orderflow.flow.tell import Outcome

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=3)
TAKEN, AWAY = Outcome(204, None, 1), Outcome(None, {"code": "AWAY"}, 1)
BOTH = Wanted(first=True, mine=True)


def group(key="FAILED E1", new_at=NOW, **more):
    return Group(key, key.partition(" ")[0], "E1", None, None, 3, new_at, **more)


def given(to="ben@acme.example", by="anna@acme.example", at=NOW):
    return group(new_at=LONG_AGO, assigned_to=to, assigned_by=by, assigned_at=at)


def ben(wanted=BOTH, way="mail", **more):
    times = {"told_at": NOW - timedelta(hours=1), "digested_at": NOW - timedelta(hours=1)}
    return Watcher(new_id(), "ben@acme.example", way, None, wanted, **(times | more))


def look(*groups, at=NOW, watchers=(), **more):
    return Look(at, new_id(), "acme", "Acme", groups, watchers, **more)


def noticed(watcher, *groups, at=NOW):
    notice = due(watcher, look(*groups, at=at))
    assert notice is not None
    return notice


def told(watcher, *groups, at=NOW):
    notice = due(watcher, look(*groups, at=at))
    return None if notice is None else [one.key for one in notice.groups]


def test_a_new_group_is_told_and_one_that_was_there_is_not():
    assert told(ben(), group(), group("READY", LONG_AGO)) == ["FAILED E1"]
    assert told(ben(), group("READY", LONG_AGO)) is None
    assert told(ben(), group(snoozed=True)) is None
    assert told(ben(Wanted(mine=True)), group()) is None


def test_what_others_give_one_is_told_and_what_one_takes_is_not():
    assert told(ben(), given()) == ["FAILED E1"]
    assert told(ben(), given(to="Ben@Acme.example")) == ["FAILED E1"]
    assert told(ben(), given(by="ben@acme.example")) is None
    assert told(ben(), given(to="cleo@acme.example")) is None
    assert told(ben(), given(at=LONG_AGO)) is None
    assert told(ben(Wanted(first=True)), given()) is None
    assert noticed(ben(), given()).mine == {"FAILED E1"}


def test_in_quiet_hours_nothing_is_told_and_afterwards_what_is_still_there():
    wanted = replace(BOTH, quiet=QuietHours(time(20), time(7)), digest_at=time(6))
    evening = NOW.replace(hour=21)
    watcher = ben(wanted, told_at=evening, digested_at=evening)
    solved, stays = group("FAILED E1", evening + timedelta(hours=1)), group("READY", evening + timedelta(hours=2))
    assert told(watcher, solved, stays, at=evening + timedelta(hours=9)) is None
    morning = NOW.replace(hour=7) + timedelta(days=1)
    notice = noticed(watcher, stays, at=morning)
    assert (notice.digest, [one.key for one in notice.groups]) == (True, ["READY"])


def test_the_digest_is_all_that_nobody_put_off_and_once_a_day():
    watcher = ben(Wanted(digest_at=time(11, 30)))
    assert told(watcher, group("READY", LONG_AGO), group(snoozed=True)) == ["READY"]
    assert told(watcher) == [], "it is done with, and not sent"
    assert told(replace(watcher, digested_at=NOW), group()) is None
    assert told(replace(watcher, digested_at=NOW), group(), at=NOW + timedelta(days=1)) == ["FAILED E1"]


def test_notices_keep_their_distance_and_a_digest_comes_in_time():
    watcher = ben(sent_at=NOW - APART + timedelta(seconds=1))
    assert told(watcher, group()) is None
    assert told(watcher, group(), at=NOW + timedelta(seconds=1)) == ["FAILED E1"]
    assert told(replace(watcher, wanted=Wanted(digest_at=time(11, 59))), group()) == ["FAILED E1"]


def test_an_id_stays_until_something_went_out():
    watcher = ben()
    first, again = noticed(watcher, group()), noticed(replace(watcher, attempts=3), group(), group("READY"))
    assert first.id == again.id
    assert noticed(replace(watcher, told_at=NOW - timedelta(minutes=1)), group()).id != first.id
    assert noticed(replace(watcher, way="webhook"), group()).id != first.id


class Outbox:
    def __init__(self, looked):
        self.looked, self.settled, self.others = looked, [], set()

    def look(self, org_id):
        return self.looked

    def claim(self, look, watcher):
        return None if watcher in self.others else new_id()

    def settle(self, look, watcher, token, notice, outcome, wait):
        self.settled.append((outcome.taken, wait))


def tell(outbox, stopped=lambda: False, mail=None, webhook=None):
    sent = []

    def sending(way, outcome):
        def send(look, watcher, notice):
            sent.append(way)
            return outcome

        return send

    ways: dict[Way, Send] = {}
    if mail:
        ways["mail"] = sending("mail", mail)
    if webhook:
        ways["webhook"] = sending("webhook", webhook)
    return tell_people(outbox, ways, new_id(), stopped), sent


def test_each_way_is_for_itself():
    outbox = Outbox(look(group(), watchers=[ben(), ben(way="webhook")]))
    assert tell(outbox, mail=TAKEN, webhook=AWAY) == (1, ["mail", "webhook"])
    assert outbox.settled == [(True, FIRST_WAIT), (False, FIRST_WAIT)]


@pytest.mark.parametrize(("attempts", "wait"), [(0, FIRST_WAIT), (2, FIRST_WAIT * 4), (2_000, LONGEST_WAIT)])
def test_what_fails_is_tried_ever_less_often(attempts, wait):
    outbox = Outbox(look(group(), watchers=[ben(attempts=attempts)]))
    tell(outbox, mail=AWAY)
    assert outbox.settled == [(False, wait)]


def test_nothing_is_sent_where_another_process_is_at_it_or_there_is_no_such_way():
    watcher = ben()
    outbox = Outbox(look(group(), watchers=[watcher, ben(way="webhook")]))
    outbox.others.add(watcher)
    assert tell(outbox, mail=TAKEN) == (0, [])
    assert tell(Outbox(None), mail=TAKEN) == (0, [])


def test_a_digest_of_nothing_is_noted_and_not_sent():
    outbox = Outbox(look(watchers=[ben(Wanted(digest_at=time(11, 30)))]))
    assert tell(outbox, mail=AWAY) == (0, [])
    assert outbox.settled == [(True, FIRST_WAIT)]


def test_an_organization_has_a_limit_and_who_is_stopped_begins_nothing():
    many = [ben() for _ in range(5)]
    assert tell(Outbox(look(group(), watchers=many, room=2)), mail=TAKEN) == (2, ["mail"] * 2)
    assert tell(Outbox(look(group(), watchers=many)), lambda: True, mail=TAKEN) == (0, [])
