"""Somebody signs in with address and password; nobody learns which addresses exist."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.flow.people.sign_in import Account, AuthRequiredError, RateLimitedError, sign_in


class Signing:
    """Accounts, passwords, attempts and the database, in memory."""

    def __init__(self, house):
        self.account = Account(new_id(), house.org_id, "ben@example.com", Role.VIEWER, True, 1, "right")
        self.audit, self.users = house.store._work.audit, self
        self.waits, self.active, self.log = 0.0, True, []
        self.code_is_wrong = False

    def by_email(self, email):
        return self.account if email == self.account.email else None

    def verify(self, stored, password):
        self.log.append("verified")
        return stored is not None and stored == password

    def begin(self, email, source):
        self.log.append("begun")
        return self.waits

    def succeed(self, email, source):
        self.log.append("succeeded")

    def second_step(self, account, actor):
        self.log.append("second step")
        if self.code_is_wrong:
            raise AuthRequiredError("The code is wrong.", code="CODE_WRONG")

    def note_success(self, user_id):
        return self.active

    @contextmanager
    def work(self, org_id):
        yield self


@pytest.fixture
def signing(house):
    return Signing(house)


def attempt(signing, email="ben@example.com", password="right"):
    return sign_in(signing, signing, signing, signing, email, password, "here", None, signing.second_step)


def test_the_right_password_gets_in(signing, house):
    assert attempt(signing) is signing.account
    assert (signing.log[-1], house.actions()) == ("succeeded", ["LOGIN_SUCCEEDED"])


def test_whatever_is_wrong_the_answer_is_the_same(signing, house):
    told = set()
    for email, password, active in [
        ("ben@example.com", "wrong", True),
        ("nobody@example.com", "right", True),
        ("ben@example.com", "right", False),
    ]:
        signing.active = active
        with pytest.raises(AuthRequiredError) as refused:
            attempt(signing, email, password)
        told.add((refused.value.code, refused.value.message))
    assert len(told) == 1
    assert signing.log == ["begun", "verified"] * 3, "an unknown address takes as long"
    assert house.actions() == ["LOGIN_FAILED"] * 2


def test_who_guesses_too_fast_is_not_even_looked_up(signing):
    signing.waits = 3.4
    with pytest.raises(RateLimitedError) as refused:
        attempt(signing)
    assert (refused.value.retry_after, signing.log) == (4, ["begun"])


def test_who_has_a_second_factor_shows_it_and_nobody_is_asked_for_one_before_the_password(signing, house):
    signing.account = replace(signing.account, second_factor=True)
    with pytest.raises(AuthRequiredError):
        attempt(signing, password="wrong")
    assert "second step" not in signing.log
    assert attempt(signing) is signing.account
    signing.code_is_wrong = True
    with pytest.raises(AuthRequiredError, match="code"):
        attempt(signing)
    assert house.actions() == ["LOGIN_FAILED", "LOGIN_SUCCEEDED"]
