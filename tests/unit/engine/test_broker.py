"""A broker that is away, or takes a connection and says nothing, is known soon."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from orderflow.engine.broker import answers, asking, trouble
from orderflow.settings import Settings


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield silent.getsockname()[1]


def settings(url: str | None) -> Settings:
    return Settings(_env_file=None, database_url="embedded", celery_broker_url=url)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_one_that_says_nothing_does_not_answer(port: int, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orderflow.engine.broker.PATIENCE", 0.2)
    given = settings(f"{scheme}://:hush@127.0.0.1:{port}//")
    ask = asking(given)
    assert ask
    found = trouble(given, ask)
    assert found
    assert found.code == "BROKER_UNAVAILABLE"
    assert "127.0.0.1 does not answer" in found.message
    assert "hush" not in str(found)
    up = answers(given)
    assert up
    assert not up()


def test_without_a_broker_nobody_is_asked() -> None:
    assert asking(settings(None)) is None
    assert answers(settings(None)) is None
