"""How many sessions an account has at once, whoever comes at the same moment."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from orderflow.channels.limits import SessionLimitError, session_limit
from orderflow.channels.sftp import pool as pools
from orderflow.channels.sftp.pool import SessionPool
from orderflow.channels.sftp.target import SFTPTarget
from orderflow.domain.reach import Reach

AT_ONCE = 3


class Server:
    """Notes how many sessions it has; every step of a connection takes a turn of the loop."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit, self.open, self.most = limit, 0, 0

    async def connect(self, target: SFTPTarget) -> Any:
        await asyncio.sleep(0)
        if self.open == self.limit:
            raise session_limit(target.place, "Too many connections")
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        return Session(self, target)


class Session:
    def __init__(self, server: Server, target: SFTPTarget) -> None:
        self._server, self.target = server, target
        self.lost: str | None = None
        self.users = 0

    def close(self) -> None:
        if not self.lost:
            self.lost = "closed by us"
            self._server.open -= 1

    async def closed(self) -> None:
        await asyncio.sleep(0)
        self.close()


def use_at_once(monkeypatch: pytest.MonkeyPatch, server: Server, **target: Any) -> None:
    """Use one account for several targets at the same time, each of which gets a session that lives."""
    monkeypatch.setattr(pools, "connect", server.connect)

    async def use(pool: SessionPool, number: int) -> None:
        apart = SFTPTarget("ftp.acme.example", apart=str(number), connect_timeout=600, **target)
        async with pool.session(apart) as session:
            assert not session.lost
            await asyncio.sleep(0)
            assert not session.lost

    async def main() -> None:
        pool = SessionPool()
        await asyncio.gather(*(use(pool, number) for number in range(AT_ONCE)))
        await pool.close()

    asyncio.run(main())
    assert not server.open


@pytest.mark.parametrize("most", [1, 2])
def test_those_who_connect_at_once_share_the_sessions_of_their_account(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    server = Server()
    use_at_once(monkeypatch, server, max_sessions=most)
    assert server.most == most


def test_those_who_connect_at_once_keep_to_what_the_server_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(limit=1)
    use_at_once(monkeypatch, server)
    assert server.most == 1


def test_a_login_that_failed_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(limit=0)
    monkeypatch.setattr(pools, "connect", server.connect)
    target = SFTPTarget("ftp.acme.example", max_sessions=1)

    async def main() -> None:
        pool = SessionPool()
        with pytest.raises(SessionLimitError, match="Too many connections"):
            await pool.acquire(target)
        server.limit = None
        await pool.acquire(replace(target, apart="test"))
        await pool.close()

    asyncio.run(main())


def test_another_organization_that_names_the_account_takes_none_of_its_sessions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server()
    monkeypatch.setattr(pools, "connect", server.connect)
    ours, theirs = (
        SFTPTarget("ftp.acme.example", 22, "acme", slug, max_sessions=1, connect_timeout=600, reach=Reach(slug))
        for slug in ("acme", "evil")
    )

    async def main() -> None:
        pool = SessionPool()
        async with pool.session(theirs), pool.session(ours):
            assert server.open == 2
        await pool.close()

    asyncio.run(main())


def test_organizations_that_share_an_account_share_its_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(limit=1)
    monkeypatch.setattr(pools, "connect", server.connect)
    by_key, by_password = {"ssh_key": "a key"}, {"password": "sesame"}

    async def main(**signs_in: Any) -> None:
        pool = SessionPool()
        for slug in ("acme", "emca", "acme"):
            async with pool.session(SFTPTarget("ftp.acme.example", username="acme", reach=Reach(slug), **signs_in)):
                assert server.open == 1
        await pool.close()

    asyncio.run(main(**by_key))
    asyncio.run(main(**by_password))
