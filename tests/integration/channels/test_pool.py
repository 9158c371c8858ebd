"""Sessions are shared while they are used, and closed when nobody uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from orderflow.channels.sftp.pool import SessionPool
from orderflow.domain.errors import UnavailableError


@pytest.fixture
def with_pool(sftp_server, store_on) -> Callable[..., None]:
    target = store_on(sftp_server).target

    def run(test: Callable[..., Coroutine[Any, Any, None]], idle_seconds: float) -> None:
        asyncio.run(test(SessionPool(idle_seconds), target))

    return run


def test_callers_at_the_same_time_share_one_connection(with_pool, sftp_server) -> None:
    async def test(pool, target) -> None:
        first, second = await asyncio.gather(pool.acquire(target), pool.acquire(target))
        assert first is second
        await pool.close()

    with_pool(test, 60)
    assert sftp_server.connections == 1


def test_an_idle_session_is_closed_and_a_used_one_is_not(with_pool, sftp_server) -> None:
    async def test(pool: Any, target: Any) -> None:
        pool.release(await pool.acquire(target))
        async with pool.session(target) as session:
            async with pool.session(target):
                pass
            await asyncio.sleep(0.1)
            assert not session.lost
        await asyncio.sleep(0.1)
        assert session.lost
        async with pool.session(target) as again:
            assert again is not session
        await pool.close()

    with_pool(test, 0.05)
    assert sftp_server.connections == 2


def test_all_who_wait_for_a_connection_hear_why_there_is_none(with_pool, sftp_server) -> None:
    async def test(pool, target) -> None:
        sftp_server.faults.max_sessions = 0
        both: list[Any] = [pool.acquire(target), pool.acquire(target)]
        errors: list[Any] = await asyncio.gather(*both, return_exceptions=True)
        assert [error.code for error in errors] == ["SESSION_LIMIT"] * 2
        sftp_server.faults.max_sessions = None
        pool.release(await pool.acquire(target))
        await pool.close()

    with_pool(test, 60)
    assert sftp_server.connections == 2


def test_a_closed_pool_lends_nothing(with_pool) -> None:
    async def test(pool, target) -> None:
        await pool.close()
        with pytest.raises(UnavailableError):
            await pool.acquire(target)

    with_pool(test, 60)
