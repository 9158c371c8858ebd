"""Tokens that one API server makes and another reads, whose clock is another."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from orderflow.domain.access import Role
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api import session_tokens
from orderflow.entrypoints.api.session_tokens import AUDIENCE, LEEWAY, LIFETIME, PAGE, PAGE_LIFETIME, Tokens
from orderflow.flow.people.sign_in import Account, AuthRequiredError

TOKENS = Tokens("s" * 32)


def issued(monkeypatch: pytest.MonkeyPatch, audience: str, ahead: int) -> str:
    """Return a token of a server whose clock is `ahead` of ours."""
    account = Account(new_id(), new_id(), "ops@acme.example", Role.OPS, active=True, version=1, password_hash="")
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(session_tokens, "time", SimpleNamespace(time=lambda: now + ahead))
        return TOKENS.issue(account) if audience == AUDIENCE else TOKENS.issue_for_page(account)


@pytest.mark.parametrize("audience", [AUDIENCE, PAGE])
def test_a_token_of_a_server_whose_clock_is_a_little_ahead_counts_at_once(
    monkeypatch: pytest.MonkeyPatch, audience: str
) -> None:
    TOKENS.read(issued(monkeypatch, audience, LEEWAY // 2), audience)
    with pytest.raises(AuthRequiredError) as refused:
        TOKENS.read(issued(monkeypatch, audience, 60 * LEEWAY), audience)
    assert refused.value.code == "TOKEN_INVALID"


@pytest.mark.parametrize(("audience", "lifetime"), [(AUDIENCE, LIFETIME), (PAGE, PAGE_LIFETIME)])
def test_it_ends_later_by_no_more_than_that(monkeypatch: pytest.MonkeyPatch, audience: str, lifetime: int) -> None:
    with pytest.raises(AuthRequiredError) as refused:
        TOKENS.read(issued(monkeypatch, audience, -lifetime - LEEWAY - 1), audience)
    assert refused.value.code == "TOKEN_EXPIRED"
