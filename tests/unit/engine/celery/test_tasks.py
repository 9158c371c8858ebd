from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from orderflow.engine import metrics
from orderflow.engine.celery import measuring, tasks

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


class AwayError(Exception):
    pass


class Process:
    """What is made of an application at the start of a process, of which one part fails at first."""

    def __init__(self, failing: str) -> None:
        self.failing: str | None = failing
        self.sent: list[str] = []
        self.started = self.traced = 0
        self.observers: list[Any] = []
        self.app: Any = SimpleNamespace(
            wiring=SimpleNamespace(observers=self.observers),
            waker=SimpleNamespace(send=lambda _: self.sent.append("NOTIFY")),
            settings=SimpleNamespace(broker_url="memory://", ca_file=None),
        )

    def application(self) -> Any:
        self._may_fail("application")
        return self.app

    def metrics(self) -> Any:
        self._may_fail("metrics")
        return SimpleNamespace(note_settled="counted")

    def start(self) -> None:
        self._may_fail("presence")
        self.started += 1

    def trace(self) -> None:
        self.traced += 1

    def _may_fail(self, part: str) -> None:
        if self.failing == part:
            self.failing = None
            raise AwayError


@pytest.mark.parametrize("failing", ["application", "metrics", "presence"])
def test_what_failed_half_way_is_begun_again_and_done_once(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    process = Process(failing)
    monkeypatch.setattr(tasks, "default_app", process.application)
    monkeypatch.setattr(tasks, "configure_tracing", process.trace)
    monkeypatch.setattr(tasks, "Presence", lambda *_, **__: SimpleNamespace(start=process.start))
    monkeypatch.setattr(tasks, "_presence", None)
    monkeypatch.setattr(tasks, "celery", SimpleNamespace(conf=SimpleNamespace()))
    monkeypatch.setattr(tasks, "look_at", lambda *_: process.sent.append("Celery"))
    monkeypatch.setattr(metrics, "Metrics", process.metrics)
    monkeypatch.setitem(measuring._wanted, "metrics_port", 9_100)
    tasks._made.cache_clear()
    try:
        with pytest.raises(AwayError):
            tasks.application()
        assert process.traced == (failing != "application"), "traces are for who has an application"
        assert tasks._presence is None, "who never came says no goodbye"
        assert tasks.application() is process.app
    finally:
        tasks._made.cache_clear()

    assert len(process.observers) == 3
    assert process.observers.count("counted") == process.started == 1
    place: Any = "a place"
    process.app.waker.send([place])
    assert process.sent == ["NOTIFY", "Celery"]
