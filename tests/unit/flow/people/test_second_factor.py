"""A second factor: each code counts once, and a recovery code gets in without the phone."""

from contextlib import contextmanager
from dataclasses import replace

import pyotp
import pytest

from orderflow.domain.access import Role
from orderflow.domain.errors import InputError, NotFoundError, StateError
from orderflow.domain.ids import new_id
from orderflow.flow.people.second_factor import (
    RECOVERY_CODES,
    STEP,
    CodeNeededError,
    CodeWrongError,
    address,
    begin,
    confirm,
    prove,
    recovery_codes,
    reset,
    take_away,
)
from orderflow.flow.people.sign_in import Account, RateLimitedError
from tests.unit.flow.conftest import ANNA

NOW = 1_800_000_000


class House:
    """One organization's second factors, limits and users, in memory."""

    def __init__(self, house):
        self.org_id, self.audit, self.kept, self.log = house.org_id, house.store._work.audit, {}, []
        self.users = self.second_factors = self
        self.wait, self.user_id = 0.0, new_id()
        self.account = Account(self.user_id, house.org_id, "ben@example.com", Role.OPS, True, 1, "", second_factor=True)

    def get(self, user_id):
        if user_id != self.user_id:
            raise NotFoundError("There is no such user.")
        found = self.kept.get(user_id)
        return replace(found, recovery=list(found.recovery)) if found else None

    def put(self, user_id, factor):
        self.kept[user_id] = factor

    def remove(self, user_id):
        return self.kept.pop(user_id, None) is not None

    def change(self, user_id, *, end_sessions=False):
        self.log.append("sessions ended" if end_sessions else "changed")

    def begin(self, user_id, source):
        self.log.append("begun")
        return self.wait

    def succeed(self, user_id, source):
        self.log.append("succeeded")

    @contextmanager
    def work(self, org_id):
        yield self


@pytest.fixture
def ours(house):
    return House(house)


@pytest.fixture
def clock(monkeypatch):
    """Stands still until it is set."""
    at = [float(NOW)]
    monkeypatch.setattr("orderflow.flow.people.second_factor.time.time", lambda: at[0])
    return at


def turned_on(ours):
    secret = begin(ours, ours.org_id, ours.user_id)
    codes = confirm(ours, ours, ours.org_id, ours.user_id, ANNA, pyotp.TOTP(secret).at(NOW), "here")
    return pyotp.TOTP(secret), codes


def shows(ours, code):
    prove(ours, ours, ours.account, code, "here", ANNA)


def test_it_counts_once_its_app_has_shown_a_code(ours, clock):
    secret = begin(ours, ours.org_id, ours.user_id)
    assert secret != begin(ours, ours.org_id, ours.user_id), "begun again, it is another"
    with pytest.raises(InputError):
        confirm(ours, ours, ours.org_id, ours.user_id, ANNA, "000000", "here")
    assert not ours.kept[ours.user_id].confirmed
    _, codes = turned_on(ours)
    assert (ours.kept[ours.user_id].confirmed, len(set(codes))) == (True, RECOVERY_CODES)
    with pytest.raises(StateError):
        begin(ours, ours.org_id, ours.user_id)
    with pytest.raises(StateError):
        confirm(ours, ours, ours.org_id, ours.user_id, ANNA, "000000", "here")


def test_a_code_counts_once_and_for_about_a_minute(ours, clock):
    app, _ = turned_on(ours)
    with pytest.raises(CodeWrongError):
        shows(ours, app.at(NOW))
    clock[0] = NOW + STEP
    shows(ours, app.at(NOW + STEP))
    for used in (NOW + STEP, NOW, NOW - STEP):
        with pytest.raises(CodeWrongError):
            shows(ours, app.at(used))
    clock[0] = NOW + 10 * STEP
    for off in (-2, 2):
        with pytest.raises(CodeWrongError):
            shows(ours, app.at(clock[0] + off * STEP))
    code = app.at(clock[0] - STEP)
    shows(ours, f" {code[:3]} {code[3:]} ")
    shows(ours, app.at(clock[0] + STEP))


def test_a_recovery_code_gets_in_once_however_it_is_typed(ours, clock):
    _, codes = turned_on(ours)
    shows(ours, f" {codes[3].lower().replace('-', ' ')} ")
    with pytest.raises(CodeWrongError):
        shows(ours, codes[3])
    clock[0] = NOW + STEP
    fresh = recovery_codes(ours, ours, ours.org_id, ours.user_id, ANNA, codes[4], "here")
    with pytest.raises(CodeWrongError):
        shows(ours, codes[5])
    shows(ours, fresh[0])


def test_who_has_none_is_asked_for_none(ours):
    prove(ours, ours, replace(ours.account, second_factor=False), None, "here", ANNA)
    with pytest.raises(CodeNeededError):
        shows(ours, None)
    assert ours.log == [], "that a code is wanted is no wrong code"


def test_who_guesses_too_fast_is_not_even_looked_at(ours, clock):
    app, _ = turned_on(ours)
    ours.wait, ours.log = 2.2, []
    clock[0] = NOW + STEP
    with pytest.raises(RateLimitedError) as refused:
        shows(ours, app.at(clock[0]))
    assert (refused.value.retry_after, ours.log) == (3, ["begun"])


def test_it_is_taken_away_with_a_code_or_by_an_administrator(ours, clock, house):
    app, _ = turned_on(ours)
    with pytest.raises(InputError):
        take_away(ours, ours, ours.org_id, ours.user_id, ANNA, app.at(NOW), "here")
    clock[0] = NOW + STEP
    take_away(ours, ours, ours.org_id, ours.user_id, ANNA, app.at(clock[0]), "here")
    assert not ours.kept
    reset(ours, ours.org_id, ours.user_id, ANNA)
    assert "sessions ended" not in ours.log, "there was nothing to take away"
    clock[0] = NOW
    turned_on(ours)
    reset(ours, ours.org_id, ours.user_id, ANNA)
    assert (ours.kept, ours.log[-1]) == ({}, "sessions ended")
    with pytest.raises(NotFoundError):
        reset(ours, ours.org_id, new_id(), ANNA)
    done = ["SECOND_FACTOR_ON", "SECOND_FACTOR_OFF", "SECOND_FACTOR_ON", "SECOND_FACTOR_RESET"]
    assert house.actions() == done


def test_an_app_reads_it_from_an_address():
    told = address("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "ben@example.com")
    assert told.startswith("otpauth://totp/OrderFlow%20Connect:ben%40example")
