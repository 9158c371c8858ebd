"""What a stored password gives away: nothing without the pepper."""

from __future__ import annotations

from typing import Any

import pytest
from argon2 import PasswordHasher

from orderflow.secrets.passwords import Passwords


@pytest.fixture
def passwords() -> Passwords:
    return Passwords("pepper" * 6)


def test_the_right_password_and_no_other_opens(passwords):
    stored = passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert passwords.verify(stored, "correct horse")
    assert not passwords.verify(stored, "correct horsf")
    assert not passwords.verify("not a hash", "correct horse")


def test_another_pepper_opens_nothing(passwords):
    assert not Passwords("another" * 6).verify(passwords.hash("correct horse"), "correct horse")
    assert "pepper" not in repr(passwords)


def test_nobody_has_no_password_but_costs_a_verification(passwords, monkeypatch):
    checked, verify = [], PasswordHasher.verify

    def checking(*given: Any) -> bool:
        checked.append(given[1])
        return verify(*given)

    monkeypatch.setattr(PasswordHasher, "verify", checking)
    assert not passwords.verify(None, "nobody")
    assert len(checked) == 1


def test_a_hash_of_weaker_parameters_is_outdated(passwords):
    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("x"))
    assert not passwords.outdated(passwords.hash("x"))
