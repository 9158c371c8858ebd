from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from orderflow.engine.celery import tasks

AT_ONCE = 4


@pytest.fixture
def observers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Who is told of what this process delivers; an application takes its time to be made."""
    app = SimpleNamespace(wiring=SimpleNamespace(observers=[], wake=None))

    def slowly() -> Any:
        time.sleep(0.05)
        return app

    monkeypatch.setattr(tasks, "default_app", slowly)
    monkeypatch.setattr(tasks, "wake_by_celery", lambda _: None)
    monkeypatch.setattr(tasks, "_tell_of_this_process", lambda _: None)
    tasks._made.cache_clear()
    yield app.wiring.observers
    tasks._made.cache_clear()


def test_threads_that_come_at_once_share_one_application(observers: list[Any]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        made = list(threads.map(lambda _: tasks.application(), range(AT_ONCE)))
    kinds = [getattr(observer, "__qualname__", observer) for observer in observers]
    assert len({id(app) for app in made}) == 1
    assert kinds
    assert len(kinds) == len(set(kinds)), "of a delivery each is told once"
