"""What is remembered of those who send, and what ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from orderflow.domain.access import Role
from orderflow.entrypoints.api.authentication import Authenticator
from orderflow.entrypoints.api.ingress import Ingress
from orderflow.entrypoints.api.work import Workload
from orderflow.flow.people.sign_in import Account, AnswerSender, AuthRequiredError

Found = TypeVar("Found")
KEY = "ofk_some"
CONNECTION = uuid4()


class Accounts:
    """A database of one key and one connection; `meanwhile` happens after it was read and before that is known."""

    def __init__(self) -> None:
        self.account = Account(uuid4(), uuid4(), "shop", Role.ADMIN, True, 1, "")
        self.sender = AnswerSender(self.account.org_id, b"former")
        self.asked = 0
        self.meanwhile: Callable[[], None] | None = None

    def by_key(self, _key_hash: bytes) -> Account:
        return self._read(self.account)

    def by_connection(self, _connection_id: UUID) -> AnswerSender:
        return self._read(self.sender)

    def _read(self, found: Found) -> Found:
        self.asked += 1
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return found


@pytest.fixture
def accounts() -> Any:
    return Accounts()


def test_the_database_is_asked_once_until_something_changes(accounts: Any) -> None:
    authenticator = Authenticator(accounts)

    async def check() -> None:
        assert await authenticator.by_key(KEY) is await authenticator.by_key(KEY)
        assert accounts.asked == 1
        authenticator.forget()
        await authenticator.by_key(KEY)
        assert accounts.asked == 2

    asyncio.run(check())


def test_a_key_that_is_revoked_while_it_is_looked_up_counts_no_more(accounts: Any) -> None:
    authenticator = Authenticator(accounts)

    def revoke() -> None:
        accounts.account = replace(accounts.account, active=False)
        authenticator.forget()

    async def check() -> None:
        accounts.meanwhile = revoke
        assert (await authenticator.by_key(KEY)).active  # as it was when it was read
        with pytest.raises(AuthRequiredError, match="not valid"):
            await authenticator.by_key(KEY)

    asyncio.run(check())


def test_a_token_for_answers_that_is_made_anew_while_the_former_is_looked_up_counts_at_once(accounts: Any) -> None:
    ingress = Ingress(accounts)
    state = SimpleNamespace(workload=Workload())
    request: Any = SimpleNamespace(app=SimpleNamespace(state=state), client=None)

    def make_anew() -> None:
        accounts.sender = replace(accounts.sender, token_hash=b"new")
        ingress.forget()

    async def check() -> None:
        accounts.meanwhile = make_anew
        known = [await ingress.sender(request, CONNECTION) for _ in range(3)]
        assert [sender.token_hash for sender in known] == [b"former", b"new", b"new"]
        assert accounts.asked == 2

    asyncio.run(check())
