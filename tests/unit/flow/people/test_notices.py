"""A user chooses what they are told of: what is there already is not told, and a wrong choice changes nothing."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import time

import pytest

from orderflow.domain.errors import ConnectorError, InputError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.notices import QuietHours, Wanted
from orderflow.flow.people.notices import NoticeChoice, Signing, choose_notices, sign_notices
from tests.unit.flow.conftest import ANNA

FIRST = NoticeChoice(Wanted(first=True), mail=True)
HOOK = "https://chat.example/hooks/sesame"


class Store:
    """One organization and one user, in memory."""

    slug = "acme"

    def __init__(self, house):
        self.audit, self.notices, self.chosen, self.log = house.store._work.audit, self, NoticeChoice(), []

    def get(self, user_id):
        return self.chosen

    def put(self, user_id, choice, anew, *, digest_anew):
        self.chosen = choice
        self.log.append((sorted(anew), digest_anew))

    def sign(self, user_id, secret):
        self.secret = secret

    def look(self):
        self.log.append("looked")

    @contextmanager
    def work(self, org_id):
        yield self


@pytest.fixture
def store(house):
    return Store(house)


def choose(store, choice, refusal=lambda place, reach: None):
    choose_notices(store, refusal, new_id(), new_id(), ANNA, choice)
    return store.log[-1]


def test_it_is_looked_before_so_that_what_is_there_is_not_new(store):
    choose(store, FIRST)
    assert store.log == ["looked", (["mail"], False)]


def test_only_what_was_not_told_before_begins_anew(store):
    choose(store, FIRST)
    assert choose(store, replace(FIRST, webhook_url=HOOK)) == (["webhook"], False)
    assert choose(store, replace(FIRST, webhook_url=HOOK)) == ([], False)
    assert choose(store, replace(FIRST, webhook_url=f"{HOOK}2")) == (["webhook"], False)
    quieter = replace(FIRST.wanted, quiet=QuietHours(time(20), time(7)), language="de")
    assert choose(store, replace(FIRST, wanted=quieter)) == ([], False), "what was gathered is kept"
    assert choose(store, replace(FIRST, wanted=Wanted(first=True, mine=True))) == (["mail"], False)
    assert choose(store, replace(FIRST, wanted=Wanted(mine=True, digest_at=time(7)))) == ([], True)
    choose(store, replace(FIRST, wanted=Wanted()))
    assert choose(store, replace(FIRST, wanted=Wanted(digest_at=time(7)))) == (["mail"], True)


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        (NoticeChoice(Wanted(time_zone="Europe/Atlantis")), "time_zone"),
        (NoticeChoice(Wanted(time_zone="../../etc/passwd")), "time_zone"),
        (NoticeChoice(Wanted(quiet=QuietHours(time(7), time(7)))), "quiet"),
        (NoticeChoice(webhook_url="ftp://chat.example/"), "webhook_url"),
        (NoticeChoice(webhook_url="https://anna:secret@chat.example/"), "webhook_url"),
        (NoticeChoice(webhook_url="https://chat.example/\nHost: other"), "webhook_url"),
    ],
)
def test_what_cannot_be_used_is_told_at_its_field_and_changes_nothing(store, choice, field):
    with pytest.raises(InputError) as caught:
        choose(store, choice)
    assert caught.value.details["fields"][0]["field"] == field
    assert store.chosen == NoticeChoice()


def test_an_address_that_the_operator_does_not_allow_is_refused_by_its_code(store):
    refused = ConnectorError("That network is not allowed.", code="PLACE_NOT_ALLOWED")
    with pytest.raises(InputError) as caught:
        choose(store, NoticeChoice(webhook_url=HOOK), lambda place, reach: refused)
    assert caught.value.code == "PLACE_NOT_ALLOWED"


def test_the_log_has_the_host_and_not_the_address(store, house):
    choose(store, replace(FIRST, webhook_url=HOOK))
    (entry,) = house.tables.audit
    assert entry["action"] == "NOTICES_CHANGED"
    assert entry["after"]["webhook_host"] == "chat.example"
    assert "sesame" not in repr(entry)


def test_a_secret_signs_for_a_webhook_alone_and_stands_in_no_log(store, house):
    choose(store, FIRST)
    with pytest.raises(StateError, match="No webhook is chosen"):
        sign_notices(store, new_id(), new_id(), ANNA)
    choose(store, replace(FIRST, webhook_url=HOOK))
    secret = sign_notices(store, new_id(), new_id(), ANNA)
    assert (secret[:6], store.secret) == ("whsec_", secret)
    assert house.tables.audit[-1]["action"] == "NOTICES_SIGNED"
    assert secret not in repr(house.tables.audit) + repr(Signing(secret))
